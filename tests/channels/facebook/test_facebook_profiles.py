"""Names and pictures of people: what Meta tells, and in how many ways it does not."""

from collections.abc import AsyncIterator

import pytest

from inbox.clock import FixedClock
from inbox.conversations.model import IdentityRef
from inbox.mongo.client import Mongo
from inbox.ports import Profile, ProfileRefused, ProfileSource, ProfileUnavailable
from tests.channels.facebook.graph_world import PAGE_ID, PERSON_ID, World, graph_world, refusal
from tests.channels.scripted_platform import Reply, Stall, Step

PERSON = IdentityRef("facebook", PAGE_ID, PERSON_ID)
NO_CONVERSATION = Reply({"data": []})


@pytest.fixture
async def world(mongo: Mongo, clock: FixedClock) -> AsyncIterator[World]:
    async with graph_world(mongo, clock) as world:
        yield world


@pytest.mark.parametrize(
    ("answer", "profile"),
    [
        pytest.param(
            {"id": PERSON_ID, "name": "Đặng Hường", "profile_pic": "https://cdn.example/a"},
            Profile("Đặng Hường", "https://cdn.example/a"),
            id="all of it",
        ),
        pytest.param({"name": "Hường", "id": "1"}, Profile("Hường"), id="name alone"),
        pytest.param(
            {"first_name": "Hường", "last_name": "Đặng"}, Profile("Hường Đặng"), id="both names"
        ),
        pytest.param({"first_name": "Hường", "last_name": ""}, Profile("Hường"), id="one name"),
        pytest.param({"username": "huong.dang"}, Profile("huong.dang"), id="user name"),
        pytest.param({"name": "Hường", "profile_pic": 3}, Profile("Hường"), id="odd picture"),
    ],
)
async def test_name_is_taken_in_whatever_form_it_comes(
    world: World, answer: dict[str, object], profile: Profile
) -> None:
    """X.INB.08."""
    world.graph.will(Reply(answer))
    source: ProfileSource = world.profiles

    assert await source.fetch(PERSON) == profile
    assert world.graph.received[0].path == f"/v26.0/{PERSON_ID}"
    assert world.graph.received[0].query["fields"] == "id,name,first_name,last_name,profile_pic"


CLOSED = [
    pytest.param(Reply({}), id="nothing"),
    pytest.param(Reply({"id": PERSON_ID, "name": " "}), id="empty name"),
    pytest.param(refusal(100, 2018218), id="no profile"),
    pytest.param(refusal(100, 2018247), id="not permitted"),
    pytest.param(refusal(2018247, status=500), id="not permitted, as a code"),
    pytest.param(refusal(100, 33), id="no such person"),
    pytest.param(refusal(200), id="no permission"),
]


@pytest.mark.parametrize("step", CLOSED)
async def test_closed_profile_is_refused(world: World, step: Step) -> None:
    world.graph.will(step, NO_CONVERSATION)

    with pytest.raises(ProfileRefused):
        await world.profiles.fetch(PERSON)

    assert world.graph.unused == 0


@pytest.mark.parametrize("step", CLOSED)
async def test_closed_profile_s_name_is_found_among_the_participants(
    world: World, step: Step
) -> None:
    participants = [{"id": PAGE_ID, "name": "Shop"}, {"id": PERSON_ID, "name": "Hường"}]
    world.graph.will(step, Reply({"data": [{"participants": {"data": participants}}]}))

    assert await world.profiles.fetch(PERSON) == Profile("Hường")


async def test_refused_conversation_is_a_refusal_too(world: World) -> None:
    world.graph.will(Reply({}), refusal(10))

    with pytest.raises(ProfileRefused):
        await world.profiles.fetch(PERSON)


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(refusal(190, 463), id="token dead"),
        pytest.param(refusal(4), id="throttled"),
        pytest.param(refusal(2, status=500), id="passing"),
        pytest.param(Reply(b"<html>", status=502), id="gateway"),
        pytest.param(Reply(b"<html>"), id="not Graph"),
        pytest.param(Stall(), id="stall"),
    ],
)
async def test_trouble_that_passes_is_tried_again_later(world: World, step: Step) -> None:
    world.graph.will(step)

    with pytest.raises(ProfileUnavailable):
        await world.profiles.fetch(PERSON)


async def test_account_without_a_token_may_get_one_later(world: World) -> None:
    world.credentials.values.clear()

    with pytest.raises(ProfileUnavailable):
        await world.profiles.fetch(PERSON)


async def test_instagram_asks_for_the_user_name(world: World) -> None:
    world.graph.will(Reply({"name": None, "username": "huong.dang", "id": "5"}))

    profile = await world.profiles.fetch(IdentityRef("instagram", "17841", "5"))

    assert profile == Profile("huong.dang")
    assert "username" in world.graph.received[0].query["fields"]


async def test_other_channels_are_not_asked(world: World) -> None:
    with pytest.raises(ProfileRefused):
        await world.profiles.fetch(IdentityRef("zalo", "1", "2"))
