"""Splitting long texts: within the limit, at word borders, never inside a character."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.splitting import Size, characters, split_text, utf8_bytes, utf16_units

FAMILY = "👨‍👩‍👧‍👦"
FLAG = "🇻🇳"
THUMB = "👍🏽"
NFD_LETTER = unicodedata.normalize("NFD", "ệ")
WORDS = ["Chào", "chị", "Hường", "đơn", "hàng", FAMILY, FLAG, THUMB, "ok", NFD_LETTER * 3]
TEXTS = st.lists(
    st.one_of(st.sampled_from(WORDS), st.text(alphabet="aă ệ\n\u0301👍🇻\u200d", max_size=30)),
    max_size=60,
).map(" ".join)
SIZES = st.sampled_from([utf16_units, utf8_bytes])


def without_blanks(text: str) -> str:
    return "".join(text.split())


@given(TEXTS, st.integers(min_value=40, max_value=300), SIZES)
def test_pieces_are_within_the_limit_and_hold_everything_but_blanks_at_the_cuts(
    text: str, most: int, size: Size
) -> None:
    pieces = split_text(text, most, size)

    assert all(0 < size(piece) <= most for piece in pieces)
    assert without_blanks("".join(pieces)) == without_blanks(text)


@given(TEXTS, st.integers(min_value=60, max_value=300), SIZES)
def test_no_character_is_cut_unless_it_is_larger_than_a_piece(
    text: str, most: int, size: Size
) -> None:
    if any(size(character) > most for character in characters(text)):
        return
    whole = [c for c in characters(text.strip()) if not c.isspace()]

    pieces = split_text(text, most, size)

    assert [c for piece in pieces for c in characters(piece) if not c.isspace()] == whole


def test_text_within_the_limit_stays_whole_but_for_outer_blanks() -> None:
    assert split_text("  Xin chào\n\nchị  ", 100, utf16_units) == ("Xin chào\n\nchị",)


@pytest.mark.parametrize("text", ["", "   ", "\n\n"])
def test_nothing_gives_no_piece(text: str) -> None:
    assert split_text(text, 100, utf16_units) == ()


def test_cut_is_at_the_last_blank_that_fits() -> None:
    assert split_text("một hai ba bốn", 10, utf16_units) == ("một hai ba", "bốn")


def test_line_break_in_the_second_half_is_better_than_a_later_blank() -> None:
    assert split_text("một hai\nba bốn năm", 11, utf16_units) == ("một hai", "ba bốn năm")


def test_line_break_in_the_first_half_is_not() -> None:
    assert split_text("a\nmột hai ba bốn", 14, utf16_units) == ("a\nmột hai ba", "bốn")


def test_word_that_is_longer_than_a_piece_is_cut_between_characters() -> None:
    assert split_text(FLAG * 5, 9, utf16_units) == (FLAG * 2, FLAG * 2, FLAG)


def test_link_stays_whole_when_it_fits_a_piece_of_its_own() -> None:
    link = "https://shop.example/" + "x" * 70

    assert split_text(f"Xem {link}", 92, utf16_units) == ("Xem", link)


def test_no_break_space_is_no_place_to_cut() -> None:
    assert split_text("giá 100\u00a0000\u00a0đ", 9, utf16_units) == ("giá", "100\u00a0000\u00a0đ")


def test_character_that_is_itself_too_large_is_cut_inside_rather_than_for_ever() -> None:
    zalgo = "a" + "\u0301" * 50

    pieces = split_text(zalgo, 20, utf16_units)

    assert "".join(pieces) == zalgo
    assert all(utf16_units(piece) <= 20 for piece in pieces)


@pytest.mark.parametrize(
    "character",
    [
        pytest.param("ệ", id="letter composed"),
        pytest.param(NFD_LETTER, id="letter decomposed"),
        pytest.param(FAMILY, id="joined emoji"),
        pytest.param(FLAG, id="flag"),
        pytest.param(THUMB, id="skin tone"),
        pytest.param("❤️", id="variation selector"),
        pytest.param("1️⃣", id="keycap"),
        pytest.param("🏴󠁧󠁢󠁥󠁮󠁧󠁿", id="regional flag"),
        pytest.param("\r\n", id="line break of two"),
        pytest.param("\u1112\u1161\u11ab", id="Korean, decomposed"),
    ],
)
def test_what_a_reader_sees_as_one_character_is_one(character: str) -> None:
    assert list(characters(f"a{character}b")) == ["a", character, "b"]


@pytest.mark.parametrize(
    ("text", "units", "size"),
    [("ă", 1, 2), ("ệ", 1, 3), ("👍", 2, 4), (NFD_LETTER, 3, 5), ("\ud800", 1, 3)],
)
def test_text_is_measured_as_the_platforms_do(text: str, units: int, size: int) -> None:
    assert (utf16_units(text), utf8_bytes(text)) == (units, size)
