"""Changing one's own password, and looking after one's own sessions."""

from collections.abc import Sequence

from inbox.clock import Clock
from inbox.errors import NotAllowed, NotFound
from inbox.mongo.client import Mongo, Session
from inbox.staff.audit.store import AuditStore
from inbox.staff.authenticator import ActorCache
from inbox.staff.errors import WrongCredentials, wrong_password
from inbox.staff.model import Actor, SessionRecord
from inbox.staff.passwords import Passwords
from inbox.staff.resets.store import ResetStore
from inbox.staff.signing_in import SigningIn
from inbox.staff.store import SessionStore, StaffStore


class OwnAccount:
    """What somebody may do about their own account; nothing of anybody else's."""

    def __init__(
        self,
        mongo: Mongo,
        signing_in: SigningIn,
        passwords: Passwords,
        actors: ActorCache,
        clock: Clock,
    ) -> None:
        self._mongo = mongo
        self._staff = StaffStore(mongo)
        self._sessions = SessionStore(mongo)
        self._resets = ResetStore(mongo)
        self._audit = AuditStore(mongo)
        self._signing_in = signing_in
        self._passwords = passwords
        self._actors = actors
        self._clock = clock

    async def change_password(self, actor: Actor, current: str, new: str) -> None:
        """Set a new password; every other session of the person ends, and reset links do.

        Raises:
            NotAllowed: by a token: who has found one must not take the account over.
            TooManyTries: too many wrong passwords, counted together with signing in.
            InvalidInput: `current` is not the password (any more).
        """
        if actor.kind != "staff" or actor.session_id is None:
            raise NotAllowed
        person = await self._staff.get(actor.id)
        if person is None:
            raise NotFound
        try:
            proof = await self._signing_in.prove(person.email, current, actor.address or "")
        except WrongCredentials:
            raise wrong_password() from None
        fresh = await self._passwords.hash(new)
        now = self._clock.now()

        async def work(session: Session) -> None:
            if not await self._staff.replace_password(
                actor.id, proof.password_hash, fresh, session=session
            ):
                raise wrong_password()  # somebody has just set another one
            await self._sessions.end_all(actor.id, now=now, but=actor.session_id, session=session)
            await self._resets.end_all(actor.id, session=session)
            await self._audit.record(
                actor,
                "password_changed",
                ("staff", actor.id),
                at=now,
                changes={"password": {}},  # that it changed, never what it is
                session=session,
            )

        await self._mongo.transaction(work)
        self._actors.clear()

    async def sessions(self, actor: Actor) -> Sequence[SessionRecord]:
        """One's sessions that have not ended, the last used first."""
        return await self._sessions.of_person(_person(actor), now=self._clock.now())

    async def end_session(self, actor: Actor, session_id: str) -> None:
        """End one of one's sessions at once.

        Raises:
            NotFound: one has no such session.
        """
        now = self._clock.now()
        found = await self._sessions.get(session_id, now=now)
        if found is None or found.staff_id != _person(actor):
            raise NotFound
        await self._sessions.end(session_id, now=now)
        self._actors.clear()

    async def end_other_sessions(self, actor: Actor) -> None:
        """End all of one's sessions but the one that asks."""
        await self._sessions.end_all(_person(actor), now=self._clock.now(), but=actor.session_id)
        self._actors.clear()


def _person(actor: Actor) -> str:
    """The id of the person who asks; a bot has no sessions."""
    if actor.kind != "staff":
        raise NotAllowed
    return actor.id
