"""A clock that is off the database's: an alarm, and no reason to refuse webhooks."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from inbox.clock import FixedClock, SystemClock
from inbox.mongo.client import Mongo
from inbox.mongo.probe import clock_skew
from tests.service import RunningService, running_service


@pytest.fixture
async def service(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[RunningService]:
    clock = FixedClock(SystemClock().now())
    async with running_service(mongo, mongo_uri, tmp_path, clock=clock) as running:
        yield running


async def test_a_clock_that_is_off_is_told_and_does_not_stop_the_service(
    service: RunningService, mongo: Mongo
) -> None:
    clock = service.service.clock
    assert isinstance(clock, FixedClock)
    skew = await clock_skew(mongo, clock.now())
    clock.advance(timedelta(minutes=10) - skew)

    with capture_logs() as logs:
        for _ in range(3):
            async with service.session.get(f"{service.url}/readyz") as answer:
                ready = await answer.json()
                assert (answer.status, ready["warnings"]) == (200, ["clock"])
    errors = [one for one in logs if one["log_level"] == "error"]
    assert [one["event"] for one in errors] == ["the clock is off the database's"], "once"

    async with service.session.get(f"{service.url}/metrics") as answer:
        assert "inbox_clock_skew_seconds" in await answer.text()
