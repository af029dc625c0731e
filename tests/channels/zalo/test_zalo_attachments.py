"""Zalo attachments: the kind says what it is, and nothing odd in one loses the message."""

from typing import Any

import pytest

from tests.channels.zalo.bodies import attached, message, only


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
