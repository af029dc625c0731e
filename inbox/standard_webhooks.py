"""Signatures of Standard Webhooks (`v1`, HMAC-SHA256), of what we send and of what we are sent.

By hand, in the few lines that it takes: the package `standardwebhooks` (1.1.0) signs with one
secret, asks the clock of the machine, and fails with a ValueError on a header that it cannot split.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
from collections.abc import Sequence

ID, TIMESTAMP, SIGNATURE = "Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"
PREFIX = "whsec_"
SHORTEST_KEY = 24
"""Bytes; of a secret without the prefix, characters."""
_VERSION = "v1"
_MOST_SIGNATURES = 20


class BadSecret(ValueError):
    """A secret is too short, or no base64 after `whsec_`. The text holds nothing of it."""


def keys_of(secret: str) -> tuple[bytes, ...]:
    """The keys of a setting: one secret, or several, newest first, parted by blanks.

    `whsec_` and base64 stand for the bytes; any other text for itself in UTF-8.

    Raises:
        BadSecret: there is none, or one that cannot be used.
    """
    keys = tuple(_key(one) for one in secret.split())
    if not keys:
        raise BadSecret("there is no secret")
    return keys


def _key(text: str) -> bytes:
    key = _decoded(text.removeprefix(PREFIX)) if text.startswith(PREFIX) else text.encode()
    if len(key) < SHORTEST_KEY:
        raise BadSecret(f"a secret has less than {SHORTEST_KEY} bytes")
    return key


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise BadSecret("what follows whsec_ is no base64") from None


def sign(keys: Sequence[bytes], call_id: str, timestamp: int, body: bytes) -> str:
    """The header Webhook-Signature: one signature for each key, in their order.

    Args:
        keys: newest first; while secrets are exchanged, whoever has either can check.
        call_id: without a dot, or it could be read as another id and time.
        timestamp: of this attempt, in seconds since 1970.
        body: exactly the bytes that are sent.
    """
    assert "." not in call_id, "the parts of what is signed are parted by dots"
    return " ".join(_signature(key, call_id, timestamp, body) for key in keys)


def is_signed(
    header: str, keys: Sequence[bytes], call_id: str, timestamp: int, body: bytes
) -> bool:
    """Whether one signature of the header is of one of the keys; in constant time for each."""
    told = [one.encode(errors="replace") for one in header.split()[:_MOST_SIGNATURES]]
    wanted = [_signature(key, call_id, timestamp, body).encode() for key in keys]
    return any(hmac.compare_digest(one, other) for one in told for other in wanted)


def _signature(key: bytes, call_id: str, timestamp: int, body: bytes) -> str:
    content = b".".join((call_id.encode(), str(timestamp).encode(), body))
    digest = hmac.digest(key, content, "sha256")
    return f"{_VERSION},{base64.b64encode(digest).decode()}"
