"""What is kept of events that are no messages: on the timeline, the account, the thread."""

from datetime import timedelta

import pytest

from channels import events
from channels.events import Thread
from inbox import metrics
from inbox.clock import FixedClock
from inbox.conversations.changes import AskErasure, NoteAccountEvent, PassThread
from inbox.ids import account_key, identity_key
from inbox.mongo.client import Mongo
from tests.channels.told_events import (
    AN,
    CUSTOMER,
    NOON,
    PAGE,
    Tell,
    about_an,
    echo,
    facts,
    minute,
    only,
    routed,
    said,
    teller,
    the_message,
    types_on_timeline,
)


@pytest.fixture
def tell(mongo: Mongo, clock: FixedClock) -> Tell:
    return teller(mongo, clock)


async def test_group_change_is_kept_on_the_account_with_its_people(
    mongo: Mongo, tell: Tell
) -> None:
    group = Thread(kind="group", external_id="g")
    for _ in range(2):
        await tell(
            events.GroupChanged(
                **facts(0, channel="zalo", thread=group, name="group_left", person_ids=("an",))
            )
        )

    row = await only(mongo, "account_events")
    assert (row["type"], row["account_key"]) == ("group_left", account_key("zalo", PAGE))
    assert row["subjects"] == [identity_key("zalo", PAGE, "an")]
    assert await mongo["conversations"].count_documents({}) == 0


async def test_delivery_and_reading_move_their_watermarks_forward_only(
    mongo: Mongo, tell: Tell
) -> None:
    thread = Thread(external_id=AN)
    await tell(said(0, "m_1"), echo(1, "m_2", "own"))
    await tell(
        events.Delivered(**facts(3, thread=thread, up_to=minute(2))),
        events.Delivered(**facts(4, thread=thread, up_to=minute(1))),
        events.Seen(**facts(5, thread=thread, message_ids=("m_2",))),
    )

    found = await only(mongo, "conversations")
    assert (found["delivered_at"], found["seen_at"]) == (minute(2), minute(1))
    assert (await the_message(mongo, "m_2"))["seen_at"] == minute(5)


async def test_follow_and_unfollow_keep_the_latest_and_both_rows(mongo: Mongo, tell: Tell) -> None:
    await tell(about_an(events.Followed, 2, channel="zalo", following=False))
    await tell(about_an(events.Followed, 1, channel="zalo", following=True, source="oa_profile"))

    (identity,) = (await only(mongo, "customers"))["identities"]
    assert identity["follows"] == {"value": False, "at": minute(2)}
    assert await types_on_timeline(mongo) == ["followed", "unfollowed"]
    window = (await only(mongo, "conversations"))["window"]
    assert window["until"] == minute(1) + timedelta(days=7)


async def test_optin_opens_the_window_and_a_stop_does_not(mongo: Mongo, tell: Tell) -> None:
    await tell(about_an(events.OptedIn, 0, status="stop", data={"topic": "sale"}))
    stopped = await only(mongo, "conversations")
    await tell(about_an(events.OptedIn, 1, status="in", data={"topic": "sale"}))

    assert "window" not in stopped
    assert "window" in await only(mongo, "conversations")
    assert await types_on_timeline(mongo) == ["optin_stop", "optin_in"]


async def test_submitted_info_is_kept_as_shared_and_does_not_touch_the_directory(
    mongo: Mongo, tell: Tell
) -> None:
    """S0.03: a name that the customer typed into a form is not the channel's name."""
    await tell(about_an(events.InfoSubmitted, 0, channel="zalo", name="An", phone="0901234567"))

    customer = await only(mongo, "customers")
    (identity,) = customer["identities"]
    assert identity["shared"] == {"name": "An", "phone": "0901234567", "at": NOON}
    assert "name" not in customer
    assert customer["phones"] == []
    assert await types_on_timeline(mongo) == ["submitted_info"]


async def test_handover_request_does_not_change_the_owner(mongo: Mongo, tell: Tell) -> None:
    await tell(
        about_an(events.ThreadControlChanged, 0, action="pass", owner_app_id="ours"),
        about_an(events.ThreadControlChanged, 1, action="request", owner_app_id="theirs"),
    )

    thread = await only(mongo, "conversations")
    assert thread["thread_owner"] == {"app_id": "ours", "at": NOON}
    assert await types_on_timeline(mongo) == ["thread_pass", "thread_request"]


@pytest.mark.parametrize("action", ["pass", "take"])
def test_handover_that_happened_changes_the_owner(action: str) -> None:
    changes = routed(about_an(events.ThreadControlChanged, 0, action=action, owner_app_id="theirs"))

    assert [one.app_id for one in changes if isinstance(one, PassThread)] == ["theirs"]


async def test_noted_event_is_on_the_timeline_once(mongo: Mongo, tell: Tell) -> None:
    for _ in range(2):
        await tell(about_an(events.CustomerNoted, 0, name="order", key="7", data={"total": 5}))

    row = await only(mongo, "interactions")
    assert (row["type"], row["data"]) == ("order", {"total": 5})
    assert "window" not in await only(mongo, "conversations")


def test_withdrawal_asks_for_the_erasure_of_the_person() -> None:
    (change,) = routed(about_an(events.DataWithdrawn, 0))

    assert isinstance(change, AskErasure)
    assert change.customer.id == CUSTOMER


async def test_account_event_is_kept_once_and_makes_no_conversation(
    mongo: Mongo, tell: Tell
) -> None:
    for _ in range(2):
        await tell(events.AccountNoted(**facts(0, name="quota", key="q1", data={"left": 10})))

    row = await only(mongo, "account_events")
    assert (row["type"], row["data"], row["subjects"]) == ("quota", {"left": 10}, [])
    assert await mongo["conversations"].count_documents({}) == 0


async def test_unknown_event_is_kept_as_it_came_and_counted(mongo: Mongo, tell: Tell) -> None:
    counter = metrics.unknown_events_total.labels("zalo")
    before = counter._value.get()

    raw = '{"event_name": "oa_dances", "huge": 123456789012345678901234567890}'
    await tell(events.Unknown(**facts(0, channel="zalo", name="oa_dances", key="k", raw=raw)))

    row = await only(mongo, "account_events")
    assert (row["type"], row["data"]) == ("unknown:oa_dances", {"raw": raw})
    assert counter._value.get() == before + 1


def test_events_with_the_same_key_of_other_types_do_not_hide_each_other() -> None:
    noted = events.AccountNoted(**facts(0, name="quota", key="k", data={}))
    unknown = events.Unknown(**facts(0, name="quota", key="k", raw="{}"))

    types = {one.type for event in (noted, unknown) for one in routed(event)}

    assert types == {"quota", "unknown:quota"}
    assert all(isinstance(one, NoteAccountEvent) for one in routed(noted))
