"""What the answers of a receiver mean that are no success; see docs/crm-webhook.md.

What crm_sync/connectors/http.py raises by itself is not seen here: 401, 423, 429, 503, redirects.
"""

import re
from http import HTTPStatus

from crm_sync.connectors.errors import (
    AuthRefused,
    CrmAway,
    CrmError,
    CrmUncertain,
    InvalidValue,
    MappingBroken,
    RecordGone,
)
from crm_sync.connectors.http import Answer
from crm_sync.connectors.webhook.wire import ToldError, ToldRefusal, told_refusal

UNSUPPORTED = "unsupported"
RECORD_GONE = "record_gone"
_NO_SUCH_FIELD = frozenset({"unknown_field", "read_only"})
_WRONG = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
"""A code, a name of a field: never a number, an address or a sentence, which may be a person's."""
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_BROKEN = 5


class ConnectionOff(AuthRefused):
    """410: the receiver wants no more calls; a person switches the connection on again."""

    code = "crm_connection_off"


class Unsupported(InvalidValue):
    """The receiver does not do this kind of call, and never will by itself."""

    code = "crm_unsupported"


def error_of(answer: Answer, sent: frozenset[str]) -> CrmError:
    """Of an answer outside 200 to 299; `sent` are the names of the fields that were written.

    RecordGone takes the receiver's own word: the 404 of a web server during an update would
    otherwise part every customer from their record.
    """
    refusal, said = told_refusal(answer.json), f"http_{answer.status}"
    if answer.status == HTTPStatus.GONE:
        return ConnectionOff(said)
    if answer.status == HTTPStatus.FORBIDDEN:
        return AuthRefused(said)
    if refusal.code == UNSUPPORTED:
        return Unsupported(said)
    if answer.status == HTTPStatus.NOT_FOUND and refusal.code == RECORD_GONE:
        return RecordGone(into=refusal.into)
    if answer.status in _WRONG:
        return _refused(refusal, sent, said)
    return CrmUncertain(said) if answer.status // 100 == _BROKEN else CrmAway(said)


def _refused(refusal: ToldRefusal, sent: frozenset[str], said: str) -> CrmError:
    broken = _names([one for one in refusal.errors if one.code in _NO_SUCH_FIELD], sent)
    if broken:
        return MappingBroken("no_such_field_or_read_only", fields=broken)
    codes = [one.code for one in refusal.errors if one.code] or [refusal.code or ""]
    reference = refusal.reference or ""
    return InvalidValue(
        " ".join(sorted({code for code in codes if _WORD.fullmatch(code)})) or said,
        fields=_names(refusal.errors, sent),
        reference=reference if _REFERENCE.fullmatch(reference) else None,
    )


def _names(errors: list[ToldError], sent: frozenset[str]) -> set[str]:
    """Also of fields that were not sent: one may be missing."""
    named = {one.field for one in errors if one.field is not None}
    return {name for name in named if name in sent or _WORD.fullmatch(name)}
