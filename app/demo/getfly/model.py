"""What the simulated CRM keeps: accounts, their groups, users, fields of its own, comments."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

TEXTS = (
    "account_name",
    "email",
    "phone_office",
    "phone_fax",
    "billing_address_street",
    "website",
    "sic_code",
    "description",
    "birthday",
)
"""The fields that every account has and that are texts; none of them takes null."""


@dataclass(frozen=True, slots=True)
class User:
    id: int
    name: str
    email: str
    login: str
    valid: bool = True


@dataclass(slots=True)
class AccountType:
    """A group of customers ("nhóm khách hàng"): what comes nearest to a tag."""

    id: int
    name: str
    code: str


@dataclass(slots=True)
class Option:
    """What a select takes; an option that is not `valid` any more is still told."""

    id: int
    label: str
    valid: bool = True


@dataclass(frozen=True, slots=True)
class CustomField:
    """A field that an administrator has added. `kind` is Getfly's `field_htmltype`."""

    id: int
    name: str
    label: str
    kind: str
    options: list[Option] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Comment:
    id: int
    text: str
    at: datetime
    user_id: int | None = None


@dataclass(slots=True)
class Account:
    """`custom` holds option ids for selects, 0 and 1 for checkboxes, texts for the rest."""

    id: int
    code: str
    created_at: datetime
    updated_at: datetime
    texts: dict[str, str] = field(default_factory=lambda: dict.fromkeys(TEXTS, ""))
    manager_id: int | None = None
    type_ids: list[int] = field(default_factory=list)
    custom: dict[str, Any] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    deleted_at: datetime | None = None

    @property
    def name(self) -> str:
        return self.texts["account_name"]


@dataclass(frozen=True, slots=True)
class Kept:
    """All of a CRM, as it outlives a restart; `last_id` is the last one that was given."""

    last_id: int
    accounts: list[Account] = field(default_factory=list)
    types: list[AccountType] = field(default_factory=list)
    users: list[User] = field(default_factory=list)
    fields: list[CustomField] = field(default_factory=list)
