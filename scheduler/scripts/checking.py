"""Whether a script that somebody wrote can run, and where it is wrong. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from inbox.conversations.model import Channel
from inbox.errors import FieldErrors
from inbox.ids import random_id
from inbox.placeholders import PLACEHOLDERS, unknown_placeholders
from inbox.splitting.documents import interval_from, schedule_from
from inbox.splitting.model import DAY_MIN, WEEKDAYS, Schedule
from inbox.splitting.view import ScheduleBody
from scheduler.scripts.documents import content_from, trigger_from
from scheduler.scripts.model import Content, Step, Stops, Trigger
from scheduler.scripts.moments import when_of
from scheduler.scripts.view import ContentBody, ScriptButtonBody, StepBody, StopsBody, TriggerBody
from scheduler.scripts.wording import wrong
from scheduler.timing import crontab, next_run

MOST_BUTTONS_META, MOST_BUTTONS_ZALO = 3, 5
"""https://developers.facebook.com/docs/messenger-platform/send-messages/template/button and
https://developers.zalo.me/docs/official-account (message with buttons)."""
MOST_QUICK_REPLIES = 13
"""https://developers.facebook.com/docs/messenger-platform/send-messages/quick-replies"""
LONGEST_TITLE = 20
"""Characters of a button or quick reply, on Messenger as on Zalo."""

_META: frozenset[Channel] = frozenset({"facebook", "instagram"})
_LINK = re.compile(r"(https?://|tel:)\S+")
_WEEK_MIN = 7 * DAY_MIN
_FIELDS_OF_TRIGGER = {
    "tag_added": {"tag_ids"},
    "first_message": set[str](),
    "keyword": {"words"},
    "cron": {"crontab", "tag_ids"},
}


@dataclass(frozen=True, slots=True)
class Known:
    """What a script may name. `tags` are those in use; `step_ids` those that the script has."""

    time_zone: str
    channels: frozenset[Channel] = frozenset()
    tags: frozenset[str] = frozenset()
    date_attributes: frozenset[str] = frozenset()
    uploads: frozenset[str] = frozenset()
    step_ids: frozenset[str] = frozenset()


def steps_of(bodies: Collection[StepBody], known: Known, errors: FieldErrors) -> tuple[Step, ...]:
    """The steps that were written, new ones with new ids; what is wrong goes into `errors`."""
    seen: set[str] = set()
    steps = []
    for place, body in enumerate(bodies):
        path = f"steps.{place}"
        if body.id is not None and body.id not in known.step_ids:
            wrong(errors, f"{path}.id", "unknown_step")
        elif body.id in seen:
            wrong(errors, f"{path}.id", "step_twice")
        when = when_of(body.when, f"{path}.when", known.date_attributes, errors)
        content = _content(body, f"{path}.content", known, errors)
        id_ = body.id or random_id()
        seen.add(id_)
        if when is not None:
            steps.append(Step(id_, when, content, body.enabled))
    return tuple(steps)


def window_of(body: ScheduleBody | None, errors: FieldErrors) -> Schedule | None:
    """The hours in which a script sends; None is any time."""
    if body is None:
        return None
    document = body.model_dump(by_alias=True)
    for day in _overlapping(document["weekdays"]):
        wrong(errors, f"window.weekdays.{day}", "overlapping")
    schedule = schedule_from(document)
    if not any(schedule.weekdays):
        wrong(errors, "window.weekdays", "never_open")
    return schedule


def stops_of(body: StopsBody, known: Known, errors: FieldErrors) -> Stops:
    _check_tags(body.tags_added, "stops.tags_added", known, errors)
    _check_tags(body.tags_removed, "stops.tags_removed", known, errors)
    return Stops(frozenset(body.on), frozenset(body.tags_added), frozenset(body.tags_removed))


def triggers_of(
    bodies: Collection[TriggerBody], known: Known, errors: FieldErrors
) -> tuple[Trigger, ...]:
    """What attaches by itself; what is wrong goes into `errors`."""
    found = FieldErrors()
    for place, body in enumerate(bodies):
        _check_trigger(body, f"triggers.{place}", known, found)
    errors.errors += found.errors
    return () if found.errors else tuple(trigger_from(one.model_dump()) for one in bodies)


def check_attachable(steps: Iterable[Step], errors: FieldErrors) -> None:
    """A script that is on has something to send."""
    if not any(step.enabled and not step.content.is_empty for step in steps):
        wrong(errors, "steps", "nothing_to_send")


def _content(step: StepBody, path: str, known: Known, errors: FieldErrors) -> Content:
    body = step.content
    content = content_from(body.model_dump(exclude_none=True))
    if content.is_empty and step.enabled:
        wrong(errors, path, "empty_content")
    for one in unknown_placeholders(body.text or "", PLACEHOLDERS):
        code = "open_placeholder" if one.name == "{{" else "unknown_placeholder"
        wrong(errors, f"{path}.text", code, name=one.name)
    for place, upload_id in enumerate(body.upload_ids):
        if upload_id not in known.uploads:
            wrong(errors, f"{path}.upload_ids.{place}", "unknown_upload")
    _check_choices(body, path, known, errors)
    return content


def _check_choices(body: ContentBody, path: str, known: Known, errors: FieldErrors) -> None:
    has_meta = not known.channels or known.channels & _META
    most = MOST_BUTTONS_META if has_meta else MOST_BUTTONS_ZALO
    if len(body.buttons) > most:
        wrong(errors, f"{path}.buttons", "too_many_choices", most=most)
    if len(body.quick_replies) > MOST_QUICK_REPLIES:
        wrong(errors, f"{path}.quick_replies", "too_many_choices", most=MOST_QUICK_REPLIES)
    if body.buttons and not (body.text or "").strip():
        wrong(errors, f"{path}.buttons", "buttons_need_text")
    for place, button in enumerate(body.buttons):
        _check_button(button, f"{path}.buttons.{place}", errors)
    for place, choice in enumerate(body.quick_replies):
        _check_title(choice.title, f"{path}.quick_replies.{place}.title", errors)


def _check_button(button: ScriptButtonBody, path: str, errors: FieldErrors) -> None:
    _check_title(button.title, f"{path}.title", errors)
    if (button.url is None) == (button.payload is None):
        wrong(errors, path, "link_or_payload")
    elif button.url is not None and not _LINK.fullmatch(button.url):
        wrong(errors, f"{path}.url", "no_link")
    elif button.payload is not None and not button.payload.strip():
        wrong(errors, f"{path}.payload", "required")


def _check_title(title: str, path: str, errors: FieldErrors) -> None:
    if not 0 < len(title.strip().encode("utf-16-le", "replace")) // 2 <= LONGEST_TITLE:
        wrong(errors, path, "title_length", most=LONGEST_TITLE)


def _overlapping(weekdays: dict[str, list[dict[str, str]]]) -> Iterator[str]:
    """The days with an interval that begins while another one lasts, Sunday night included."""
    spans: list[tuple[int, int, str]] = []
    for number, day in enumerate(WEEKDAYS):
        for one in map(interval_from, weekdays[day]):
            length = (one.end - one.start) % DAY_MIN or DAY_MIN
            start = number * DAY_MIN + one.start
            spans.append((start, start + length, day))
    spans.sort()
    latest = max((end for _, end, _ in spans), default=0) - _WEEK_MIN  # Sunday's night shift
    told = set()
    for start, end, name in spans:
        if start < latest and name not in told:
            told.add(name)
            yield name
        latest = max(latest, end)


def _check_tags(ids: Collection[str], path: str, known: Known, errors: FieldErrors) -> None:
    for place, tag_id in enumerate(ids):
        if tag_id not in known.tags:
            wrong(errors, f"{path}.{place}", "unknown_tag")


def _check_trigger(body: TriggerBody, path: str, known: Known, errors: FieldErrors) -> None:
    wanted = _FIELDS_OF_TRIGGER[body.kind]
    given: dict[str, Any] = body.model_dump(exclude={"kind"}, exclude_none=True)
    for name in sorted(wanted - {name for name, value in given.items() if value}):
        wrong(errors, f"{path}.{name}", "required")
    for name in sorted(given.keys() - wanted):
        wrong(errors, f"{path}.{name}", "not_of_this_kind")
    _check_tags(body.tag_ids or (), f"{path}.tag_ids", known, errors)
    for place, word in enumerate(body.words or ()):
        if not any(character.isalnum() for character in word):
            wrong(errors, f"{path}.words.{place}", "no_word")
    if body.crontab:
        _check_crontab(body.crontab, f"{path}.crontab", known.time_zone, errors)


def _check_crontab(text: str, path: str, zone: str, errors: FieldErrors) -> None:
    try:
        trigger = crontab(text, zone)
    except ValueError:
        wrong(errors, path, "bad_crontab")
        return
    if next_run(trigger, _SOME_DAY) is None:
        wrong(errors, path, "never_runs")


_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
"""Five fields come round every few years or never: no matter from when on one looks."""
