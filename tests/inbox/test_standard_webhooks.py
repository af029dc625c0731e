"""Signatures: the known values of Standard Webhooks, several keys, secrets that are none."""

import base64

import pytest

from inbox.standard_webhooks import BadSecret, is_signed, keys_of, sign

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CALL_ID, TIMESTAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
"""Of the libraries of Standard Webhooks; printed in the specification as well.

Source: https://github.com/standard-webhooks/standard-webhooks
"""
OTHER = "a secret that is just a text, and long enough"


def test_known_value_of_standard_webhooks() -> None:
    assert sign(keys_of(SECRET), CALL_ID, TIMESTAMP, BODY) == SIGNATURE
    assert is_signed(SIGNATURE, keys_of(SECRET), CALL_ID, TIMESTAMP, BODY)


@pytest.mark.parametrize(
    ("header", "genuine"),
    [
        pytest.param(f"v1,AAAA {SIGNATURE}", True, id="second"),
        pytest.param(f"v2,xx v1a,yy {SIGNATURE}", True, id="after other versions"),
        pytest.param(f" nonsense , {SIGNATURE} ", True, id="after nonsense"),
        pytest.param("", False, id="none"),
        pytest.param(SIGNATURE.removeprefix("v1,"), False, id="without a version"),
        pytest.param(SIGNATURE.replace("v1,", "v1a,"), False, id="of another version"),
        pytest.param(SIGNATURE[:-1], False, id="cut"),
        pytest.param("v1,ĐÀ\udce9 v1,", False, id="not even ASCII"),
        pytest.param("v1,x " * 20 + SIGNATURE, False, id="behind twenty others"),
    ],
)
def test_one_good_signature_is_enough(header: str, genuine: bool) -> None:
    assert is_signed(header, keys_of(SECRET), CALL_ID, TIMESTAMP, BODY) is genuine


@pytest.mark.parametrize(
    ("call_id", "timestamp", "body"),
    [
        ("msg_other", TIMESTAMP, BODY),
        (CALL_ID, TIMESTAMP + 1, BODY),
        (CALL_ID, TIMESTAMP, BODY + b" "),
    ],
)
def test_id_time_and_every_byte_are_signed(call_id: str, timestamp: int, body: bytes) -> None:
    assert not is_signed(SIGNATURE, keys_of(SECRET), call_id, timestamp, body)


def test_both_sides_may_be_a_secret_apart() -> None:
    both = sign(keys_of(f"{OTHER.replace(' ', '-')} {SECRET}"), CALL_ID, TIMESTAMP, BODY)

    assert both.split()[1] == SIGNATURE
    for known in (SECRET, OTHER.replace(" ", "-")):
        assert is_signed(both, keys_of(known), CALL_ID, TIMESTAMP, BODY)
    assert not is_signed(both, (b"x" * 32,), CALL_ID, TIMESTAMP, BODY)
    assert not is_signed(both, (), CALL_ID, TIMESTAMP, BODY)


def test_secret_is_bytes_behind_its_prefix_and_a_text_without() -> None:
    raw = bytes(range(32))
    encoded = base64.b64encode(raw).decode()

    assert keys_of(f"whsec_{encoded}") == (raw,)
    assert keys_of(f"whsec_{encoded.rstrip('=')}") == (raw,)
    assert keys_of(encoded) == (encoded.encode(),)


@pytest.mark.parametrize(
    "secret", ["", " ", "short-and-sweet", "whsec_", "whsec_c2hvcnQ=", "whsec_%%%%", "whsec_đà"]
)
def test_secret_that_is_none_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(BadSecret) as refused:
        keys_of(secret)

    assert not secret.strip() or secret not in str(refused.value).split()
