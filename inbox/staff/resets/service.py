"""Making a reset link for somebody, and setting a new password with it."""

from datetime import datetime, timedelta

from inbox.clock import Clock
from inbox.errors import Conflict, NotFound
from inbox.mongo.client import Mongo, Session
from inbox.staff.audit.store import AuditStore
from inbox.staff.authenticator import ActorCache
from inbox.staff.errors import RoleTooHigh
from inbox.staff.model import Actor
from inbox.staff.passwords import Passwords
from inbox.staff.resets.store import ResetStore
from inbox.staff.secrets import new_session_secret, secret_id
from inbox.staff.store import SessionStore, StaffStore

GOOD_FOR = timedelta(hours=24)


class ResetLinkInvalid(NotFound):
    """The link was used, replaced by a newer one, is too old, or never was one: we do not say."""

    code = "reset_link_invalid"
    vi = "Liên kết đặt lại mật khẩu không đúng hoặc đã hết hạn. Hãy xin quản trị viên liên kết mới."
    en = "The reset link is not valid or has expired. Ask an admin for a new one."


class PersonInactive(Conflict):
    """Who is not active cannot sign in, so there is nothing to reset."""

    code = "person_inactive"
    vi = "Người này đã bị ngừng hoạt động."
    en = "This person is not active."


class PasswordResets:
    """A link is good for a day and for one new password."""

    def __init__(
        self, mongo: Mongo, passwords: Passwords, actors: ActorCache, clock: Clock
    ) -> None:
        self._mongo = mongo
        self._resets = ResetStore(mongo)
        self._staff = StaffStore(mongo)
        self._sessions = SessionStore(mongo)
        self._audit = AuditStore(mongo)
        self._passwords = passwords
        self._actors = actors
        self._clock = clock

    async def make(self, actor: Actor, staff_id: str) -> tuple[str, datetime]:
        """The secret of a new link for this person, and until when it is good.

        Raises:
            NotFound: there is nobody with this id.
            RoleTooHigh: the person's role is above the actor's own.
            PersonInactive: see there.
        """
        secret, now = new_session_secret(), self._clock.now()
        until = now + GOOD_FOR

        async def work(session: Session) -> None:
            person = await self._staff.get(staff_id, session=session)
            if person is None:
                raise NotFound
            if not actor.at_least(person.role):
                raise RoleTooHigh
            if not await self._staff.touch(staff_id, session=session):
                raise PersonInactive
            await self._resets.replace(
                secret_id(secret), staff_id, now=now, until=until, session=session
            )
            await self._audit.record(
                actor, "password_reset_link_made", ("staff", staff_id), at=now, session=session
            )

        await self._mongo.transaction(work)
        return secret, until

    async def use(self, secret: str, password: str) -> None:
        """Set the new password; the link, and every session of the person, ends.

        Raises:
            ResetLinkInvalid: see there.
        """
        reset_id = secret_id(secret)
        if await self._resets.person_of(reset_id, now=self._clock.now()) is None:
            raise ResetLinkInvalid  # before anybody pays for a hash
        fresh = await self._passwords.hash(password)
        now = self._clock.now()

        async def work(session: Session) -> None:
            staff_id = await self._resets.take(reset_id, now=now, session=session)
            if staff_id is None or not await self._staff.touch(staff_id, session=session):
                raise ResetLinkInvalid
            await self._staff.update(staff_id, {"password_hash": fresh}, session=session)
            await self._sessions.end_all(staff_id, now=now, session=session)
            await self._audit.record(
                None,
                "password_reset",
                ("staff", staff_id),
                at=now,
                changes={"password": {}},  # that it changed, never what it is
                session=session,
            )

        await self._mongo.transaction(work)
        self._actors.clear()
