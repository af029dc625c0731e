"""A mapped field together with what the CRM says of it, and who people and tags are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from crm_sync.connectors.model import FieldKind, RemoteField
from crm_sync.mapping.model import EMAILS, OWNER, PHONES, TAGS, FieldMap
from crm_sync.mapping.reasons import Unfit, reason

Way = Literal["plain", "e164", "lower", "join", "html", "user", "tags"]
"""A transform, once "auto" is settled."""

_AUTO: Mapping[str, Way] = {PHONES: "e164", EMAILS: "lower", OWNER: "user"}


@dataclass(frozen=True, slots=True)
class Names:
    """What ids are called on the other side: tags by id, e-mail addresses of staff by id."""

    tags: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pair:
    """A mapped field that the CRM has."""

    map: FieldMap
    remote: RemoteField

    @property
    def theirs(self) -> str:
        return self.map.theirs

    @property
    def way(self) -> Way:
        if self.map.transform != "auto":
            return self.map.transform
        return automatic(self.map.ours, self.remote.kind)

    def unfit(self, code: str) -> Unfit:
        return Unfit(reason(code, field=self.remote.label or self.theirs, ours=self.map.ours))


def automatic(ours: str, kind: FieldKind) -> Way:
    """How a value is written where nobody said how."""
    if kind == "tags":
        return "tags"
    if ours == TAGS:
        return "join"
    if known := _AUTO.get(ours):
        return known
    return "html" if kind == "html" else "plain"
