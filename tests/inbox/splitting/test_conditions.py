"""Conditions of rules: every kind, the words in them, and where they are wrong."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from inbox.errors import FieldErrors
from inbox.splitting.checking import MOST_CONDITIONS, check_condition
from inbox.splitting.conditions import has_keyword, matches
from inbox.splitting.documents import condition_document, condition_from
from inbox.splitting.model import DEFAULT_HOURS, Arrival
from inbox.splitting.schedules import Hours
from tests.inbox.splitting.splitting_world import NOON, an_arrival

HOURS = Hours(DEFAULT_HOURS, (), "Asia/Ho_Chi_Minh")
NIGHT = NOON + timedelta(hours=11)
"""23:00 in Ho Chi Minh City."""


def one(field: str, op: Any, value: Any = None, name: str | None = None) -> dict[str, Any]:
    named = {} if name is None else {"name": name}
    return {"field": field, "op": op, "value": value, **named}


def errors_of(document: Any) -> list[tuple[str, str]]:
    errors = FieldErrors()
    check_condition(document, errors)
    return [(error.field, error.code) for error in errors.errors]


def meets(document: dict[str, Any] | None, arrival: Arrival) -> bool:
    return matches(condition_from(document), arrival, HOURS)


MET = an_arrival(
    kind="comment",
    post="post9",
    ad="ad7",
    referral="promo-tet",
    tags=frozenset({"vip", "si"}),
    attributes={"Hạng": "Vàng", "tuổi": 30, "size": ["M", "L"], "sỉ": True},
    province="Hà Nội",
    returning=True,
    text="Chị ơi cho em xin BÁO GIÁ với ạ!",
)
UNMET = an_arrival(channel="zalo", account="oa1", at=NIGHT)


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param(one("channel", "is", "facebook"), id="channel"),
        pytest.param(one("channel", "in", ["facebook", "instagram"]), id="one of the channels"),
        pytest.param(one("account", "in", ["page1", "page2"]), id="account"),
        pytest.param(one("kind", "is", "comment"), id="kind"),
        pytest.param(one("post", "is", "post9"), id="post"),
        pytest.param(one("ad", "exists"), id="any ad"),
        pytest.param(one("ad", "in", ["ad1", "ad7"]), id="ad"),
        pytest.param(one("referral", "contains", "tet"), id="referral"),
        pytest.param(one("tag", "is", "vip"), id="tag"),
        pytest.param(one("tag", "in", ["la", "si"]), id="one of the tags"),
        pytest.param(one("attribute", "is", "vang", "Hạng"), id="attribute"),
        pytest.param(one("attribute", "is", 30.0, "tuổi"), id="number"),
        pytest.param(one("attribute", "is", True, "sỉ"), id="yes or no"),
        pytest.param(one("attribute", "in", ["XL", "l"], "size"), id="attribute of several values"),
        pytest.param(one("province", "is", "ha noi"), id="province"),
        pytest.param(one("returning", "is", True), id="returning"),
        pytest.param(one("keyword", "contains", ["bảng giá", "bao gia"]), id="keyword"),
        pytest.param(one("hour", "between", ["08:00", "12:30"]), id="hours"),
        pytest.param(one("hour", "in", [11, 12]), id="hour"),
        pytest.param(one("hour", "between", ["23:30", "13:00"]), id="hours over midnight"),
        pytest.param(one("working_hours", "is", "inside"), id="inside working hours"),
        pytest.param({"all": [one("kind", "is", "comment"), one("tag", "is", "vip")]}, id="and"),
        pytest.param({"any": [one("kind", "is", "group"), one("tag", "is", "vip")]}, id="or"),
        pytest.param(
            {
                "all": [
                    one("tag", "is", "vip"),
                    {"any": [one("ad", "is", "x"), one("ad", "exists")]},
                ]
            },
            id="or within and",
        ),
    ],
)
def test_condition_is_met_by_one_arrival_and_not_by_another(condition: dict[str, Any]) -> None:
    """X.SPL.03: one case per kind of condition; negated it is the other way round."""
    assert errors_of(condition) == []
    assert meets(condition, MET)
    assert not meets(condition, UNMET)
    if "op" in condition:
        negations = {"exists": "not_exists", "contains": "not_contains", "in": "not_in"}
        negation = negations.get(condition["op"], "is_not")
        if errors_of(condition | {"op": negation}) == []:
            assert not meets(condition | {"op": negation}, MET)
            assert meets(condition | {"op": negation}, UNMET)


def test_weekday_is_that_of_the_bots_time_zone() -> None:
    """X.SPL.03: 17:30 UTC on Wednesday is Thursday 0:30 in Vietnam."""
    arrival = an_arrival(at=datetime(2026, 11, 18, 17, 30, tzinfo=UTC))

    assert meets(one("weekday", "in", ["thu", "sun"]), arrival)
    assert not meets(one("weekday", "is", "wed"), arrival)


def test_outside_working_hours_begins_at_eleven_at_night() -> None:
    """X.SPL.03 X.SPL.15"""
    outside = one("working_hours", "is", "outside")

    assert meets(outside, an_arrival(at=NIGHT))
    assert not meets(outside, an_arrival(at=NIGHT - timedelta(minutes=1)))


def test_true_is_not_the_number_one() -> None:
    arrival = an_arrival(attributes={"n": 1})

    assert meets(one("attribute", "is", "1", "n"), arrival)
    assert not meets(one("attribute", "is", True, "n"), arrival)


def test_without_a_condition_everything_matches() -> None:
    assert meets(None, UNMET)


@pytest.mark.parametrize(
    ("text", "keyword", "found"),
    [
        ("Cho xin giá ạ", "GIA", True),
        ("bán giày không", "gia", False),
        ("Đặt hàng", "dat hang", True),
        ("đặt  hàng!!", "Đặt hàng", True),
        ("hàng đặt", "đặt hàng", False),
        ("Shipping to Hue?", "ship*", True),
        ("free ship", "ship*", True),
        ("flagship", "ship*", False),
        ("mã SP-01.", "sp-01", True),
        ("mã SP-012", "sp-01", False),
        ("gia\u0301 bao nhiêu", "giá", True),
        ("", "giá", False),
        ("giá", "*", False),
        ("giá", "!!!", False),
    ],
)
def test_keywords_are_whole_words_without_case_and_accents(
    text: str, keyword: str, found: bool
) -> None:
    """X.SPL.03"""
    assert has_keyword(text, (keyword,)) is found


@pytest.mark.parametrize(
    ("document", "wrong"),
    [
        pytest.param("x", ("when", "condition_expected"), id="no condition"),
        pytest.param({}, ("when.field", "unknown_field"), id="nothing"),
        pytest.param({"all": []}, ("when.all", "conditions_expected"), id="empty group"),
        pytest.param({"any": {}}, ("when.any", "conditions_expected"), id="group is no list"),
        pytest.param(
            {"all": [one("kind", "is", "inbox"), one("mood", "is", "x")]},
            ("when.all.1.field", "unknown_field"),
            id="unknown field in a group",
        ),
        pytest.param(
            {"all": [one("kind", "is", "inbox")], "any": [one("kind", "is", "inbox")]},
            ("when.all", "unknown_key"),
            id="two groups in one",
        ),
        pytest.param(one("kind", "has", "inbox"), ("when.op", "unknown_operator"), id="operator"),
        pytest.param(one("kind", "is", "post"), ("when.value", "value_not_allowed"), id="value"),
        pytest.param(
            one("channel", "in", ["zalo", "sms"]),
            ("when.value.1", "value_not_allowed"),
            id="one of several values",
        ),
        pytest.param(one("tag", "in", []), ("when.value", "values_expected"), id="no values"),
        pytest.param(
            one("tag", "is", {"$ne": 1}), ("when.value", "value_not_allowed"), id="object"
        ),
        pytest.param(one("tag", ["is"], "x"), ("when.op", "unknown_operator"), id="list as op"),
        pytest.param(one("attribute", "is", 1), ("when.name", "attribute_expected"), id="unnamed"),
        pytest.param(one("keyword", "in", ["*"]), ("when.value.0", "value_not_allowed"), id="star"),
        pytest.param(one("hour", "is", True), ("when.value", "value_not_allowed"), id="true hour"),
        pytest.param(one("hour", "is", 24), ("when.value", "value_not_allowed"), id="hour 24"),
        pytest.param(
            one("hour", "between", ["8:00", "12:00"]),
            ("when.value", "two_times_expected"),
            id="time without a nought",
        ),
        pytest.param(
            one("hour", "between", ["08:00", "08:00"]),
            ("when.value", "two_times_expected"),
            id="empty span",
        ),
        pytest.param(
            one("hour", "between", [["08:00"], 5]),
            ("when.value", "two_times_expected"),
            id="times of wrong types",
        ),
        pytest.param(one("hour", "between"), ("when.value", "two_times_expected"), id="no times"),
    ],
)
def test_wrong_condition_is_refused_with_the_path_to_the_field(
    document: Any, wrong: tuple[str, str]
) -> None:
    assert wrong in errors_of(document)


def test_conditions_are_limited_in_depth_and_number() -> None:
    deep: dict[str, Any] = one("kind", "is", "inbox")
    for _ in range(2000):
        deep = {"all": [deep]}
    many = {"any": [one("kind", "is", "inbox")] * (MOST_CONDITIONS + 50)}

    assert errors_of(deep) == [("when.all.0.all.0.all.0.all.0.all", "too_deep")]
    assert [code for _, code in errors_of(many)] == ["too_many_conditions"]


def test_every_error_is_said_in_both_languages() -> None:
    errors = FieldErrors()
    check_condition(one("hour", "between"), errors)

    assert errors.errors[0].vi == "Cần hai giờ khác nhau, ví dụ 08:00 và 17:30."
    assert errors.errors[0].en == "Two different times are expected, such as 08:00 and 17:30."


def test_condition_survives_being_stored() -> None:
    document = {
        "any": [
            one("channel", "in", ["zalo"]),
            {"all": [one("attribute", "is", 1, "n"), one("ad", "exists")]},
        ]
    }

    assert condition_document(condition_from(document)) == document
    assert condition_document(None) is None
