"""The customers whose profile is due, and what a fetched profile changes."""

from collections.abc import Mapping

from inbox.clock import Clock
from inbox.conversations.naming import learn_name
from inbox.conversations.sheet import Document, Tracked
from inbox.live.model import live_event
from inbox.media.copying.model import is_new_avatar
from inbox.mongo.client import Mongo, Session
from inbox.mongo.due import Claimed, DueWork, Pace, due
from inbox.ports import Profile
from inbox.search.tokens import FIELD, customer_tokens
from inbox.timeline.kinds import interaction

Shown = dict[str, tuple[str | None, str | None]]
"""Name and picture by identity."""


class ProfileStore:
    """Collection `customers`, path `profile`."""

    def __init__(self, mongo: Mongo, clock: Clock, *, pace: Pace | None = None) -> None:
        self._mongo = mongo
        self._clock = clock
        self.due = DueWork(mongo, "customers", "profile", clock, pace=pace)

    async def learn(self, claimed: Claimed, profiles: Mapping[str, Profile]) -> None:
        """Keep what the channels say, by identity id, and end the work; all or nothing.

        A repeat, or a customer that changed meanwhile, is harmless: the document is read again
        in the transaction, and a name that somebody edited in the directory stays. Nothing is
        kept when the lease was lost: the person may have been erased and have come back.
        """

        async def work(session: Session) -> None:
            document = await self._mongo["customers"].find_one({"_id": claimed.id}, session=session)
            if document is None or document.get("profile", {}).get("token") != claimed.token:
                return  # erased or merged meanwhile, or somebody else is at it now
            customer = Tracked(claimed.id, document, stored=True)
            before = _shown(customer)
            for identity_id, profile in profiles.items():
                self._take(customer, identity_id, profile)
            customer.put("profile_at", self._clock.now())
            is_news = _shown(customer) != before
            if is_news:
                customer.put("updated_at", self._clock.now())
                customer.put(FIELD, customer_tokens(customer.document) or None)
            if update := customer.update():
                await self._mongo["customers"].update_one(
                    {"_id": claimed.id}, update, session=session
                )
            if is_news:
                await self._note(customer, before, session)
                await self._tell(customer, session)
            await self.due.finish(claimed, session=session)

        await self._mongo.transaction(work)

    def _take(self, customer: Tracked, identity_id: str, profile: Profile) -> None:
        if not any(one["id"] == identity_id for one in customer.get("identities")):
            return
        if profile.name:
            learn_name(customer, identity_id, profile.name, self._clock.now())
        if profile.avatar_url:
            if is_new_avatar(customer.get("identities"), identity_id, profile.avatar_url):
                customer.put("avatar_copying", due(self._clock.now()))
            identities = [
                {**one, "avatar_url": profile.avatar_url} if one["id"] == identity_id else one
                for one in customer.get("identities")
            ]
            customer.put("identities", identities)

    async def _note(self, customer: Tracked, before: Shown, session: Session) -> None:
        """Who is called otherwise than before; a first name is no news on the timeline."""
        now = self._clock.now()
        renamed = [
            interaction(
                "renamed",
                customer_id=customer.id,
                at=now,
                data={
                    "identity_id": identity_id,
                    "before": before[identity_id][0],
                    "after": name,
                },
            )
            for identity_id, (name, _) in _shown(customer).items()
            if before[identity_id][0] not in (None, name)
        ]
        if renamed:
            await self._mongo["interactions"].insert_many(renamed, session=session)

    async def _tell(self, customer: Tracked, session: Session) -> None:
        """Open inboxes show the name as soon as it is known."""
        conversations: list[Document] = await (
            self._mongo["conversations"]
            .find({"customer_id": customer.id}, {"bot_id": 1}, session=session)
            .to_list(None)
        )
        event = live_event(
            type="customer_changed",
            at=self._clock.now(),
            bot_ids=[one["bot_id"] for one in conversations],
            customer_id=customer.id,
            data={"fields": ["name", "identities"]},
        )
        await self._mongo["live_events"].insert_one(event, session=session)


def _shown(customer: Tracked) -> Shown:
    return {
        one["id"]: (one.get("name"), one.get("avatar_url")) for one in customer.get("identities")
    }
