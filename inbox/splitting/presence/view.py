"""Presence as the API shows it and takes it."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from inbox.http.routing import Body
from inbox.splitting.presence.model import AwayBy, Presence, PresenceState


class PresenceView(BaseModel):
    """How somebody is; `since` is null for who was never here.

    `away_by`: `self` took a break ("Tạm nghỉ"), `auto` let customers wait for too long. Somebody
    offline who has one comes back to it.
    """

    state: PresenceState
    since: datetime | None
    away_by: AwayBy | None


class MyStateView(BaseModel):
    """One's own two switches."""

    presence: PresenceView
    receiving: bool = Field(description="“Nhận dữ liệu”: whether one gets conversations at all")


class MyStateBody(Body):
    """What is to change; null or absent leaves as it is. `away` is a break ("Tạm nghỉ")."""

    presence: Literal["online", "away"] | None = None
    receiving: bool | None = None


class ReceivingBody(Body):
    """Whether somebody gets conversations."""

    receiving: bool


class BoardCapView(BaseModel):
    """How many conversations a rule lets somebody have."""

    rule_id: str
    rule_name: str
    open: int | None
    waiting: int | None


class BoardRowView(PresenceView):
    """A member of the bot: here or not, on shift or not, and how much there is to do.

    `shift_changes_at`: when the shift ends, or when the next one begins; null is never. `open`
    and `waiting` count conversations over all bots, as caps do.
    """

    staff_id: str
    name: str
    receiving: bool
    on_shift: bool
    shift_changes_at: datetime | None
    open: int
    waiting: int
    caps: list[BoardCapView]


class BoardView(BaseModel):
    """Everybody who may get conversations of a bot, by name."""

    items: list[BoardRowView]


def presence_view(presence: Presence) -> PresenceView:
    return PresenceView(state=presence.state, since=presence.since, away_by=presence.away_by)
