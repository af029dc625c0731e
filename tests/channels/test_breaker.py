"""The circuit breaker: when it opens, who may probe, and how it closes."""

from datetime import timedelta

from channels.breaker import Breakers
from inbox.clock import FixedClock

OPEN_FOR = timedelta(seconds=15)


def breakers(clock: FixedClock) -> Breakers:
    return Breakers(clock, after=3, open_for=OPEN_FOR)


def opened(clock: FixedClock) -> Breakers:
    circuit = breakers(clock)
    for _ in range(3):
        circuit.failed("page")
    return circuit


def test_calls_go_until_so_many_have_failed_in_a_row(clock: FixedClock) -> None:
    circuit = breakers(clock)
    circuit.failed("page")
    circuit.failed("page")
    assert circuit.wait_s("page") == 0

    circuit.failed("page")

    assert circuit.wait_s("page") == 15


def test_success_between_failures_begins_the_count_anew(clock: FixedClock) -> None:
    circuit = breakers(clock)
    for _ in range(4):
        circuit.failed("page")
        circuit.failed("page")
        circuit.succeeded("page")

    assert circuit.wait_s("page") == 0


def test_other_accounts_are_not_held_up(clock: FixedClock) -> None:
    assert opened(clock).wait_s("other page") == 0


def test_one_call_may_probe_after_the_time_is_over_and_the_others_wait(clock: FixedClock) -> None:
    circuit = opened(clock)
    clock.advance(OPEN_FOR)

    assert circuit.wait_s("page") == 0
    assert circuit.wait_s("page") == 15


def test_probe_that_succeeds_closes(clock: FixedClock) -> None:
    circuit = opened(clock)
    clock.advance(OPEN_FOR)
    circuit.wait_s("page")

    circuit.succeeded("page")

    assert [circuit.wait_s("page") for _ in range(3)] == [0, 0, 0]
    circuit.failed("page")
    assert circuit.wait_s("page") == 0


def test_probe_that_fails_opens_again_at_once(clock: FixedClock) -> None:
    circuit = opened(clock)
    clock.advance(OPEN_FOR)
    circuit.wait_s("page")

    circuit.failed("page")

    assert circuit.wait_s("page") == 15


def test_probe_that_never_reports_does_not_block_for_ever(clock: FixedClock) -> None:
    circuit = opened(clock)
    clock.advance(OPEN_FOR)
    circuit.wait_s("page")

    clock.advance(OPEN_FOR)

    assert circuit.wait_s("page") == 0


def test_breaker_is_open_until_a_call_succeeds(clock: FixedClock) -> None:
    circuit = opened(clock)
    clock.advance(OPEN_FOR)
    assert circuit.is_open("page")
    assert not circuit.is_open("other page")

    circuit.succeeded("page")

    assert not circuit.is_open("page")
