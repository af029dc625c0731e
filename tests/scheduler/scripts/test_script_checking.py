"""Whether a script can run: every mistake is named with its place, its code and both languages."""

from string import Formatter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.conversations.model import Channel
from inbox.errors import FieldErrors
from inbox.splitting.view import ScheduleBody
from scheduler.scripts.checking import Known, steps_of, triggers_of, window_of
from scheduler.scripts.documents import content_document, when_document
from scheduler.scripts.view import StepBody, TriggerBody, WhenBody
from scheduler.scripts.wording import ERRORS, WARNINGS

HOUR = {"kind": "delay", "n": 1, "unit": "hour"}
HELLO = {"text": "Chào {{name, bạn}}"}
KNOWN = Known(
    "Asia/Ho_Chi_Minh",
    channels=frozenset({"facebook", "zalo"}),
    tags=frozenset({"vip"}),
    date_attributes=frozenset({"birthday"}),
    uploads=frozenset({"u1"}),
    step_ids=frozenset({"one", "two"}),
)


def wrong(*steps: dict[str, Any], known: Known = KNOWN) -> dict[str, str]:
    errors = FieldErrors()
    steps_of([StepBody.model_validate(one) for one in steps], known, errors)
    assert all(one.vi and one.en and one.vi != one.en for one in errors.errors)
    return {one.field: one.code for one in errors.errors}


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"kind": "delay", "n": 1}, {"unit": "required"}),
        ({"kind": "delay"}, {"n": "required", "unit": "required"}),
        ({"kind": "delay", "n": 731, "unit": "day"}, {"n": "too_far"}),
        ({"kind": "delay", "n": 1, "unit": "day", "at": "09:00"}, {"at": "not_of_this_kind"}),
        ({"kind": "clock", "days": 1, "at": "9:00"}, {"at": "no_clock_time"}),
        ({"kind": "clock", "days": 1, "at": "24:00"}, {"at": "no_clock_time"}),
        ({"kind": "clock", "days": -1, "at": "09:00"}, {"days": "not_before"}),
        ({"kind": "clock", "days": 1000, "at": "09:00"}, {"days": "too_far"}),
        ({"kind": "fixed"}, {"at": "required"}),
        ({"kind": "fixed", "at": "2026-13-01T09:00"}, {"at": "no_moment"}),
        ({"kind": "fixed", "at": "2026-12-01T09:00Z"}, {"at": "no_moment"}),
        ({"kind": "fixed", "at": "9999-12-31T23:59"}, {"at": "no_moment"}),
        ({"kind": "fixed", "at": "2026-12-01"}, {"at": "no_moment"}),
        ({"kind": "attribute", "days": 0, "at": "09:00"}, {"attribute": "required"}),
        (
            {"kind": "attribute", "attribute": "wedding", "days": -7, "at": "25:00"},
            {"attribute": "unknown_attribute", "at": "no_clock_time"},
        ),
    ],
)
def test_moments_that_are_none(when: dict[str, Any], expected: dict[str, str]) -> None:
    fine = {"when": HOUR, "content": HELLO}
    found = wrong(fine, {"when": when, "content": HELLO})
    assert found == {f"steps.1.when.{name}": code for name, code in expected.items()}


@pytest.mark.parametrize(
    "when",
    [
        {"kind": "delay", "n": 0, "unit": "second"},
        {"kind": "delay", "n": 730, "unit": "day"},
        {"kind": "clock", "days": 0, "at": "00:00"},
        {"kind": "fixed", "at": "2026-12-24T09:00", "past": "go_on"},
        {"kind": "attribute", "attribute": "birthday", "days": -3, "at": "08:00", "yearly": True},
    ],
)
def test_moments_of_every_kind_are_taken_and_shown_as_they_were_written(
    when: dict[str, Any],
) -> None:
    """X.SCR.01 and X.SCR.03: delays, clock times, fixed moments, dates of the customer."""
    errors = FieldErrors()
    body = StepBody.model_validate({"when": when, "content": HELLO})
    (step,) = steps_of([body], KNOWN, errors)
    assert errors.errors == []
    shown = WhenBody.model_validate(when_document(step.when)).model_dump(exclude_none=True)
    assert {name: shown[name] for name in when} == when


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({}, {"": "empty_content"}),
        ({"text": " \n "}, {"": "empty_content"}),
        ({"text": "{{tên}} {{phone}}"}, {".text": "unknown_placeholder"}),
        ({"text": "Chào {{name"}, {".text": "open_placeholder"}),
        ({"upload_ids": ["u1", "gone"]}, {".upload_ids.1": "unknown_upload"}),
        (
            {"upload_ids": ["u1"], "buttons": [{"title": "Mua", "payload": "BUY"}]},
            {".buttons": "buttons_need_text"},
        ),
        (
            {"text": "Chào", "buttons": [{"title": "x" * 21, "payload": "a"}]},
            {".buttons.0.title": "title_length"},
        ),
        (
            {"text": "Chào", "buttons": [{"title": " ", "url": "https://shop.vn"}]},
            {".buttons.0.title": "title_length"},
        ),
        ({"text": "Chào", "buttons": [{"title": "Mua"}]}, {".buttons.0": "link_or_payload"}),
        (
            {"text": "Chào", "buttons": [{"title": "Mua", "url": "javascript:alert(1)"}]},
            {".buttons.0.url": "no_link"},
        ),
        (
            {"text": "Chào", "buttons": [{"title": "Mua", "payload": ""}]},
            {".buttons.0.payload": "required"},
        ),
        (
            {"text": "Chào", "buttons": [{"title": "Mua", "payload": "a"}] * 4},
            {".buttons": "too_many_choices"},
        ),
        (
            {"text": "Chào", "quick_replies": [{"title": "Có"}] * 14},
            {".quick_replies": "too_many_choices"},
        ),
    ],
)
def test_content_that_cannot_go_out(content: dict[str, Any], expected: dict[str, str]) -> None:
    """X.SCR.12: an unknown placeholder refuses to save, and so does what no channel takes."""
    found = wrong({"when": HOUR, "content": content})
    assert found == {f"steps.0.content{path}": code for path, code in expected.items()}


def test_a_step_that_is_off_may_be_empty() -> None:
    assert wrong({"when": HOUR, "enabled": False}) == {}


@pytest.mark.parametrize(("channels", "most"), [({"zalo"}, 5), ({"zalo", "instagram"}, 3)])
def test_the_narrowest_channel_says_how_many_buttons(channels: set[Channel], most: int) -> None:
    known = Known("UTC", channels=frozenset(channels))
    for count, expected in (
        (most, {}),
        (most + 1, {"steps.0.content.buttons": "too_many_choices"}),
    ):
        buttons = [{"title": "Mua", "url": "https://shop.vn"}] * count
        content = {"text": "Chào", "buttons": buttons}
        assert wrong({"when": HOUR, "content": content}, known=known) == expected


def test_steps_keep_their_ids_and_new_ones_get_one() -> None:
    """X.SCR.15: an id belongs to its step for good, wherever the step is moved."""
    errors = FieldErrors()
    bodies = [{"id": "two"}, {}, {"id": "one"}]
    steps = steps_of(
        [StepBody.model_validate({"when": HOUR, "content": HELLO, **one}) for one in bodies],
        KNOWN,
        errors,
    )
    assert errors.errors == []
    assert [steps[0].id, steps[2].id] == ["two", "one"]
    assert len(steps[1].id) == 26


def test_an_id_is_never_somebody_elses() -> None:
    step = {"when": HOUR, "content": HELLO}
    assert wrong({**step, "id": "made-up"}, {**step, "id": "one"}, {**step, "id": "one"}) == {
        "steps.0.id": "unknown_step",
        "steps.2.id": "step_twice",
    }


@pytest.mark.parametrize(
    ("weekdays", "expected"),
    [
        ({}, {"window.weekdays": "never_open"}),
        ({"mon": [("08:00", "12:00"), ("11:00", "13:00")]}, {"window.weekdays.mon": "overlapping"}),
        ({"mon": [("20:00", "04:00")], "tue": [("03:00", "05:00")]}, {"window.weekdays.tue": "overlapping"}),  # noqa: E501 - one case
        ({"sun": [("20:00", "04:00")], "mon": [("03:00", "05:00")]}, {"window.weekdays.mon": "overlapping"}),  # noqa: E501 - one case
        ({"sun": [("20:00", "03:00")], "mon": [("03:00", "05:00")]}, {}),
        ({"mon": [("09:00", "09:00")]}, {}),
        ({day: [("13:00", "20:00")] for day in ("mon", "tue", "sun")}, {}),
    ],
)  # fmt: skip
def test_windows_that_overlap_or_never_open_are_refused(
    weekdays: dict[str, list[tuple[str, str]]], expected: dict[str, str]
) -> None:
    """X.SCR.02: the hours in which a script sends."""
    hours = {
        day: [{"from": start, "to": end} for start, end in spans] for day, spans in weekdays.items()
    }
    errors = FieldErrors()
    window_of(ScheduleBody.model_validate({"weekdays": hours}), errors)
    assert {one.field: one.code for one in errors.errors} == expected


def test_no_window_is_any_time() -> None:
    errors = FieldErrors()
    assert window_of(None, errors) is None
    assert errors.errors == []


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ({"kind": "tag_added", "tag_ids": ["vip"]}, {}),
        ({"kind": "first_message"}, {}),
        ({"kind": "keyword", "words": ["giá", "ship*"]}, {}),
        ({"kind": "cron", "crontab": "0 9 * * mon", "tag_ids": ["vip"]}, {}),
        ({"kind": "tag_added", "tag_ids": []}, {"tag_ids": "required"}),
        ({"kind": "tag_added", "tag_ids": ["gone"]}, {"tag_ids.0": "unknown_tag"}),
        ({"kind": "first_message", "words": ["giá"]}, {"words": "not_of_this_kind"}),
        ({"kind": "keyword", "words": ["giá", "!?"]}, {"words.1": "no_word"}),
        ({"kind": "cron", "crontab": "0 9 * * 1", "tag_ids": ["vip"]}, {"crontab": "bad_crontab"}),
        ({"kind": "cron", "crontab": "0 25 * * *", "tag_ids": ["vip"]}, {"crontab": "bad_crontab"}),
        ({"kind": "cron", "crontab": "0 9 31 2 *", "tag_ids": ["vip"]}, {"crontab": "never_runs"}),
        ({"kind": "cron", "crontab": "0 9 * * mon"}, {"tag_ids": "required"}),
    ],
)
def test_triggers_are_checked(trigger: dict[str, Any], expected: dict[str, str]) -> None:
    """X.SCR.17, the side of the configuration."""
    errors = FieldErrors()
    found = triggers_of([TriggerBody.model_validate(trigger)], KNOWN, errors)
    assert {one.field.removeprefix("triggers.0."): one.code for one in errors.errors} == expected
    assert len(found) == (0 if expected else 1)


@given(
    st.text(max_size=40) | st.lists(st.sampled_from("*/-,0159monfril?# "), max_size=20).map("".join)
)
def test_whatever_is_written_as_a_crontab_is_refused_or_taken(text: str) -> None:
    body = TriggerBody(kind="cron", crontab=text, tag_ids=("vip",))
    triggers_of([body], KNOWN, FieldErrors())


@given(st.text(max_size=20))
def test_whatever_is_written_as_a_time_is_refused_or_taken(text: str) -> None:
    for kind in ("clock", "fixed"):
        when = WhenBody.model_validate({"kind": kind, "days": 0, "at": text})
        body = StepBody(when=when)
        for step in steps_of([body], KNOWN, FieldErrors()):
            assert when_document(step.when)["at"] == text


def test_content_is_stored_without_what_was_left_out() -> None:
    body = {"text": "Chào", "buttons": [{"title": "Mua", "payload": "BUY"}]}
    (step,) = steps_of(
        [StepBody.model_validate({"when": HOUR, "content": body})], KNOWN, FieldErrors()
    )
    assert content_document(step.content)["buttons"] == [{"title": "Mua", "payload": "BUY"}]


def test_sentences_name_the_same_things_in_both_languages() -> None:
    for vi, en in (*ERRORS.values(), *WARNINGS.values()):
        named = [{name for _, name, _, _ in Formatter().parse(one) if name} for one in (vi, en)]
        assert named[0] - {"vi"} == named[1] - {"en"}
