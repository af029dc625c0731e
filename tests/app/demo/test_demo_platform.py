"""The simulated platform as a source of profiles and a server of media."""

from datetime import timedelta

import pytest
from aiohttp import ClientSession

from app.demo.accounts import account_of
from app.demo.people import PEOPLE, Person
from app.demo.platform import SimulatedPlatform
from inbox.clock import FixedClock
from inbox.conversations.model import IdentityRef
from inbox.ports import ProfileRefused, ProfileSource, ProfileUnavailable


def identity_of(person: Person, account_id: str | None = None) -> IdentityRef:
    account_id = account_id or account_of(person.channel).account_id
    return IdentityRef(person.channel, account_id, person.external_id)


async def test_it_knows_the_names_of_its_customers() -> None:
    platform: ProfileSource = SimulatedPlatform()
    named = [person for person in PEOPLE if person.profile == "open"]
    assert len(named) > 30
    for person in named:
        profile = await platform.fetch(identity_of(person))
        assert profile.name == person.name
        assert profile.avatar_url is None


async def test_some_profiles_are_closed_and_some_slow() -> None:
    platform = SimulatedPlatform()
    closed = [person for person in PEOPLE if person.profile == "closed"]
    slow = [person for person in PEOPLE if person.profile == "slow"]
    assert closed
    assert slow
    for person in closed:
        with pytest.raises(ProfileRefused):
            await platform.fetch(identity_of(person))
    for person in slow:
        with pytest.raises(ProfileUnavailable):
            await platform.fetch(identity_of(person))
        assert (await platform.fetch(identity_of(person))).name == person.name


async def test_strangers_and_other_accounts_are_refused() -> None:
    platform = SimulatedPlatform()
    with pytest.raises(ProfileRefused):
        await platform.fetch(IdentityRef("zalo", account_of("zalo").account_id, "1"))
    with pytest.raises(ProfileRefused):
        await platform.fetch(identity_of(PEOPLE[0], account_id="1"))


async def test_media_are_served_on_loopback() -> None:
    platform = SimulatedPlatform()
    await platform.start()
    try:
        async with ClientSession() as session:
            kinds = {"a.png": b"\x89PNG", "b.wav": b"RIFF", "c.pdf": b"%PDF"}
            for name, magic in kinds.items():
                async with session.get(platform.media_url(name)) as answer:
                    assert answer.status == 200
                    assert (await answer.read()).startswith(magic)
            async with session.get(platform.media_url("../secrets.json")) as answer:
                assert answer.status == 404
    finally:
        await platform.stop()


async def test_a_port_in_use_is_replaced_by_a_free_one() -> None:
    first = SimulatedPlatform()
    await first.start()
    port = int(first.media_url("a.png").split(":")[2].split("/")[0])
    second = SimulatedPlatform(port)
    await second.start()
    try:
        assert second.media_url("a.png") != first.media_url("a.png")
        async with ClientSession() as session, session.get(second.media_url("a.png")) as answer:
            assert answer.status == 200
    finally:
        await second.stop()
        await first.stop()


async def test_what_is_kept_is_served_until_its_link_ends(clock: FixedClock) -> None:
    platform = SimulatedPlatform(clock=clock, links_live=timedelta(seconds=60))
    await platform.start()
    try:
        urls = [platform.keep("áo.png", "image/png", b"bytes"), platform.media_url("a.png")]
        async with ClientSession() as session:
            async with session.get(urls[0]) as answer:
                assert (answer.content_type, await answer.read()) == ("image/png", b"bytes")
            clock.advance(timedelta(seconds=60))
            for url in urls:
                async with session.get(url) as answer:
                    assert (answer.status, await answer.text()) == (403, "URL signature expired")
            async with session.get(f"{platform.base_url}/uploads/nothing/a.png") as answer:
                assert answer.status == 404
    finally:
        await platform.stop()
