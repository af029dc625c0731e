"""What happens when a user of our app at Meta removes it, or asks that their data be deleted.

Such a user is somebody who went through our login dialog: staff who connected pages, with an id
for our app. Customers who wrote to a page have an id for that page instead. Meta tells which of
them are the same person only where the app and the pages belong to one business; where it does
not, nobody can say by machine who the person is, and an admin is asked to look.
Source: https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback
"""

import asyncio
from collections.abc import Collection
from typing import Protocol

import structlog

from channels.connecting.deletions.store import Deletion, DeletionStore
from channels.connecting.model import granter
from channels.connecting.store import ConnectedAccounts
from channels.facebook.failures import GraphError
from channels.facebook.signed_request import SignedRequest
from channels.http import MaybeSent, NotSent
from inbox.bots.credentials.healing import Healing
from inbox.bots.credentials.model import Health
from inbox.bots.secrets import SecretBox
from inbox.clock import Clock
from inbox.customers.erasure.store import ErasureStore
from inbox.ids import hash_id, identity_key
from inbox.mongo.client import Mongo, Session
from inbox.staff.audit.store import AuditStore
from inbox.staff.model import Actor

log = structlog.get_logger(__name__)

DEAUTHORISED = "user_removed_app"
"""Why an account is `reauth` whose page was connected by a user who has removed the app."""
_META = ("facebook", "instagram")
_ASK_META_FOR_S = 3.0
"""The callback waits for us meanwhile; without an answer an admin looks."""


class PeopleOfPages(Protocol):
    """Tells which ids a user of our app has for pages: FacebookLogin."""

    async def people_of_pages(self, app_scoped_id: str) -> list[tuple[str, str]]: ...


class Leaving:
    """Both callbacks; each may come any number of times."""

    def __init__(
        self,
        mongo: Mongo,
        box: SecretBox,
        erasures: ErasureStore,
        healing: Healing | None,
        people: PeopleOfPages | None,
        clock: Clock,
    ) -> None:
        self._mongo = mongo
        self._box = box
        self._deletions = DeletionStore(mongo)
        self._accounts = ConnectedAccounts(mongo)
        self._audit = AuditStore(mongo)
        self._erasures = erasures
        self._healing = healing
        self._people = people
        self._clock = clock

    async def deauthorise(self, request: SignedRequest) -> int:
        """Mark the accounts that this user gave permission for; how many there are.

        Their tokens are dead by now, as every send would find out.
        """
        keys = await self._accounts.granted_by(granter(request.user_id))
        if self._healing is not None:
            for key in keys:
                await self._healing.note(key, Health("reauth", DEAUTHORISED))
        if keys:
            await self._audit.record(
                None,
                "app_removed_by_user",
                ("app", "facebook"),
                at=self._clock.now(),
                changes={"accounts": keys},
            )
        log.info("a user has removed the app", accounts=len(keys))
        return len(keys)

    async def delete(self, request: SignedRequest) -> Deletion:
        """Begin what a user asked for; the same request when it comes again."""
        hashed = hash_id("data-deletion", request.user_id, str(request.issued_at))
        sealed = self._box.seal({"user_id": request.user_id})
        deletion = await self._deletions.request(hashed, sealed, now=self._clock.now())
        if deletion.state == "needs_admin":
            await self._forget_granter(request.user_id)
            await self._erase(deletion, request.user_id)
        return await self._deletions.find(deletion.code) or deletion

    async def find(self, code: str) -> Deletion | None:
        return await self._deletions.find(code)

    async def open(self, *, limit: int) -> list[tuple[Deletion, str]]:
        """Requests that wait for an admin, each with the id of the person for our app."""
        return [
            (one, self._box.open(one.sealed_user)["user_id"] if one.sealed_user else "")
            for one in await self._deletions.open(limit=limit)
        ]

    async def close(self, actor: Actor, code: str) -> bool:
        """An admin has done what there was to do; False when the request does not wait."""
        now = self._clock.now()

        async def work(session: Session) -> bool:
            done = await self._deletions.close(code, now=now, session=session)
            if done:
                await self._audit.record(
                    actor, "data_deletion_closed", ("data_deletion", code), at=now, session=session
                )
            return done

        return await self._mongo.transaction(work)

    async def _forget_granter(self, user_id: str) -> None:
        """All that is kept of somebody who connected pages: the mark that it was they."""
        for key in await self._accounts.granted_by(granter(user_id)):
            await self._accounts.keep_granter(key, None)

    async def _erase(self, deletion: Deletion, user_id: str) -> None:
        identities = await self._deletions.known(await self._identities(user_id))
        if not identities:
            log.warning("a deletion request waits for an admin", code=deletion.code)
            return
        erasure_ids = [
            await self._erasures.request_for_identity(identity_id, deletion.requested_at)
            for identity_id in identities
        ]
        await self._deletions.erasing(deletion.code, erasure_ids)

    async def _identities(self, user_id: str) -> Collection[str]:
        """Identities that may be this person: their page ids as Meta tells, and their own id.

        The second catches people of before 2018, and commenters whom Meta named so.
        """
        accounts = await self._accounts.of_channels(_META)
        found = {identity_key(channel, account, user_id) for channel, account in accounts}
        for page_id, person_id in await self._people_of_pages(user_id):
            found.add(identity_key("facebook", page_id, person_id))
        return found

    async def _people_of_pages(self, user_id: str) -> list[tuple[str, str]]:
        if self._people is None:
            return []
        try:
            async with asyncio.timeout(_ASK_META_FOR_S):
                return await self._people.people_of_pages(user_id)
        except (GraphError, NotSent, MaybeSent, TimeoutError) as error:
            log.info("meta does not tell who a user is", reason=type(error).__name__)
            return []
