"""Every row of Meta's error table, as facebook.md 3.8 has them, and what nobody has a row for."""

import inspect

import orjson
import pytest

from channels.facebook import failures
from channels.facebook.answers import result_of
from channels.facebook.failures import (
    AccountBlocked,
    AppMisconfigured,
    AttachmentExpired,
    GraphError,
    MediaRefused,
    MessageInvalid,
    NotPermitted,
    PermissionMissing,
    PrivateReplyDone,
    PrivateReplyImpossible,
    RateLimited,
    RecipientUnavailable,
    ThreadOwnedElsewhere,
    TokenDead,
    TooManyTagged,
    failure_of,
)
from channels.http import Answer, MaybeSent
from inbox.ports import (
    AccountUnusable,
    SendError,
    SendRefused,
    SendUnavailable,
    SendUncertain,
    WindowClosed,
)

ROWS: list[tuple[int, int | None, type[SendError]]] = [
    # outside the allowed window
    (10, 2018278, WindowClosed),
    (10, 2534022, WindowClosed),
    (10, 2018065, WindowClosed),
    # no permission, no feature
    (10, None, PermissionMissing),
    # this person cannot receive now
    (10, 2018108, RecipientUnavailable),
    # the page is restricted
    (10, 1893063, AccountBlocked),
    (2022, None, AccountBlocked),
    (368, None, AccountBlocked),
    (368, 1390008, AccountBlocked),
    (100, 2534029, AccountBlocked),
    # Instagram's link or access is switched off
    (10, 2534077, TokenDead),
    (200, 2534041, TokenDead),
    # a bad field, a dead tag
    (100, None, MessageInvalid),
    (100, 2018999, MessageInvalid),
    # no such person for this page
    (100, 2018001, RecipientUnavailable),
    (100, 33, RecipientUnavailable),
    # could not fetch a file
    (100, 2018008, SendUnavailable),
    # files
    (100, 2018047, MediaRefused),
    (100, 2018074, AttachmentExpired),
    (100, 2018109, MediaRefused),
    (100, 2018294, MediaRefused),
    (546, None, MediaRefused),
    # private replies
    (100, 2018292, PrivateReplyImpossible),
    (100, 2534025, PrivateReplyImpossible),
    (10900, None, PrivateReplyDone),
    (10902, None, PrivateReplyImpossible),
    (10903, None, PrivateReplyImpossible),
    # the token is dead
    (190, None, TokenDead),
    *((190, subcode, TokenDead) for subcode in (458, 459, 460, 463, 464, 467, 492)),
    (102, None, TokenDead),
    # a permission is missing
    (200, None, PermissionMissing),
    (200, 2018028, PermissionMissing),
    (200, 2018027, PermissionMissing),
    (3, None, PermissionMissing),
    # a permission for something about this message
    (10, 2534099, NotPermitted),
    (200, 2534099, NotPermitted),
    # the person has blocked us or is gone
    (551, None, RecipientUnavailable),
    (551, 1545041, RecipientUnavailable),
    (200, 1545041, RecipientUnavailable),
    # throttled
    *((code, None, RateLimited) for code in (4, 17, 32, 341, 613, 80006)),
    (613, 2534040, RateLimited),
    (613, 2018338, TooManyTagged),
    # passing
    (1, None, SendUnavailable),
    (1, 99, SendUnavailable),
    (2, None, SendUnavailable),
    (1200, None, SendUnavailable),
    # nobody knows
    (1, 1357046, SendUncertain),
    # another app has the thread
    (10, 2018300, ThreadOwnedElsewhere),
    (2018300, None, ThreadOwnedElsewhere),
    (2018321, None, ThreadOwnedElsewhere),
    (100, 2534037, ThreadOwnedElsewhere),
    (2018171, None, ThreadOwnedElsewhere),
]


def graph_answer(
    code: int | str, subcode: int | None = None, *, status: int = 400, **more: object
) -> Answer:
    """As Graph writes it; the words are Vietnamese now and then, and never decide."""
    error: dict[str, object] = {
        "message": "(#10) Tin nhắn này được gửi ngoài khoảng thời gian cho phép.",
        "type": "OAuthException",
        "code": code,
        "fbtrace_id": "AbC123",
        **more,
    }
    if subcode is not None:
        error["error_subcode"] = subcode
    return Answer(status, {}, as_json({"error": error}))


def as_json(value: object) -> bytes:
    return orjson.dumps(value)


def failure(answer: Answer) -> SendError:
    with pytest.raises(GraphError) as error:
        result_of(answer)
    return failure_of(error.value.fault)


@pytest.mark.parametrize(("code", "subcode", "expected"), ROWS)
@pytest.mark.parametrize("status", [200, 400, 403, 500])
def test_code_and_subcode_decide_whatever_the_status(
    code: int, subcode: int | None, expected: type[SendError], status: int
) -> None:
    error = failure(graph_answer(code, subcode, status=status))

    assert type(error) is expected
    assert error.platform_code == (f"{code}/{subcode}" if subcode is not None else str(code))
    assert "AbC123" in str(error), "Meta's support asks for it"
    assert "Tin nhắn" not in str(error)


def test_every_number_of_the_tables_has_a_row() -> None:
    pairs = {(code, subcode) for code, subcode, _ in ROWS}
    numbers = {number for pair in pairs for number in pair}

    assert pairs >= failures.FAILURES_BY_PAIR.keys()
    assert numbers >= failures.FAILURES_BY_NUMBER.keys()
    assert numbers >= failures.FAILURES_BY_CODE.keys()


def test_missing_proof_of_the_app_secret_is_the_account_s_trouble() -> None:
    error = failure(graph_answer(100, type="GraphMethodException"))

    assert type(error) is AppMisconfigured
    assert isinstance(error, AccountUnusable)


def test_unknown_object_of_the_same_type_is_not() -> None:
    error = failure(graph_answer(100, 33, type="GraphMethodException"))

    assert type(error) is RecipientUnavailable


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(Answer(500, {}, b""), SendUncertain, id="500 without a word"),
        pytest.param(Answer(502, {}, b"<html>"), SendUncertain, id="gateway"),
        pytest.param(Answer(504, {}, b"<html>"), SendUncertain, id="gateway timeout"),
        pytest.param(Answer(429, {}, b""), RateLimited, id="429 without a word"),
        pytest.param(Answer(404, {}, b"<html>"), SendUnavailable, id="not Graph"),
        pytest.param(Answer(302, {}, b""), SendUnavailable, id="redirect"),
        pytest.param(graph_answer(987654), SendRefused, id="unknown code"),
        pytest.param(graph_answer(987654, status=429), RateLimited, id="unknown code, 429"),
        pytest.param(graph_answer(987654, status=500), SendUncertain, id="unknown code, 500"),
        pytest.param(
            graph_answer(987654, is_transient=True, status=500), SendUnavailable, id="transient"
        ),
        pytest.param(graph_answer("190"), TokenDead, id="code as text"),
        pytest.param(graph_answer("x"), SendUnavailable, id="code that is none"),
    ],
)
def test_what_has_no_row_is_judged_by_its_status(answer: Answer, expected: type[SendError]) -> None:
    assert type(failure(answer)) is expected


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"true", b'{"message_id":'])
def test_success_that_cannot_be_read_leaves_the_fate_unknown(body: bytes) -> None:
    with pytest.raises(MaybeSent):
        result_of(Answer(200, {}, body))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({"retry-after": "7"}, 7, id="Retry-After"),
        pytest.param({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None, id="a date"),
        pytest.param(
            {
                "x-business-use-case-usage": '{"1":[{"type":"messenger",'
                '"estimated_time_to_regain_access":3},{"estimated_time_to_regain_access":0}]}'
            },
            180,
            id="minutes of the usage header",
        ),
        pytest.param({"x-business-use-case-usage": "broken"}, None, id="broken header"),
        pytest.param({"x-business-use-case-usage": '{"1":[1],"2":3}'}, None, id="odd header"),
    ],
)
def test_throttled_call_says_when_to_come_again(
    headers: dict[str, str], seconds: float | None
) -> None:
    error = failure(Answer(429, headers, b""))

    assert isinstance(error, SendUnavailable)
    assert error.retry_after_s == seconds


def test_every_failure_tells_the_agent_in_both_languages_under_a_code_of_its_own() -> None:
    kinds = [
        kind
        for _, kind in inspect.getmembers(failures, inspect.isclass)
        if issubclass(kind, SendError) and kind.__module__ == failures.__name__
    ]

    assert len({kind.code for kind in kinds}) == len(kinds) > 10
    assert all(kind.vi != SendError.vi and kind.en != SendError.en for kind in kinds)
