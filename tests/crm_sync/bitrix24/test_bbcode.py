"""Texts through what Bitrix24 makes of `comments`, and what people format there."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crm_sync.connectors.bitrix24.bbcode import comments_of, text_of
from tests.crm_sync.bitrix24.portal_text import normalized
from tests.crm_sync.mapping.fields_of_shop import UNHURRIED

PARTS = st.sampled_from(
    [
        *(
            "a",
            " ",
            "\n",
            "<",
            ">",
            "&",
            "#",
            ";",
            "[",
            "]",
            "/",
            "b",
            "lt",
            "&#91;",
            "&#39;",
            "&amp;",
        ),
        *(
            "\uff1c",
            "\u2060",
            "[b]",
            "<b>",
            "</b>",
            "&lt;",
            '"',
            "'",
            "ặ",
            "👩🏽‍🦰",
            "91",
            "script",
        ),
    ]
)


@UNHURRIED
@given(st.lists(PARTS, max_size=12).map("".join))
@example("<\u2060")
@example("\uff1c\u2060\u2060<")
def test_any_text_comes_back_as_it_was(text: str) -> None:
    assert text_of(normalized(comments_of(text))) == text


@pytest.mark.parametrize(
    "text",
    [
        "xem https://shop.vn/a?b=1&c=2 nhé",
        "www.shop.vn [x] (https://shop.vn)",
        "1 < 2 > 0 & 3",
        "<script>alert(1)</script>",
    ],
)
def test_addresses_and_signs_come_back_as_they_were(text: str) -> None:
    assert text_of(normalized(comments_of(text))) == text


def test_portal_takes_out_what_is_only_escaped() -> None:
    """Why a sign that looks alike is written instead."""
    assert normalized("1 &lt;script&gt; 2") == "1  2"


@pytest.mark.parametrize(
    ("comments", "text"),
    [
        ("[B]Khách quen[/B], [color=#ff0000]gấp[/color]", "Khách quen, gấp"),
        ("[p]một[/p]\n[p]hai[/p]", "một\nhai\n"),
        ("[URL=https://shop.vn]web[/URL] [url]https://a.vn[/url]", "web https://a.vn"),
        ("[list][*]một[*]hai[/list]", "mộthai"),
        ("một<br />hai <i>ba</i> &amp; bốn", "một\nhai ba & bốn"),
        ("[ghi chú] &#91;x&#93;", "[ghi chú] [x]"),
    ],
)
def test_what_people_formatted_is_read_without_it(comments: str, text: str) -> None:
    assert text_of(comments) == text
