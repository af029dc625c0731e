"""What the CRM has of a customer, at a glance."""

from dataclasses import dataclass
from typing import Literal

from inbox.errors import Unavailable

SyncState = Literal["synced", "waiting", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmCard:
    """The record that a customer is linked to, as the CRM shows it now.

    `url` leads to it in the CRM. `state` is how far our edits are; `reason` why they are not
    there, as a sentence for people.
    """

    connection: str
    id: str
    name: str | None
    phone: str | None
    email: str | None
    chat_tags: tuple[str, ...]
    url: str | None
    state: SyncState
    reason: str | None = None


class CrmUnavailable(Unavailable):
    """The CRM does not answer, or not in time."""

    code = "crm_unavailable"
    vi = "CRM hiện không phản hồi."
    en = "The CRM does not answer right now."
