"""The CRM card as clients get it."""

from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from inbox.customers.masking import Masking
from inbox.customers.mirroring.cards import CrmCard, FieldState, SyncState
from inbox.staff.model import Actor

_Contact = TypeVar("_Contact", bound=BaseModel)


class CrmReasonView(BaseModel):
    """Why; the sentences name no value of the customer."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    vi: str
    en: str


class CrmFieldView(BaseModel):
    """A mirrored field: `field` as in the customer, `theirs` as people of the CRM call it."""

    model_config = ConfigDict(from_attributes=True)

    field: str
    theirs: str
    state: FieldState
    reason: CrmReasonView | None


class CrmCandidateView(BaseModel):
    """A record that may be the customer's, as far as the CRM has told it."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str | None
    phone: str | None
    email: str | None
    url: str | None


class CrmView(BaseModel):
    """The customer's record in the CRM; `state` is how far our edits are, `reason` why not.

    `id` is null while there is no record. The record's values are null when the CRM does not
    answer. Of the records in `candidates` somebody has to choose one.
    """

    model_config = ConfigDict(from_attributes=True)

    connection: str
    id: str | None
    name: str | None
    phone: str | None
    email: str | None
    chat_tags: list[str]
    url: str | None
    state: SyncState
    reason: CrmReasonView | None
    fields: list[CrmFieldView]
    waiting_since: datetime | None
    pushed_at: datetime | None
    candidates: list[CrmCandidateView]


def crm_view(card: CrmCard, masking: Masking, actor: Actor) -> CrmView:
    """As the actor may read it."""
    view = CrmView.model_validate(card)
    candidates = [_masked(one, masking, actor) for one in view.candidates]
    return _masked(view, masking, actor).model_copy(update={"candidates": candidates})


def _masked(view: _Contact, masking: Masking, actor: Actor) -> _Contact:
    masked = {
        name: masking.text(value, actor)
        for name in ("phone", "email")
        if (value := getattr(view, name)) is not None
    }
    return view.model_copy(update=masked)
