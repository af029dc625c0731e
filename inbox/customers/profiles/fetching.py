"""The worker that asks the channels who a new customer is."""

import asyncio
from datetime import timedelta
from typing import Any

from inbox.conversations.model import IdentityRef
from inbox.customers.profiles.store import ProfileStore
from inbox.mongo.due import Claimed
from inbox.ports import Profile, ProfileRefused, ProfileSource, ProfileUnavailable
from inbox.waiting import either

AT_ONCE = 20
"""Profiles fetched at the same time."""
PAUSE_WHEN_MANY = timedelta(seconds=0.2)
"""Between full steps: in a storm of new customers their messages go before their names."""
ASK_REFUSED_AGAIN = timedelta(days=1)
"""Some profiles open only after the person has answered."""
MOST_ATTEMPTS = 8


class ProfileFetching:
    """Fetches due profiles; a customer without one keeps the neutral placeholder."""

    def __init__(self, store: ProfileStore, source: ProfileSource) -> None:
        self._store = store
        self._source = source

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; the batch in hand is always finished first."""

        async def paced() -> int:
            claimed = await self.step()
            if claimed == AT_ONCE:
                await either(stop, stop, PAUSE_WHEN_MANY.total_seconds())
            return claimed

        await self._store.due.keep_at(paced, stop, full=AT_ONCE)

    async def step(self) -> int:
        """Claim due customers and fetch their profiles; the number claimed."""
        claimed = await self._store.due.claim(AT_ONCE)
        await asyncio.gather(*(self._fetch(one) for one in claimed))
        return len(claimed)

    async def _fetch(self, claimed: Claimed) -> None:
        refs = [_ref(one) for one in claimed.document["identities"] if _has_profile(one)]
        try:
            profiles: dict[str, Profile] = {ref.id: await self._source.fetch(ref) for ref in refs}
        except ProfileUnavailable as error:
            await self._store.due.retry(claimed, type(error).__name__)
        except ProfileRefused as error:
            await self._refused(claimed, type(error).__name__)
        else:
            await self._store.learn(claimed, profiles)

    async def _refused(self, claimed: Claimed, error: str) -> None:
        """Asked again daily for a while; then once with a message, at most once a day."""
        if claimed.attempts >= MOST_ATTEMPTS or claimed.document["profile"].get("again"):
            await self._store.due.park(claimed, error)
        else:
            await self._store.due.retry(claimed, error, after=ASK_REFUSED_AGAIN)


def _ref(identity: dict[str, Any]) -> IdentityRef:
    return IdentityRef(
        identity["channel"],
        identity["account_id"],
        identity["external_id"],
        temporary=bool(identity.get("temporary")),
    )


def _has_profile(identity: dict[str, Any]) -> bool:
    """Anonymous visitors have none; commenters are named by the comment itself."""
    commenter = str(identity["external_id"]).startswith("commenter:")
    return not identity.get("temporary") and not commenter
