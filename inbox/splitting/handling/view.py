"""Who is in charge of a conversation, as the API shows it and takes it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from inbox.conversations.reading.model import Time
from inbox.http.routing import Body
from inbox.live.model import SplitState
from inbox.splitting.handling.permitting import Action
from inbox.splitting.model import PresenceState

StaffId = Annotated[str, Field(max_length=64)]
Reason = Annotated[str, Field(max_length=500)]


class AssigneeBody(Body):
    """Who is to have it: a person, null for nobody, or `resplit`: whom the splitter gives it to.

    `from` is the assignee that the caller saw (null: nobody); if that has changed meanwhile,
    nothing is done. Leave it out to do it anyway.
    """

    staff_id: StaffId | None = None
    resplit: bool = False
    reason: Reason | None = None
    from_: Annotated[StaffId | None, Field(alias="from")] = None


class ParticipantBody(Body):
    """Who is to take part."""

    staff_id: StaffId
    reason: Reason | None = None


class PersonView(BaseModel):
    """A colleague with today's name; null: erased."""

    id: str
    name: str | None
    presence: PresenceState
    receiving: bool = Field(description="the switch “Nhận dữ liệu”; false for who has left")


class ReceiptView(BaseModel):
    """One change of who has a conversation, and why, in both languages."""

    id: str
    kind: str
    at: Time
    rule_id: str | None
    rule_name: str | None
    round: int
    chosen: str | None
    before: str | None
    actor_id: str | None
    reason: str | None
    vi: str
    en: str
    candidates: list[dict[str, Any]]
    excluded: list[dict[str, Any]]
    numbers: dict[str, Any]


class PeopleView(BaseModel):
    """Who takes part in a conversation of a bot that does not split.

    `last_carer` answered last; show it where `shows_last_carer`. `may` is what the asker may do.
    """

    splits: Literal[False]
    participants: list[PersonView]
    last_carer: PersonView | None
    shows_last_carer: bool
    may: list[Action]


class SplitPeopleView(BaseModel):
    """Who is in charge of a conversation of a bot that splits; the assignee also takes part.

    `last_receipt` says why it is with whom it is. `shows_last_carer`: the assignee is away and
    somebody else answered last.
    """

    splits: Literal[True]
    assignee: PersonView | None
    participants: list[PersonView]
    last_carer: PersonView | None
    shows_last_carer: bool
    state: SplitState
    last_receipt: ReceiptView | None
    may: list[Action]


class ColleaguesView(BaseModel):
    """Who could have a conversation, by name."""

    items: list[PersonView]
