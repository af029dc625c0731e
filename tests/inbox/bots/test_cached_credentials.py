"""Opened credentials are kept for a moment, and forgotten when they change."""

from datetime import timedelta

from inbox.bots.credentials.caching import KEPT_FOR, CachedCredentials
from inbox.clock import FixedClock
from inbox.ports import Credentials


class CountingCredentials:
    """Credentials in memory that count how often they are read."""

    def __init__(self) -> None:
        self.values: dict[str, dict[str, str]] = {"page": {"access_token": "one"}}
        self.reads = 0

    async def of(self, account_key: str) -> dict[str, str]:
        self.reads += 1
        return dict(self.values.get(account_key, {}))


async def test_credentials_are_read_once_in_five_seconds(clock: FixedClock) -> None:
    source = CountingCredentials()
    cached: Credentials = CachedCredentials(source, clock)
    for _ in range(3):
        assert await cached.of("page") == {"access_token": "one"}
    assert source.reads == 1

    source.values["page"] = {"access_token": "two"}
    clock.advance(KEPT_FOR - timedelta(milliseconds=1))
    assert await cached.of("page") == {"access_token": "one"}
    clock.advance(timedelta(milliseconds=1))
    assert await cached.of("page") == {"access_token": "two"}


async def test_forgotten_credentials_are_read_anew_at_once(clock: FixedClock) -> None:
    source = CountingCredentials()
    cached = CachedCredentials(source, clock)
    await cached.of("page")
    source.values["page"] = {"access_token": "two"}

    cached.forget("page")

    assert await cached.of("page") == {"access_token": "two"}


async def test_account_that_has_none_yet_is_asked_for_every_time(clock: FixedClock) -> None:
    source = CountingCredentials()
    cached = CachedCredentials(source, clock)
    assert await cached.of("new page") == {}

    source.values["new page"] = {"access_token": "one"}

    assert await cached.of("new page") == {"access_token": "one"}


async def test_what_a_caller_does_to_them_stays_with_the_caller(clock: FixedClock) -> None:
    cached = CachedCredentials(CountingCredentials(), clock)
    (await cached.of("page")).clear()
    (await cached.of("page")).clear()

    assert await cached.of("page") == {"access_token": "one"}


async def test_cache_does_not_show_secrets_and_does_not_grow_without_end(
    clock: FixedClock,
) -> None:
    source = CountingCredentials()
    source.values = {str(number): {"access_token": "hunter22"} for number in range(1500)}
    cached = CachedCredentials(source, clock)

    for number in range(1500):
        await cached.of(str(number))

    assert "hunter22" not in repr(cached._kept)
    assert len(cached._kept) <= 1000
