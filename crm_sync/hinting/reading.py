"""Which records a CRM's own webhook speaks of. Pure.

CRMs without a signature are given an address with a secret in it. Whatever cannot be read only
makes the next look at the CRM come sooner.
"""

import hmac
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import orjson

from crm_sync.mapping.presets import CrmKind

MOST_IDS = 1000
LONGEST_ID = 100
"""Characters: whatever is longer is no id of any of these CRMs."""


def is_token(sent: str | None, secrets: str) -> bool:
    """Whether the address holds one of our secrets, which are parted by blanks."""
    if not sent:
        return False
    found = [hmac.compare_digest(sent.encode(), one.encode()) for one in secrets.split()]
    return any(found)


def record_ids(kind: CrmKind, body: bytes) -> list[str]:
    """The ids that the webhook names; empty when it names none, or cannot be read.

    Sources: Odoo's automation rules send `_id` of `_model`; HubSpot a list of `objectId`;
    Bitrix24 a form with `data[FIELDS][ID]`.
    """
    read = _READERS.get(kind)
    if read is None:
        return []
    try:
        told = [str(one) for one in read(body) if isinstance(one, str | int)]
    except (ValueError, TypeError, AttributeError):
        return []
    return [one for one in told if len(one) <= LONGEST_ID][:MOST_IDS]


def _odoo(body: bytes) -> list[Any]:
    told: Mapping[str, Any] = orjson.loads(body)
    return [told.get("_id")] if told.get("_model", "res.partner") == "res.partner" else []


def _hubspot(body: bytes) -> list[Any]:
    return [one.get("objectId") for one in orjson.loads(body)]


def _bitrix24(body: bytes) -> list[Any]:
    return parse_qs(body.decode()).get("data[FIELDS][ID]", [])


_READERS: Mapping[CrmKind, Callable[[bytes], list[Any]]] = {
    "odoo": _odoo,
    "hubspot": _hubspot,
    "bitrix24": _bitrix24,
}
