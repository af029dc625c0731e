"""Whether settings and rules that somebody wrote can be saved, and where they are wrong. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from inbox.errors import FieldErrors
from inbox.splitting.checking import check_condition
from inbox.splitting.documents import config_document, config_from, interval_from, rule_from
from inbox.splitting.model import AllOf, AnyOf, Comparison, Condition, Interval, Rule, SplitConfig
from inbox.splitting.schedules import is_time_zone
from inbox.splitting.store import LAST
from inbox.splitting.view import RuleBody, SettingsBody


@dataclass(frozen=True, slots=True)
class Known:
    """What the configuration of a bot may name."""

    staff: frozenset[str]
    accounts: frozenset[str]


def settings_after(
    before: SplitConfig, body: SettingsBody, known: Known, errors: FieldErrors
) -> SplitConfig:
    """The configuration once what was sent is set; what is wrong with it goes into `errors`."""
    sent = body.model_dump(mode="json", by_alias=True, include=body.model_fields_set)
    kept = {name: value for name, value in sent.items() if _is_given(name, value)}
    wanted = {**config_document(before), **kept}
    found = FieldErrors()
    _check_settings(wanted, known, found)
    errors.errors += found.errors
    return before if found.errors else config_from(before.bot_id, wanted, before.rules)


def _is_given(name: str, value: Any) -> bool:
    """Null leaves as it is, but for the alert, which it switches off."""
    return value is not None or name == "alert"


def rule_from_body(
    bot_id: str, rule_id: str, body: RuleBody, known: Known, errors: FieldErrors, *, catch_all: bool
) -> Rule | None:
    """The rule that `body` describes; None when something is wrong, which goes into `errors`."""
    found = FieldErrors()
    rule = _checked_rule(bot_id, rule_id, body, known, found, catch_all=catch_all)
    errors.errors += found.errors
    return None if found.errors else rule


def _checked_rule(
    bot_id: str, rule_id: str, body: RuleBody, known: Known, errors: FieldErrors, *, catch_all: bool
) -> Rule | None:
    document = body.model_dump(mode="json", include=set(RuleBody.model_fields))
    if document["when"] is not None and catch_all:
        wrong(errors, "when", "catch_all_has_no_condition")
    elif document["when"] is not None:
        check_condition(document["when"], errors)
    elif not catch_all:
        wrong(errors, "when", "condition_needed")
    _check_people(body, known, errors)
    if errors.errors:
        return None
    rule = rule_from({**document, "_id": rule_id, "bot_id": bot_id, "position": LAST, "version": 1})
    if rule.when is not None:
        _check_accounts(rule.when, known, errors, "when")
    return rule


def _check_settings(wanted: dict[str, Any], known: Known, errors: FieldErrors) -> None:
    if not is_time_zone(wanted["time_zone"]):
        wrong(errors, "time_zone", "unknown_time_zone")
    check_week(wanted["working_hours"], "working_hours", errors)
    for place, holiday in enumerate(wanted["holidays"]):
        if holiday["to"] < holiday["from"]:
            wrong(errors, f"holidays.{place}.to", "ends_before_it_begins")
        _check_day(holiday["hours"], f"holidays.{place}.hours", errors)
    for place, staff_id in enumerate((wanted["alert"] or {}).get("staff_ids", ())):
        if staff_id not in known.staff:
            wrong(errors, f"alert.staff_ids.{place}", "unknown_staff")


def check_week(schedule: dict[str, Any], field: str, errors: FieldErrors) -> None:
    for day, intervals in schedule["weekdays"].items():
        _check_day(intervals, f"{field}.weekdays.{day}", errors)


def _check_day(intervals: Collection[dict[str, str]], field: str, errors: FieldErrors) -> None:
    """Intervals that begin on one day must not overlap."""
    ends = -1
    for one in sorted(map(interval_from, intervals), key=lambda interval: interval.start):
        if one.start < ends:
            wrong(errors, field, "overlapping")
            return
        ends = _end(one)


def _end(interval: Interval) -> int:
    return interval.end if interval.end > interval.start else interval.end + 24 * 60


def _check_people(body: RuleBody, known: Known, errors: FieldErrors) -> None:
    seen: set[str] = set()
    for place, one in enumerate(body.pool):
        if one.staff_id not in known.staff:
            wrong(errors, f"pool.{place}.staff_id", "unknown_staff")
        if one.staff_id in seen:
            wrong(errors, f"pool.{place}.staff_id", "twice")
        seen.add(one.staff_id)
    if body.pool and not any(one.weight for one in body.pool):
        wrong(errors, "pool", "no_weight")
    if body.mode == "fixed" and len(body.pool) != 1:
        wrong(errors, "pool", "one_person")
    if body.fallback_staff_id is not None and body.fallback_staff_id not in known.staff:
        wrong(errors, "fallback_staff_id", "unknown_staff")


def _check_accounts(condition: Condition, known: Known, errors: FieldErrors, path: str) -> None:
    """Accounts of another bot are split by that bot's configuration, never by two."""
    match condition:
        case AllOf(conditions) | AnyOf(conditions):
            name = "all" if isinstance(condition, AllOf) else "any"
            for place, one in enumerate(conditions):
                _check_accounts(one, known, errors, f"{path}.{name}.{place}")
        case Comparison("account", _, value, _):
            if not all(account in known.accounts for account in _listed(value)):
                wrong(errors, f"{path}.value", "unknown_account")
        case _:
            pass


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, tuple) else (value,)


def wrong(errors: FieldErrors, field: str, code: str) -> None:
    vi, en = _SENTENCES[code]
    errors.add(field, code, vi=vi, en=en)


_SENTENCES: dict[str, tuple[str, str]] = {
    "unknown_staff": (
        "Nhân viên này không thuộc bot hoặc đã ngừng hoạt động.",
        "This person is not an active member of the bot.",
    ),
    "twice": ("Giá trị này bị lặp lại.", "This is in the list twice."),
    "no_weight": ("Cần ít nhất một người có tỷ trọng lớn hơn 0.", "Somebody needs a share."),
    "one_person": (
        "Chế độ cố định cần đúng một người.",
        "The fixed mode needs exactly one person.",
    ),
    "unknown_account": (
        "Tài khoản này không thuộc bot.",
        "This account is not one of the bot's.",
    ),
    "unknown_time_zone": ("Không có múi giờ này.", "There is no such time zone."),
    "overlapping": ("Các khung giờ bị chồng lên nhau.", "These intervals overlap."),
    "ends_before_it_begins": (
        "Ngày kết thúc phải sau ngày bắt đầu.",
        "It ends before it begins.",
    ),
    "catch_all_has_no_condition": (
        "Luật mặc định không có điều kiện.",
        "The default rule has no condition.",
    ),
    "condition_needed": ("Luật cần có điều kiện.", "A rule needs a condition."),
    "too_many_rules": ("Đã đủ số luật tối đa.", "There are as many rules as there may be."),
    "not_all_rules": (
        "Cần gửi đủ mọi luật, mỗi luật một lần.",
        "Send every rule, each once.",
    ),
}
