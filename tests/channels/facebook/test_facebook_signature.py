"""A Facebook webhook is believed only with a right signature, a handshake only with our token."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from channels.errors import BadSignature, BadVerifyToken, NoSecret
from channels.facebook.signature import check_signature, check_verify_token

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "payloads" / "facebook_signature_vectors.json").read_text("utf-8")
)
OUR_POLICY = {
    "upper_case_hex": False,  # Meta sends lower case only
    "empty_body": True,  # the signature is right; that it is no JSON is the parser's matter
}
BODY = b'{"object":"page","entry":[]}'
OLD, NEW = b"old-secret", b"new-secret"


def signed(body: bytes, secret: bytes) -> str:
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_signature_vector_is_accepted_or_refused_as_declared(vector: dict[str, Any]) -> None:
    body = base64.b64decode(vector["body_base64"])
    header = vector["header"].get("X-Hub-Signature-256")
    accept = OUR_POLICY[vector["name"]] if vector["accept"] is None else vector["accept"]

    if accept:
        check_signature(body, header, [vector["app_secret"].encode()])
    else:
        with pytest.raises(BadSignature) as refusal:
            check_signature(body, header, [vector["app_secret"].encode()])
        assert refusal.value.status == 401


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_both_secrets_are_good_while_one_replaces_the_other(secret: bytes) -> None:
    check_signature(BODY, signed(BODY, secret), [NEW, OLD])


def test_secret_that_was_taken_out_is_refused() -> None:
    with pytest.raises(BadSignature):
        check_signature(BODY, signed(BODY, OLD), [NEW])


@pytest.mark.parametrize("secrets", [[], [b""], [b"", b""]], ids=["none", "empty", "two empty"])
def test_without_a_secret_nothing_is_believed(secrets: list[bytes]) -> None:
    with pytest.raises(NoSecret) as refusal:
        check_signature(BODY, signed(BODY, b""), secrets)
    assert refusal.value.status == 403


def test_empty_secret_beside_a_real_one_opens_nothing() -> None:
    with pytest.raises(BadSignature):
        check_signature(BODY, signed(BODY, b""), [b"", NEW])
    check_signature(BODY, signed(BODY, NEW), [b"", NEW])


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="missing"),
        pytest.param("sha256=", id="no digits"),
        pytest.param(signed(BODY, NEW) + " ", id="blank behind"),
        pytest.param(signed(BODY, NEW).removeprefix("sha256="), id="bare digits"),
        pytest.param(signed(BODY, NEW)[:-1] + "\udce9", id="byte that is no text"),
        pytest.param(signed(BODY, NEW) + signed(BODY, NEW), id="twice"),
    ],
)
def test_odd_header_is_refused(header: str | None) -> None:
    with pytest.raises(BadSignature):
        check_signature(BODY, header, [NEW])


def test_handshake_gives_the_challenge_back_untouched() -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "tên-riêng", "hub.challenge": "0012"}

    assert check_verify_token(query, "tên-riêng".encode()) == "0012"


@pytest.mark.parametrize(
    ("change", "token"),
    [
        pytest.param({"hub.verify_token": "other"}, b"ours", id="wrong token"),
        pytest.param({"hub.verify_token": "\udce9"}, b"ours", id="token that is no text"),
        pytest.param({"hub.verify_token": None}, b"ours", id="no token"),
        pytest.param({"hub.mode": "unsubscribe"}, b"ours", id="wrong mode"),
        pytest.param({"hub.mode": None}, b"ours", id="no mode"),
        pytest.param({"hub.challenge": None}, b"ours", id="no challenge"),
        pytest.param({"hub.verify_token": ""}, b"", id="empty token configured"),
        pytest.param({}, None, id="no token configured"),
    ],
)
def test_handshake_is_refused(change: dict[str, str | None], token: bytes | None) -> None:
    full = {"hub.mode": "subscribe", "hub.verify_token": "ours", "hub.challenge": "1"} | change
    query = {name: value for name, value in full.items() if value is not None}

    with pytest.raises(BadVerifyToken):
        check_verify_token(query, token)
