"""Placeholders: filled, defaulted, and refused when nobody knows them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.placeholders import filled, given_name, unknown_placeholders

VALUES = {"name": "Nguyễn Thị Hoa", "given_name": "Hoa", "phone": None}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Chào {{name}}!", "Chào Nguyễn Thị Hoa!"),
        ("Chào chị {{ given_name }}", "Chào chị Hoa"),
        ("SĐT: {{phone, chưa có}}", "SĐT: chưa có"),
        ("SĐT: {{phone}}.", "SĐT: ."),
        ("{{name, bạn}} ơi, {{given_name}} nhé", "Nguyễn Thị Hoa ơi, Hoa nhé"),
        ("giá {100}đ", "giá {100}đ"),
        ("", ""),
    ],
)
def test_placeholders_are_filled(text: str, shown: str) -> None:
    assert filled(text, VALUES) == shown


def test_a_value_is_not_filled_again() -> None:
    assert filled("{{name}}", {"name": "{{phone}}", "phone": "0912"}) == "{{phone}}"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("{{name}} {{phone, không}}", []),
        ("{{tên}}", ["tên"]),
        ("{{naem}} {{naem}} {{x, y}}", ["naem", "x"]),
        ("{{name", ["{{"]),
        ("name}}", ["{{"]),
        ("{{}}", [""]),
    ],
)
def test_what_nobody_knows_is_named(text: str, wrong: list[str]) -> None:
    assert [one.name for one in unknown_placeholders(text)] == wrong


@given(st.text(alphabet="{}name, ạ\n", max_size=60))
def test_a_text_without_wrong_placeholders_leaves_none_behind(text: str) -> None:
    if not unknown_placeholders(text):
        assert "{{" not in filled(text, {"name": "x"})


def test_vietnamese_are_called_by_the_last_word() -> None:
    assert given_name("Nguyễn Thị Hồng Ánh") == "Ánh"
    assert given_name("  ") is None
    assert given_name(None) is None
