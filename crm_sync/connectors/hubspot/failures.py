"""What an error of HubSpot means; texts hold values of customers, so only its codes are kept.

Source: https://developers.hubspot.com/docs/api-reference/error-handling
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from crm_sync.connectors.errors import (
    AuthRefused,
    CrmBusy,
    CrmError,
    CrmUncertain,
    InvalidValue,
    MappingBroken,
    RecordGone,
)
from crm_sync.connectors.http import Answer

_TOO_MANY, _MIGRATING = 429, 477
_NOT_PERMITTED, _NOT_THERE, _CONFLICT, _BROKEN = 403, 404, 409, 500
_WAITS_S = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0, "DAILY": 3 * 3600.0}
"""By the name of the limit. A day ends at the account's own midnight, which it does not tell: ten
tries of three hours outlast it.

Source: https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
"""
_UNKNOWN = "PROPERTY_DOESNT_EXIST"
_NOT_A_FIELD = frozenset({_UNKNOWN, "READ_ONLY_VALUE"})
_TAKEN = frozenset({"CONFLICTING_UNIQUE_VALUE"})
_EXISTING = re.compile(r"Existing ID: ?([0-9]+)")
_MISSING = re.compile(r"""Property \\?["']([a-z][a-z0-9_]{0,99})\\?["'] does not exist""")
_CODE = re.compile(r"[A-Z][A-Z0-9_]{2,60}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_EMAIL = "email"
"""Of what HubSpot itself knows of a contact the only thing that is unique."""

_Problem = tuple[str, str]
"""A code, and the property that it is about, or ""."""


class NotPermitted(AuthRefused):
    """The private app lacks a scope; a person has to add it."""

    code = "crm_not_permitted"


class Conflict(InvalidValue):
    """Another contact has this e-mail address or unique value: `existing`, where HubSpot tells."""

    code = "crm_conflict"

    def __init__(self, detail: str, *, fields: Iterable[str], existing: str | None) -> None:
        super().__init__(detail, fields=tuple(fields))
        self.existing = existing


def limited(answer: Answer) -> CrmBusy | None:
    """Whether a limit was met: `Retry-After` goes first, the name of the limit is next."""
    if answer.status not in (_TOO_MANY, _MIGRATING):
        return None
    said = answer.json if isinstance(answer.json, dict) else {}
    policy = str(said.get("policyName") or "")
    wait_s = answer.retry_after_s
    if wait_s is None:
        wait_s = _WAITS_S.get(policy)
    detail = policy if _CODE.fullmatch(policy) else f"http_{answer.status}"
    return CrmBusy(detail, retry_after_s=wait_s)


def error_of(status: int, said: Mapping[str, Any]) -> CrmError:
    """Of `{status, message, correlationId, category, errors: [{code, message, context}]}`, each
    of which may be missing.
    """
    reference = _reference(said)
    problems = list(_problems(said))
    codes = sorted({code for code, _name in problems})
    detail = " ".join([f"http_{status}", *_codes([said.get("category")]), *codes])
    if status >= _BROKEN:
        return CrmUncertain(detail, reference=reference)
    if status == _NOT_PERMITTED:
        return NotPermitted(detail, reference=reference)
    if status == _NOT_THERE:
        return RecordGone(detail)
    if status == _CONFLICT or _TAKEN & set(codes):
        return _conflict(detail, problems, said)
    broken = {name for code, name in problems if code in _NOT_A_FIELD and name}
    if broken:
        return MappingBroken(detail, fields=broken)
    wrong = {name for _code, name in problems if name}
    return InvalidValue(detail, fields=wrong, reference=reference)


def error_in(batch: Mapping[str, Any]) -> CrmError | None:
    """Of a batch with one input: what became of it, where that is not in `results`.

    A batch that was carried out in part is a 207: its errors have statuses that are words, and
    properties are named in `context`.
    """
    for one in batch.get("errors") or ():
        category = one.get("category")
        said = {**one, "correlationId": batch.get("correlationId")}
        return error_of(_STATUS_OF.get(category, 400), said)
    return None


_STATUS_OF: Mapping[Any, int] = {
    "CONFLICT": _CONFLICT,
    "OBJECT_NOT_FOUND": _NOT_THERE,
    "MISSING_SCOPES": _NOT_PERMITTED,
}


def _conflict(detail: str, problems: list[_Problem], said: Mapping[str, Any]) -> Conflict:
    found = _EXISTING.search(str(said.get("message") or ""))
    fields = {name for _code, name in problems if name} or {_EMAIL}
    return Conflict(detail, fields=fields, existing=found[1] if found else None)


def _reference(said: Mapping[str, Any]) -> str | None:
    found = said.get("correlationId")
    return found[:100] if isinstance(found, str) else None


def _problems(said: Mapping[str, Any]) -> Iterator[_Problem]:
    """From `errors`, from the list that the message of older endpoints ends in, and where there
    is neither from the message itself.
    """
    for one in [said, *_list(said.get("errors")), *_list(_list_in(said.get("message")))]:
        if not isinstance(one, dict):
            continue
        code = next(_codes([one.get("code"), one.get("error"), one.get("subCategory")]), "")
        names = list(_names(one))
        for name in names or ([""] if code else []):
            yield code, name
    for found in _MISSING.finditer(str(said.get("message") or "")):
        yield _UNKNOWN, found[1]


def _names(one: Mapping[str, Any]) -> Iterator[str]:
    context = one.get("context")
    told = context.get("propertyName") if isinstance(context, dict) else None
    for name in [*(told if isinstance(told, list) else [told]), one.get("name")]:
        if isinstance(name, str) and _NAME.fullmatch(name):
            yield name


def _codes(candidates: Iterable[Any]) -> Iterator[str]:
    """Words of HubSpot's own; anything else could be a value."""
    for one in candidates:
        if isinstance(one, str) and _CODE.fullmatch(one):
            yield one


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _list_in(message: Any) -> Any:
    """Of 'Property values were not valid: [{"isValid":false,"error":"INVALID_OPTION",...}]'."""
    _before, bracket, rest = str(message or "").partition("[")
    try:
        return orjson.loads(bracket + rest)
    except orjson.JSONDecodeError:
        return None
