"""Meta's `signed_request`: who leaves the app, or asks for deletion, signed by Meta. Pure.

Source: https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow#parsingsr
"""

import binascii
import hmac
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import orjson

from channels.errors import BadSignature, NoSecret

_ALGORITHM = "HMAC-SHA256"
_MOST_FIELDS = 50


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """`user_id` is the person's id for our app only; `issued_at` epoch seconds, 0 if not told."""

    user_id: str
    issued_at: int


def read_signed_request(body: bytes, app_secrets: Sequence[bytes]) -> SignedRequest:
    """What the form in `body` says.

    Args:
        body: the form as it was posted: `signed_request=<signature>.<payload>`, each base64url
            without padding. The HMAC is over the payload's text as it stands there.
        app_secrets: several while one is being replaced; empty ones are passed over.

    Raises:
        NoSecret: there is no secret to check with.
        BadSignature: something is missing or malformed, or the signature does not match.
    """
    secrets = [secret for secret in app_secrets if secret]
    if not secrets:
        raise NoSecret
    signature, payload = _parts(body)
    matches = False
    for secret in secrets:  # all of them, so that the time does not tell which one is in use
        matches |= hmac.compare_digest(hmac.digest(secret, payload, "sha256"), signature)
    if not matches:
        raise BadSignature
    return _told(_decoded(payload))


def _parts(body: bytes) -> tuple[bytes, bytes]:
    """The signature, decoded, and the payload, as it was sent."""
    try:
        form = parse_qs(body.decode("ascii"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise BadSignature from None
    values = form.get("signed_request", [])
    signature, dot, payload = (values[0] if len(values) == 1 else "").partition(".")
    if not dot or not signature or not payload or not payload.isascii():
        raise BadSignature
    return _decoded(signature.encode("ascii", "replace")), payload.encode("ascii")


def _decoded(text: bytes) -> bytes:
    """Strict base64url; padding may be there or not."""
    bare = text.rstrip(b"=")
    if b"+" in bare or b"/" in bare:
        raise BadSignature
    try:
        return urlsafe_b64decode(bare + b"=" * (-len(bare) % 4))
    except binascii.Error:
        raise BadSignature from None


def _told(payload: bytes) -> SignedRequest:
    try:
        document: Any = orjson.loads(payload)
    except orjson.JSONDecodeError:
        raise BadSignature from None
    if not isinstance(document, dict) or str(document.get("algorithm")).upper() != _ALGORITHM:
        raise BadSignature
    user_id: Any = document.get("user_id")
    issued_at: Any = document.get("issued_at")
    if isinstance(user_id, int) and not isinstance(user_id, bool):
        user_id = str(user_id)
    if not isinstance(user_id, str) or not user_id.isascii() or not user_id.isdecimal():
        raise BadSignature
    is_number = isinstance(issued_at, int) and not isinstance(issued_at, bool)
    return SignedRequest(user_id, issued_at if is_number else 0)
