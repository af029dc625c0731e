"""Meta's signed_request is believed only with a right signature, whatever else stands in it."""

import hmac
import json
from base64 import b64encode, urlsafe_b64encode
from typing import Any
from urllib.parse import quote

import pytest

from channels.errors import BadSignature, NoSecret
from channels.facebook.signed_request import SignedRequest, read_signed_request

OLD, NEW = b"old-secret", b"new-secret"
TOLD = {"algorithm": "HMAC-SHA256", "user_id": "10150000000000901", "issued_at": 1795312345}
KNOWN = (
    "signed_request=US2Edr23sX8HM3zvNLcWlH9kjSXPH2-tc5ULCPhQjvw."
    "eyJhbGdvcml0aG0iOiJITUFDLVNIQTI1NiIsInVzZXJfaWQiOiIxMDE1MDAwMDAwMDAwMDkwMSIsImlzc3VlZF9hdCI6"
    "MTc5NTMxMjM0NX0"
)


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def form(told: Any = TOLD, secret: bytes = NEW, *, raw: bytes | None = None) -> bytes:
    payload = encoded(json.dumps(told).encode() if raw is None else raw)
    signature = hmac.digest(secret, payload.encode(), "sha256")
    return f"signed_request={encoded(signature)}.{payload}".encode()


@pytest.mark.parametrize("secret", [OLD, NEW], ids=["old", "new"])
def test_either_secret_may_have_signed(secret: bytes) -> None:
    assert read_signed_request(form(secret=secret), [NEW, b"", OLD]) == SignedRequest(
        "10150000000000901", 1795312345
    )


def test_vector_that_was_made_elsewhere_is_read() -> None:
    """By `openssl dgst -sha256 -hmac new-secret` over the payload's text, as base64url."""
    assert read_signed_request(KNOWN.encode(), [NEW]).user_id == "10150000000000901"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(form().replace(b".", b"=."), id="padded signature"),
        pytest.param(form().replace(b".", b"%2E"), id="percent-encoded"),
        pytest.param(b"other=1&" + form(), id="other fields"),
        pytest.param(form(TOLD | {"user_id": 10150000000000901}), id="id as a number"),
        pytest.param(form(TOLD | {"algorithm": "hmac-sha256"}), id="algorithm in lower case"),
        pytest.param(form(TOLD | {"issued_at": "soon"}), id="odd time"),
    ],
)
def test_odd_forms_of_a_right_request_are_read(body: bytes) -> None:
    assert read_signed_request(body, [NEW]).user_id == "10150000000000901"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"signed_request=", id="empty"),
        pytest.param(b"signed_request=abc", id="no dot"),
        pytest.param(b"signed_request=.abc", id="no signature"),
        pytest.param(form().partition(b".")[0] + b".", id="no payload"),
        pytest.param(form(secret=b"other"), id="another secret"),
        pytest.param(form(secret=b""), id="empty secret"),
        pytest.param(form() + b"&" + form(), id="twice"),
        pytest.param(form()[:-3], id="payload cut"),
        pytest.param(form().replace(b"=", b"=AA", 1), id="signature longer"),
        pytest.param(form(TOLD | {"algorithm": "none"}), id="algorithm none"),
        pytest.param(form({"user_id": "1"}), id="no algorithm"),
        pytest.param(form(TOLD | {"user_id": None}), id="nobody"),
        pytest.param(form(TOLD | {"user_id": True}), id="id is true"),
        pytest.param(form(TOLD | {"user_id": "../../etc"}), id="id is a path"),
        pytest.param(form(TOLD | {"user_id": "١٢٣"}), id="other digits"),
        pytest.param(form([TOLD]), id="a list"),
        pytest.param(form(raw=b"\xff\xfe"), id="no JSON"),
        pytest.param("signed_request=é.è".encode(), id="not ASCII"),
        pytest.param(f"signed_request={quote('é.è')}".encode(), id="not ASCII, encoded"),
        pytest.param(b"&".join([b"a=1"] * 10_000), id="many fields"),
        pytest.param(
            b"signed_request=" + b64encode(b"\xfb\xff" * 16) + b"." + b"AA", id="plain base64"
        ),
    ],
)
def test_anything_else_is_a_bad_signature(body: bytes) -> None:
    with pytest.raises(BadSignature):
        read_signed_request(body, [NEW])


def test_without_a_secret_nothing_is_believed() -> None:
    with pytest.raises(NoSecret):
        read_signed_request(form(secret=b""), [b""])
