"""Nobody is told what they may not see, and whoever loses sight of a conversation is told so."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from inbox.conversations.visibility import may_see
from inbox.live.model import People, SplitState, event_from_document, live_event
from inbox.live.ring import Entry, MaySee
from inbox.staff.model import Actor, Role
from tests.inbox.live.conftest import Door, Happenings, StartLive

NOON = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)


def only_own_or_unassigned(actor: Actor, bot_id: str, people: People) -> bool:
    """A rule that needs the people: a sale sees its own and the unassigned conversations."""
    if not actor.sees_bot(bot_id):
        return False
    mine = people.assignee_id in {None, actor.id} or actor.id in people.participant_ids
    return actor.at_least("manager") or mine


def had(assignee: str | None, *participants: str, split: SplitState = "off") -> People:
    return People(assignee, frozenset(participants), split)


def an_actor(role: Role, *bots: str) -> Actor:
    return Actor(id="me", name="Tôi", role=role, bot_ids=frozenset(bots))


def told(actor: Actor, rule: MaySee, **fields: Any) -> str | None:
    """The type of frame that `actor` gets, or None."""
    given: dict[str, Any] = {"type": "conversation_changed", "at": NOON, "bot_id": "bot-1"}
    event = event_from_document(live_event(**(given | fields)))
    frame = Entry("id", event).frame_for(actor, rule)
    return None if frame is None else orjson.loads(frame)["type"]


CHANGED = "conversation_changed"
REMOVED = "conversation_removed"


@pytest.mark.parametrize(
    ("actor", "before", "after", "expected"),
    [
        pytest.param(an_actor("owner"), "other", "other", CHANGED, id="owner"),
        pytest.param(an_actor("admin"), "other", "other", CHANGED, id="admin of no bot"),
        pytest.param(an_actor("manager", "bot-1"), "me", "other", CHANGED, id="manager of the bot"),
        pytest.param(an_actor("manager", "bot-2"), None, None, None, id="manager of another bot"),
        pytest.param(an_actor("sale", "bot-1"), None, None, CHANGED, id="unassigned"),
        pytest.param(an_actor("sale", "bot-1"), None, "me", CHANGED, id="assigned to me"),
        pytest.param(an_actor("sale", "bot-1"), "other", "me", CHANGED, id="handed over to me"),
        pytest.param(an_actor("sale", "bot-1"), "me", "other", REMOVED, id="taken from me"),
        pytest.param(an_actor("sale", "bot-1"), None, "other", REMOVED, id="claimed by another"),
        pytest.param(an_actor("sale", "bot-1"), "other", "other", None, id="never mine"),
        pytest.param(an_actor("sale", "bot-1"), "other", "third", None, id="between others"),
        pytest.param(an_actor("sale", "bot-2"), "me", None, None, id="of a bot that is not mine"),
        pytest.param(an_actor("sale"), "me", "me", None, id="no bots at all"),
    ],
)
def test_the_people_before_and_after_decide_what_is_told(
    actor: Actor, before: str | None, after: str | None, expected: str | None
) -> None:
    assert (
        told(actor, only_own_or_unassigned, people_before=had(before), people=had(after))
        == expected
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param([], ["me"], CHANGED, id="added"),
        pytest.param(["me"], ["me", "third"], CHANGED, id="stays"),
        pytest.param(["me", "third"], ["third"], REMOVED, id="removed"),
    ],
)
def test_participants_see_what_they_take_part_in(
    before: list[str], after: list[str], expected: str
) -> None:
    sale = an_actor("sale", "bot-1")
    people = {"people_before": had("x", *before), "people": had("x", *after)}

    assert told(sale, only_own_or_unassigned, **people) == expected


@pytest.mark.parametrize(
    ("actor", "expected"),
    [
        (an_actor("owner"), CHANGED),
        (an_actor("admin"), CHANGED),
        (an_actor("manager", "bot-1"), CHANGED),
        (an_actor("manager", "bot-2"), None),
        (an_actor("sale", "bot-1", "bot-2"), CHANGED),
        (an_actor("sale", "bot-2"), None),
        (an_actor("sale"), None),
    ],
)
def test_the_rule_of_the_service_is_the_one_of_the_lists(
    actor: Actor, expected: str | None
) -> None:
    assert told(actor, may_see, people=had("x")) == expected


def test_a_removed_frame_says_nothing_of_what_the_conversation_is_now() -> None:
    event = event_from_document(
        live_event(
            type="message_received",
            at=NOON,
            bot_id="bot-1",
            conversation_id="conversation-1",
            customer_id="customer-1",
            people_before=had("me"),
            people=had("other"),
            data={"message": {"text": "bí mật"}},
        )
    )

    frame = Entry("id", event).frame_for(an_actor("sale", "bot-1"), only_own_or_unassigned)

    assert frame is not None
    assert orjson.loads(frame) == {
        "id": "id",
        "type": "conversation_removed",
        "at": "2026-11-22T05:00:00Z",
        "conversation_id": "conversation-1",
        "data": {},
    }


@pytest.mark.parametrize(
    ("bots", "is_told"),
    [({"bot-1"}, True), ({"bot-3"}, True), ({"bot-2"}, False), (set(), False)],
)
def test_a_changed_customer_is_told_to_those_who_see_one_of_its_bots(
    bots: set[str], is_told: bool
) -> None:
    sale = an_actor("sale", *bots)
    fields = {"bot_id": None, "bot_ids": ["bot-1", "bot-3"], "customer_id": "customer-1"}

    expected = "customer_changed" if is_told else None
    assert told(sale, only_own_or_unassigned, type="customer_changed", **fields) == expected


def test_the_end_of_a_session_is_told_to_nobody() -> None:
    assert told(an_actor("owner"), may_see, type="session_ended", data={"staff_id": "x"}) is None


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(had(None), had(None, split="pending"), REMOVED, id="splitting begins"),
        pytest.param(had(None, split="pending"), had(None, split="pending"), None, id="waits"),
        pytest.param(had(None, split="pending"), had("x", split="assigned"), CHANGED, id="given"),
    ],
)
def test_nobody_is_told_of_what_is_being_split(
    before: People, after: People, expected: str | None
) -> None:
    """S0.11: the first event comes with the sale, for leaders too."""
    assert told(an_actor("owner"), may_see, people_before=before, people=after) == expected


@pytest.mark.parametrize(
    ("actor", "expected"),
    [
        (an_actor("sale", "bot-1"), "notice"),
        (Actor(id="other", name="Khác", role="owner"), None),
        (
            Actor(
                id="me", name="Bot", role="sale", kind="automation", bot_ids=frozenset({"bot-1"})
            ),
            None,
        ),
    ],
    ids=["the one it is for", "the owner", "a bot of the same id"],
)
def test_a_notice_is_told_to_the_one_it_is_for(actor: Actor, expected: str | None) -> None:
    assert told(actor, may_see, type="notice", staff_ids=["me"]) == expected


async def test_each_client_gets_its_own_part_of_one_stream(
    start_live: StartLive, happenings: Happenings
) -> None:
    live = await start_live(may_see=only_own_or_unassigned)
    owner, lan, minh = [await live.listen(who) for who in ("owner", "lan", "minh")]

    await happenings.happen(1)
    await happenings.happen(2, people_before=had(None), people=had("staff-lan"))
    await happenings.happen(3, people_before=had("staff-lan"), people=had("staff-hoa"))
    await happenings.happen(4, people=had("staff-hoa"))
    await happenings.happen(5, bot_id="bot-2")
    await happenings.happen(6)

    await owner.until_told(6)
    await lan.until_told(6)
    await minh.until_told(5)
    assert owner.numbers == [1, 2, 3, 4, 5, 6]
    assert lan.numbers == [1, 2, 6]
    assert lan.types[3] == "conversation_removed"
    assert minh.numbers == [5]


async def test_what_was_missed_is_filtered_too(
    start_live: StartLive, happenings: Happenings
) -> None:
    live = await start_live(may_see=only_own_or_unassigned)
    owner = await live.listen("owner")
    await happenings.happen(1, 2, people=had("x"))
    await happenings.happen(3, people_before=had("staff-lan"), people=had("x"))
    await happenings.happen(4)
    await owner.until_told(4)

    lan = await live.listen("lan", after=owner.frames[0]["id"])

    await lan.until_told(4)
    assert lan.types == ["hello", "conversation_removed", "message_received"]


async def test_a_new_member_of_a_bot_is_told_to_resync_and_then_hears_of_it(
    start_live: StartLive, happenings: Happenings, door: Door
) -> None:
    live = await start_live()
    minh, lan = await live.listen("minh"), await live.listen("lan")
    door.change("minh", bots={"bot-1", "bot-2"})

    await happenings.tell("bot_changed", bot_id="bot-1")
    assert (await minh.next())["type"] == "resync"
    await happenings.happen(1)

    await minh.until_told(1)
    await lan.until_told(1)
    assert minh.types.count("resync") == 1
    assert "resync" not in lan.types, "nothing changed for Lan"


async def test_a_former_member_of_a_bot_hears_no_more_of_it(
    start_live: StartLive, happenings: Happenings, door: Door
) -> None:
    live = await start_live()
    lan, owner = await live.listen("lan"), await live.listen("owner")
    await happenings.happen(1)
    await lan.until_told(1)
    door.change("lan", bots={"bot-3"})

    await happenings.tell("bot_changed", bot_id="bot-1")
    await happenings.happen(2, 3)
    await lan.until(lambda: "resync" in lan.types)
    await happenings.happen(4)
    await happenings.happen(5, bot_id="bot-3")

    await lan.until_told(5)
    await owner.until_told(5)
    assert lan.numbers == [1, 5]
