"""What an erasure looks for: spellings of a person's data, and their share of a webhook body."""

import json
from typing import Any

import pytest

from inbox.customers.erasure.traces import Mentions, patterns


@pytest.mark.parametrize(
    ("body", "left"),
    [
        pytest.param(
            {"entry": [{"messaging": [{"sender": {"id": "77"}, "text": "a"}, {"id": "78"}]}]},
            {"entry": [{"messaging": [None, {"id": "78"}]}]},
            id="one event of several",
        ),
        pytest.param(
            {"event": "group", "user_ids": ["77", "78"]},
            {"event": "group", "user_ids": [None, "78"]},
            id="one member of several",
        ),
        pytest.param(
            {"entry": [{"id": 77}, {"id": 770}]}, {"entry": [None, {"id": 770}]}, id="a number"
        ),
        pytest.param({"entry": [{"id": "177"}]}, {"entry": [{"id": "177"}]}, id="another id"),
    ],
)
def test_what_others_said_in_the_same_body_stays(body: Any, left: Any) -> None:
    assert json.loads(Mentions(["77"]).cut_from(json.dumps(body).encode())) == left


@pytest.mark.parametrize(
    "body",
    [
        b'{"sender": {"id": "77"}, "text": "a"}',
        b'{"sender": "77"',
        b"\xff\xfe 77",
        b"[" * 100_000 + b"77",
        b'["77", NaN' + b"]" * 3,
    ],
)
def test_a_body_that_speaks_of_nobody_else_or_is_broken_goes_whole(body: bytes) -> None:
    assert Mentions(["commenter:77"]).cut_from(body) == b""


def test_nobody_is_mentioned_without_ids() -> None:
    assert not Mentions([]).is_in(b'{"id": ""}')
    assert Mentions([""]).cut_from(b"{}") == b"{}"


def test_patterns_cover_names_phones_and_addresses_of_every_identity() -> None:
    customer = {
        "name": "Nguyễn Thị Hoa",
        "phones": ["+84912345678"],
        "emails": ["hoa@example.com"],
        "identities": [{"name": "An", "shared": {"name": "Hoa Nguyễn", "phone": "0987654321"}}],
    }

    found = patterns(customer)

    assert len(found) == 6
    assert {pattern.options for pattern in found if "An" in pattern.text} == {""}
    assert patterns({}) == []
