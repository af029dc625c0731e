"""One's own account as the API shows it and takes it."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from inbox.http.routing import Body
from inbox.staff.model import SessionRecord
from inbox.staff.passwords import LONGEST
from inbox.staff.view import Name, Password


class MeEditBody(Body):
    """What is to change of oneself; null or absent leaves as it is."""

    name: Name | None = None


class PasswordBody(Body):
    """The password that one has, and the one to have from now on."""

    current: Annotated[str, Field(max_length=LONGEST)]
    new: Password


class SessionView(BaseModel):
    """A sign-in that has not ended.

    `device` is a few words such as "Chrome, Windows" and may be empty; `address` is where one
    signed in from; `used_at` is exact to some minutes; `current`: the one that asks.
    """

    id: str
    device: str
    address: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    current: bool


class SessionsView(BaseModel):
    """One's sessions, the last used first; at most a hundred."""

    items: list[SessionView]


def session_view(record: SessionRecord, current: str | None) -> SessionView:
    return SessionView(
        id=record.id,
        device=record.device,
        address=record.address,
        created_at=record.created_at,
        used_at=record.used_at,
        expires_at=record.expires_at,
        current=record.id == current,
    )
