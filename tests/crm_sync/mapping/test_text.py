"""Text and HTML: what customers write runs nowhere, and comes back as it was written."""

import unicodedata
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_sync.mapping.text import clean, comparable, html_of, text_of
from tests.crm_sync.mapping.fields_of_shop import UNHURRIED

WORDS = st.sampled_from(
    [
        "Chào",
        "chị Hường",
        "<b>",
        "</p>",
        "&amp;",
        "&",
        "<",
        ">",
        '"',
        "<script>",
        "🇻🇳",
        "👩\u200d👩\u200d👧",
        "\n",
        unicodedata.normalize("NFD", "Nguyễn Thị Đẹp"),
        " ",
        "  ",
        "<!--",
        "-->",
        "<![if",
        "\x00",
    ]
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=20).map("".join))


@UNHURRIED
@given(TEXTS)
def test_text_in_html_reads_as_it_was(text: str) -> None:
    assert comparable(text_of(html_of(text))) == comparable(text)


@UNHURRIED
@given(st.text(alphabet="aệ <&\n", max_size=40))
def test_lines_and_inner_blanks_come_back_exactly(text: str) -> None:
    lines = "\n".join(line.rstrip(" ") for line in text.split("\n")).strip("\n")
    back = text_of(html_of(lines))

    assert "\n".join(line.rstrip(" ") for line in back.split("\n")).strip("\n") == lines


@UNHURRIED
@given(TEXTS)
def test_html_of_a_text_has_no_markup_but_its_paragraph_and_line_ends(text: str) -> None:
    inner = html_of(text).removeprefix("<p>").removesuffix("</p>").replace("<br>", "")

    assert "<" not in inner
    assert ">" not in inner


@UNHURRIED
@given(st.one_of(TEXTS, st.text(alphabet="<>![]-/apbr&;#x \n\"'=", max_size=80)))
def test_any_html_can_be_read(html: str) -> None:
    text_of(html)


@UNHURRIED
@given(TEXTS)
def test_comparable_form_is_its_own(text: str) -> None:
    assert comparable(comparable(text)) == comparable(text)


@UNHURRIED
@given(TEXTS)
def test_decomposed_letters_compare_equal(text: str) -> None:
    assert comparable(unicodedata.normalize("NFD", text)) == comparable(text)


@UNHURRIED
@given(st.text(alphabet=st.characters(), max_size=30))
def test_clean_text_can_be_stored_anywhere(text: str) -> None:
    cleaned = clean(text)

    cleaned.encode()
    assert not any(ord(one) < 32 and one not in "\n\t" for one in cleaned)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        pytest.param("<p>ghi chu</p>", "ghi chu", id="as Odoo 16 gives what was plain"),
        pytest.param("<p>a</p><p>b</p>", "a\nb", id="paragraphs are lines"),
        pytest.param("<p>a</p>\n  <p>b</p>\n", "a\nb", id="blanks between blocks are not shown"),
        pytest.param("<p>a</p><p><br></p><p>b</p>", "a\n\nb", id="empty paragraph"),
        pytest.param("a<br/>b<br />c", "a\nb\nc", id="br in every spelling"),
        pytest.param("<ul><li>x</li><li>y</li></ul>", "x\ny", id="list"),
        pytest.param("<p>a <b>b</b>  c</p>", "a b c", id="inline markup"),
        pytest.param("<p>a&nbsp;&lt;b&gt; &amp;amp;</p>", "a <b> &amp;", id="entities"),
        pytest.param("<p>a</p><script>alert(1)</script>", "a", id="script is not shown"),
        pytest.param("<style>p{}</style>a", "a", id="style is not shown"),
        pytest.param("<!-- x -->a<!DOCTYPE html>", "a", id="comment and declaration"),
        pytest.param("<p><br></p>", "", id="an emptied editor"),
        pytest.param("", "", id="nothing"),
        pytest.param("a < b", "a < b", id="no HTML at all"),
        pytest.param("<![if x", "<![if x", id="declaration that nobody closes"),
        pytest.param("a<!-- b", "a", id="comment that nobody closes"),
        pytest.param("a<!-- b <!-- c -->d", "ad", id="comment in a comment"),
        pytest.param('<p title="a>b">c</p>', "c", id="quoted attribute"),
        pytest.param("<P CLASS=x>a</P>b", "a\nb", id="capitals"),
        pytest.param(f"a&#{'9' * 5000};", "a\ufffd", id="a character that there is not"),
        pytest.param("a&#10;b", "a\nb", id="line end as an entity"),
    ],
)
def test_html_is_read_as_it_is_shown(html: str, text: str) -> None:
    assert text_of(html) == text


def test_large_note_comes_back_whole() -> None:
    note = "Khách hỏi <giá> & size 👗\n" * 2_700
    assert len(note.encode()) > 70_000

    assert text_of(html_of(note)) == note.rstrip("\n")


@pytest.mark.parametrize(
    "piece", ["<!--", "<a ", "<a", "<", "</", '<a b="', "<a href='", "&#", "<?", "<script>", "<p>"]
)
def test_html_of_any_shape_takes_no_longer_than_its_length(piece: str) -> None:
    """Half a minute with the parser of the standard library; here far below a second."""
    html = piece * (70_000 // len(piece))

    began = process_time()
    text_of(html)

    assert process_time() - began < 2
