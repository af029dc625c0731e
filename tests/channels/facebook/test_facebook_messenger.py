"""Sending to Messenger and Instagram over real HTTP: what goes out, and what failures mean."""

import hmac
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
import structlog
from pymongo.errors import AutoReconnect

from channels.config import FacebookConfig
from channels.facebook.access import PageAccounts
from channels.facebook.client import GraphClient, PageAccess
from channels.facebook.failures import (
    AttachmentExpired,
    CommentTextOnly,
    MediaRefused,
    MessageInvalid,
    NoMessageId,
    PrivateReplyDone,
    RateLimited,
    TokenDead,
)
from channels.facebook.messenger import FacebookMessenger, FacebookParts
from channels.facebook.traffic import PATIENCE_S, Traffic
from channels.http import HttpClient
from inbox.bots.secrets import WrongSecretKey
from inbox.clock import FixedClock
from inbox.config import DeliveryConfig
from inbox.mongo.buckets import Buckets
from inbox.mongo.client import Mongo
from inbox.ports import (
    Button,
    Card,
    Messenger,
    Part,
    SendError,
    SendRefused,
    SendUnavailable,
    SendUncertain,
    WindowClosed,
)
from tests.channels.facebook.graph_world import (
    ACCOUNT,
    APP_SECRET,
    COMMENT,
    INSTAGRAM_ACCOUNT,
    PAGE_ID,
    PERSON,
    PERSON_ID,
    PRIVATELY,
    TAKEN,
    TOKEN,
    UPLOADED,
    World,
    a_file,
    graph_world,
    refusal,
)
from tests.channels.scripted_platform import Reply, Reset, Stall, Step, Truncate


@pytest.fixture
async def world(mongo: Mongo, clock: FixedClock) -> AsyncIterator[World]:
    async with graph_world(mongo, clock) as world:
        yield world


async def failure(world: World, *steps: Step, **outgoing: Any) -> SendError:
    """What a send fails with when the platform does this."""
    world.graph.will(*steps)
    with pytest.raises(SendError) as error:
        await world.messenger.send(world.outgoing(**outgoing))
    assert world.graph.unused == 0
    return error.value


async def test_messenger_is_one(world: World) -> None:
    messengers: list[Messenger] = [world.messenger, world.instagram]

    assert len(messengers) == 2


async def test_text_goes_out_once_with_token_proof_and_our_reference(world: World) -> None:
    """S4.18."""
    world.graph.will(TAKEN)

    sent = await world.messenger.send(world.outgoing("Chào chị Hường 👋"))

    assert sent.external_id == "m_1"
    (request,) = world.graph.received
    assert (request.method, request.path) == ("POST", f"/v26.0/{PAGE_ID}/messages")
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    proof = hmac.new(APP_SECRET.encode(), TOKEN.encode(), sha256).hexdigest()
    assert request.query == {"appsecret_proof": proof}
    assert request.json == {
        "recipient": {"id": PERSON_ID},
        "messaging_type": "RESPONSE",
        "message": {"text": "Chào chị Hường 👋", "metadata": "ref-1"},
    }


async def test_quoted_message_stands_beside_the_message(world: World) -> None:
    world.graph.will(TAKEN)

    await world.messenger.send(world.outgoing(reply_to="m_before"))

    assert world.graph.received[0].json["reply_to"] == {"mid": "m_before"}


@pytest.mark.parametrize(
    ("silent_for", "by_human", "tag"),
    [
        pytest.param(timedelta(hours=24), True, None, id="inside 24 h"),
        pytest.param(timedelta(hours=24, seconds=1), True, "HUMAN_AGENT", id="a person after 24 h"),
        pytest.param(timedelta(hours=24, seconds=1), False, None, id="a bot after 24 h"),
        pytest.param(timedelta(days=7), True, "HUMAN_AGENT", id="a person after 7 days"),
        pytest.param(timedelta(days=7, seconds=1), True, None, id="later than that"),
        pytest.param(None, True, None, id="never wrote"),
    ],
)
async def test_human_agent_tag_is_for_people_and_only_outside_24_hours(
    world: World, silent_for: timedelta | None, by_human: bool, tag: str | None
) -> None:
    """X.INB.06."""
    world.graph.will(TAKEN)
    last_in_at = world.clock.now() - silent_for if silent_for is not None else None

    await world.messenger.send(world.outgoing(by_human=by_human, last_in_at=last_in_at))

    request = world.graph.received[0].json
    assert request.get("tag") == tag
    assert request["messaging_type"] == ("MESSAGE_TAG" if tag else "RESPONSE")


async def test_human_agent_tag_is_not_used_by_an_app_that_has_not_got_it(
    mongo: Mongo, clock: FixedClock
) -> None:
    async with graph_world(mongo, clock, human_agent=False) as world:
        world.graph.will(TAKEN)

        await world.messenger.send(world.outgoing(last_in_at=clock.now() - timedelta(days=2)))

        assert world.graph.received[0].json["messaging_type"] == "RESPONSE"


async def test_file_is_uploaded_as_bytes_and_then_sent_by_its_id(world: World) -> None:
    world.graph.will(UPLOADED, TAKEN)

    await world.messenger.send(world.outgoing(file=a_file()))

    upload, send = world.graph.received
    assert upload.path == f"/v26.0/{PAGE_ID}/message_attachments"
    assert upload.form == {
        "message": '{"attachment":{"type":"image","payload":{"is_reusable":true}}}'
    }
    assert upload.file == ("bao gia.jpg", "image/jpeg", b"JPEGbytes")
    assert upload.headers["Authorization"] == f"Bearer {TOKEN}"
    assert send.json["message"] == {
        "attachment": {"type": "image", "payload": {"attachment_id": "900100"}},
        "metadata": "ref-1",
    }


@pytest.mark.parametrize(
    "step",
    [Stall(), Reset(after_reading=True), Reply(b"", status=502), Reply({}), Truncate()],
    ids=["stall", "reset", "gateway", "no id", "cut"],
)
async def test_upload_of_unknown_fate_may_be_repeated_for_nobody_sees_it(
    world: World, step: Step
) -> None:
    error = await failure(world, step, file=a_file())

    assert type(error) is SendUnavailable
    world.graph.will(UPLOADED, TAKEN)
    assert (await world.messenger.send(world.outgoing(file=a_file()))).external_id == "m_1"


async def test_file_that_meta_refuses_is_refused(world: World) -> None:
    error = await failure(world, refusal(100, 2018047), file=a_file())

    assert type(error) is MediaRefused


async def test_file_is_not_uploaded_again_when_its_send_is_repeated(world: World) -> None:
    await failure(world, UPLOADED, refusal(2), file=a_file())
    world.graph.will(TAKEN)

    await world.messenger.send(world.outgoing(file=a_file()))

    assert [request.path.rpartition("/")[2] for request in world.graph.received] == [
        "message_attachments",
        "messages",
        "messages",
    ]


async def test_file_whose_id_has_expired_meanwhile_is_uploaded_again(world: World) -> None:
    await failure(world, UPLOADED, refusal(2), file=a_file())
    world.graph.will(refusal(100, 2018074), Reply({"attachment_id": "2"}), TAKEN)

    await world.messenger.send(world.outgoing(file=a_file()))

    last = world.graph.received[-1].json["message"]["attachment"]
    assert last["payload"] == {"attachment_id": "2"}


async def test_fresh_upload_that_is_refused_is_not_tried_for_ever(world: World) -> None:
    error = await failure(world, UPLOADED, refusal(100, 2018074), file=a_file())

    assert type(error) is AttachmentExpired


async def test_quick_replies_buttons_and_stickers_are_written_as_the_api_takes_them(
    world: World,
) -> None:
    quick_replies = (Button("Có", payload="yes"), Button("Không"))
    buttons = (Button("Xem", url="https://shop.example/"), Button("Mua", payload="buy"))
    parts = [
        Part(0, text="Chọn", quick_replies=quick_replies),
        Part(0, text="Hàng", buttons=buttons),
        Part(0, sticker="369239263222822"),
    ]
    world.graph.will(TAKEN, TAKEN, TAKEN)

    for part in parts:
        await world.messenger.send(world.outgoing(part=part))

    assert [request.json["message"] for request in world.graph.received] == [
        {
            "text": "Chọn",
            "quick_replies": [
                {"content_type": "text", "title": "Có", "payload": "yes"},
                {"content_type": "text", "title": "Không", "payload": "Không"},
            ],
            "metadata": "ref-1",
        },
        {
            "attachment": {
                "type": "template",
                "payload": {
                    "template_type": "button",
                    "text": "Hàng",
                    "buttons": [
                        {"type": "web_url", "title": "Xem", "url": "https://shop.example/"},
                        {"type": "postback", "title": "Mua", "payload": "buy"},
                    ],
                },
            },
            "metadata": "ref-1",
        },
        {"sticker_id": 369239263222822, "metadata": "ref-1"},
    ]


async def test_cards_are_written_as_a_generic_template(world: World) -> None:
    coat = Card(
        "Áo khoác dạ",
        "450.000 ₫",
        image=0,
        image_url="https://shop.example/1.jpg",
        url="https://shop.example/1",
        buttons=(Button("Mua", payload="buy"),),
    )
    world.graph.will(TAKEN)

    await world.messenger.send(world.outgoing(part=Part(0, cards=(coat, Card("Áo len")))))

    (request,) = world.graph.received
    assert request.json["message"]["attachment"] == {
        "type": "template",
        "payload": {
            "template_type": "generic",
            "elements": [
                {
                    "title": "Áo khoác dạ",
                    "subtitle": "450.000 ₫",
                    "image_url": "https://shop.example/1.jpg",
                    "default_action": {"type": "web_url", "url": "https://shop.example/1"},
                    "buttons": [{"type": "postback", "title": "Mua", "payload": "buy"}],
                },
                {"title": "Áo len"},
            ],
        },
    }


async def test_sticker_that_is_no_number_is_refused_without_a_call(world: World) -> None:
    assert type(await failure(world, part=Part(0, sticker="smile"))) is MessageInvalid


async def test_instagram_goes_through_the_page_of_its_token(world: World) -> None:
    world.graph.will(UPLOADED, TAKEN, TAKEN)
    heart_part = Part(0, sticker="like_heart")

    await world.instagram.send(world.outgoing(file=a_file(), account=INSTAGRAM_ACCOUNT))
    await world.instagram.send(world.outgoing(part=heart_part, account=INSTAGRAM_ACCOUNT))

    upload, image, heart = world.graph.received
    assert upload.path == "/v26.0/me/message_attachments"
    assert upload.form["platform"] == "instagram"
    assert image.path == "/v26.0/me/messages"
    assert heart.json["message"]["attachment"] == {"type": "like_heart"}


async def test_instagram_goes_through_its_page_s_node_when_it_is_known(world: World) -> None:
    world.credentials.values[INSTAGRAM_ACCOUNT.key]["page_id"] = "1002"
    world.graph.will(TAKEN)

    await world.instagram.send(world.outgoing(account=INSTAGRAM_ACCOUNT))

    assert world.graph.received[0].path == "/v26.0/1002/messages"


async def test_comment_is_answered_publicly(world: World) -> None:
    world.graph.will(Reply({"id": "55_77"}))

    sent = await world.messenger.send(world.outgoing(recipient=COMMENT))

    assert sent.external_id == "55_77"
    assert world.graph.received[0].path == "/v26.0/55_66/comments"
    assert world.graph.received[0].json == {"message": "Chào chị"}


async def test_instagram_comment_is_answered_on_its_own_edge(world: World) -> None:
    world.graph.will(Reply({"id": "77"}))

    await world.instagram.send(world.outgoing(recipient=COMMENT, account=INSTAGRAM_ACCOUNT))

    assert world.graph.received[0].path == "/v26.0/55_66/replies"


async def test_public_answer_to_a_comment_takes_text_only(world: World) -> None:
    assert type(await failure(world, recipient=COMMENT, file=a_file())) is CommentTextOnly


async def test_comment_is_answered_under_the_one_that_is_named(world: World) -> None:
    world.graph.will(Reply({"id": "55_78"}))

    await world.messenger.send(world.outgoing(recipient=COMMENT, reply_to="55_70"))

    assert world.graph.received[0].path == "/v26.0/55_70/comments"


async def test_comment_is_answered_privately_once(world: World) -> None:
    world.graph.will(TAKEN)
    sent = await world.messenger.send(world.outgoing(recipient=PRIVATELY, reply_to="55_66"))
    assert world.graph.received[0].json["recipient"] == {"comment_id": "55_66"}
    assert "reply_to" not in world.graph.received[0].json
    assert sent.recipient_id == PERSON_ID

    assert type(await failure(world, refusal(10900), recipient=PRIVATELY)) is PrivateReplyDone


async def test_comment_is_hidden_and_shown_again(world: World) -> None:
    access = PageAccess(PAGE_ID, TOKEN)
    world.graph.will(Reply({"success": True}), Reply({"success": True}))

    await world.client.hide_comment(access, "messenger", "55_66", hidden=True)
    await world.client.hide_comment(access, "instagram", "66", hidden=False)

    assert [(one.path, one.json) for one in world.graph.received] == [
        ("/v26.0/55_66", {"is_hidden": True}),
        ("/v26.0/66", {"hide": False}),
    ]


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(Stall(), id="stall"),
        pytest.param(Reset(after_reading=False), id="reset before the body was read"),
        pytest.param(Reset(after_reading=True), id="reset after the body was read"),
        pytest.param(Truncate(), id="answer cut"),
        pytest.param(Reply(b"<html>", status=502), id="gateway"),
        pytest.param(Reply(b"<html>"), id="200 that is not Graph's"),
        pytest.param(refusal(1, 1357046), id="Meta does not know"),
        pytest.param(refusal(1, 1357046, status=200), id="Meta does not know, in a 200"),
    ],
)
async def test_send_of_unknown_fate_is_uncertain_and_is_not_repeated(
    world: World, step: Step
) -> None:
    error = await failure(world, step)

    assert isinstance(error, SendUncertain)
    assert len(world.graph.received) == 1


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        pytest.param(refusal(190, 463, status=200), TokenDead, id="error in a 200"),
        pytest.param(Reply({"recipient_id": "1"}), NoMessageId, id="200 without message id"),
        pytest.param(Reply({"message_id": ""}), NoMessageId, id="empty message id"),
        pytest.param(refusal(10, 2018278), WindowClosed, id="window"),
        pytest.param(refusal(987654), SendRefused, id="unknown refusal"),
        pytest.param(refusal(2, status=500), SendUnavailable, id="passing"),
    ],
)
async def test_answer_that_is_no_success_is_a_failure(
    world: World, step: Step, expected: type[SendError]
) -> None:
    assert type(await failure(world, step)) is expected


async def test_refused_connection_is_tried_again_for_nothing_was_sent(world: World) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    http = HttpClient()
    parts = FacebookParts(
        client=GraphClient(http, FacebookConfig(api_url=url)),
        accounts=world.messenger._accounts,
        traffic=world.messenger._traffic,
        clock=world.clock,
    )

    with pytest.raises(SendUnavailable):
        await FacebookMessenger("messenger", parts).send(world.outgoing())

    await http.close()


async def test_account_without_a_token_waits_for_an_admin(world: World) -> None:
    world.credentials.values.clear()

    assert type(await failure(world)) is TokenDead
    assert world.graph.received == []


async def test_credentials_sealed_with_a_lost_key_wait_for_an_admin(world: World) -> None:
    class Sealed:
        async def of(self, account_key: str) -> dict[str, str]:
            raise WrongSecretKey

    accounts = PageAccounts(Sealed())

    with pytest.raises(TokenDead):
        await accounts.access(ACCOUNT)


class BucketsAway(Buckets):
    """Buckets whose database does not answer."""

    async def take(self, name: str, rate_per_s: float, burst: int, amount: int = 1) -> float:
        raise AutoReconnect(name)

    async def pause(self, name: str, for_s: float) -> None:
        raise AutoReconnect(name)


async def test_nothing_is_sent_while_the_database_that_keeps_the_rates_is_away(
    world: World,
) -> None:
    buckets = BucketsAway(world.mongo, world.clock)
    parts = FacebookParts(
        client=world.client,
        accounts=world.messenger._accounts,
        traffic=Traffic(buckets, world.breakers),
        clock=world.clock,
    )

    with pytest.raises(SendUnavailable, match="database"):
        await FacebookMessenger("messenger", parts).send(world.outgoing())

    assert world.graph.received == []


async def test_throttled_send_keeps_its_own_failure_when_the_database_goes_away(
    world: World,
) -> None:
    traffic = Traffic(BucketsAway(world.mongo, world.clock), world.breakers)
    error = RateLimited(retry_after_s=7)

    await traffic.note(ACCOUNT.key, error)

    assert error.retry_after_s == 7


async def test_app_without_a_secret_sends_no_proof(world: World) -> None:
    http = HttpClient()
    client = GraphClient(http, FacebookConfig(api_url=world.graph.url))
    world.graph.will(TAKEN)

    await client.send(PageAccess(PAGE_ID, TOKEN), {})

    assert world.graph.received[0].query == {}
    await http.close()


async def test_throttled_account_is_left_alone_by_all_for_as_long_as_meta_says(
    world: World,
) -> None:
    error = await failure(world, refusal(80006, retry_after="90"))
    assert isinstance(error, RateLimited)
    assert error.retry_after_s == 90

    again = await failure(world)

    assert isinstance(again, RateLimited)
    assert again.retry_after_s == 90
    assert len(world.graph.received) == 1, "the second was not even tried"
    world.clock.advance(timedelta(seconds=90))
    world.graph.will(TAKEN)
    assert (await world.messenger.send(world.outgoing())).external_id == "m_1"


async def test_throttled_account_is_left_alone_longer_from_time_to_time(world: World) -> None:
    waits = []
    for _ in range(6):
        error = await failure(world, Reply(b"", status=429))
        assert isinstance(error, RateLimited)
        assert error.retry_after_s is not None
        waits.append(error.retry_after_s)
        world.clock.advance(timedelta(seconds=error.retry_after_s))

    assert waits == [60, 120, 240, 480, 900, 900]


async def test_page_never_sends_more_than_its_inbox_bears(world: World) -> None:
    """40 a second, and a send waits for its turn rather than fail."""
    world.graph.will(*[TAKEN] * 120)
    began = world.clock.now()

    for _ in range(120):
        await world.messenger.send(world.outgoing())

    seconds = (world.clock.now() - began).total_seconds()
    assert 40 * max(seconds, 1) >= 120
    assert seconds < 5


async def test_account_that_fails_again_and_again_is_left_alone_then_probed(world: World) -> None:
    for _ in range(3):
        await failure(world, refusal(2, status=500))

    error = await failure(world)

    assert isinstance(error, SendUnavailable)
    assert error.retry_after_s == 15
    world.clock.advance(timedelta(seconds=15))
    world.graph.will(TAKEN, TAKEN)
    await world.messenger.send(world.outgoing())
    await world.messenger.send(world.outgoing())


async def test_refusals_do_not_open_the_breaker(world: World) -> None:
    for _ in range(5):
        await failure(world, refusal(551))

    world.graph.will(TAKEN)
    assert (await world.messenger.send(world.outgoing())).external_id == "m_1"


async def test_typing_is_shown_once_in_ten_seconds(world: World) -> None:
    """X.INB.03."""
    world.graph.will(Reply({"recipient_id": PERSON_ID}), Reply({"recipient_id": PERSON_ID}))
    for _ in range(3):
        await world.messenger.show_typing(ACCOUNT, PERSON)
    world.clock.advance(timedelta(seconds=10))
    await world.messenger.show_typing(ACCOUNT, PERSON)

    assert [request.json for request in world.graph.received] == [
        {"recipient": {"id": PERSON_ID}, "sender_action": "typing_on"}
    ] * 2


@pytest.mark.parametrize("step", [refusal(10, 2018278), Stall(), Reset(after_reading=True)])
async def test_failing_sender_action_troubles_nobody(world: World, step: Step) -> None:
    world.graph.will(step)

    await world.messenger.mark_seen(ACCOUNT, PERSON)

    assert len(world.graph.received) == 1


async def test_nobody_types_in_comments_and_without_a_token(world: World) -> None:
    await world.messenger.show_typing(ACCOUNT, COMMENT)
    world.credentials.values.clear()
    await world.messenger.mark_seen(ACCOUNT, PERSON)

    assert world.graph.received == []


async def test_neither_text_nor_token_nor_person_reaches_the_log(world: World) -> None:
    with structlog.testing.capture_logs() as logs:
        await failure(world, Reply(b"", status=429))
        world.clock.advance(timedelta(seconds=60))
        error = await failure(world, refusal(10, 2018278))
        world.graph.will(Stall())
        await world.messenger.mark_seen(ACCOUNT, PERSON)
        world.graph.will(Stall())
        await world.messenger.find_sent(world.outgoing(), world.clock.now())

    assert logs
    for secret in (TOKEN, "Chào chị", PERSON_ID, APP_SECRET):
        assert secret not in f"{logs} {error!r} {error.__cause__!r}"


def test_upload_and_send_together_take_less_than_half_a_lease() -> None:
    """Else the worker would stop waiting, and a mere upload would be of unknown fate."""
    facebook, delivery = FacebookConfig(), DeliveryConfig()

    longest = facebook.upload_timeout + facebook.send_timeout + timedelta(seconds=PATIENCE_S)

    assert longest < delivery.lease / 2
