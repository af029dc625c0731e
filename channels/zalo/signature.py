"""Checks that a webhook body was signed by Zalo with one of our OA Secret Keys."""

import hashlib
import hmac
import re
from collections.abc import Sequence

from channels.errors import BadSignature
from channels.zalo.wire import load_json, optional_id

_HEADER = re.compile(r"\s*(?:mac\s*=\s*)?([0-9a-f]{64})\s*", re.ASCII | re.IGNORECASE)


def check_signature(
    body: bytes, header: str | None, *, app_id: str | None, oa_secret_keys: Sequence[bytes]
) -> None:
    """Check that `body` was signed with one of our OA Secret Keys.

    The signature is no HMAC but SHA-256 over app_id + body + timestamp + key, where app_id and
    timestamp are the values inside the body.

    Args:
        body: the request body as received, byte for byte; parsing and re-dumping changes it.
        header: value of X-ZEvent-Signature: "mac=" and 64 hex digits; the bare digits also pass.
        app_id: our app; the body must name the same. None accepts any app that has our key.
        oa_secret_keys: keys of the app's Webhook page (not the app secret), all of them valid.

    Raises:
        BadSignature: it is missing, malformed or does not match; also when there is no key.

    Source: https://developers.zalo.me/docs/official-account/webhook/tong-quan
    """
    keys = [key for key in oa_secret_keys if key]
    if not keys:
        raise BadSignature(reason="no_key")
    given = _HEADER.fullmatch(header or "")
    if given is None:
        raise BadSignature(reason="no_signature")
    body_app_id, timestamp = _signed_values(body)
    if app_id is not None and body_app_id != app_id:
        raise BadSignature(reason="other_app")
    signed = hashlib.sha256(body_app_id.encode() + body + timestamp.encode())
    # No early exit: the time must not tell which key matched.
    matches = [hmac.compare_digest(_mac(signed, key), bytes.fromhex(given[1])) for key in keys]
    if not any(matches):
        raise BadSignature(reason="mismatch")


def _mac(signed: "hashlib._Hash", key: bytes) -> bytes:
    mac = signed.copy()
    mac.update(key)
    return mac.digest()


def _signed_values(body: bytes) -> tuple[str, str]:
    """app_id and timestamp as text; a float has lost its decimal text and is refused."""
    try:
        content = load_json(body)
    except ValueError:
        raise BadSignature(reason="no_json") from None
    if not isinstance(content, dict):
        raise BadSignature(reason="no_json")
    app_id, timestamp = optional_id(content.get("app_id")), optional_id(content.get("timestamp"))
    if app_id is None or timestamp is None:
        raise BadSignature(reason="no_app_id_or_timestamp")
    return app_id, timestamp
