"""Rows of the histories become what the webhooks had said; odd rows become nothing."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.events import File, InboundMessage, MessageEcho
from channels.facebook.parser import parse as parse_facebook
from channels.facebook.retelling import Span, person_of
from channels.facebook.retelling import retold as retold_by_meta
from channels.zalo.parser import parse as parse_zalo
from channels.zalo.retelling import retold as retold_by_zalo
from inbox.ports import AccountRef
from tests.ingest import PAYLOADS

NOON = datetime(2026, 11, 22, 5, tzinfo=UTC)
PAGE = AccountRef("k1", "facebook", "109")
INSTAGRAM = AccountRef("k2", "instagram", "178")
OA = AccountRef("k3", "zalo", "4118290375522816043")
USER = "7205934418860273519"
ALWAYS = Span(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


def told(row: dict[str, Any], *, account: AccountRef = PAGE, writer: str = "55") -> Any:
    """The event that the row of a message becomes."""
    whole = {"id": "m_1", "created_time": "2026-11-22T05:00:00+0000", "from": {"id": writer}, **row}
    [message] = retold_by_meta(account, "55", [whole], ALWAYS).messages
    assert (message.message_id, message.person_id, message.at) == ("m_1", "55", NOON)
    [event] = parse_facebook(message.body, own_app_id="1", received_at=NOON).events
    return event


def told_by_zalo(row: dict[str, Any], *, by_oa: bool = False) -> Any:
    sides = (OA.account_id, USER) if by_oa else (USER, OA.account_id)
    whole = {
        "src": 0 if by_oa else 1,
        "time": 1_795_323_600_123,
        "from_id": sides[0],
        "to_id": sides[1],
        "message_id": "z_1",
        **row,
    }
    message = retold_by_zalo(OA, whole)
    assert message is not None
    assert (message.message_id, message.person_id) == ("z_1", USER)
    [event] = parse_zalo(message.body, known_oa_ids={OA.account_id}, received_at=NOON).events
    return event


META_FILES = [
    pytest.param(
        {"attachments": {"data": [{"image_data": {"url": "https://a.example/1"}, "name": "x"}]}},
        [File(kind="image", url="https://a.example/1")],
        id="picture",
    ),
    pytest.param(
        {"attachments": {"data": [{"video_data": {"url": "https://a.example/v"}}]}},
        [File(kind="video", url="https://a.example/v")],
        id="film",
    ),
    pytest.param(
        {"attachments": {"data": [{"mime_type": "audio/mp4", "file_url": "https://a.example/a"}]}},
        [File(kind="audio", url="https://a.example/a")],
        id="voice",
    ),
    pytest.param(
        {"attachments": {"data": [{"file_url": "https://a.example/f", "name": "giá.pdf"}]}},
        [File(kind="file", url="https://a.example/f", name="giá.pdf")],
        id="file",
    ),
    pytest.param(
        {"sticker": "https://a.example/s"},
        [File(kind="sticker", url="https://a.example/s")],
        id="sticker",
    ),
    pytest.param(
        {"shares": {"data": [{"link": "https://shop.example", "name": "Áo"}]}},
        [File(kind="link", url="https://shop.example", name="Áo")],
        id="shared link",
    ),
    pytest.param(
        {"attachments": {"data": [{"generic_template": {"title": "Áo"}}]}},
        [File(kind="template", name="Áo")],
        id="template",
    ),
    pytest.param({}, [File(kind="unsupported")], id="nothing at all"),
    pytest.param({"attachments": "?", "shares": 5}, [File(kind="unsupported")], id="nonsense"),
]


@pytest.mark.parametrize(("row", "files"), META_FILES)
def test_graphs_attachments_are_those_of_a_webhook(row: Any, files: list[File]) -> None:
    event = told(row)

    assert list(event.attachments) == files


def test_a_story_mention_of_the_history_may_not_be_copied_either() -> None:
    mention = {"story": {"mention": {"link": "https://a.example/story", "id": "1"}}}
    event = told(mention, account=INSTAGRAM)

    assert (event.channel, event.account_id) == ("instagram", "178")
    assert event.attachments[0].keep_copy is False


def test_an_answer_to_a_story_names_it() -> None:
    reply = {"message": "Đẹp", "story": {"reply_to": {"link": "https://a.example/s", "id": "1"}}}

    assert told(reply, account=INSTAGRAM).data["story"]["id"] == "1"


def test_what_the_page_wrote_is_an_echo_to_the_person() -> None:
    event = told({"message": "Dạ còn ạ", "reply_to": {"mid": "m_0"}}, writer="109")

    assert isinstance(event, MessageEcho)
    assert event.person is not None
    assert (event.person.id, event.text, event.reply_to) == ("55", "Dạ còn ạ", "m_0")


def test_ids_that_come_as_numbers_and_words_beyond_ascii_are_kept_exactly() -> None:
    row = {"id": 12345678901234567, "from": {"id": 55}, "message": 'Giá "sốc" 🎉\\ \u0000'}
    whole = {"created_time": "2026-11-22T05:00:00+0000", **row}
    [message] = retold_by_meta(PAGE, "55", [whole], ALWAYS).messages
    [event] = parse_facebook(message.body, own_app_id="1", received_at=NOON).events

    assert isinstance(event, InboundMessage)
    assert event.message_id == "12345678901234567"
    assert event.text == 'Giá "sốc" 🎉\\ \u0000'


@pytest.mark.parametrize(
    "row",
    [
        pytest.param({"id": "m_1"}, id="no time"),
        pytest.param({"id": "m_1", "created_time": "soon"}, id="no such time"),
        pytest.param({"created_time": "2026-11-22T05:00:00+0000"}, id="no id"),
        pytest.param({"id": None, "created_time": "2026-11-22T05:00:00+0000"}, id="null id"),
    ],
)
def test_rows_without_an_id_or_a_time_are_left_out(row: Any) -> None:
    found = retold_by_meta(PAGE, "55", [row], ALWAYS)

    assert (found.messages, found.unreadable) == ((), ())


def test_rows_that_only_name_a_message_are_unreadable() -> None:
    row = {"id": "m_1", "created_time": "2026-11-22T05:00:00+0000"}

    assert retold_by_meta(PAGE, "55", [row], ALWAYS).unreadable == ("m_1",)
    assert retold_by_meta(PAGE, None, [{**row, "from": {"id": "5"}}], ALWAYS).unreadable == ("m_1",)


def test_only_what_lies_in_the_interval_is_told() -> None:
    rows = [
        {"id": f"m_{n}", "created_time": at.isoformat(), "from": {"id": "55"}, "message": "x"}
        for n, at in enumerate(NOON - timedelta(seconds=n) for n in range(5))
    ]
    span = Span.of(NOON - timedelta(seconds=3, milliseconds=-400), NOON)

    found = retold_by_meta(PAGE, "55", rows, span)

    assert [one.message_id for one in found.messages] == ["m_3", "m_2", "m_1"]
    assert found.reached_start


@pytest.mark.parametrize(
    ("participants", "person"),
    [
        pytest.param([{"id": "55"}, {"id": "109"}], "55", id="both"),
        pytest.param([{"id": "109"}], None, id="the page alone"),
        pytest.param([{"id": "55"}, {"id": "56"}, {"id": "109"}], None, id="three"),
        pytest.param("?", None, id="nonsense"),
    ],
)
def test_the_person_is_the_participant_who_is_not_the_page(participants: Any, person: Any) -> None:
    assert person_of({"participants": {"data": participants}}, {"109"}) == person


ZALO_ROWS = [
    pytest.param(
        {"type": "photo", "url": "https://a.zdn.vn/1", "thumb": "https://a.zdn.vn/t"},
        File(kind="image", url="https://a.zdn.vn/1", thumbnail_url="https://a.zdn.vn/t", mime=None),
        id="photo",
    ),
    pytest.param(
        {"type": "GIF", "url": "https://a.zdn.vn/1"},
        File(kind="image", url="https://a.zdn.vn/1", mime="image/gif"),
        id="gif",
    ),
    pytest.param(
        {"type": "voice", "url": "https://a.zdn.vn/1.aac"},
        File(kind="audio", url="https://a.zdn.vn/1.aac", mime="audio/aac"),
        id="voice",
    ),
    pytest.param(
        {"type": "file", "url": "https://a.dlfl.vn/1", "name": "giá.pdf", "size": "12"},
        File(
            kind="file", url="https://a.dlfl.vn/1", name="giá.pdf", size=12, mime="application/pdf"
        ),
        id="file",
    ),
    pytest.param(
        {"type": "sticker", "url": "https://a.zdn.vn/s"},
        File(kind="sticker", url="https://a.zdn.vn/s"),
        id="sticker",
    ),
    pytest.param(
        {"type": "links", "links": '[{"url": "https://shop.example", "title": "Áo"}]'},
        File(kind="link", url="https://shop.example", name="Áo"),
        id="links as text",
    ),
    pytest.param(
        {"type": "link", "url": "https://shop.example", "description": "Áo"},
        File(kind="link", url="https://shop.example", data={"description": "Áo"}),
        id="link",
    ),
    pytest.param(
        {"type": "location", "location": '{"latitude": "10.5", "longitude": 106.25}'},
        File(kind="location", data={"lat": 10.5, "long": 106.25}),
        id="location",
    ),
    pytest.param(
        {"type": "location", "location": "nowhere"},
        File(kind="unsupported", data={"type": "location"}),
        id="location that is none",
    ),
    pytest.param(
        {"type": "nosupport", "message": ""},
        File(kind="unsupported", data={"type": "nosupport"}),
        id="nosupport",
    ),
]


@pytest.mark.parametrize(("row", "file"), ZALO_ROWS)
def test_zalos_rows_are_those_of_a_webhook(row: Any, file: File) -> None:
    event = told_by_zalo(row)

    assert event.attachments == (file,)
    assert event.text is None


def test_a_photos_caption_is_its_text() -> None:
    row = {"type": "photo", "url": "https://a.zdn.vn/1", "description": "Mẫu này"}

    assert told_by_zalo(row).text == "Mẫu này"


def test_what_the_oa_wrote_is_an_echo_at_its_millisecond() -> None:
    event = told_by_zalo({"type": "text", "message": "Dạ"}, by_oa=True)

    assert isinstance(event, MessageEcho)
    assert event.at == datetime(2026, 11, 22, 5, 0, 0, 123000, tzinfo=UTC)
    assert (event.thread.external_id, event.text) == (USER, "Dạ")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"time": None}, id="no time"),
        pytest.param({"time": "soon"}, id="no such time"),
        pytest.param({"message_id": None}, id="no id"),
        pytest.param({"to_id": "another"}, id="another account"),
        pytest.param({"src": 0}, id="the wrong side"),
    ],
)
def test_rows_that_are_no_message_with_a_user_are_left_out(change: Any) -> None:
    row = {
        "src": 1,
        "time": 1_795_323_600_123,
        "from_id": USER,
        "to_id": OA.account_id,
        "message_id": "z_1",
        "type": "text",
        "message": "Shop ơi",
    }
    assert retold_by_zalo(OA, row) is not None
    assert retold_by_zalo(OA, {**row, **change}) is None


def test_the_recorded_answer_of_listrecentchat_is_understood() -> None:
    recorded = PAYLOADS / "zalo_api" / "listrecentchat_ok.json"
    [row] = json.loads(recorded.read_bytes())["data"]

    message = retold_by_zalo(OA, row)

    assert message is not None
    [event] = parse_zalo(message.body, known_oa_ids={OA.account_id}, received_at=NOON).events
    assert isinstance(event, InboundMessage)
    assert (event.text, event.at.timestamp()) == ("Shop ơi", 1_794_800_000)
