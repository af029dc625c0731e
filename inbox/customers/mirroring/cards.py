"""What the CRM has of a customer, at a glance, and how far our edits are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

SyncState = Literal["synced", "waiting", "failed", "unlinked"]
FieldState = Literal["synced", "waiting", "failed", "off"]


@dataclass(frozen=True, slots=True)
class CardReason:
    """`code` is stable; the sentences are for people and name no value of the customer."""

    code: str
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class CardField:
    """A mirrored field: `field` as clients call it, `theirs` as people of the CRM do."""

    field: str
    theirs: str
    state: FieldState
    reason: CardReason | None = None


@dataclass(frozen=True, slots=True)
class CardCandidate:
    """A record that may be the customer's; what tells it apart, as far as the CRM has told it."""

    id: str
    name: str | None = None
    phone: str | None = None
    email: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmCard:
    """One connection's record of a customer, as the CRM shows it now.

    `id` is None while there is no record; `url` leads to it in the CRM. The record's own values
    are None when the CRM does not answer in time, which `reason` tells then. `state` is how far
    our edits are; `reason` why they are not there. `waiting_since` is when the oldest edit was
    made that is not there yet; of the records in `candidates` a person has to choose one.
    """

    connection: str
    id: str | None
    name: str | None = None
    phone: str | None = None
    email: str | None = None
    chat_tags: tuple[str, ...] = ()
    url: str | None = None
    state: SyncState
    reason: CardReason | None = None
    fields: tuple[CardField, ...] = ()
    waiting_since: datetime | None = None
    pushed_at: datetime | None = None
    candidates: tuple[CardCandidate, ...] = ()
