"""Adding, editing and deactivating staff, and the first owner of a new installation."""

from dataclasses import dataclass, replace
from typing import Any

import structlog

from inbox.clock import Clock
from inbox.errors import NotFound
from inbox.ids import random_id
from inbox.mongo.client import Mongo, Session
from inbox.staff.audit.store import AuditStore
from inbox.staff.authenticator import ActorCache
from inbox.staff.errors import LastOwner, RoleTooHigh, email_taken, password_too_short
from inbox.staff.model import Actor, Role, Staff, initials_of
from inbox.staff.passwords import SHORTEST, Passwords
from inbox.staff.resets.store import ResetStore
from inbox.staff.signing_in import Left, nobody_asks, normal_email
from inbox.staff.store import SessionStore, StaffStore, TokenStore

log = structlog.get_logger(__name__)

_OWNER_NAME = "Quản trị viên"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStaff:
    """Who is to be added."""

    name: str
    email: str
    password: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffEdit:
    """What is to change; None leaves as it is."""

    name: str | None = None
    email: str | None = None
    password: str | None = None
    role: Role | None = None
    active: bool | None = None


class StaffService:
    """Every change is one transaction with its audit entry."""

    def __init__(
        self,
        mongo: Mongo,
        passwords: Passwords,
        actors: ActorCache,
        clock: Clock,
        on_left: Left = nobody_asks,
    ) -> None:
        """`on_left` is called with the id of whoever's sessions were all ended."""
        self._mongo = mongo
        self._staff = StaffStore(mongo)
        self._sessions = SessionStore(mongo)
        self._tokens = TokenStore(mongo)
        self._resets = ResetStore(mongo)
        self._audit = AuditStore(mongo)
        self._passwords = passwords
        self._actors = actors
        self._clock = clock
        self._on_left = on_left

    async def page(self, *, after: tuple[str, str] | None, limit: int) -> list[Staff]:
        return await self._staff.page(after=after, limit=limit)

    async def get(self, staff_id: str) -> Staff:
        """Raises NotFound when there is nobody with this id."""
        person = await self._staff.get(staff_id)
        if person is None:
            raise NotFound
        return person

    async def ensure_first_admin(self, email: str, password: str) -> Staff | None:
        """Add the owner when there is no staff at all; None when there is somebody already.

        Raises:
            InvalidInput: the password is too short.
        """
        if not await self._staff.is_empty():
            return None
        wanted = NewStaff(name=_OWNER_NAME, email=email, password=password, role="owner")
        person, password_hash = await self._prepared(wanted)

        async def work(session: Session) -> Staff | None:
            if not await self._staff.is_empty(session=session):
                return None  # another process was faster
            await self._insert(None, person, password_hash, session)
            return person

        return await self._mongo.transaction(work)

    async def create(self, actor: Actor, wanted: NewStaff) -> Staff:
        """Add a person.

        Raises:
            RoleTooHigh: the role is above the actor's own.
            InvalidInput: the e-mail is taken, or the password is too short.
        """
        if not actor.at_least(wanted.role):
            raise RoleTooHigh
        person, password_hash = await self._prepared(wanted)

        async def work(session: Session) -> None:
            if await self._staff.by_email(person.email, session=session) is not None:
                raise email_taken()
            await self._insert(actor, person, password_hash, session)

        await self._mongo.transaction(work)
        return person

    async def edit(self, actor: Actor, staff_id: str, edit: StaffEdit) -> Staff:
        """Change a person; a new role, password or deactivation ends their sessions.

        Deactivation ends everything of theirs for good: API tokens do not come back with them.

        Raises:
            NotFound: there is nobody with this id.
            RoleTooHigh: the person's role, now or then, is above the actor's own.
            LastOwner: nobody would be left who owns this.
            InvalidInput: the e-mail is taken, or the password is too short.
        """
        password_hash = None
        if edit.password is not None:
            password_hash = await self._hashed(edit.password)

        async def work(session: Session) -> Staff:
            before = await self._staff.get(staff_id, session=session)
            if before is None:
                raise NotFound
            after = _edited(before, edit)
            await self._check(actor, before, after, session)
            await self._save(actor, before, after, password_hash, session)
            return after

        person = await self._mongo.transaction(work)
        self._actors.clear()
        if not await self._sessions.has_any(staff_id, now=self._clock.now()):
            await self._on_left(staff_id)
        return person

    async def _check(self, actor: Actor, before: Staff, after: Staff, session: Session) -> None:
        if not (actor.at_least(before.role) and actor.at_least(after.role)):
            raise RoleTooHigh
        owned = before.role == "owner" and before.active
        still_owns = after.role == "owner" and after.active
        if owned and not still_owns and await self._staff.count_owners(session=session) == 1:
            raise LastOwner
        if after.email != before.email:
            other = await self._staff.by_email(after.email, session=session)
            if other is not None:
                raise email_taken()

    async def _save(
        self,
        actor: Actor,
        before: Staff,
        after: Staff,
        password_hash: str | None,
        session: Session,
    ) -> None:
        changes = _changes(before, after)
        values = {name: change["after"] for name, change in changes.items()}
        if password_hash is not None:
            values["password_hash"] = password_hash
            changes["password"] = {}  # that it changed, never what it is
        if not changes:
            return
        now = self._clock.now()
        await self._staff.update(before.id, values, session=session)
        if changes.keys() & {"role", "active", "password"}:
            await self._sessions.end_all(before.id, now=now, session=session)
            await self._resets.end_all(before.id, session=session)
        if before.active and not after.active:
            await self._tokens.delete_all(before.id, session=session)
        await self._audit.record(
            actor, "staff_edited", ("staff", before.id), at=now, changes=changes, session=session
        )

    async def _prepared(self, wanted: NewStaff) -> tuple[Staff, str]:
        name = wanted.name.strip()
        person = Staff(
            id=random_id(),
            name=name,
            initials=initials_of(name),
            email=normal_email(wanted.email),
            role=wanted.role,
            active=True,
            receiving=True,
            created_at=self._clock.now(),
        )
        return person, await self._hashed(wanted.password)

    async def _hashed(self, password: str) -> str:
        if len(password) < SHORTEST:
            raise password_too_short(SHORTEST)
        return await self._passwords.hash(password)

    async def _insert(
        self, actor: Actor | None, person: Staff, password_hash: str, session: Session
    ) -> None:
        await self._staff.insert(person, password_hash, session=session)
        await self._audit.record(
            actor,
            "staff_created",
            ("staff", person.id),
            at=person.created_at,
            changes={"name": {"after": person.name}, "role": {"after": person.role}},
            session=session,
        )
        log.info("staff added", staff_id=person.id, role=person.role)


def _edited(person: Staff, edit: StaffEdit) -> Staff:
    name = person.name if edit.name is None else edit.name.strip()
    return replace(
        person,
        name=name,
        initials=initials_of(name),
        email=person.email if edit.email is None else normal_email(edit.email),
        role=edit.role or person.role,
        active=person.active if edit.active is None else edit.active,
    )


def _changes(before: Staff, after: Staff) -> dict[str, dict[str, Any]]:
    names = ("name", "initials", "email", "role", "active")
    return {
        name: {"before": getattr(before, name), "after": getattr(after, name)}
        for name in names
        if getattr(before, name) != getattr(after, name)
    }
