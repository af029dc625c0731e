"""What one erasure reaches: fixed when it begins, so that it can be resumed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from inbox.customers.erasure.traces import Pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Kept on the erasure until it is done; `patterns` only until the first pass is through.

    `up_to`: what happened later is a new life of the person and stays. `begun_at`: when their
    conversations and their customer document went. `shared_ids` are comment threads and groups,
    where only their own words go.
    """

    customer_id: str | None
    identity_ids: tuple[str, ...]
    external_ids: tuple[str, ...]
    conversation_ids: tuple[str, ...]
    shared_ids: tuple[str, ...]
    up_to: datetime
    begun_at: datetime
    came_back: bool
    patterns: tuple[Pattern, ...] | None

    @property
    def is_first_pass(self) -> bool:
        return self.patterns is not None

    def document(self) -> dict[str, Any]:
        return {
            "customer_id": self.customer_id,
            "identity_ids": list(self.identity_ids),
            "external_ids": list(self.external_ids),
            "conversation_ids": list(self.conversation_ids),
            "shared_ids": list(self.shared_ids),
            "up_to": self.up_to,
            "begun_at": self.begun_at,
            "came_back": self.came_back,
            "patterns": [[one.text, one.options] for one in self.patterns or ()],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        patterns = document.get("patterns")
        return cls(
            customer_id=document["customer_id"],
            identity_ids=tuple(document["identity_ids"]),
            external_ids=tuple(document["external_ids"]),
            conversation_ids=tuple(document["conversation_ids"]),
            shared_ids=tuple(document["shared_ids"]),
            up_to=document["up_to"],
            begun_at=document["begun_at"],
            came_back=document["came_back"],
            patterns=None
            if patterns is None
            else tuple(Pattern(text, options) for text, options in patterns),
        )
