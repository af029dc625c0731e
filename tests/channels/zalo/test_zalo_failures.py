"""What each of Zalo's error numbers means for a message, one case per number."""

import pytest

from channels.zalo import failures
from channels.zalo.failures import FAILURES, failure_of
from inbox.ports import AccountUnusable, SendError, SendRefused, SendUnavailable, WindowClosed

ACCOUNT = {
    failures.TokenDead: (-216, 216, -220, -401, 401, -124),
    failures.OaUnusable: (-204, -205, -221, -235),
    failures.AppRemoved: (-219, -223),
    failures.AppUnusable: (-209, -212, -242),
    failures.PackageTooLow: (-224,),
    failures.BillingNeeded: (-320, -321),
}
FINAL = {
    WindowClosed: (-230, -232, -305, -311),
    failures.NotFollowing: (-213,),
    failures.RecipientRefuses: (-217, -244),
    failures.RecipientFull: (-218,),
    failures.RecipientAway: (-222, -227),
    failures.MessageInvalid: (-201,),
    failures.MessageTooLarge: (-210,),
    failures.KindNotTaken: (-233, -240, -249),
    failures.NotAtNight: (-234,),
    failures.AgainstPolicy: (-248,),
    failures.AttachmentExpired: (-100, -155),
    failures.GroupClosed: (-237, -238, -241, -403),
    SendRefused: (-1, -9999, 12),
}
PASSING = {failures.RateLimited: (-32,), SendUnavailable: (-200, -211, -214)}
CASES = [
    pytest.param(number, kind, base, id=str(number))
    for table, base in (
        (ACCOUNT, AccountUnusable),
        (FINAL, SendRefused),
        (PASSING, SendUnavailable),
    )
    for kind, numbers in table.items()
    for number in numbers
]


@pytest.mark.parametrize(("number", "kind", "base"), CASES)
def test_number_says_whether_it_is_final_passing_or_the_accounts(
    number: int, kind: type[SendError], base: type[SendError]
) -> None:
    error = failure_of(number, "zalo's own sentence")

    assert type(error) is kind
    assert isinstance(error, base)
    assert error.platform_code == str(number)
    ours = isinstance(error, AccountUnusable)  # a stable word for the account's health
    assert error.reason == (error.code if ours else "zalo's own sentence")


def test_table_of_cases_is_complete() -> None:
    known = {case.values[0] for case in CASES}

    assert set(FAILURES) <= known


@pytest.mark.parametrize(("number", "pause_s"), [(-32, 30), (-211, 900), (-200, None)])
def test_passing_error_says_how_long_to_wait(number: int, pause_s: float | None) -> None:
    error = failure_of(number)

    assert isinstance(error, SendUnavailable)
    assert error.retry_after_s == pause_s


def test_every_error_has_its_own_code_and_both_sentences() -> None:
    kinds = [kind for table in (ACCOUNT, FINAL, PASSING) for kind in table]

    assert len({kind.code for kind in kinds}) == len(kinds)
    for kind in kinds:
        assert kind.vi
        assert kind.en
        assert kind.vi != kind.en
