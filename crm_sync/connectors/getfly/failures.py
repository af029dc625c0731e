"""What an error of Getfly means: by its status, and by the fields that its body names.

The statuses are documented, the body is not: `message` or `error`, and `errors` by field, are what
it was seen to hold. Its texts tell names and numbers of customers, so none of them is kept.

Source: https://developer.getfly.vn/docs/6.0/errors/
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from crm_sync.connectors.errors import CrmAway, CrmError, CrmUncertain, InvalidValue, RecordGone

_CUSTOM = "custom_fields."
_BROKEN = 5
"""The hundreds of a status."""
_TOLD: Mapping[str, re.Pattern[str]] = {
    "account_code": re.compile(r"account_code|mã khách hàng", re.IGNORECASE),
    "phone_office": re.compile(r"phone_office|số điện thoại|\bsđt\b", re.IGNORECASE),
    "email": re.compile(r"\bemail\b", re.IGNORECASE),
}


class NotPermitted(InvalidValue):
    """The key may not do this; final until an administrator changes that."""

    code = "crm_not_permitted"


def error_of(status: int, body: Mapping[str, Any], *, reading: bool) -> CrmError:
    """`reading`: nothing can have been carried out."""
    said = f"http_{status}"
    if status == HTTPStatus.NOT_FOUND:
        return RecordGone(said)
    if status == HTTPStatus.FORBIDDEN:
        return NotPermitted(said)
    if status // 100 == _BROKEN or status == HTTPStatus.REQUEST_TIMEOUT:
        return CrmAway(said) if reading else CrmUncertain(said)
    return InvalidValue(said, fields=_fields(body))


def _fields(body: Mapping[str, Any]) -> set[str]:
    errors = body.get("errors")
    if isinstance(errors, dict) and errors:
        return {str(name).removeprefix(_CUSTOM) for name in errors}
    text = " ".join(str(body.get(key, "")) for key in ("message", "error", "msg"))
    return {name for name, pattern in _TOLD.items() if pattern.search(text)}
