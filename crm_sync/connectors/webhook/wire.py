"""What receivers write, as it comes in JSON: checked, and as forgiving as it can be."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar, get_args

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
)

from crm_sync.connectors.errors import CrmAway
from crm_sync.connectors.model import FieldKind, RemoteField, RemoteRecord, Value, Written

LONGEST_ID = 200
_LONGEST_URL = 2000
_LINK = re.compile(r"https?://[^\s<>\"']+")
"""People open it: `javascript:` and the like lead nowhere."""
_KINDS = frozenset(get_args(FieldKind))


def _text_of_number(raw: Any) -> Any:
    """Ids are numbers in many CRMs."""
    return str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else raw


def _link_or_none(raw: Any) -> str | None:
    told = isinstance(raw, str) and len(raw) <= _LONGEST_URL and _LINK.fullmatch(raw)
    return raw if told else None


def _none_if_empty(raw: Any) -> Any:
    return None if raw == "" else raw


def _values(raw: dict[str, Any]) -> dict[str, Value]:
    """Those that can be read: one odd field must not keep a record, or its whole page, away."""
    return {name: _value(one) for name, one in raw.items() if _is_readable(one)}


def _is_readable(raw: Any) -> bool:
    if isinstance(raw, list):
        return all(isinstance(one, str | int | float) for one in raw)
    return raw is None or isinstance(raw, str | int | float)


def _value(raw: Any) -> Value:
    if isinstance(raw, list):
        return tuple(text for one in raw if (text := _text(one)))
    return None if raw is None else _text(raw) or None


def _text(raw: str | float) -> str:
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    return str(raw).lower() if isinstance(raw, bool) else str(raw)


def _in_utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


RecordId = Annotated[
    str, BeforeValidator(_text_of_number), Field(min_length=1, max_length=LONGEST_ID)
]
MaybeId = Annotated[RecordId | None, BeforeValidator(_none_if_empty)]
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""ISO 8601 with its zone: a time without one could be any."""
_Link = Annotated[str | None, PlainValidator(_link_or_none)]
_Values = Annotated[dict[str, Any], AfterValidator(_values)]


class Told(BaseModel):
    """Unknown keys are passed over, so that both sides can grow."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ToldRecord(Told):
    crm_id: RecordId
    external_id: MaybeId = None
    values: _Values = {}
    changed_at: Moment | None = None
    archived: bool = False
    url: _Link = None

    def record(self, fields: frozenset[str]) -> RemoteRecord:
        """With what was asked for and told, and nothing else."""
        return RemoteRecord(
            id=self.crm_id,
            values={name: value for name, value in self.values.items() if name in fields},
            external_id=self.external_id,
            changed_at=self.changed_at,
            archived=self.archived,
            url=self.url,
        )


class ToldRecords(Told):
    records: list[ToldRecord]
    more: bool = False


class ToldOne(Told):
    record: ToldRecord


class ToldWrite(Told):
    crm_id: MaybeId = None
    url: _Link = None
    changed_at: Moment | None = None
    dropped: list[str] = []

    def written(self, asked_id: str, sent: frozenset[str]) -> Written:
        """Of the record that was written to, by our name of it where the CRM tells none."""
        dropped = tuple(sorted(sent & set(self.dropped)))
        return Written(self.crm_id or asked_id, self.url, self.changed_at, dropped)


class ToldNote(Told):
    note_id: MaybeId = None


class ToldField(Told):
    name: str
    kind: str
    label: str | None = None
    read_only: bool = False
    choices: list[str] | None = None

    def field(self) -> RemoteField | None:
        """None for a kind that nothing of ours can be mapped to."""
        if self.kind not in _KINDS:
            return None
        return RemoteField(
            name=self.name,
            label=self.label or self.name,
            kind=self.kind,  # type: ignore[arg-type] # one of them
            read_only=self.read_only,
            choices=None if self.choices is None else tuple(self.choices),
        )


class ToldFields(Told):
    fields: list[ToldField]


class ToldError(Told):
    field: str | None = None
    code: str | None = None


class ToldRefusal(Told):
    """The body of an answer that is no success."""

    code: str | None = None
    errors: list[ToldError] = []
    into: MaybeId = None
    reference: str | None = None


_T = TypeVar("_T", bound=Told)


def told(kind: type[_T], json: Any) -> _T:
    """Raises CrmAway: whoever answered so did not read the contract; ask again later.

    What pydantic says of it is not repeated: it holds values.
    """
    try:
        return kind.model_validate(json)
    except ValidationError:
        raise CrmAway("answer_malformed") from None


def told_refusal(json: Any) -> ToldRefusal:
    """As much of it as can be read: the status has said the most important."""
    try:
        return ToldRefusal.model_validate(json)
    except ValidationError:
        return ToldRefusal()
