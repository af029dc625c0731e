"""Who has a conversation, changed by hand: one winner, every change told and explained once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.inbox.inbox_world import Api
from tests.inbox.splitting.handling.handling_desk import BOT, HandlingDesk, assign, claim


@pytest.fixture
def desk(mongo: Mongo, clock: FixedClock) -> HandlingDesk:
    return HandlingDesk(mongo, clock)


@pytest.fixture
async def api(desk: HandlingDesk) -> AsyncIterator[Api]:
    api = await desk.open()
    yield api
    await api.close()


@pytest.mark.parametrize("visibility", ["own", "own_unassigned", "all"])
async def test_of_a_hundred_claims_at_once_one_wins(desk: HandlingDesk, visibility: str) -> None:
    """X.SPL.07: the others are told who has it, whatever they may see of it by then."""
    api = await desk.open(visibility=visibility)
    thread = await desk.thread()
    people = [f"sale{number}" for number in range(20)]
    for one in people:
        await desk.hire(one, bot=BOT)

    answers = await asyncio.gather(*(claim(api, thread, one) for one in people * 5))

    winners = [answer for answer in answers if answer.status == 200]
    assert len(winners) == 1
    losers = [answer for answer in answers if answer.status == 409]
    assert len(losers) == 99
    winner = winners[0].json["assignee"]
    assert {answer.json["code"] for answer in losers} == {"already_claimed"}
    assert {answer.json["assignee"]["id"] for answer in losers} == {winner}
    assert {answer.json["assignee"]["name"] for answer in losers} == {winner.title()}
    receipts = await desk.all_of("receipts")
    assert [(one["kind"], one["chosen"]) for one in receipts] == [("claimed", winner)]
    assert len(await desk.all_of("interactions")) == 1
    assert len(await desk.all_of("live_events", type="conversation_changed")) == 1
    (books,) = await desk.all_of("split_ledger")
    assert (books["_id"], books["manual"]) == ({"rule_id": "rule1", "staff_id": winner}, 1)
    await api.close()


async def test_a_claim_is_told_with_the_people_before_and_after(
    desk: HandlingDesk, api: Api
) -> None:
    thread = await desk.thread(None, "minh")

    answer = await claim(api, thread, "lan")

    assert answer.status == 200
    assert (answer.json["assignee"], answer.json["participants"]) == ("lan", ["lan", "minh"])
    stored = await desk.stored(thread)
    assert stored["split"]["state"] == "assigned"
    assert (stored["split"]["round"], stored["split"]["tried"]) == (0, ["lan"])
    (receipt,) = await desk.all_of("receipts")
    assert stored["split"]["receipt_id"] == receipt["_id"]
    (event,) = await desk.all_of("live_events")
    assert event["assignee"] == {"before": None, "after": "lan"}
    assert event["participants"] == {"before": ["minh"], "after": ["lan", "minh"]}
    assert event["split"] == {"before": "claimable", "after": "assigned"}
    assert event["data"]["conversation"]["customer"]["name"] == "Khách"
    assert await desk.all_of("notices") == [], "who takes it knows it"


async def test_what_is_only_given_is_given_by_leaders(desk: HandlingDesk, api: Api) -> None:
    """X.SPL.08: a sale cannot take it, nor give it to another."""
    thread = await desk.thread(state="manual")

    assert (await claim(api, thread, "lan")).status == 403
    assert (await assign(api, thread, "lan", staff_id="minh")).status == 403
    given = await assign(api, thread, "hoa", staff_id="minh")

    assert (given.status, given.json["assignee"]) == (200, "minh")


async def test_a_transfer_keeps_its_reason_and_notifies_who_gets_it(
    desk: HandlingDesk, api: Api
) -> None:
    """X.SPL.18: with the reason in the history, and told to the new assignee alone."""
    thread = await desk.thread("lan", "boss")
    wanted = {"staff_id": "minh", "reason": " Khách hỏi kỹ thuật. ", "from": "lan"}

    answer = await assign(api, thread, "lan", **wanted)

    assert (answer.status, answer.json["participants"]) == (200, ["minh", "boss"])
    history = await api.get(f"/conversations/{thread}/receipts", "minh")
    (receipt,) = history.json["items"]
    assert receipt["vi"] == "Lan chuyển từ Lan sang Minh. Lý do: Khách hỏi kỹ thuật."
    assert (receipt["before"], receipt["chosen"]) == ("lan", "minh")
    assert receipt["reason"] == "Khách hỏi kỹ thuật."
    (row,) = await desk.all_of("interactions")
    assert row["type"] == "assignment_changed"
    assert row["data"]["reason"] == "Khách hỏi kỹ thuật."
    notices = (await api.get("/me/notices", "minh")).json
    assert notices["unread"] == 1
    assert notices["items"][0]["kind"] == "assigned"
    assert notices["items"][0]["conversation_id"] == thread
    assert notices["items"][0]["data"] == {"by": "lan", "reason": "Khách hỏi kỹ thuật."}
    assert (await api.get("/me/notices", "lan")).json["items"] == []
    (told,) = await desk.all_of("live_events", type="notice")
    assert told["staff_ids"] == ["minh"]


@pytest.mark.parametrize(
    ("who", "body", "expected"),
    [
        pytest.param("lan", {"staff_id": "minh"}, 200, id="the assignee transfers"),
        pytest.param("lan", {"staff_id": None}, 200, id="the assignee lets go"),
        pytest.param("lan", {"resplit": True}, 200, id="the assignee has it split again"),
        pytest.param("hoa", {"staff_id": "minh"}, 200, id="the manager transfers"),
        pytest.param("hoa", {"staff_id": "hoa"}, 200, id="the manager takes over"),
        pytest.param("boss", {"staff_id": None}, 200, id="the admin unassigns"),
        pytest.param("minh", {"staff_id": "minh"}, 403, id="a participant takes over"),
        pytest.param("minh", {"staff_id": "boss"}, 403, id="a participant transfers"),
        pytest.param("minh", {"staff_id": None}, 403, id="a participant unassigns"),
        pytest.param("minh", {"resplit": True}, 403, id="a participant has it split again"),
        pytest.param("stranger", {"staff_id": "stranger"}, 403, id="a stranger"),
        pytest.param("lan", {"staff_id": "stranger"}, 422, id="to a stranger"),
        pytest.param("lan", {"staff_id": "nobody"}, 422, id="to nobody of that id"),
        pytest.param("lan", {}, 422, id="to nobody named"),
        pytest.param("lan", {"staff_id": "minh", "from": "minh"}, 409, id="it was another's"),
        pytest.param("lan", {"staff_id": "minh", "from": None}, 409, id="it was nobody's"),
        pytest.param("lan", {"staff_id": "lan", "from": "lan"}, 200, id="it is so already"),
    ],
)
async def test_who_may_reassign(
    desk: HandlingDesk, api: Api, who: str, body: dict[str, Any], expected: int
) -> None:
    """X.SPL.18: the assignee and leaders; without the permission 403 and nothing changes."""
    thread = await desk.thread("lan", "minh")
    before = await desk.stored(thread)

    answer = await assign(api, thread, who, **body)

    assert answer.status == expected, answer.json
    changed = expected == 200 and body.get("staff_id") != "lan"
    assert len(await desk.all_of("receipts")) == changed
    assert len(await desk.all_of("interactions")) == changed
    if not changed:
        assert await desk.stored(thread) == before


async def test_who_lost_it_meanwhile_is_told_who_has_it(desk: HandlingDesk) -> None:
    """Also where they may not see it any more."""
    api = await desk.open(visibility="own")
    thread = await desk.thread("minh")

    answer = await assign(api, thread, "lan", staff_id="hoa", **{"from": "lan"})

    assert (answer.status, answer.json["code"]) == (409, "assignment_changed")
    assert answer.json["assignee"] == {"id": "minh", "name": "Minh"}
    assert (await assign(api, thread, "lan", staff_id="hoa")).status == 403
    assert (await assign(api, thread, "stranger", staff_id=None, **{"from": "x"})).status == 403
    await api.close()


async def test_of_two_transfers_at_once_from_one_person_one_is_made(
    desk: HandlingDesk, api: Api
) -> None:
    thread = await desk.thread("lan")
    to_whom = ["minh", "boss"] * 10

    answers = await asyncio.gather(
        *(assign(api, thread, "hoa", staff_id=one, **{"from": "lan"}) for one in to_whom)
    )

    assert sorted(answer.status for answer in answers) == [200] + [409] * 19
    assert len(await desk.all_of("receipts")) == 1


async def test_what_is_split_again_waits_for_the_splitter(desk: HandlingDesk, api: Api) -> None:
    thread = await desk.thread("lan", "boss")

    answer = await assign(api, thread, "lan", resplit=True)

    assert (answer.json["assignee"], answer.json["participants"]) == (None, ["boss"])
    split = (await desk.stored(thread))["split"]
    assert (split["state"], split["tried"], split["round"]) == ("waiting", ["lan"], 0)
    assert split["since"] == desk.clock.now(), "it does not overtake who waits already"
    assert desk.woken == 1
    (receipt,) = await desk.all_of("receipts")
    assert (receipt["kind"], receipt["before"]) == ("released", "lan")


async def test_what_somebody_lets_go_of_may_be_claimed_unless_it_is_only_given(
    desk: HandlingDesk, api: Api
) -> None:
    free = await desk.thread("lan")
    await assign(api, free, "lan", staff_id=None)
    await desk.mongo["split_rules"].insert_one({"_id": "rule1", "bot_id": BOT, "mode": "manual"})
    given = await desk.thread("lan")
    await assign(api, given, "lan", staff_id=None)

    assert (await claim(api, free, "minh")).status == 200
    assert (await claim(api, given, "minh")).status == 403


async def test_what_is_being_split_is_left_to_the_splitter(desk: HandlingDesk, api: Api) -> None:
    thread = await desk.thread(state="pending")

    assert (await claim(api, thread, "lan")).status == 403, "a sale does not see it yet"
    taken = await claim(api, thread, "hoa")

    assert (taken.status, taken.json["code"]) == (409, "being_split")


async def test_take_over_by_hand_is_as_free_as_by_reply(desk: HandlingDesk) -> None:
    api = await desk.open(visibility="all", replier_takes_over=True)
    thread = await desk.thread("lan")

    answer = await assign(api, thread, "minh", staff_id="minh")

    assert (answer.status, answer.json["participants"]) == (200, ["minh"])
    (receipt,) = (await api.get(f"/conversations/{thread}/receipts", "minh")).json["items"]
    assert receipt["vi"] == "Minh tiếp quản từ Lan."
    await api.close()


async def test_colleagues_join_and_leave(desk: HandlingDesk, api: Api) -> None:
    """Each change has one entry in the history; who joins is notified; repeating adds nothing."""
    thread, path = await desk.thread("lan"), "/conversations/{}/participants"
    join = {"json": {"staff_id": "minh"}}

    for _ in range(2):
        joined = await api.call("POST", path.format(thread), "lan", **join)
        assert joined.json["participants"] == ["lan", "minh"]
    desk.clock.advance(timedelta(seconds=1))
    left = await api.call("DELETE", f"{path.format(thread)}/minh", "minh")
    assert left.json["participants"] == ["lan"]

    history = await api.get(f"/conversations/{thread}/receipts", "lan")
    assert [one["vi"] for one in history.json["items"]] == [
        "Minh rời hội thoại.",
        "Lan thêm Minh vào hội thoại.",
    ]
    assert (await api.get("/me/notices", "minh")).json["items"][0]["kind"] == "participant_added"
    stays = await api.call("DELETE", f"{path.format(thread)}/lan", "lan")
    assert (stays.status, stays.json["code"]) == (409, "assignee_stays")
    assert (await desk.stored(thread))["split"]["round"] == 2, "the assignment is untouched"


@pytest.mark.parametrize(
    ("who", "expected"),
    [("lan", 200), ("minh", 200), ("hoa", 200), ("boss", 200), ("other", 403), ("stranger", 403)],
)
async def test_who_takes_part_adds_others(
    desk: HandlingDesk, api: Api, who: str, expected: int
) -> None:
    await desk.hire("other", bot=BOT)
    await desk.hire("new", bot=BOT)
    thread = await desk.thread("lan", "minh")

    answer = await api.call(
        "POST", f"/conversations/{thread}/participants", who, json={"staff_id": "new"}
    )

    assert answer.status == expected
    may_remove = who in ("lan", "hoa", "boss")
    removed = await api.call("DELETE", f"/conversations/{thread}/participants/minh", who)
    assert (removed.status == 200) == (may_remove or who == "minh")


async def test_without_splitting_there_are_participants_and_no_assignee(
    desk: HandlingDesk,
) -> None:
    """S0.08: the people block of a bot that does not split; everybody adds whom they like."""
    api = await desk.open(enabled=False)
    thread = await desk.thread(None, "minh", state="off")
    claimed = await claim(api, thread, "lan")
    assert (claimed.status, claimed.json["code"]) == (409, "splitting_off")

    await api.call("POST", f"/conversations/{thread}/participants", "lan", json={"staff_id": "hoa"})

    block = (await api.get(f"/conversations/{thread}/people", "lan")).json
    assert [(one["id"], one["name"]) for one in block["participants"]] == [
        ("minh", "Minh"),
        ("hoa", "Hoa"),
    ]
    assert "assignee" not in block
    assert block["splits"] is False
    assert block["may"] == ["add_participant", "remove_participant"]
    await api.close()


async def test_with_splitting_the_assignee_is_shown_and_takes_part(
    desk: HandlingDesk, api: Api
) -> None:
    """S0.10, X.SPL.19: with the last entry of the history."""
    thread = await desk.thread(None, "minh")
    await claim(api, thread, "lan")

    block = (await api.get(f"/conversations/{thread}/people", "lan")).json

    assert (block["splits"], block["state"]) == (True, "assigned")
    assert (block["assignee"]["id"], block["assignee"]["presence"]) == ("lan", "offline")
    assert [one["id"] for one in block["participants"]] == ["lan", "minh"]
    assert block["last_receipt"]["vi"] == "Lan đã nhận hội thoại."
    assert block["last_receipt"]["en"] == "Lan claimed the conversation."
    assert set(block["may"]) >= {"transfer", "unassign", "resplit"}
    assert (await api.get(f"/conversations/{thread}/people", "stranger")).status == 403


async def test_the_history_is_paged_newest_first(desk: HandlingDesk, api: Api) -> None:
    """X.SPL.19: every change leaves one entry."""
    thread = await desk.thread()
    await claim(api, thread, "lan")
    for to in ("minh", "hoa", "lan", "minh"):
        await assign(api, thread, "hoa", staff_id=to)

    pages = await api.pages(f"/conversations/{thread}/receipts", "hoa", limit=2)

    chosen = [item["chosen"] for page in pages for item in page.json["items"]]
    assert sorted(chosen, key=str) == ["hoa", "lan", "lan", "minh", "minh"]
    assert len(pages) == 3


async def test_colleagues_are_those_who_could_have_it_the_present_first(
    desk: HandlingDesk, api: Api
) -> None:
    thread = await desk.thread("lan")
    await desk.presence.extend({"minh": desk.clock.now().replace(hour=23)})
    await desk.mongo["staff"].update_one({"_id": "hoa"}, {"$set": {"active": False}})

    people = (await api.get(f"/conversations/{thread}/colleagues", "lan")).json["items"]

    assert [(one["id"], one["presence"]) for one in people] == [
        ("minh", "online"),
        ("boss", "offline"),
        ("lan", "offline"),
    ]


async def test_notices_are_read_by_their_person_alone(desk: HandlingDesk, api: Api) -> None:
    thread = await desk.thread("lan")
    await assign(api, thread, "lan", staff_id="minh")
    await assign(api, thread, "minh", staff_id="lan")

    await api.call("POST", "/me/notices/read", "lan", json={})

    assert (await api.get("/me/notices", "lan")).json["unread"] == 0
    (unread,) = (await api.get("/me/notices", "minh")).json["items"]
    await api.call("POST", "/me/notices/read", "lan", json={"ids": [unread["id"]]})
    assert (await api.get("/me/notices", "minh")).json["unread"] == 1
