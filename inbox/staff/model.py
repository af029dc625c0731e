"""Who works here: staff, their roles, and the actor that a request is made by."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, get_args

Role = Literal["owner", "admin", "manager", "sale"]
ROLES: tuple[Role, ...] = get_args(Role)
"""From the highest to the lowest."""

Sight = Literal["own", "own_unassigned", "all"]
"""How much a sale sees of a bot that splits; of one that does not everybody sees all."""

Scope = Literal["read", "write", "admin"]
"""What an API token may do: GET, any other method, and what asks for manager or higher."""
ALL_SCOPES: frozenset[Scope] = frozenset(get_args(Scope))


def at_least(role: Role, wanted: Role) -> bool:
    """Whether `role` is `wanted` or higher."""
    return ROLES.index(role) <= ROLES.index(wanted)


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff. `initials` is what a small avatar shows."""

    id: str
    name: str
    initials: str
    email: str
    role: Role
    active: bool
    receiving: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A sign-in that has not ended; `id` is the hash of the cookie's secret.

    `used_at` is exact to some minutes; `device` and `address` are those of the sign-in.
    """

    id: str
    staff_id: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    device: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An API token of a person or of a bot; `id` is the hash of its secret.

    `automation_id`: the automation that uses it, of a bot's.
    """

    id: str
    name: str
    staff_id: str | None
    bot_id: str | None
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None
    automation_id: str | None = None


@dataclass(frozen=True, slots=True)
class AutomationName:
    """An automation, as far as a request must know by whom it is made."""

    id: str
    name: str
    hand_back_after: timedelta | None


@dataclass(frozen=True, slots=True)
class BotName:
    """A bot, as far as its people need it to choose one."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Membership:
    """A bot that somebody is a member of, and how much of it a sale sees."""

    bot_id: str
    sight: Sight


@dataclass(frozen=True, slots=True)
class Tries:
    """How sign-in tries are throttled: `free` wrong ones, then waits that double."""

    free: int
    first_wait: timedelta
    longest_wait: timedelta

    @property
    def forgotten_after(self) -> timedelta:
        """After this long without a try, counting begins anew."""
        return self.longest_wait * 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who makes a request: a signed-in person, or a token of a person or of a bot.

    `bot_ids` are the bots that a person is a member of (the one bot, for a bot's token). Of
    `own_bot_ids` among them they see only their own conversations, of `own_unassigned_bot_ids`
    also those that nobody has: `inbox.conversations.visibility` says what that means.
    `session_id` is set for a cookie, `token_id` for a token; a session has every scope.
    `address` is where the request came from; it goes into the audit log. Of kind "automation" is
    the token of a bot: a program that takes part in it. Of kind "system" is what nobody here has
    done: people changed it in a CRM. `hand_back_after`: see inbox/conversations/automation.py.
    """

    id: str
    name: str
    role: Role
    bot_ids: frozenset[str] = frozenset()
    own_bot_ids: frozenset[str] = frozenset()
    own_unassigned_bot_ids: frozenset[str] = frozenset()
    session_id: str | None = None
    token_id: str | None = None
    scopes: frozenset[Scope] = ALL_SCOPES
    kind: Literal["staff", "automation", "system"] = "staff"
    hand_back_after: timedelta | None = None
    address: str | None = field(default=None, compare=False)

    def at_least(self, role: Role) -> bool:
        return at_least(self.role, role)

    @property
    def sees_every_bot(self) -> bool:
        """Owners and admins look after all bots; managers and sales see their own."""
        return self.at_least("admin")

    def sees_bot(self, bot_id: str) -> bool:
        return self.sees_every_bot or bot_id in self.bot_ids

    def sight_of(self, bot_id: str) -> Sight:
        """How much of a bot one sees; ask it only of a bot that one sees at all."""
        if self.sees_every_bot:
            return "all"
        if bot_id in self.own_bot_ids:
            return "own"
        return "own_unassigned" if bot_id in self.own_unassigned_bot_ids else "all"

    def leads(self, bot_id: str) -> bool:
        """Whether one decides for others in a bot: managers in theirs, admins in all."""
        return self.at_least("manager") and self.sees_bot(bot_id)


def initials_of(name: str) -> str:
    """The initials of the last two words: a Vietnamese given name stands at the end.

    "Nguyễn Thị Hồng Ánh" gives "HÁ", "Lan" gives "L".
    """
    return "".join(word[0] for word in name.split()[-2:]).upper()
