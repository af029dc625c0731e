"""What each event keeps of messages: from the typed event to the documents of the inbox."""

from datetime import timedelta
from typing import Any

import pytest

from channels import events
from channels.events import Person, PlatformEvent, Thread
from inbox.clock import FixedClock
from inbox.conversations.model import OUTSIDE_STAFF_NAME
from inbox.ids import identity_key, message_key
from inbox.mongo.client import Mongo
from tests.channels.told_events import (
    AN,
    CONVERSATION,
    CUSTOMER,
    NOON,
    PAGE,
    Tell,
    about_an,
    comment,
    echo,
    facts,
    minute,
    only,
    said,
    teller,
    the_message,
    types_on_timeline,
)


@pytest.fixture
def tell(mongo: Mongo, clock: FixedClock) -> Tell:
    return teller(mongo, clock)


async def test_message_is_kept_unread_with_its_customer_and_opens_the_window(
    mongo: Mongo, tell: Tell
) -> None:
    await tell(said(0, "m_1", quick_reply="SIZE_M"))

    thread = await only(mongo, "conversations")
    assert thread["_id"] == CONVERSATION
    assert thread["bot_id"] == "bot"
    assert thread["customer_id"] == CUSTOMER
    assert thread["unread"] == 1
    assert thread["waiting_since"] == NOON
    assert thread["window"]["until"] == NOON + timedelta(hours=24)
    message = await the_message(mongo, "m_1")
    assert (message["direction"], message["status"]) == ("in", "received")
    assert message["author"] == {"kind": "customer"}
    assert message["payload"] == "SIZE_M"


async def test_human_echo_answers_the_customer_who_waits(mongo: Mongo, tell: Tell) -> None:
    await tell(said(0, "m_1"))
    await tell(echo(1, "m_2", "human"))

    thread = await only(mongo, "conversations")
    assert "waiting_since" not in thread
    assert thread["last_out_at"] == minute(1)
    assert thread["last"]["by"] == "staff"
    assert thread["unread"] == 1
    author = (await the_message(mongo, "m_2"))["author"]
    assert author == {"kind": "staff", "name": OUTSIDE_STAFF_NAME}


async def test_automation_echo_is_shown_and_leaves_the_customer_waiting(
    mongo: Mongo, tell: Tell
) -> None:
    await tell(said(0, "m_1"))
    await tell(echo(1, "m_2", "automation", app_id="77"))

    thread = await only(mongo, "conversations")
    assert thread["waiting_since"] == NOON
    assert "last_out_at" not in thread
    assert thread["last"]["by"] == "automation"
    message = await the_message(mongo, "m_2")
    assert message["author"] == {"kind": "automation"}
    assert message["app_id"] == "77"


async def test_echo_of_our_own_app_is_an_outgoing_message_and_no_human_reply(
    mongo: Mongo, tell: Tell
) -> None:
    await tell(said(0, "m_1"))
    await tell(echo(1, "m_2", "own", metadata="part 3"))

    thread = await only(mongo, "conversations")
    assert thread["waiting_since"] == NOON
    message = await the_message(mongo, "m_2")
    assert (message["direction"], message["status"]) == ("out", "sent")
    assert message["metadata"] == "part 3"
    assert message["author"]["kind"] != "staff"


async def test_echo_before_anything_else_makes_the_conversation_and_its_customer(
    mongo: Mongo, tell: Tell
) -> None:
    await tell(echo(0, "m_1", "human"))

    thread = await only(mongo, "conversations")
    assert (thread["customer_id"], thread["unread"]) == (CUSTOMER, 0)
    assert "window" not in thread
    assert "name" not in await only(mongo, "customers")


async def test_standby_message_stays_and_opens_no_window(mongo: Mongo, tell: Tell) -> None:
    await tell(said(0, "m_1", standby=True))

    thread = await only(mongo, "conversations")
    assert thread["last"]["text"] == "Còn hàng không ạ?"
    assert "window" not in thread
    assert (await the_message(mongo, "m_1"))["standby"] is True


@pytest.mark.parametrize("standby_first", [True, False])
async def test_message_told_on_standby_and_to_the_owner_is_the_owners_in_either_order(
    mongo: Mongo, tell: Tell, *, standby_first: bool
) -> None:
    def button(**fields: Any) -> PlatformEvent:
        who = {"thread": Thread(external_id=AN), "author": Person(id=AN)}
        return events.Postback(**facts(0, message_id="m_1", title="Mua ngay", **(who | fields)))

    both = [button(standby=True), button(payload="BUY")]
    for event in both if standby_first else reversed(both):
        await tell(event)

    message = await the_message(mongo, "m_1")
    assert "standby" not in message
    assert message["payload"] == "BUY"
    thread = await only(mongo, "conversations")
    assert thread["unread"] == 1
    assert thread["window"]["until"] == NOON + timedelta(hours=24)


async def test_postback_is_an_inbound_message_with_its_payload(mongo: Mongo, tell: Tell) -> None:
    who = {"thread": Thread(external_id=AN), "author": Person(id=AN)}
    await tell(
        events.Postback(**facts(0, message_id="m_1", title="Bắt đầu", payload="START", **who))
    )

    message = await the_message(mongo, "m_1")
    assert (message["direction"], message["text"], message["payload"]) == (
        "in",
        "Bắt đầu",
        "START",
    )
    thread = await only(mongo, "conversations")
    assert (thread["unread"], thread["waiting_since"]) == (1, NOON)


async def test_ad_referral_of_a_message_is_on_the_timeline_and_opens_a_week(
    mongo: Mongo, tell: Tell
) -> None:
    await tell(said(0, "m_1", referral={"source": "ADS", "ad_id": "9"}))

    assert await types_on_timeline(mongo) == ["referral"]
    window = (await only(mongo, "conversations"))["window"]
    assert (window["kind"], window["until"]) == ("ad", NOON + timedelta(days=7))


async def test_referral_alone_is_on_the_timeline_of_a_conversation_without_messages(
    mongo: Mongo, tell: Tell
) -> None:
    referral = {"ref": "tet", "source": "SHORTLINK", "type": "OPEN_THREAD"}
    for _ in range(2):
        await tell(about_an(events.Referred, 0, referral=referral))

    row = await only(mongo, "interactions")
    assert (row["type"], row["customer_id"], row["data"]) == ("referral", CUSTOMER, referral)
    assert "last" not in await only(mongo, "conversations")


async def test_two_referrals_of_one_moment_are_two_rows(mongo: Mongo, tell: Tell) -> None:
    await tell(
        about_an(events.Referred, 0, referral={"ref": "a"}),
        about_an(events.Referred, 0, referral={"ref": "b"}),
    )

    assert await types_on_timeline(mongo) == ["referral", "referral"]


async def test_comment_makes_a_thread_with_its_writer_and_a_name_that_the_channel_told(
    mongo: Mongo, tell: Tell
) -> None:
    await tell(comment(0, "c_root", post_id="post"))

    thread = await only(mongo, "conversations")
    customer = await only(mongo, "customers")
    assert (thread["kind"], thread["customer_id"]) == ("comment", customer["_id"])
    assert customer["name"] == "Đỗ Thị Lụa"
    message = await the_message(mongo, "c_root")
    assert message["author"] == {
        "kind": "customer",
        "id": customer["_id"],
        "name": "Đỗ Thị Lụa",
    }
    assert message["post_id"] == "post"


async def test_comment_by_the_page_is_a_human_reply(mongo: Mongo, tell: Tell) -> None:
    await tell(comment(0, "c_root"))
    reply = {"author": Person(id=PAGE, name="Shop"), "by_account": True, "is_root": False}
    await tell(comment(1, "c_1", reply_to="c_root", **reply))

    thread = await only(mongo, "conversations")
    assert "waiting_since" not in thread
    assert (thread["unread"], thread["last"]["by"]) == (1, "staff")
    message = await the_message(mongo, "c_1")
    assert message["direction"] == "out"
    assert message["author"] == {"kind": "staff", "name": OUTSIDE_STAFF_NAME}
    assert message["reply_to"] == message_key("facebook", PAGE, "c_root")
    assert await mongo["customers"].count_documents({}) == 1


async def test_reply_comment_before_its_root_leaves_the_customer_to_the_root(
    mongo: Mongo, tell: Tell
) -> None:
    other = Person(id="bich", name="Bích")
    await tell(comment(1, "c_1", author=other, is_root=False, reply_to="c_root"))
    before = await only(mongo, "conversations")

    await tell(comment(0, "c_root"))

    after = await only(mongo, "conversations")
    assert "customer_id" not in before
    assert after["customer_id"] == identity_key("facebook", PAGE, "commenter:lua")
    assert after["last"]["message_id"] == message_key("facebook", PAGE, "c_1")
    assert (after["waiting_since"], after["unread"]) == (NOON, 2)
    assert (await the_message(mongo, "c_1"))["author"]["name"] == "Bích"


async def test_comment_whose_writer_is_withheld_has_no_customer(mongo: Mongo, tell: Tell) -> None:
    await tell(comment(0, "c_root", author=None))

    assert "customer_id" not in await only(mongo, "conversations")
    assert (await the_message(mongo, "c_root"))["author"] == {"kind": "customer"}
    assert await mongo["customers"].count_documents({}) == 0


async def test_group_message_has_an_author_of_its_own_and_no_customer(
    mongo: Mongo, tell: Tell
) -> None:
    group = Thread(kind="group", external_id="g")
    await tell(
        said(0, "m_1", channel="zalo", thread=group, author=Person(id="an", name="An")),
        said(1, "m_2", channel="zalo", thread=group, author=Person(id="binh")),
    )

    thread = await only(mongo, "conversations")
    assert thread["kind"] == "group"
    assert "customer_id" not in thread
    assert await mongo["customers"].count_documents({}) == 0
    assert (await the_message(mongo, "m_1", "zalo"))["author"] == {
        "kind": "customer",
        "id": identity_key("zalo", PAGE, "an"),
        "name": "An",
    }
    assert (await the_message(mongo, "m_2", "zalo"))["author"]["id"] == identity_key(
        "zalo", PAGE, "binh"
    )


async def test_anonymous_customer_is_marked_temporary(mongo: Mongo, tell: Tell) -> None:
    await tell(said(0, "m_1", channel="zalo", author=Person(id=AN, temporary=True)))

    (identity,) = (await only(mongo, "customers"))["identities"]
    assert identity["temporary"] is True


async def test_edit_removal_and_hiding_change_their_message(mongo: Mongo, tell: Tell) -> None:
    at_root = Thread(kind="comment", external_id="c_root")
    await tell(comment(0, "c_root"))
    await tell(
        events.MessageEdited(
            **facts(1, thread=at_root, message_id="c_root", number=1, text="Giá sao?")
        ),
        events.MessageHidden(**facts(2, thread=at_root, message_id="c_root", hidden=True)),
    )
    edited = await the_message(mongo, "c_root")
    preview = (await only(mongo, "conversations"))["last"]["text"]
    await tell(events.MessageRemoved(**facts(3, thread=at_root, message_id="c_root")))

    assert (edited["edit"]["text"], preview) == ("Giá sao?", "Giá sao?")
    assert edited["hidden"] == {"value": True, "at": minute(2)}
    removed = await the_message(mongo, "c_root")
    assert removed["removed_at"] == minute(3)
    assert not removed.keys() & {"text", "edit"}
    assert (await only(mongo, "conversations"))["last"]["kind"] == "removed"


async def test_reaction_of_a_customer_opens_the_window_and_taking_it_back_does_not(
    mongo: Mongo, tell: Tell
) -> None:
    await tell(said(0, "m_1"))
    await tell(about_an(events.Reaction, 10, message_id="m_1", emoji="❤️"))
    await tell(about_an(events.Reaction, 20, message_id="m_1", emoji=None))

    reactions = (await the_message(mongo, "m_1"))["reactions"]
    assert reactions == {CUSTOMER: {"emoji": None, "at": minute(20)}}
    window = (await only(mongo, "conversations"))["window"]
    assert window["until"] == minute(10) + timedelta(hours=24)


async def test_reaction_of_the_account_is_kept_under_account_and_opens_nothing(
    mongo: Mongo, tell: Tell
) -> None:
    await tell(said(0, "m_1"))
    await tell(
        about_an(events.Reaction, 10, message_id="m_1", emoji="👍", person=None, by_account=True)
    )

    assert list((await the_message(mongo, "m_1"))["reactions"]) == ["account"]
    window = (await only(mongo, "conversations"))["window"]
    assert window["until"] == NOON + timedelta(hours=24)


@pytest.mark.parametrize(
    ("status", "after"),
    [("closed", "open"), ("deleted", "open"), ("spam", "spam"), ("open", "open")],
)
async def test_new_message_reopens_what_was_closed_or_deleted_but_spam_stays(
    mongo: Mongo, tell: Tell, status: str, after: str
) -> None:
    await tell(said(0, "m_1"))
    await mongo["conversations"].update_one(
        {"_id": CONVERSATION}, {"$set": {"status": status, "status_at": minute(1)}}
    )

    await tell(said(2, "m_2"))

    assert (await only(mongo, "conversations"))["status"] == after


async def test_message_from_long_before_the_closing_does_not_reopen(
    mongo: Mongo, tell: Tell
) -> None:
    await tell(said(-720, "m_1"))
    await mongo["conversations"].update_one(
        {"_id": CONVERSATION}, {"$set": {"status": "closed", "status_at": minute(5)}}
    )

    await tell(said(-660, "m_2"))
    await tell(echo(6, "m_3", "automation"))

    assert (await only(mongo, "conversations"))["status"] == "closed"
