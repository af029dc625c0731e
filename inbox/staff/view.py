"""People as the API shows them and takes them."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from inbox.http.paging import Cursor, Limit
from inbox.http.routing import Body
from inbox.splitting.presence.view import PresenceView
from inbox.staff.audit.model import AuditEntry, AuditFilter
from inbox.staff.model import Role, Scope, Staff, Token
from inbox.staff.passwords import LONGEST, SHORTEST
from inbox.staff.service import NewStaff, StaffEdit
from inbox.staff.tokens import TokenRequest

# Addresses of an office network ("lan@cty.local") are real addresses, so not pydantic's EmailStr.
Email = Annotated[str, Field(max_length=254, pattern=r"^[^\s@]+@[^\s@]+$")]
Password = Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST)]
Name = Annotated[str, Field(max_length=200, pattern=r"\S")]
_DATE = re.compile(r"\d{4}-\d\d-\d\dT", re.ASCII)
Scopes = Annotated[list[Scope], Field(min_length=1, max_length=3)]


def _written_out(text: object) -> object:
    """A bare number would be taken for seconds since 1970."""
    if isinstance(text, str) and not _DATE.match(text):
        raise PydanticCustomError("datetime_parsing", "write a time such as 2026-11-22T10:00:00Z")
    return text


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]


class StaffView(BaseModel):
    """A member of staff."""

    id: str
    name: str
    initials: str
    email: str
    role: Role
    active: bool


class BotNameView(BaseModel):
    """A bot that the person may work with."""

    id: str
    name: str


class SignInBody(Body):
    """Who signs in."""

    email: Annotated[str, Field(max_length=254)]
    password: Annotated[str, Field(max_length=LONGEST)]


class SignedInView(BaseModel):
    """`csrf_token` goes into the X-CSRF-Token header of every write."""

    staff: StaffView
    csrf_token: str


class MeView(BaseModel):
    """Who is asking: a person (`staff`), or a bot by its token (`staff` is null).

    `presence` and `receiving` are the person's own switches; null for a bot.
    """

    staff: StaffView | None
    presence: PresenceView | None
    receiving: bool | None
    bots: list[BotNameView]
    scopes: list[Scope]
    csrf_token: str | None


class NewStaffBody(Body):
    """Who is to be added."""

    name: Name
    email: Email
    password: Password
    role: Role = "sale"

    def wanted(self) -> NewStaff:
        return NewStaff(name=self.name, email=self.email, password=self.password, role=self.role)


class StaffEditBody(Body):
    """What is to change; null or absent leaves as it is."""

    name: Name | None = None
    email: Email | None = None
    password: Password | None = None
    role: Role | None = None
    active: bool | None = None

    def edit(self) -> StaffEdit:
        return StaffEdit(**dict(self))


class TokenView(BaseModel):
    """An API token; its secret is shown only when it is made."""

    id: str
    name: str
    staff_id: str | None
    bot_id: str | None
    automation_id: str | None
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None


class NewTokenBody(Body):
    """A token of one's own, or of a bot when `bot_id` is given (admins only).

    With `automation_id`, what is done by it is done by that automation of the bot.
    """

    name: Name
    scopes: Scopes
    bot_id: str | None = None
    automation_id: str | None = None
    expires_in_days: Annotated[int, Field(ge=1, le=3650)] | None = None

    def wanted(self) -> TokenRequest:
        days = self.expires_in_days
        return TokenRequest(
            name=self.name.strip(),
            scopes=frozenset(self.scopes),
            bot_id=self.bot_id,
            automation_id=self.automation_id,
            lifetime=timedelta(days=days) if days is not None else None,
        )


class NewTokenView(BaseModel):
    """A new token; `secret` is what goes after "Authorization: Bearer" and is not shown again."""

    token: TokenView
    secret: str


class AuditQuery(BaseModel):
    """What to look for in the audit log; `since` is a time with its zone, included."""

    actor: Annotated[str | None, Field(max_length=64, description="id of who did it")] = None
    target: Annotated[str | None, Field(max_length=64, description="id of what was changed")] = None
    action: Annotated[str | None, Field(max_length=64, description="as `staff_edited`")] = None
    since: Moment | None = None
    limit: Limit = 50
    cursor: Cursor = None

    def wanted(self) -> AuditFilter:
        return AuditFilter(
            actor_id=self.actor, target_id=self.target, action=self.action, since=self.since
        )


class AuditView(BaseModel):
    """Who did what to what, and from which address; no actor: the system itself."""

    id: str
    at: datetime
    actor_id: str | None
    actor_name: str | None
    address: str | None
    action: str
    target_kind: str
    target_id: str
    changes: dict[str, Any]


def staff_view(person: Staff) -> StaffView:
    return StaffView(
        id=person.id,
        name=person.name,
        initials=person.initials,
        email=person.email,
        role=person.role,
        active=person.active,
    )


def token_view(token: Token) -> TokenView:
    return TokenView(
        id=token.id,
        name=token.name,
        staff_id=token.staff_id,
        bot_id=token.bot_id,
        automation_id=token.automation_id,
        scopes=sorted(token.scopes),
        created_at=token.created_at,
        expires_at=token.expires_at,
    )


def audit_view(entry: AuditEntry) -> AuditView:
    return AuditView(
        id=entry.id,
        at=entry.at,
        actor_id=entry.actor_id,
        actor_name=entry.actor_name,
        address=entry.address,
        action=entry.action,
        target_kind=entry.target_kind,
        target_id=entry.target_id,
        changes=entry.changes,
    )
