"""The words of a CRM connection: fields, records, notes, and the Protocol of connectors.

Values are ours: text is str, an empty field is None, tags are names, a user is an e-mail address.
What a CRM stores instead (False, "", ids, multifield rows) stays within its connector.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

FieldKind = Literal["text", "html", "email", "phone", "choice", "tags", "user", "date", "number"]
Value = str | tuple[str, ...] | None
"""A tuple for tags, their names in no order that matters; None is empty."""


@dataclass(frozen=True, slots=True)
class RemoteField:
    """A field of the CRM as its own metadata describe it; it takes `choices`, if there are any."""

    name: str
    label: str
    kind: FieldKind
    read_only: bool = False
    choices: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class RemoteRecord:
    """A record as it stands in the CRM.

    `changed_at` is the CRM's own time of the last change, as exact as the CRM tells it;
    `archived` is there but hidden from its users. `url` leads a person to it.
    """

    id: str
    values: Mapping[str, Value]
    external_id: str | None = None
    changed_at: datetime | None = None
    archived: bool = False
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a write. `dropped` are the fields that the CRM does not have (any more)."""

    record_id: str
    url: str | None = None
    changed_at: datetime | None = None
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading of changes goes on: the time and the id of the last record that was told."""

    at: datetime
    record_id: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """Changed records, oldest first; the next page begins at `place`, if there is `more`."""

    records: tuple[RemoteRecord, ...]
    place: Place
    more: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """By what a record is looked for: any one that is given. Phones in E.164."""

    external_id: str | None = None
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """What is to be written into one record.

    `values` replace, None empties. Tags are never replaced: `add_tags` and `remove_tags` are by
    field, and whatever else the record carries stays. `revision` is that of our customer: a repeat
    of an edit has the same one, a later edit of the same content a larger one.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    add_tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    remove_tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    revision: int | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.values or self.add_tags or self.remove_tags)


class Connector(Protocol):
    """One connection to one CRM. Every call may raise the errors of errors.py."""

    async def check(self) -> None:
        """Whether the credentials work. Raises AuthRefused, CrmAway."""
        ...

    async def fields(self) -> Mapping[str, RemoteField]:
        """The fields of a customer's record by name, read live."""
        ...

    async def find(self, asked: Asked, fields: Collection[str]) -> Sequence[RemoteRecord]:
        """Every record that has one of the things asked for, archived ones too; two at least are
        told if there are two, so that nobody guesses.
        """
        ...

    async def get(self, record_id: str, fields: Collection[str]) -> RemoteRecord:
        """Raises RecordGone: it was deleted, or merged into another one (`into`)."""
        ...

    async def create(self, external_id: str, edit: Edit) -> Written:
        """Make the record of one of our customers, or find the one made before: under the same
        `external_id` there is never a second one, however often this is called and whatever
        answers were lost.
        """
        ...

    async def update(self, record_id: str, edit: Edit) -> Written:
        """Write into a record. Repeating is harmless. Raises RecordGone, InvalidValue."""
        ...

    async def note(self, record_id: str, note_id: str, text: str, at: datetime) -> str:
        """Add a note, or replace the one of the same `note_id` (ours); its id in the CRM."""
        ...

    async def changed_since(
        self, place: Place, fields: Collection[str], *, limit: int = 100
    ) -> Changes:
        """Records that were changed at `place` or later, in the order (time, id).

        Records of the very moment of `place` come again: whoever asks knows what it had.
        """
        ...

    async def close(self) -> None: ...
