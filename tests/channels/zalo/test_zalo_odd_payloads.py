"""Zalo payloads as they should not be: every one is read, parked alone or refused, none crashes."""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bson
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.events import MalformedBody, Parsed
from channels.zalo.parser import parse

OA = "4118290375522816043"
NOON = datetime(2026, 11, 22, 5, 0, 0, 123456, tzinfo=UTC)
PAYLOADS: list[dict[str, Any]] = [
    orjson.loads(path.read_bytes())
    for path in sorted((Path(__file__).parents[2] / "payloads/zalo").glob("*.json"))
]


def read(content: Any) -> Parsed:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return parse(body, known_oa_ids=[OA], received_at=NOON)


def message(**changed: Any) -> dict[str, Any]:
    return {
        "app_id": "1930571846220957713",
        "event_name": "user_send_text",
        "timestamp": "1794800061337",
        "sender": {"id": "7205934418860273519"},
        "recipient": {"id": OA},
        "message": {"msg_id": "0fbda1197a621b7f1492", "text": "hi"},
    } | changed


def only(content: Any) -> Any:
    parsed = read(content)
    assert parsed.bad == ()
    [event] = parsed.events
    return event


def attached(kind: str, payload: Any, text: str | None = None) -> Any:
    item = {"type": kind, "payload": payload}
    content = {"msg_id": "1a", "text": text, "attachments": [item]}
    [file] = only(message(message=content)).attachments
    return file


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1794800061337", datetime(2026, 11, 16, 3, 34, 21, 337000, tzinfo=UTC)),
        (1794800061337, datetime(2026, 11, 16, 3, 34, 21, 337000, tzinfo=UTC)),
        (" 1794800061337 ", datetime(2026, 11, 16, 3, 34, 21, 337000, tzinfo=UTC)),
        ("1794800061", datetime(2026, 11, 16, 3, 34, 21, tzinfo=UTC)),
        (1000000000, datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)),
        (253402300799999, datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)),
    ],
)
def test_a_timestamp_is_milliseconds_or_seconds(written: Any, meant: datetime) -> None:
    assert only(message(timestamp=written)).at == meant


NO_TIMES: list[Any] = [
    None,
    "",
    "15434534543",
    154345345431,
    253402300800000,
    "9" * 40,
    10**300,
    -1,
]
NO_TIMES += ["-1794800061337", 1794800061337.5, True, [], {}, "١٧٩٤٨٠٠٠٦١٣٣٧", "1e12"]


@pytest.mark.parametrize("written", NO_TIMES)
def test_any_other_timestamp_is_the_arrival_in_milliseconds(written: Any) -> None:
    assert only(message(timestamp=written)).at == NOON.replace(microsecond=123000)


def test_whole_number_ids_keep_every_digit() -> None:
    event = only(message(sender={"id": 7205934418860273519}, recipient={"id": int(OA)}))
    assert (event.author.id, event.account_id) == ("7205934418860273519", OA)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sender": {"id": 7.205934418860273519e18}},
        {"sender": {"id": True}},
        {"sender": {"id": ""}},
        {"sender": {"id": ["7205934418860273519"]}},
        {"sender": {}},
        {"sender": "7205934418860273519"},
        {"recipient": None},
        {"message": None},
        {"message": []},
        {"message": {"text": "no id"}},
        {"message": {"msg_id": 1.5, "text": "hi"}},
        {"event_name": "user_reacted_message"},
        {"event_name": "user_seen_message", "message": {"msg_ids": [1.5]}},
        {"event_name": "user_withdraw"},
        {"event_name": "user_join_group", "oa_id": OA, "group_id": "g", "users": [1.5]},
        {"event_name": "add_user_to_tag", "oa_id": OA, "tag": {"user_ids": ["1"]}},
        {"event_name": "remove_user_from_tag", "oa_id": OA, "tag": {"name": "x"}},
    ],
)
def test_a_broken_event_is_parked_with_a_reason_that_names_nobody(wrong: dict[str, Any]) -> None:
    parsed = read(message(**wrong) if wrong != {"event_name": "user_withdraw"} else _nobody())

    [bad] = parsed.bad
    assert parsed.events == ()
    assert bad.index == 0
    assert bad.reason
    assert "7205934418860273519" not in bad.reason


def _nobody() -> dict[str, Any]:
    return {"event_name": "user_withdraw", "oa_id": OA}


def test_a_broken_event_says_its_account_where_it_can_be_told() -> None:
    [bad] = read(message(message={})).bad
    assert bad.account_id == OA


def test_lone_surrogates_become_replacement_characters() -> None:
    body = (
        b'{"event_name":"user_send_text","sender":{"id":"\\ud800x"},"recipient":{"id":"'
        + OA.encode()
        + b'"},"message":{"msg_id":"1","text":"a\\ud83d b \\ud83d\\ude0a"},"\\udc00":1}'
    )
    event = only(body)
    assert event.text == "a\N{REPLACEMENT CHARACTER} b 😊"
    assert event.author.id == "\N{REPLACEMENT CHARACTER}x"


def test_a_lone_surrogate_inside_a_card_is_replaced_too() -> None:
    file = attached("link", {"description": r'{"phone": "84\ud800", "qrCodeUrl": "x"}'}, "Hà")
    assert file.data == {"phone": "84\N{REPLACEMENT CHARACTER}", "qr": None}


def test_broken_utf8_and_a_byte_order_mark_do_not_lose_the_message() -> None:
    body = json.dumps(message(), ensure_ascii=False).encode()
    assert only(b"\xef\xbb\xbf" + body).text == "hi"
    assert only(body.replace(b'"hi"', b'"h\xf0\x9f\x98"')).text == "h\N{REPLACEMENT CHARACTER}"


def test_what_no_store_accepts_is_made_harmless() -> None:
    note = {"$set": 1, "a\0b": 2, "huge": 10**30, "infinite": float("inf"), "not": float("nan")}
    data = only({"event_name": "user_feedback", "oa_id": OA, "message": note, "x": "\ud800"}).data
    assert data == {
        "_$set": 1,
        "a\N{REPLACEMENT CHARACTER}b": 2,
        "huge": str(10**30),
        "infinite": None,
        "not": None,
        "x": "\N{REPLACEMENT CHARACTER}",
    }


def test_a_number_beyond_a_double_is_none() -> None:
    body = b'{"event_name":"user_feedback","oa_id":"1","message":{"rate":1e999}}'
    assert only(body).data == {"rate": None}


@pytest.mark.parametrize("depth", [40, 900])
def test_deep_nesting_parks_an_event_that_would_keep_it(depth: int) -> None:
    nested: Any = "x"
    for _ in range(depth):
        nested = [nested]
    [bad] = read(
        orjson.dumps({"event_name": "user_feedback", "oa_id": OA, "message": nested, "n": nested})
        if depth < 100
        else b'{"event_name":"user_feedback","oa_id":"1","n":' + b"[" * depth + b"]" * depth + b"}"
    ).bad
    assert bad.reason == "nested too deeply"
    assert only(message(ignored=nested) if depth < 100 else message()).text == "hi"


@pytest.mark.parametrize(
    ("name", "said", "kind", "mime"),
    [
        ("a.mp4", "mp4", "video", "video/mp4"),
        ("a.gif", "gif", "image", "image/gif"),
        ("a.MP3", None, "audio", "audio/mpeg"),
        ("a.bin", "JPG", "image", "image/jpeg"),
        ("a", ".png", "image", "image/png"),
        ("a.zip", "zip", "file", "application/zip"),
        ("a.pdf", "video/quicktime", "video", "video/quicktime"),
        ("noname", "weird", "file", None),
    ],
)
def test_a_file_is_what_its_type_or_name_says(
    name: str, said: str | None, kind: str, mime: str | None
) -> None:
    """X.INB.08: kinds by type, not by the channel's label."""
    file = attached("file", {"name": name, "type": said, "url": "https://ot12.dlfl.vn/1"})
    assert (file.kind, file.mime) == (kind, mime)


NO_SIZES: list[Any] = ["-1", "1.5", 1.5, "12kb", None, "9" * 30, [], True, "٣"]


@pytest.mark.parametrize(
    ("written", "size"),
    [("284113", 284113), (12, 12), ("0", 0), *((wrong, None) for wrong in NO_SIZES)],
)
def test_a_size_is_a_count_of_bytes_or_nothing(written: Any, size: int | None) -> None:
    assert attached("file", {"name": "a.pdf", "size": written}).size == size


def test_a_file_name_is_composed() -> None:
    decomposed = "Đo\u031b\u0323i.pdf"
    assert attached("file", {"name": decomposed}).name == "Đợi.pdf"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("http://f21-zpc.zdn.vn/a.jpg", "https://f21-zpc.zdn.vn/a.jpg"),
        ("HTTP://ot12.DLFL.vn/a", "https://ot12.DLFL.vn/a"),
        ("http://s240-ava-talk.zadn.vn/a?b=1", "https://s240-ava-talk.zadn.vn/a?b=1"),
        ("http://evil-zdn.vn/a", "http://evil-zdn.vn/a"),
        ("http://shop.example.vn/a", "http://shop.example.vn/a"),
        ("http://f21.zdn.vn:8080/a", "http://f21.zdn.vn:8080/a"),
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
        ("//f21-zpc.zdn.vn/a.jpg", None),
        ("https://", None),
        ("http://[", None),
        ("", None),
        (5, None),
    ],
)
def test_only_web_links_are_kept_and_zalos_own_become_https(written: Any, kept: str | None) -> None:
    assert attached("link", {"url": written, "title": "x"}).url == kept


@pytest.mark.parametrize(
    "payload",
    [
        {"coordinates": {"latitude": "10.5", "longitude": "-106.25"}},
        {"coordinates": {"latitude": 10.5, "longitude": -106.25}},
        {"coordinates": {"lat": "10.5", "long": "-106.25"}},
        {"latitude": 10.5, "lng": -106.25},
    ],
)
def test_a_location_has_numbers_however_it_is_written(payload: dict[str, Any]) -> None:
    file = attached("location", payload)
    assert (file.kind, file.data) == ("location", {"lat": 10.5, "long": -106.25})


@pytest.mark.parametrize(
    "payload",
    [
        None,
        {},
        {"coordinates": "10.5,106.2"},
        {"coordinates": {"latitude": "north", "longitude": "1"}},
        {"coordinates": {"latitude": "nan", "longitude": "1"}},
        {"coordinates": {"latitude": "91", "longitude": "1"}},
        {"coordinates": {"latitude": "1", "longitude": 181}},
        {"coordinates": {"latitude": True, "longitude": 1}},
        {"coordinates": {"latitude": 10**400, "longitude": 1}},
        {"coordinates": {"latitude": "1"}},
    ],
)
def test_a_location_that_is_none_is_unsupported(payload: Any) -> None:
    file = attached("location", payload)
    assert (file.kind, file.data) == ("unsupported", {"type": "location"})


@pytest.mark.parametrize("description", ["{", "{}", '{"phone": null}', '["84"]', '{"phone": 1.5}'])
def test_a_card_without_a_phone_stays_a_link(description: str) -> None:
    file = attached("link", {"description": description, "url": "https://zalo.me/1"}, "Hà")
    assert (file.kind, file.data) == ("link", {"description": description})


@pytest.mark.parametrize("kind", ["image", "gif", "audio", "video", "sticker", "file", "poll"])
@pytest.mark.parametrize("payload", [None, {}, [], "x", {"url": "javascript:x"}])
def test_media_without_a_link_is_unsupported(kind: str, payload: Any) -> None:
    assert attached(kind, payload).kind == "unsupported"


@pytest.mark.parametrize("attachments", ["x", 5, {}, [None], [[]], {"type": 5}, [{"type": {}}]])
def test_odd_attachments_do_not_lose_the_text(attachments: Any) -> None:
    content = {"msg_id": "1", "text": "hi", "attachments": attachments}
    event = only(message(message=content))
    assert event.text == "hi"
    assert [file.kind for file in event.attachments] == ["unsupported"]


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(st.characters(), max_size=8),
    st.just("\ud800"),
    st.sampled_from(["", " ", "0", "This is message id", OA, "{}", '{"phone":"1"}', "http://["]),
    st.recursive(
        st.none(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=5,
    ),
)


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps: list[Any] = []
    if isinstance(node, dict):
        steps = list(node)
    elif isinstance(node, list):
        steps = list(range(len(node)))
    return [
        place for step in steps for place in [(*path, step), *_places(node[step], (*path, step))]
    ]


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    content: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(PAYLOADS)))
    for _ in range(draw(st.integers(1, 3))):
        places = _places(content)
        if not places:
            break
        *path, last = draw(st.sampled_from(places))
        parent: Any = content
        for step in path:
            parent = parent[step]
        if draw(st.booleans()):
            del parent[last]
        else:
            parent[last] = draw(JUNK)
    return content


@settings(max_examples=400)
@given(content=mutated(), known=st.sampled_from([(), (OA,), (OA, "7205934418860273519")]))
def test_a_damaged_payload_is_read_parked_or_refused_and_nothing_else(
    content: dict[str, Any], known: tuple[str, ...]
) -> None:
    body = json.dumps(content).encode()
    name = content.get("event_name")
    try:
        parsed = parse(body, known_oa_ids=known, received_at=NOON)
    except MalformedBody:
        assert not isinstance(name, str) or not name.strip()
        return
    assert bool(parsed.events) != bool(parsed.bad)
    assert len(parsed.indices) == len(parsed.events)
    bson.encode(parsed.model_dump())  # a store takes it: UTF-8, 64 bits, keys without NUL
    assert parsed == parse(body, known_oa_ids=known, received_at=NOON)


@given(body=st.binary(max_size=300))
def test_random_bytes_are_malformed_and_nothing_else(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        read(body)
