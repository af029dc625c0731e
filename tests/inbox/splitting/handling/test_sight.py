"""What members of a splitting bot see of it, by every way of asking."""

import pytest

from inbox.clock import FixedClock
from inbox.conversations.visibility import may_see, people_of
from inbox.live.model import event_from_document
from inbox.live.ring import Entry
from inbox.mongo.client import Mongo
from inbox.staff.model import Actor
from tests.inbox.inbox_world import Api
from tests.inbox.splitting.handling.handling_desk import BOT, HandlingDesk, assign, claim

MINE, THEIRS, SHARED = "mine", "theirs", "shared"
CLAIMABLE, WAITING, PENDING = "claimable", "waiting", "pending"
EVERYTHING = {MINE, THEIRS, SHARED, CLAIMABLE, WAITING, PENDING}
OWN = {MINE, SHARED, CLAIMABLE}
OWN_UNASSIGNED = OWN | {WAITING}
OTHERS = {THEIRS, SHARED, CLAIMABLE}


@pytest.fixture
def desk(mongo: Mongo, clock: FixedClock) -> HandlingDesk:
    return HandlingDesk(mongo, clock)


async def threads(desk: HandlingDesk) -> dict[str, str]:
    """One conversation of each kind; "mine" is Lan's, "theirs" Minh's."""
    return {
        MINE: await desk.thread("lan"),
        THEIRS: await desk.thread("minh"),
        SHARED: await desk.thread("hoa", "lan", "minh"),
        CLAIMABLE: await desk.thread(state="claimable"),
        WAITING: await desk.thread(state="waiting"),
        PENDING: await desk.thread(state="pending"),
    }


@pytest.mark.parametrize(
    ("visibility", "who", "expected"),
    [
        ("own", "lan", OWN),
        ("own", "minh", OTHERS),
        ("own", "hoa", EVERYTHING),
        ("own", "boss", EVERYTHING),
        ("own", "stranger", set()),
        ("own_unassigned", "lan", OWN_UNASSIGNED),
        ("own_unassigned", "minh", OTHERS | {WAITING}),
        ("own_unassigned", "hoa", EVERYTHING),
        ("own_unassigned", "boss", EVERYTHING),
        ("own_unassigned", "stranger", set()),
        ("all", "lan", EVERYTHING),
        ("all", "minh", EVERYTHING),
        ("all", "hoa", EVERYTHING),
        ("all", "boss", EVERYTHING),
        ("all", "stranger", set()),
    ],
)
async def test_three_options_and_four_kinds_of_staff(
    desk: HandlingDesk, visibility: str, who: str, expected: set[str]
) -> None:
    """X.SPL.16: the sale who has it, another sale, a manager, an admin; and who is no member."""
    api = await desk.open(visibility=visibility)
    ids = await threads(desk)

    listed = set((await api.get("/conversations", who)).ids)
    counts = (await api.get("/conversations/counts", who)).json

    assert {name for name, id_ in ids.items() if id_ in listed} == expected
    assert counts["views"]["all"] == len(expected)
    for name, id_ in ids.items():
        status = 200 if name in expected else 403
        assert await _statuses(api, desk, id_, who) == {status}, name
    await api.close()


async def _statuses(api: Api, desk: HandlingDesk, conversation_id: str, who: str) -> set[int]:
    """Of every read of a conversation and of its customer."""
    customer = (await desk.stored(conversation_id))["customer_id"]
    paths = [
        *(f"/conversations/{conversation_id}{rest}" for rest in ("", "/messages")),
        *(f"/conversations/{conversation_id}{rest}" for rest in ("/people", "/receipts")),
        *(f"/customers/{customer}{rest}" for rest in ("", "/timeline", "/media")),
    ]
    return {(await api.get(path, who)).status for path in paths}


async def test_without_splitting_everybody_sees_everything(desk: HandlingDesk) -> None:
    """S0.09: whatever the visibility is set to; who is not a member gets 403."""
    api = await desk.open(enabled=False, visibility="own")
    thread = await desk.thread(None, "minh", state="off")

    assert (await api.get("/conversations", "lan")).ids == [thread]
    assert (await api.get(f"/conversations/{thread}", "lan")).status == 200
    assert (await api.get("/conversations", "stranger")).ids == []
    assert (await api.get(f"/conversations/{thread}", "stranger")).status == 403
    await api.close()


async def test_a_changed_visibility_holds_from_the_next_read_on(desk: HandlingDesk) -> None:
    """The actor is remembered for a moment, but not across the change; inboxes are told."""
    api = await desk.open(visibility="all")
    theirs = await desk.thread("minh")
    assert (await api.get("/conversations", "lan")).ids == [theirs]

    for wanted, seen in ({"visibility": "own"}, []), ({"enabled": False}, [theirs]):
        changed = await api.call("PUT", f"/bots/{BOT}/split", "boss", json=wanted)
        assert changed.status == 200, changed.json
        assert (await api.get("/conversations", "lan")).ids == seen
    assert len(await desk.all_of("live_events", type="bot_changed")) == 2
    await api.close()


async def _told(desk: HandlingDesk, name: str) -> list[str]:
    """The types of frames that somebody gets of what has happened."""
    actor = await desk.authenticator.by_token(name)
    assert actor is not None
    found = await desk.mongo["live_events"].find().sort("_id", 1).to_list()
    entries = [Entry(str(one["_id"]), event_from_document(one)) for one in found]
    frames = [entry.frame_for(actor, may_see) for entry in entries]
    return [frame.split(b'"type":"')[1].split(b'"')[0].decode() for frame in frames if frame]


async def test_who_loses_sight_is_told_that_it_is_gone(desk: HandlingDesk) -> None:
    """X.SPL.07, X.SPL.16: the others stop seeing what one has claimed, at once."""
    api = await desk.open(visibility="own")
    thread = await desk.thread()

    await claim(api, thread, "lan")
    assert await _told(desk, "lan") == ["conversation_changed"]
    assert await _told(desk, "minh") == ["conversation_removed"]
    assert await _told(desk, "hoa") == ["conversation_changed"]
    assert await _told(desk, "stranger") == []
    await desk.mongo["live_events"].delete_many({})

    await assign(api, thread, "lan", staff_id="minh")
    assert await _told(desk, "lan") == ["conversation_removed"]
    assert await _told(desk, "minh") == ["notice", "conversation_changed"]
    assert await _told(desk, "boss") == ["conversation_changed"]
    await api.close()


async def test_a_bot_sees_all_of_its_conversations(desk: HandlingDesk) -> None:
    """Its token is nobody's, so nothing would be its own."""
    api = await desk.open(visibility="own")
    theirs = await desk.stored(await desk.thread("minh"))
    bot = Actor(id=BOT, name="Bot", role="sale", kind="automation", bot_ids=frozenset({BOT}))

    assert may_see(bot, BOT, people_of(theirs))
    await api.close()
