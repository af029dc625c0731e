"""One element of `messaging`: who turned to whom, when, and at which account."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from channels.events import Person, Thread
from channels.facebook.envelope import Place
from channels.facebook.times import moment
from channels.facebook.values import Broken, JsonObject, identifier, mapping

_USER_REF = "user_ref:"


@dataclass(slots=True)
class Exchange:
    """An element with its two sides; which of them is the account depends on the event.

    `common` are the fields of every event that comes out of it.
    """

    place: Place
    element: JsonObject
    at: datetime
    sender_id: str | None
    recipient_id: str | None
    common: dict[str, Any]

    @property
    def is_to_itself(self) -> bool:
        """The account wrote to itself, as Instagram lets its owners do for a test."""
        return self.sender_id == self.recipient_id == self.place.account_id

    @property
    def from_account(self) -> bool:
        return self.sender_id == self.place.account_id

    def customer(self) -> Person:
        """The sender, of an event that is addressed to the account.

        Raises:
            Broken: it is addressed to another account, or nobody sent it.
        """
        return self._other_side(self.sender_id, self.recipient_id, "sender_missing")

    def addressee(self) -> Person:
        """The recipient, of an event that the account sent.

        Raises:
            Broken: another account sent it, or it went to nobody.
        """
        return self._other_side(self.recipient_id, self.sender_id, "recipient_missing")

    def partner(self) -> Person:
        """The person, of an event that either side may cause."""
        return self.addressee() if self.from_account else self.customer()

    def _other_side(self, person_id: str | None, account_id: str | None, reason: str) -> Person:
        ours = self.place.account_id
        if person_id == ours or (account_id != ours and account_id is not None):
            raise Broken("account_mismatch")
        if person_id is None:
            raise Broken(reason)
        return person(person_id)


def read_exchange(place: Place, element: JsonObject, *, standby: bool) -> Exchange:
    """The sides and the time of an element.

    Raises:
        Broken: a side is neither missing nor an object with an id.
    """
    at = moment(element.get("timestamp")) or place.sent_at
    return Exchange(
        place=place,
        element=element,
        at=at,
        sender_id=_side(element.get("sender"), "sender"),
        recipient_id=_side(element.get("recipient"), "recipient"),
        common=place.common(at, standby=standby),
    )


def person(person_id: str) -> Person:
    return Person(id=person_id, temporary=person_id.startswith(_USER_REF))


def reference(user_ref: Any) -> str:
    """The id of somebody who is known by the checkbox plugin's `user_ref` alone."""
    return _USER_REF + identifier(user_ref, "user_ref")


def thread_with(somebody: Person) -> Thread:
    return Thread(external_id=somebody.id)


def _side(value: Any, name: str) -> str | None:
    if value is None:
        return None
    side = mapping(value, name)
    if (given := side.get("id")) is not None:
        return identifier(given, name)
    if (given := side.get("user_ref")) is not None:
        return reference(given)
    return None
