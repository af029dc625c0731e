"""Values on their way to the CRM and back, and what counts as the same."""

import unicodedata
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_sync.connectors.model import Value
from crm_sync.mapping.normal import normal, value_hash
from crm_sync.mapping.pairing import Pair
from crm_sync.mapping.reasons import Unfit
from crm_sync.mapping.transforms import taken, written
from tests.crm_sync.mapping.fields_of_shop import (
    NAMES,
    OTHER_PHONE,
    PHONE,
    THIRD_PHONE,
    UNHURRIED,
    customer,
    odd_pair,
    pair,
)

NFD = unicodedata.normalize("NFD", "Khách sỉ, hẹn thứ Bảy")
SCRIPT = "<script>alert(1)</script>"
LOYALTY = pair("attributes.loyalty", "x_loyalty")
POINTS = pair("attributes.points", "x_points")
BIRTHDAY = pair("attributes.birthday", "x_birthday")
PHONES = pair("phones", "x_phones", transform="join")


@pytest.mark.parametrize(
    ("pair_", "ours", "value"),
    [
        pytest.param(pair("phones"), [PHONE, OTHER_PHONE], PHONE, id="first phone"),
        pytest.param(PHONES, [PHONE, OTHER_PHONE], f"{PHONE}; {OTHER_PHONE}", id="all phones"),
        pytest.param(pair("phones"), [], None, id="no phone"),
        pytest.param(pair("emails"), ["Lan.Anh@Shop.vn", "b@c.vn"], "lan.anh@shop.vn", id="lower"),
        pytest.param(pair("emails", transform="plain"), ["A@b.vn"], "A@b.vn", id="as it is"),
        pytest.param(pair("note"), f"a\n{SCRIPT}",
                     "<p>a<br>&lt;script&gt;alert(1)&lt;/script&gt;</p>", id="script in HTML"),
        pytest.param(odd_pair("note", "text"), SCRIPT, SCRIPT, id="script in text"),
        pytest.param(odd_pair("note", "text"), "a\x00b\r\nc", "ab\nc", id="what is not stored"),
        pytest.param(pair("note"), " \n", None, id="blanks are no note"),
        pytest.param(pair("tag_ids"), ["t2", "t1", "gone"], ("Khách sỉ", "VIP"), id="tags"),
        pytest.param(odd_pair("tag_ids", "text"), ["t1", "t2"], "Khách sỉ; VIP", id="joined tags"),
        pytest.param(pair("owner_id"), "s1", "lan@shop.vn", id="person in charge"),
        pytest.param(pair("owner_id"), None, None, id="nobody in charge"),
        pytest.param(LOYALTY, "Vàng", "Vàng", id="choice"),
        pytest.param(LOYALTY, "vang", "Vàng", id="choice in another spelling"),
        pytest.param(POINTS, 12, "12", id="whole number"),
        pytest.param(POINTS, 1.50, "1.5", id="number"),
        pytest.param(POINTS, 1e15, "1000000000000000", id="large number"),
        pytest.param(POINTS, 0, "0", id="zero is a value"),
        pytest.param(BIRTHDAY, "1990-02-28", "1990-02-28", id="day"),
        pytest.param(odd_pair("attributes.vip", "text"), False, "false", id="no is a value"),
        pytest.param(odd_pair("attributes.size", "text"), ["S", "M"], "S; M", id="choices"),
        pytest.param(odd_pair("attributes.size", "tags"), ["S", "M"], ("M", "S"), id="as tags"),
    ],
)  # fmt: skip
def test_our_value_is_written_as_the_field_takes_it(pair_: Pair, ours: Any, value: Value) -> None:
    assert written(pair_, holding(pair_, ours), NAMES) == value


def holding(pair_: Pair, value: Any) -> dict[str, Any]:
    path = pair_.map.ours
    if path.startswith("attributes."):
        return customer(attributes={path.removeprefix("attributes."): value})
    return customer(**{path: value})


@pytest.mark.parametrize(
    ("pair_", "ours", "code"),
    [
        pytest.param(pair("owner_id"), "s9", "crm_person_without_email", id="no e-mail"),
        pytest.param(LOYALTY, "Kim cương", "crm_no_choice", id="no such choice"),
        pytest.param(POINTS, "nhiều", "crm_no_number", id="words for a number"),
        pytest.param(POINTS, "NaN", "crm_no_number", id="not a number"),
        pytest.param(POINTS, "1e999999", "crm_no_number", id="a number without end"),
        pytest.param(BIRTHDAY, "hôm qua", "crm_no_date", id="words for a day"),
        pytest.param(odd_pair("attributes.zalo", "phone", transform="e164"), "12", "crm_no_phone",
                     id="no phone"),
    ],
)  # fmt: skip
def test_value_that_the_field_cannot_hold_says_why(pair_: Pair, ours: Any, code: str) -> None:
    with pytest.raises(Unfit) as unfit:
        written(pair_, holding(pair_, ours), NAMES)

    assert unfit.value.reason.code == code
    assert unfit.value.reason.vi != unfit.value.reason.en


@pytest.mark.parametrize(
    ("pair_", "value", "now", "ours"),
    [
        pytest.param(pair("phones"), "0987 654 321", [PHONE], [OTHER_PHONE], id="replaced"),
        pytest.param(pair("phones"), OTHER_PHONE, [PHONE, THIRD_PHONE], [OTHER_PHONE, THIRD_PHONE],
                     id="the others stay"),
        pytest.param(pair("phones"), OTHER_PHONE, [PHONE, OTHER_PHONE], [OTHER_PHONE],
                     id="one of the others comes to the front"),
        pytest.param(pair("phones"), "0912345678 / 0987654321", [], [PHONE, OTHER_PHONE],
                     id="two in one field"),
        pytest.param(pair("phones"), None, [PHONE, OTHER_PHONE], [OTHER_PHONE], id="emptied"),
        pytest.param(PHONES, "0987654321", [PHONE, THIRD_PHONE], [OTHER_PHONE], id="all of them"),
        pytest.param(pair("emails"), "Lan@Shop.VN", [], ["Lan@shop.vn"], id="e-mail"),
        pytest.param(pair("note"), "<p>a<br>b &lt;c&gt;</p>", "", "a\nb <c>", id="HTML"),
        pytest.param(pair("note"), "<p><br></p>", "cũ", "", id="an emptied editor"),
        pytest.param(odd_pair("note", "text"), "<b>a</b>", "", "<b>a</b>", id="text is text"),
        pytest.param(pair("owner_id"), "LAN@shop.vn", None, "s1", id="person by e-mail"),
        pytest.param(pair("owner_id"), None, "s1", None, id="nobody"),
        pytest.param(odd_pair("tag_ids", "text"), "VIP; Khách sỉ", [], ["VIP", "Khách sỉ"],
                     id="joined tags"),
        pytest.param(POINTS, "12.0", None, 12, id="whole number"),
        pytest.param(POINTS, "1.5", None, 1.5, id="number"),
        pytest.param(POINTS, None, 3, None, id="no number"),
        pytest.param(BIRTHDAY, "1990-02-28 00:00:00", None, "1990-02-28", id="day with a time"),
        pytest.param(odd_pair("attributes.size", "tags"), ("S", "M"), None, ["S", "M"], id="list"),
    ],
)  # fmt: skip
def test_their_value_is_taken_as_we_have_it(pair_: Pair, value: Value, now: Any, ours: Any) -> None:
    assert taken(pair_, value, holding(pair_, now), NAMES) == ours


@pytest.mark.parametrize(
    ("pair_", "value", "code"),
    [
        pytest.param(pair("phones"), "chưa có", "crm_no_phone", id="words for a phone"),
        pytest.param(pair("phones"), "0912***678", "crm_value_masked", id="masked phone"),
        pytest.param(pair("emails"), "h***@shop.vn", "crm_value_masked", id="masked e-mail"),
        pytest.param(pair("emails"), "lan(at)shop.vn", "crm_no_email", id="no e-mail"),
        pytest.param(pair("owner_id"), "ai@shop.vn", "crm_person_unknown", id="nobody here"),
        pytest.param(POINTS, "nhiều", "crm_no_number", id="no number"),
    ],
)
def test_their_value_that_cannot_be_taken_says_why(pair_: Pair, value: Value, code: str) -> None:
    with pytest.raises(Unfit) as unfit:
        taken(pair_, value, customer(), NAMES)

    assert unfit.value.reason.code == code


@pytest.mark.parametrize(
    ("pair_", "one", "other"),
    [
        pytest.param(pair("phones"), PHONE, "+84 912 345 678", id="grouped phone"),
        pytest.param(pair("phones"), PHONE, "0912.345.678", id="national phone"),
        pytest.param(PHONES, f"{PHONE}; {OTHER_PHONE}", "0912345678,0987654321", id="phones"),
        pytest.param(pair("emails"), "lan@shop.vn", " Lan@Shop.vn", id="e-mail"),
        pytest.param(odd_pair("note", "text"), NFD, unicodedata.normalize("NFC", NFD), id="NFD"),
        pytest.param(odd_pair("note", "text"), "a\nb", "a\r\nb\r\n", id="line ends"),
        pytest.param(pair("note"), "<p>ghi<br>chu</p>", "<p>ghi<br/>chu</p>\n", id="as tidied"),
        pytest.param(pair("note"), "<p>a &amp; b</p>", "a &amp; b", id="without a paragraph"),
        pytest.param(pair("note"), "<p><br></p>", None, id="an empty editor"),
        pytest.param(pair("note"), "", None, id="empty text"),
        pytest.param(pair("tag_ids"), ("VIP", "Khách sỉ"), ("khách  sỉ", "vip"), id="tags"),
        pytest.param(pair("tag_ids"), (), None, id="no tags"),
        pytest.param(pair("owner_id"), "lan@shop.vn", "Lan@shop.vn", id="login"),
        pytest.param(POINTS, "1.50", "1.5", id="number"),
        pytest.param(POINTS, "-0.0", "0", id="minus nothing"),
        pytest.param(BIRTHDAY, "1990-02-28", "1990-02-28T00:00:00", id="day"),
        pytest.param(LOYALTY, "Vàng", "vàng", id="choice"),
    ],
)
def test_what_a_crm_makes_of_a_value_is_the_same(pair_: Pair, one: Value, other: Value) -> None:
    assert value_hash(pair_, one) == value_hash(pair_, other)


def test_value_that_is_removed_from_the_choices_is_compared_as_it_is() -> None:
    assert normal(LOYALTY, "Kim cương") == "Kim cương"


def test_hash_says_nothing_but_whether_there_is_a_value() -> None:
    assert value_hash(pair("phones"), None) == ""
    assert PHONE not in value_hash(pair("phones"), PHONE)
    assert value_hash(pair("phones"), PHONE) != value_hash(PHONES, PHONE)


TEXTS = st.text(max_size=40)


@UNHURRIED
@given(TEXTS, st.sampled_from(["text", "html"]))
def test_note_that_is_written_and_taken_back_is_the_same(text: str, kind: Any) -> None:
    pair_ = odd_pair("note", kind)
    there = written(pair_, customer(note=text), NAMES)
    here = taken(pair_, there, customer(), NAMES)

    again = written(pair_, customer(note=here), NAMES)

    assert value_hash(pair_, again) == value_hash(pair_, there)


@UNHURRIED
@given(st.lists(st.sampled_from([PHONE, OTHER_PHONE, THIRD_PHONE]), unique=True))
def test_phones_that_are_written_and_taken_back_are_the_same(phones: list[str]) -> None:
    for pair_ in (PHONES, pair("phones")):
        ours = customer(phones=phones)

        assert taken(pair_, written(pair_, ours, NAMES), ours, NAMES) == phones


@UNHURRIED
@given(TEXTS, st.sampled_from([pair("phones"), PHONES, pair("note"), POINTS, BIRTHDAY, LOYALTY]))
def test_anything_has_a_normal_form_that_is_its_own(text: str, pair_: Pair) -> None:
    normal(pair_, text)


@UNHURRIED
@given(TEXTS)
def test_whatever_stands_in_the_crm_is_taken_or_refused(text: str) -> None:
    for pair_ in (pair("phones"), pair("emails"), pair("note"), pair("owner_id"), POINTS, BIRTHDAY):
        with suppress(Unfit):
            taken(pair_, text, customer(), NAMES)
