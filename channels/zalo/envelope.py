"""What all Zalo events share: the account, the people, the time and a key for repeats."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from channels.zalo.wire import elements, kept, mapping, optional_id, required_id

Side = Literal["sender", "recipient"]

_SHARED_FIELDS = frozenset(
    {"app_id", "oa_id", "oaId", "event_name", "timestamp", "user_id", "user_id_by_app"}
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """One webhook body, read but not yet understood; `at` is the platform's time if it has one."""

    name: str
    raw: Mapping[str, Any]
    body: bytes
    at: datetime
    known_oa_ids: Collection[str]

    def message(self) -> Mapping[str, Any]:
        return mapping(self.raw.get("message"))

    def party(self, side: Side) -> str | None:
        return optional_id(mapping(self.raw.get(side)).get("id"))

    def parties(self, oa_side: Side) -> tuple[str, str]:
        """(OA, the other one) of an event that has the OA at `oa_side`."""
        other: Side = "recipient" if oa_side == "sender" else "sender"
        account_id = self._named_oa() or required_id(self.party(oa_side), f"{oa_side}.id")
        return account_id, required_id(self.party(other), f"{other}.id")

    def oa_side(self, otherwise: Side) -> Side:
        """Where the OA stands in a receipt: sources disagree, so whichever side is an OA of ours.

        `otherwise` is where most of the documentation puts it.
        """
        sender_is_ours = self._is_ours(self.party("sender"))
        if sender_is_ours == self._is_ours(self.party("recipient")):
            return otherwise
        return "sender" if sender_is_ours else "recipient"

    def account(self) -> str:
        """The OA of an event that names it, or that has an OA of ours as sender or recipient."""
        return required_id(self.told_account(), "oa_id")

    def account_or_app(self) -> str:
        """The OA of an event about an account; if it names none, our only OA, else the app.

        Empty where nothing at all is named.
        """
        only = next(iter(self.known_oa_ids)) if len(self.known_oa_ids) == 1 else None
        return self.told_account() or only or optional_id(self.raw.get("app_id")) or ""

    def told_account(self) -> str | None:
        """The same as `account`, or None where it cannot be told."""
        people = (self.party("sender"), self.party("recipient"))
        return self._named_oa() or next((p for p in people if p in self.known_oa_ids), None)

    def user(self) -> str | None:
        """The person of an event that has no fixed sender and recipient."""
        places = (
            self.raw.get("user_id"),
            mapping(self.raw.get("follower")).get("id"),
            mapping(self.raw.get("customer")).get("id"),
            mapping(self.raw.get("data")).get("user_id"),
        )
        named = next(filter(None, map(optional_id, places)), None)
        if named is not None:
            return named
        account_id = self.told_account()
        people = (self.party("sender"), self.party("recipient"))
        return next((p for p in people if p and account_id and p != account_id), None)

    def everybody(self) -> tuple[str, ...]:
        """Every id of a person that can be found, for events whose shape is not known."""
        oa_ids = {*self.known_oa_ids, self._named_oa()}
        listed = elements(self.raw.get("users")) + elements(self.raw.get("user_ids"))
        found = [
            self.user(),
            self.party("sender"),
            self.party("recipient"),
            *(optional_id(mapping(user).get("id", user)) for user in listed),
        ]
        return tuple(dict.fromkeys(one for one in found if one and one not in oa_ids))

    def own_fields(self, *left_out: str) -> dict[str, Any]:
        """What this event has beyond the envelope, ready to be stored."""
        return {
            name: value
            for name, value in kept(self.raw).items()
            if name not in _SHARED_FIELDS and name not in left_out
        }

    def key(self, *own: str | None) -> str:
        """The same for every delivery of this event: its name, its time and its `own` ids."""
        time = optional_id(self.raw.get("timestamp")) or self.digest()
        return "|".join([self.name, time, *(part or "" for part in own)])

    def digest(self) -> str:
        """A hash of the body; Zalo repeats a delivery byte for byte."""
        return hashlib.blake2b(self.body, digest_size=16).hexdigest()

    def _named_oa(self) -> str | None:
        return optional_id(self.raw.get("oa_id")) or optional_id(self.raw.get("oaId"))

    def _is_ours(self, one: str | None) -> bool:
        return one is not None and (one in self.known_oa_ids or one == self._named_oa())
