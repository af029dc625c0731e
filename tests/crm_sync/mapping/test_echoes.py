"""What we wrote comes back once; what a person did is heard, even in the second of our write."""

from datetime import datetime, timedelta

import pytest

from crm_sync.mapping.echoes import Seen, Wrote, kept, sight
from tests.crm_sync.mapping.fields_of_shop import NOON

SECOND = timedelta(seconds=1)
A_DAY = timedelta(hours=24)


def wrote(hash_: str, *, after: timedelta = timedelta(), field: str = "phone") -> Wrote:
    return Wrote(field, hash_, NOON + after)


def seen(after: timedelta = SECOND, changed_at: datetime | None = None) -> Seen:
    return Seen(NOON + after, changed_at)


def test_write_that_comes_back_is_an_echo_once() -> None:
    what, left = sight([wrote("a")], "phone", "a", seen())

    assert (what, left) == ("echo", ())
    assert sight(left, "phone", "a", seen()) == ("news", ())


def test_another_value_is_news_and_ends_what_we_wrote() -> None:
    """Acceptance 12: a person edits right after us, and later sets the value back that was ours."""
    what, left = sight([wrote("a")], "phone", "b", seen())

    assert what == "news"
    assert sight(left, "phone", "a", seen(2 * SECOND)) == ("news", ())


def test_fields_are_apart() -> None:
    ledger = [wrote("a"), wrote("a", field="email")]

    what, left = sight(ledger, "email", "a", seen())

    assert (what, left) == ("echo", (wrote("a"),))


def test_older_write_that_comes_back_late_leaves_the_newer_one() -> None:
    newer = wrote("b", after=SECOND)

    what, left = sight([wrote("a"), newer], "phone", "a", seen(2 * SECOND))

    assert (what, left) == ("echo", (newer,))


def test_newer_write_that_comes_back_ends_the_older_ones() -> None:
    ledger = [wrote("a"), wrote("b", after=SECOND)]

    assert sight(ledger, "phone", "b", seen(2 * SECOND)) == ("echo", ())


@pytest.mark.parametrize(
    ("at", "what"),
    [
        (A_DAY - SECOND, "echo"),
        (A_DAY, "news"),
    ],
)
def test_write_may_come_back_for_a_day(at: timedelta, what: str) -> None:
    assert sight([wrote("a")], "phone", "a", seen(at))[0] == what
    assert kept([wrote("a")], NOON + at) == ((wrote("a"),) if what == "echo" else ())


def test_record_that_was_read_before_we_wrote_says_nothing() -> None:
    ledger = [wrote("b", after=2 * SECOND)]

    assert sight(ledger, "phone", "a", seen(SECOND)) == ("stale", tuple(ledger))


def test_record_that_was_changed_before_our_write_says_nothing() -> None:
    """A CRM whose search lags behind what it stores."""
    ours = Wrote("phone", "b", NOON, changed_at=NOON)

    assert sight([ours], "phone", "a", seen(SECOND, NOON - SECOND))[0] == "stale"
    assert sight([ours], "phone", "a", seen(SECOND, NOON))[0] == "news"
    assert sight([ours], "phone", "b", seen(SECOND, NOON))[0] == "echo"
    assert sight([ours], "phone", "a", seen(SECOND, None))[0] == "news"
