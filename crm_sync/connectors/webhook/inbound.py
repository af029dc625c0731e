"""What a CRM sends us when a record was changed there: checked, and read as hints. Pure.

A hint says which record to read again, never what is in it: it may come late, twice or not at
all. Sent by the same rules as our own calls, see docs/crm-webhook.md.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

import orjson
from pydantic import Field, TypeAdapter, ValidationError

from crm_sync.connectors.webhook.wire import MaybeId, Moment, RecordId, Told
from inbox.errors import BadRequest, InboxError
from inbox.standard_webhooks import ID, SIGNATURE, TIMESTAMP, is_signed

WINDOW = timedelta(minutes=5)
"""Before and after now, as in the libraries of Standard Webhooks: a request that somebody has
recorded is of no use to them later."""
MOST_HINTS = 1000
LONGEST_BODY = 1024 * 1024
"""Bytes. A thousand hints are 150 kB."""
_ID = re.compile(r"[!-\-/-~]{1,200}")
"""Printable, and without the dot that parts it from the time in what is signed."""
_TIMESTAMP = re.compile(r"[1-9][0-9]{0,11}")

Change = Literal["changed", "deleted"]


class HintNotSigned(InboxError):
    """Its signature is missing or of none of our keys; nothing of it is believed."""

    code = "crm_hint_not_signed"
    status = 401
    vi = "Chữ ký của lời báo từ CRM không đúng."
    en = "The signature of the CRM's message is not valid."


class HintTooOld(HintNotSigned):
    """It is signed for another time; either clock may be wrong as well."""

    code = "crm_hint_too_old"
    vi = "Lời báo từ CRM được ký cho một thời điểm khác; hãy kiểm tra đồng hồ của hai máy chủ."
    en = "The CRM's message is signed for another time; check the clocks of both servers."


class HintMalformed(BadRequest):
    """It is genuine, but not what docs/crm-webhook.md says."""

    code = "crm_hint_malformed"
    vi = "Lời báo từ CRM không đúng định dạng."
    en = "The CRM's message is not in the form that is documented."


@dataclass(frozen=True, slots=True)
class Hint:
    """A record to be read again. `external_id` is ours, where the CRM knows it."""

    change: Change
    crm_id: str
    external_id: str | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """`id` is the same when the CRM sends it again."""

    id: str
    hints: tuple[Hint, ...]


def read_hints(
    headers: Mapping[str, str], body: bytes, *, keys: Sequence[bytes], now: datetime
) -> Delivery:
    """Check a request and read what it says.

    Args:
        headers: of the request, by names in any case.
        body: as received, byte for byte, no longer than LONGEST_BODY.
        keys: all that are valid now (signing.keys_of); none: nothing is genuine.
        now: the time of receipt.

    Raises:
        HintNotSigned: no key of ours has signed it. HintTooOld: it is for another time.
        HintMalformed: it is signed, but cannot be read.
    """
    call_id = check(headers, body, keys=keys, now=now)
    try:
        raw = orjson.loads(body)
        every = _HINTS.validate_python(raw if isinstance(raw, list) else [raw])
    except (orjson.JSONDecodeError, ValidationError):
        raise HintMalformed from None
    return Delivery(call_id, tuple(one.hint() for one in every))


def check(headers: Mapping[str, str], body: bytes, *, keys: Sequence[bytes], now: datetime) -> str:
    """The id of a request that is genuine. Raises HintNotSigned, HintTooOld."""
    told = {name.lower(): value for name, value in headers.items()}
    call_id, raw = told.get(ID.lower(), ""), told.get(TIMESTAMP.lower(), "")
    if not (_ID.fullmatch(call_id) and _TIMESTAMP.fullmatch(raw)):
        raise HintNotSigned
    timestamp = int(raw)
    if not is_signed(told.get(SIGNATURE.lower(), ""), keys, call_id, timestamp, body):
        raise HintNotSigned
    if abs(now.timestamp() - timestamp) > WINDOW.total_seconds():
        raise HintTooOld
    return call_id


class _ToldHint(Told):
    type: Literal["customer.changed", "customer.deleted"]
    crm_id: RecordId
    external_id: MaybeId = None
    changed_at: Moment | None = None

    def hint(self) -> Hint:
        change: Change = "deleted" if self.type == "customer.deleted" else "changed"
        return Hint(change, self.crm_id, self.external_id, self.changed_at)


_HINTS = TypeAdapter(Annotated[list[_ToldHint], Field(max_length=MOST_HINTS)])
