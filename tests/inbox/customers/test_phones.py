"""Phone numbers: every spelling of one number meets in one E.164 number."""

from typing import Any

import pytest

from inbox.customers.phones import phone_or_none, phones_in

ONE = "+84912345678"


@pytest.mark.parametrize(
    "raw",
    [
        "0912345678",
        "+84 912 345 678",
        "84912345678",
        "0084912345678",
        "(+84)0912.345.678",
        "912345678",
        "+840912345678",
        "84 0912345678",
        "０９１２３４５６７８",
        "'0912345678",
        "0912345678.0",
        "9.12345678E8",
        912345678,
        912345678.0,
        "091-234-5678 (Zalo)",
        "0912 345 678 [mẹ]",
        "(091) 234 5678",
        " 0912.345.678 ",
        "(84) 912 345 678",
    ],
)
def test_all_spellings_of_one_number_meet(raw: Any) -> None:
    """X.DIR.01."""
    assert phone_or_none(raw) == ONE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("01234567890", "+84834567890"),
        ("01662345678", "+84362345678"),
        ("+841292345678", "+84822345678"),
        ("84 199 234 5678", "+84592345678"),
        ("0168 2345 678", "+84382345678"),
        ("1202345678", "+84702345678"),
    ],
)
def test_eleven_digits_of_before_2018_become_ten(old: str, new: str) -> None:
    assert phone_or_none(old) == new


@pytest.mark.parametrize(
    "raw",
    ["0912345678/0987654321", "0912345678, 0987 654 321", "0912345678 0987654321",
     "0912345678 - 0987654321", "0912345678 (mẹ); +84987654321 (bố)", "0912345678 và 0987654321"],
)  # fmt: skip
def test_two_numbers_of_one_cell_are_two(raw: str) -> None:
    assert phones_in(raw) == [ONE, "+84987654321"]
    assert phone_or_none(raw) is None


@pytest.mark.parametrize(
    "junk",
    ["", "   ", "o912345678", "abc", "12", "01112345678", "0912345678 gọi sau 5h", None, True,
     [], {}, "0" * 500, "+", "1e999", "9e99", float("nan"), float("inf"), "0912345678/xyz",
     "\ud800", "0912\x00345678", 10**400],
)  # fmt: skip
def test_junk_is_no_number(junk: Any) -> None:
    assert phones_in(junk) == []


def test_landlines_hotlines_and_foreign_numbers_are_numbers() -> None:
    assert phone_or_none("024 3825 1234") == "+842438251234"
    assert phone_or_none("1900 1234") == "+8419001234"
    assert phone_or_none("+1 650 253 0000") == "+16502530000"
