"""Zalo's signature: every vector passes, everything tampered with is refused."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.errors import BadSignature
from channels.zalo.signature import check_signature

APP_ID = "1930571846220957713"
KEY = b"oa-secret-SAMPLE-not-real"
VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "payloads/zalo_signature_vectors.json").read_bytes()
)
BODY = VECTORS[0]["raw_body"].encode()
HEADER = VECTORS[0]["header_X_ZEvent_Signature"]

each_vector = pytest.mark.parametrize("vector", VECTORS, ids=[v["name"] for v in VECTORS])


def signed(body: bytes, *, app_id: str = APP_ID, timestamp: str, key: bytes = KEY) -> str:
    return hashlib.sha256(app_id.encode() + body + timestamp.encode() + key).hexdigest()


def check(body: bytes = BODY, header: str | None = HEADER, **changed: Any) -> None:
    check_signature(body, header, **{"app_id": APP_ID, "oa_secret_keys": [KEY], **changed})


def assert_refused(body: bytes = BODY, header: str | None = HEADER, **changed: Any) -> None:
    with pytest.raises(BadSignature) as refused:
        check(body, header, **changed)
    assert (refused.value.code, refused.value.status) == ("bad_signature", 401)


@each_vector
def test_every_vector_is_accepted(vector: dict[str, Any]) -> None:
    check_signature(
        vector["raw_body"].encode(),
        vector["header_X_ZEvent_Signature"],
        app_id=vector["app_id"],
        oa_secret_keys=[vector["oa_secret_key"].encode()],
    )


@each_vector
def test_one_changed_byte_of_the_body_is_refused(vector: dict[str, Any]) -> None:
    body = vector["raw_body"].encode()
    header = vector["header_X_ZEvent_Signature"]
    for place in range(len(body)):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        assert_refused(changed, header)


def test_a_body_that_was_parsed_and_dumped_again_is_refused() -> None:
    assert_refused(json.dumps(json.loads(BODY)).encode())


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(lambda mac: mac, id="bare hex"),
        pytest.param(lambda mac: f"mac={mac.upper()}", id="upper case"),
        pytest.param(lambda mac: f"MAC={mac}", id="upper-case prefix"),
        pytest.param(lambda mac: f"  mac= {mac}\t", id="blanks"),
    ],
)
def test_other_ways_to_write_the_right_signature_are_accepted(
    written: Callable[[str], str],
) -> None:
    check(header=written(HEADER.removeprefix("mac=")))


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "mac=",
        "mac=" + "0" * 64,
        HEADER[:-1],
        HEADER + "0",
        "sha256=" + HEADER.removeprefix("mac="),
        HEADER[:-1] + "đ",
        HEADER[:-1] + "\udcff",
        HEADER + "," + HEADER,
    ],
)
def test_a_missing_malformed_or_wrong_signature_is_refused(header: str | None) -> None:
    assert_refused(header=header)


def test_any_of_several_keys_will_do_while_one_is_being_replaced() -> None:
    check(oa_secret_keys=[b"new", KEY])
    check(oa_secret_keys=[KEY, b"new"])
    assert_refused(oa_secret_keys=[b"new", b"newer"])


@pytest.mark.parametrize("keys", [[], [b""]])
def test_without_a_key_everything_is_refused_even_what_an_empty_key_signed(
    keys: list[bytes],
) -> None:
    assert_refused(header=signed(BODY, timestamp="1794800061337", key=b""), oa_secret_keys=keys)


def test_another_app_is_refused_although_the_signature_is_right() -> None:
    assert_refused(app_id="1930571846220957714")
    check(app_id=None)


@pytest.mark.parametrize("written", ["1794800061337", '"1794800061337"', '" 1794800061337"'])
def test_the_timestamp_is_signed_as_its_own_text(written: str) -> None:
    body = b'{"app_id":"%s","timestamp":%s}' % (APP_ID.encode(), written.encode())
    check(body, signed(body, timestamp=written.strip('"')))


def test_a_numeric_app_id_is_signed_as_its_digits() -> None:
    body = b'{"app_id":%s,"timestamp":"1"}' % APP_ID.encode()
    check(body, signed(body, timestamp="1"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"app_id":"1930571846220957713"}',
        b'{"timestamp":"1794800061337"}',
        b'{"app_id":"1930571846220957713","timestamp":1794800061337.0}',
        b'{"app_id":"1930571846220957713","timestamp":1.794800061337e12}',
        b'{"app_id":"1930571846220957713","timestamp":true}',
        b'{"app_id":"1930571846220957713","timestamp":null}',
        b'{"app_id":["1930571846220957713"],"timestamp":"1794800061337"}',
        b'{"app_id":"\\ud800","timestamp":"1794800061337"}',
    ],
)
def test_a_body_without_usable_values_is_refused(body: bytes) -> None:
    assert_refused(body)
    assert_refused(body, signed(body, timestamp="1794800061337"))


def test_a_signed_body_with_a_lone_surrogate_is_accepted() -> None:
    body = b'{"app_id":"%s","timestamp":"1","message":{"text":"\\ud83d"}}' % APP_ID.encode()
    check(body, signed(body, timestamp="1"))


@given(body=st.binary(max_size=200), header=st.none() | st.text(max_size=80))
def test_random_input_is_refused_and_nothing_else_happens(body: bytes, header: str | None) -> None:
    assert_refused(body, header)
