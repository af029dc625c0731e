"""The words under which documents are found: spellings that meet, and what bounds them."""

import unicodedata

import pytest

from inbox.clock import FixedClock
from inbox.search.highlighting import SNIPPET_LENGTH, snippet
from inbox.search.tokens import (
    MOST_WORDS,
    Term,
    asked,
    customer_tokens,
    message_tokens,
)


def finds(query: str, tokens: list[str]) -> bool:
    """What the store does in the database: all words, the last one perhaps begun."""
    return all(_has(term, tokens) for term in asked(query))


def _has(term: Term, tokens: list[str]) -> bool:
    begins = term.beginning
    return any(key in tokens for key in term.keys) and (
        begins is None or any(token.startswith(begins) for token in tokens)
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("Đặng Thị Hường", True),
        ("dang thi huong", True),
        ("DANG THI HUONG", True),
        (unicodedata.normalize("NFD", "đặng hường"), True),
        ("ｄａｎｇ ｈｕｏｎｇ", True),
        ("huong dang", True),
        ("dang huo", True),
        ("dang hu", False),
        ("dan huong", False),
        ("uong", False),
        ("dang tran", False),
    ],
)
def test_words_meet_without_accents_and_only_the_last_one_may_be_begun(
    query: str, found: bool, clock: FixedClock
) -> None:
    tokens = message_tokens({"at": clock.now(), "text": "Chị Đặng Thị Hường ơi!"})

    assert finds(query, tokens) is found


@pytest.mark.parametrize(
    "written",
    [
        "0912345678",
        "0912 345 678",
        "0912.345.678",
        "0912-345-678",
        "+84 912 345 678",
        "84912345678",
        "(+84)0912.345.678",
        "không chín một hai ba bốn năm sáu bảy tám",
    ],
)
@pytest.mark.parametrize(
    "query",
    [
        "0912345678",
        "0912 345 678",
        "+84912345678",
        "0084912345678",
        "84 912 345 678",
        "091",
        "0912 34",
        "84912345",
        "số 0912.345.678",
    ],
)
def test_a_phone_number_is_found_in_every_spelling(
    written: str, query: str, clock: FixedClock
) -> None:
    """X.DIR.01: search meets all spellings of a number."""
    text = f"sđt của em là số {written} nhé"

    assert finds(query, message_tokens({"at": clock.now(), "text": text}))


def test_another_number_with_the_same_beginning_is_not_found(clock: FixedClock) -> None:
    tokens = message_tokens({"at": clock.now(), "text": "gọi 0912345678"})

    assert not finds("0912345679", tokens)
    assert not finds("09123457", tokens)


def test_a_customer_is_found_by_everything_that_is_known_of_them() -> None:
    customer = {
        "name": "Chị Mai",
        "identities": [{"name": "Mai Xinh"}, {}],
        "phones": ["+84912345678"],
        "emails": ["mai.tran@shop.vn"],
        "note": "hay mua áo khoác",
    }
    tokens = customer_tokens(customer)

    for query in ("mai", "xinh", "0912345678", "5678", "mai.tran@shop.vn", "khoác", "mai khoa"):
        assert finds(query, tokens), query
    assert not finds("lan", tokens)
    assert customer_tokens({"phones": [], "emails": [], "note": "", "identities": []}) == []


def test_an_edit_replaces_and_a_removal_ends_what_is_found(clock: FixedClock) -> None:
    now = clock.now()
    message = {"at": now, "text": "áo đỏ", "edit": {"text": "váy xanh"}}

    assert finds("vay xanh", message_tokens(message))
    assert not finds("ao", message_tokens(message))
    assert message_tokens({**message, "removed_at": now}) == []
    assert message_tokens({"edit": {"text": "váy"}}) == []  # of a message that has not come yet


def test_a_long_message_has_a_bounded_number_of_words(clock: FixedClock) -> None:
    text = " ".join(f"{chr(97 + n % 26) * 3}{chr(97 + n // 26)}xyz" for n in range(500))
    tokens = message_tokens({"at": clock.now(), "text": text + "z" * 5000})

    assert len([one for one in tokens if "*" not in one]) == MOST_WORDS
    assert all(len(one) <= 41 for one in tokens)


@pytest.mark.parametrize("query", ["", "   ", "***", "$.*", "😀", "\x00"])
def test_a_query_without_words_asks_for_nothing(query: str) -> None:
    assert asked(query) == []


@pytest.mark.parametrize(
    ("text", "query", "marked"),
    [
        ("Chị Đặng Thị Hường 😀 gọi 0987.654.321 nhé", "huong 0987654321",
         ["Hường", "0987.654.321"]),
        ("😀 Chị Hường", "hươ", ["Hườ"]),
        (unicodedata.normalize("NFD", "Chị Hường"), "huong",
         [unicodedata.normalize("NFD", "Hường")]),
        ("áo " * 200 + "Nguyễn\nơi" + " váy" * 200, "nguyen", ["Nguyễn"]),
        ("gọi lại", "không", []),
    ],
)  # fmt: skip
def test_a_snippet_marks_what_was_asked_for(text: str, query: str, marked: list[str]) -> None:
    shown = snippet(text, asked(query))

    units = shown.text.encode("utf-16-le")
    assert [units[2 * a : 2 * b].decode("utf-16-le") for a, b in shown.ranges] == marked
    assert len(shown.text) <= SNIPPET_LENGTH + 2
    assert "\n" not in shown.text
