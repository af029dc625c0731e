"""Sending to Zalo over real HTTP: what goes out, what the answers mean, what is read back."""

import hmac
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson
import pytest
from PIL import Image

from channels.zalo import failures
from channels.zalo.messenger import FileMissing, NoCommentsAtZalo, UploadRefused
from channels.zalo.profiles import ZaloProfiles
from inbox.clock import FixedClock
from inbox.conversations.model import IdentityRef
from inbox.errors import NotFound
from inbox.mongo.client import Mongo
from inbox.ports import (
    Absent,
    AccountRef,
    Button,
    Outgoing,
    OutgoingFile,
    Part,
    Profile,
    ProfileRefused,
    ProfileUnavailable,
    Recipient,
    SendError,
    SendUnavailable,
    SendUncertain,
    WindowClosed,
)
from tests.channels.scripted_platform import (
    Received,
    Reply,
    Reset,
    ScriptedPlatform,
    Stall,
    Truncate,
    scripted_platform,
)
from tests.channels.zalo.zalo_oa import (
    APP_SECRET,
    KEY,
    OA,
    USER,
    Oa,
    connect,
    fresh,
    working,
    zalo_config,
)

SENT = {"data": {"message_id": "700cca1391f6cec8aa92", "user_id": USER}, "error": 0}
TO_USER = Recipient("inbox", USER)
UPLOADED = {"data": {"attachment_id": "att-1"}, "error": 0, "message": "Success"}


@pytest.fixture
async def zalo() -> AsyncIterator[ScriptedPlatform]:
    async with scripted_platform() as platform:
        yield platform
        assert platform.unused == 0


@pytest.fixture
async def oa(mongo: Mongo, clock: FixedClock, zalo: ScriptedPlatform) -> AsyncIterator[Oa]:
    await connect(mongo, clock, **fresh(clock))
    config = zalo_config(zalo.url, timeout=timedelta(seconds=0.5))
    async with working(mongo, clock, config) as parts:
        yield parts


def outgoing(part: Part | None = None, **more: Any) -> Outgoing:
    given = Outgoing(
        account=AccountRef(KEY, "zalo", OA),
        recipient=TO_USER,
        part=part or Part(0, "Dạ còn ạ"),
        file=None,
        reference="out:x:0",
        by_human=True,
        last_in_at=None,
    )
    return replace(given, **more)


def file_of(data: bytes, name: str, mime: str) -> OutgoingFile:
    async def read() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 65536):
            yield data[start : start + 65536]

    kind = "image" if mime.startswith("image/") else "file"
    return OutgoingFile(kind, name, len(data), mime, read)  # type: ignore[arg-type]


def picture(kind: str = "PNG", size: tuple[int, int] = (30, 20)) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, "red").save(target, kind)
    return target.getvalue()


def refusal(number: int) -> Reply:
    return Reply({"error": number, "message": "zalo's sentence"})


def media(**element: Any) -> dict[str, Any]:
    payload = {"template_type": "media", "elements": [element]}
    return {"type": "template", "payload": payload}


def only(zalo: ScriptedPlatform) -> Received:
    (received,) = zalo.received
    return received


async def test_text_goes_to_a_user_with_the_accounts_token(oa: Oa, zalo: ScriptedPlatform) -> None:
    zalo.will(Reply(SENT))

    sent = await oa.messenger.send(outgoing())

    assert sent.external_id == "700cca1391f6cec8aa92"
    request = only(zalo)
    assert (request.method, request.path) == ("POST", "/v3.0/oa/message/cs")
    assert request.headers["access_token"] == "AT-0"
    assert "appsecret_proof" not in request.headers
    assert request.json == {"recipient": {"user_id": USER}, "message": {"text": "Dạ còn ạ"}}


async def test_proof_of_the_app_secret_goes_along_where_the_app_demands_it(
    mongo: Mongo, clock: FixedClock, zalo: ScriptedPlatform
) -> None:
    await connect(mongo, clock, **fresh(clock))
    zalo.will(Reply(SENT))
    async with working(mongo, clock, zalo_config(zalo.url, app_secret_proof=True)) as oa:
        await oa.messenger.send(outgoing())

    expected = hmac.new(APP_SECRET.encode(), b"AT-0", sha256).hexdigest()
    assert only(zalo).headers["appsecret_proof"] == expected


async def test_quoted_message_is_named_with_zalos_id(oa: Oa, zalo: ScriptedPlatform) -> None:
    zalo.will(Reply(SENT))

    await oa.messenger.send(outgoing(reply_to="0fbda1197a621b7f1492"))

    assert only(zalo).json["message"] == {
        "text": "Dạ còn ạ",
        "quote_message_id": "0fbda1197a621b7f1492",
    }


async def test_quote_that_zalo_does_not_know_is_left_out(oa: Oa, zalo: ScriptedPlatform) -> None:
    zalo.will(refusal(-201), Reply(SENT))

    await oa.messenger.send(outgoing(reply_to="0fbda1197a621b7f1492"))

    assert [one.json["message"] for one in zalo.received] == [
        {"text": "Dạ còn ạ", "quote_message_id": "0fbda1197a621b7f1492"},
        {"text": "Dạ còn ạ"},
    ]


async def test_message_that_is_invalid_without_a_quote_is_refused_at_once(
    oa: Oa, zalo: ScriptedPlatform
) -> None:
    zalo.will(refusal(-201))

    with pytest.raises(failures.MessageInvalid):
        await oa.messenger.send(outgoing())


async def test_buttons_go_out_with_the_documented_types(oa: Oa, zalo: ScriptedPlatform) -> None:
    zalo.will(Reply(SENT))
    buttons = (
        Button("Xem", url="https://shop.vn/a"),
        Button("Gọi", url="tel:84900000000"),
        Button("Nhắn", url="sms:84900000000"),
        Button("Size M", payload="Size M"),
        Button("Khác", payload="OTHER"),
    )

    await oa.messenger.send(outgoing(Part(0, "Chọn", buttons=buttons)))

    sms = {"content": "", "phone_code": "84900000000"}
    assert only(zalo).json["message"]["attachment"] == {
        "type": "template",
        "payload": {
            "buttons": [
                {"title": "Xem", "type": "oa.open.url", "payload": {"url": "https://shop.vn/a"}},
                {"title": "Gọi", "type": "oa.open.phone", "payload": {"phone_code": "84900000000"}},
                {"title": "Nhắn", "type": "oa.open.sms", "payload": sms},
                {"title": "Size M", "type": "oa.query.show", "payload": "Size M"},
                {"title": "Khác", "type": "oa.query.hide", "payload": "OTHER"},
            ]
        },
    }


async def test_picture_is_uploaded_then_sent_with_its_caption(
    oa: Oa, zalo: ScriptedPlatform
) -> None:
    zalo.will(Reply(UPLOADED), Reply(SENT))
    data = picture()

    await oa.messenger.send(
        outgoing(Part(0, "Mẫu này", file=0), file=file_of(data, "áo khoác.png", "image/png"))
    )

    upload, send = zalo.received
    assert (upload.path, upload.file) == (
        "/v2.0/oa/upload/image",
        ("áo khoác.png", "image/png", data),
    )
    assert send.json["message"] == {
        "text": "Mẫu này",
        "attachment": media(media_type="image", attachment_id="att-1"),
    }


async def test_picture_of_another_kind_is_uploaded_as_jpeg(oa: Oa, zalo: ScriptedPlatform) -> None:
    zalo.will(Reply(UPLOADED), Reply(SENT))

    await oa.messenger.send(
        outgoing(Part(0, file=0), file=file_of(picture("WEBP"), "a.webp", "image/webp"))
    )

    uploaded = zalo.received[0].file
    assert uploaded is not None
    assert uploaded[:2] == ("a.jpg", "image/jpeg")
    assert Image.open(io.BytesIO(uploaded[2])).format == "JPEG"


async def test_gif_tells_its_measures(oa: Oa, zalo: ScriptedPlatform) -> None:
    zalo.will(Reply(UPLOADED), Reply(SENT))

    await oa.messenger.send(
        outgoing(Part(0, file=0), file=file_of(picture("GIF"), "vui", "image/gif"))
    )

    upload, send = zalo.received
    assert upload.path == "/v2.0/oa/upload/gif"
    assert upload.file is not None
    assert upload.file[0] == "vui.gif"
    assert send.json["message"] == {
        "attachment": media(media_type="gif", attachment_id="att-1", width=30, height=20)
    }


async def test_file_is_sent_by_its_token(oa: Oa, zalo: ScriptedPlatform) -> None:
    zalo.will(Reply({"data": {"token": "tok-1"}, "error": 0}), Reply(SENT))
    pdf = file_of(b"%PDF-1.7", 'bảng "giá".pdf', "application/pdf")

    await oa.messenger.send(outgoing(Part(0, file=0), file=pdf))

    upload, send = zalo.received
    assert upload.path == "/v2.0/oa/upload/file"
    assert upload.file == ("bảng  giá .pdf", "application/pdf", b"%PDF-1.7")
    assert send.json["message"] == {"attachment": {"type": "file", "payload": {"token": "tok-1"}}}


async def test_sticker_is_sent_by_its_id(oa: Oa, zalo: ScriptedPlatform) -> None:
    zalo.will(Reply(SENT))

    await oa.messenger.send(outgoing(Part(0, sticker="st-9")))

    assert only(zalo).json["message"] == {
        "attachment": media(media_type="sticker", attachment_id="st-9")
    }


async def test_upload_that_succeeds_with_nothing_is_a_refusal(
    oa: Oa, zalo: ScriptedPlatform
) -> None:
    zalo.will(Reply({"data": {}, "error": 0, "message": "Success"}))

    with pytest.raises(UploadRefused):
        await oa.messenger.send(
            outgoing(Part(0, file=0), file=file_of(picture(), "a.png", "image/png"))
        )


async def test_silence_during_the_upload_means_that_nothing_was_sent(
    mongo: Mongo, clock: FixedClock, zalo: ScriptedPlatform
) -> None:
    await connect(mongo, clock, **fresh(clock))
    zalo.will(Stall())
    config = zalo_config(zalo.url, upload_timeout=timedelta(seconds=0.2))
    async with working(mongo, clock, config) as oa:
        with pytest.raises(SendUnavailable):
            await oa.messenger.send(
                outgoing(Part(0, file=0), file=file_of(picture(), "a.png", "image/png"))
            )


async def test_file_that_is_gone_is_refused(oa: Oa) -> None:
    async def read() -> AsyncIterator[bytes]:
        for found in (b"begin", None):
            if found is None:
                raise NotFound
            yield found

    gone = OutgoingFile("image", "a.png", 10, "image/png", read)

    with pytest.raises(FileMissing):
        await oa.messenger.send(outgoing(Part(0, file=0), file=gone))


async def test_group_gets_text_that_mentions_nobody(oa: Oa, zalo: ScriptedPlatform) -> None:
    zalo.will(Reply(SENT))

    sent = await oa.messenger.send(
        outgoing(Part(0, "Chào [@123] nhé"), recipient=Recipient("group", "g-1"))
    )

    assert sent.window is None
    assert only(zalo).path == "/v3.0/oa/group/message"
    assert only(zalo).json == {
        "recipient": {"group_id": "g-1"},
        "message": {"text": "Chào ［@123] nhé"},
    }


async def test_anonymous_visitor_is_answered_in_their_conversation(
    oa: Oa, zalo: ScriptedPlatform
) -> None:
    zalo.will(Reply(SENT))

    await oa.messenger.send(outgoing(recipient=Recipient("inbox", "anon-1", reply_context="c-1")))

    assert only(zalo).path == "/v2.0/oa/message"
    assert only(zalo).json["recipient"] == {"anonymous_id": "anon-1", "conversation_id": "c-1"}


async def test_there_are_no_comments_to_answer(oa: Oa) -> None:
    with pytest.raises(NoCommentsAtZalo):
        await oa.messenger.send(outgoing(recipient=Recipient("comment", "x")))


@pytest.mark.parametrize(
    ("quota", "window"),
    [
        pytest.param({"quota_type": "reply"}, {"cost": "free", "quota_type": "reply"}, id="48 h"),
        pytest.param(None, {"cost": "billed"}, id="no quota"),
        pytest.param(
            {"quota_type": "sub_quota", "remain": "1996", "total": 2000},
            {"cost": "package", "quota_type": "sub_quota", "remain": "1996", "total": "2000"},
            id="package",
        ),
    ],
)
async def test_answer_says_what_the_message_cost(
    oa: Oa, zalo: ScriptedPlatform, quota: object, window: dict[str, str]
) -> None:
    data = {"message_id": "m-1"} | ({} if quota is None else {"quota": quota})
    zalo.will(Reply({"data": data, "error": 0}))

    assert (await oa.messenger.send(outgoing())).window == window


@pytest.mark.parametrize(
    ("step", "error"),
    [
        pytest.param(refusal(-230), WindowClosed, id="window"),
        pytest.param(refusal(-213), failures.NotFollowing, id="final"),
        pytest.param(refusal(-32), failures.RateLimited, id="rate"),
        pytest.param(refusal(-321), failures.BillingNeeded, id="account"),
        pytest.param(Reply({"error": "-230"}), WindowClosed, id="number as text"),
        pytest.param(Reply({"error": -230}, status=400), WindowClosed, id="with HTTP 400"),
        pytest.param(Stall(), SendUncertain, id="silence"),
        pytest.param(Reset(after_reading=True), SendUncertain, id="reset after reading"),
        pytest.param(Truncate(), SendUncertain, id="half an answer"),
        pytest.param(Reply(b"<html>", status=502), SendUncertain, id="gateway"),
        pytest.param(Reply(b"ok"), SendUncertain, id="no JSON"),
        pytest.param(Reply({"data": {"message_id": "m"}}), SendUncertain, id="no number"),
        pytest.param(Reply({"data": {}, "error": 0}), SendUncertain, id="no message id"),
        pytest.param(Reply(b"", status=403), SendUnavailable, id="firewall"),
        pytest.param(Reply(b"", status=413), failures.MessageTooLarge, id="too large"),
        pytest.param(
            Reply(b"", status=429, headers={"Retry-After": "7"}), failures.RateLimited, id="429"
        ),
    ],
)
async def test_answer_or_silence_decides_what_the_message_becomes(
    oa: Oa, zalo: ScriptedPlatform, step: Any, error: type[SendError]
) -> None:
    zalo.will(step)

    with pytest.raises(error) as raised:
        await oa.messenger.send(outgoing())

    assert type(raised.value) is error
    assert len(zalo.received) == 1


async def test_no_connection_means_that_nothing_was_sent(
    mongo: Mongo, clock: FixedClock, unused_tcp_port: int
) -> None:
    await connect(mongo, clock, **fresh(clock))
    config = zalo_config(f"http://127.0.0.1:{unused_tcp_port}")
    async with working(mongo, clock, config) as oa:
        with pytest.raises(SendUnavailable):
            await oa.messenger.send(outgoing())


@pytest.mark.parametrize("number", [-216, 216, -220, 401])
async def test_dead_token_is_refreshed_once_and_the_message_sent_once_more(
    oa: Oa, zalo: ScriptedPlatform, number: int
) -> None:
    pair = {"access_token": "AT-1", "refresh_token": "RT-1", "expires_in": "90000"}
    zalo.will(refusal(number), Reply(pair), Reply(SENT))

    await oa.messenger.send(outgoing())

    first, refresh, again = zalo.received
    assert refresh.path == "/v4/oa/access_token"
    assert first.json == again.json
    assert [one.headers.get("access_token") for one in (first, again)] == ["AT-0", "AT-1"]


async def test_token_that_is_dead_after_its_refresh_is_the_accounts_trouble(
    oa: Oa, zalo: ScriptedPlatform
) -> None:
    pair = {"access_token": "AT-1", "refresh_token": "RT-1", "expires_in": "90000"}
    zalo.will(refusal(-216), Reply(pair), refusal(-216))

    with pytest.raises(failures.TokenDead):
        await oa.messenger.send(outgoing())


async def test_rate_that_zalo_names_stops_every_process_for_a_while(
    oa: Oa, mongo: Mongo, clock: FixedClock, zalo: ScriptedPlatform
) -> None:
    zalo.will(refusal(-32))
    with pytest.raises(failures.RateLimited):
        await oa.messenger.send(outgoing())

    async with working(mongo, clock, zalo_config(zalo.url), owner="process-2") as other:
        with pytest.raises(failures.RateLimited) as limited:
            await other.messenger.send(outgoing())
        assert limited.value.retry_after_s == pytest.approx(30, abs=1)
        assert len(zalo.received) == 1
        clock.advance(timedelta(seconds=31))
        zalo.will(Reply(SENT))
        await other.messenger.send(outgoing())


async def test_account_that_gets_no_answer_is_left_alone_for_a_while(
    oa: Oa, clock: FixedClock, zalo: ScriptedPlatform
) -> None:
    zalo.will(*[Reply(b"", status=502)] * 5)
    for _ in range(5):
        with pytest.raises(SendUncertain):
            await oa.messenger.send(outgoing())

    with pytest.raises(SendUnavailable) as unavailable:
        await oa.messenger.send(outgoing())

    assert unavailable.value.retry_after_s == 15
    clock.advance(timedelta(seconds=16))
    zalo.will(Reply(SENT))
    await oa.messenger.send(outgoing())


def row(at: datetime, message: str = "Dạ còn ạ", **more: Any) -> dict[str, Any]:
    given = {"src": 0, "time": int(at.timestamp() * 1000), "type": "text", "message": message}
    return {**given, "message_id": "m-1", **more}


async def found(
    oa: Oa, zalo: ScriptedPlatform, rows: list[Any], sent: Outgoing
) -> str | Absent | None:
    zalo.will(Reply({"data": rows, "error": 0}))
    return await oa.messenger.find_sent(sent, datetime.fromisoformat("2026-11-22T03:00:00Z"))


async def test_message_in_doubt_is_found_in_the_conversation(
    oa: Oa, clock: FixedClock, zalo: ScriptedPlatform
) -> None:
    later = clock.now() + timedelta(seconds=2)

    assert await found(oa, zalo, [row(later)], outgoing()) == "m-1"

    request = only(zalo)
    assert (request.method, request.path) == ("GET", "/v2.0/oa/conversation")
    assert orjson.loads(request.query["data"]) == {"user_id": USER, "offset": 0, "count": 10}


@pytest.mark.parametrize(
    ("change", "message_id"),
    [
        pytest.param({"src": 1}, Absent.ABSENT, id="the customer's"),
        pytest.param({"message": "Dạ hết ạ"}, Absent.ABSENT, id="other words"),
        pytest.param({"message": " Dạ  còn ạ\n"}, "m-1", id="other blanks"),
        pytest.param({"time": 1}, Absent.ABSENT, id="an earlier one"),
        pytest.param({"src": "0"}, "m-1", id="side as text"),
        pytest.param({"message_id": None}, None, id="no id"),
    ],
)
async def test_only_our_own_words_since_then_are_it(
    oa: Oa,
    clock: FixedClock,
    zalo: ScriptedPlatform,
    change: dict[str, Any],
    message_id: str | Absent | None,
) -> None:
    assert await found(oa, zalo, [{**row(clock.now()), **change}], outgoing()) == message_id


async def test_picture_in_doubt_is_found_only_where_there_is_one_of_its_kind(
    oa: Oa, clock: FixedClock, zalo: ScriptedPlatform
) -> None:
    photo = outgoing(Part(0, file=0), file=file_of(b"", "a.png", "image/png"))
    row_of_photo = row(clock.now(), "", type="photo")

    assert await found(oa, zalo, [row_of_photo, row(clock.now())], photo) == "m-1"
    assert await found(oa, zalo, [row_of_photo, row_of_photo], photo) is None


async def test_of_several_with_the_same_words_it_is_the_newest(
    oa: Oa, clock: FixedClock, zalo: ScriptedPlatform
) -> None:
    newer = row(clock.now() + timedelta(seconds=5), message_id="m-2")

    assert await found(oa, zalo, [newer, row(clock.now())], outgoing()) == "m-2"


async def test_history_is_read_back_until_the_moment_of_sending(
    oa: Oa, clock: FixedClock, zalo: ScriptedPlatform
) -> None:
    later = clock.now() + timedelta(seconds=9)
    full_page = {"data": [row(later, f"tin {n}") for n in range(10)], "error": 0}
    zalo.will(Reply(full_page))

    assert await found(oa, zalo, [row(later)], outgoing()) == "m-1"
    assert [orjson.loads(one.query["data"])["offset"] for one in zalo.received] == [0, 10]


async def test_history_that_cannot_be_read_leaves_the_doubt(
    oa: Oa, clock: FixedClock, zalo: ScriptedPlatform
) -> None:
    zalo.will(refusal(-200))

    assert await oa.messenger.find_sent(outgoing(), clock.now()) is None
    group = outgoing(recipient=Recipient("group", "g-1"))
    assert await oa.messenger.find_sent(group, clock.now()) is None
    visitor = outgoing(recipient=Recipient("inbox", "anon-1", reply_context="c-1"))
    assert await oa.messenger.find_sent(visitor, clock.now()) is None
    assert len(zalo.received) == 1


async def test_typing_and_seen_make_no_call(oa: Oa, zalo: ScriptedPlatform) -> None:
    await oa.messenger.show_typing(outgoing().account, TO_USER)
    await oa.messenger.mark_seen(outgoing().account, TO_USER)

    assert zalo.received == []


async def test_other_calls_have_their_paths(oa: Oa, zalo: ScriptedPlatform) -> None:
    done = Reply({"data": {"oaid": OA}, "error": 0})
    rows = Reply({"data": [{"message_id": "m"}], "error": 0})
    zalo.will(done, done, rows, done, rows)

    await oa.client.react(KEY, USER, "m-1", "/-heart")
    assert (await oa.client.account_info(KEY))["oaid"] == OA
    assert await oa.client.recent_chats(KEY) == [{"message_id": "m"}]
    await oa.client.quota_of_user(KEY, USER)
    await oa.client.quota_of_account(KEY)

    assert [(one.method, one.path) for one in zalo.received] == [
        ("POST", "/v2.0/oa/message"),
        ("GET", "/v2.0/oa/getoa"),
        ("GET", "/v2.0/oa/listrecentchat"),
        ("POST", "/v3.0/oa/quota/message"),
        ("POST", "/v3.0/oa/quota/message"),
    ]
    assert zalo.received[0].json == {
        "recipient": {"user_id": USER},
        "sender_action": {"react_icon": "/-heart", "react_message_id": "m-1"},
    }


SMALL_PICTURE = "https://s120-ava-talk.zadn.vn/x.jpg"
DETAIL = {
    "user_id": USER,
    "display_name": "Lê Minh Châu",
    "is_sensitive": False,
    "avatar": SMALL_PICTURE,
    "avatars": {"240": "https://s240-ava-talk.zadn.vn/x.jpg"},
    "shared_info": {"phone": 0, "name": ""},
}
PICTURE = "https://s240-ava-talk.zadn.vn/x.jpg"


@pytest.mark.parametrize(
    ("change", "profile"),
    [
        pytest.param({}, Profile("Lê Minh Châu", PICTURE), id="plain"),
        pytest.param({"is_sensitive": True}, Profile("Lê Minh Châu", None), id="minor"),
        pytest.param({"avatars": {}}, Profile("Lê Minh Châu", SMALL_PICTURE), id="small picture"),
        pytest.param({"display_name": "", "avatar": "", "avatars": ""}, Profile(None), id="empty"),
    ],
)
async def test_profile_has_a_name_and_a_picture(
    oa: Oa, zalo: ScriptedPlatform, change: dict[str, Any], profile: Profile
) -> None:
    zalo.will(Reply({"data": {**DETAIL, **change}, "error": 0}))

    assert await ZaloProfiles(oa.client).fetch(IdentityRef("zalo", OA, USER)) == profile
    assert orjson.loads(only(zalo).query["data"]) == {"user_id": USER}


@pytest.mark.parametrize(
    ("step", "error"),
    [
        pytest.param(refusal(-213), ProfileRefused, id="refused"),
        pytest.param(refusal(-32), ProfileUnavailable, id="rate"),
        pytest.param(refusal(-204), ProfileUnavailable, id="account"),
        pytest.param(Stall(), ProfileUnavailable, id="silence"),
    ],
)
async def test_profile_that_is_not_told_is_refused_or_asked_for_again(
    oa: Oa, zalo: ScriptedPlatform, step: Any, error: type[Exception]
) -> None:
    zalo.will(step)

    with pytest.raises(error):
        await ZaloProfiles(oa.client).fetch(IdentityRef("zalo", OA, USER))


async def test_anonymous_visitor_has_no_profile(oa: Oa, zalo: ScriptedPlatform) -> None:
    with pytest.raises(ProfileRefused):
        await ZaloProfiles(oa.client).fetch(IdentityRef("zalo", OA, "anon-1", temporary=True))

    assert zalo.received == []
