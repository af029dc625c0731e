"""Whether a condition that somebody wrote can be evaluated, and where it is wrong."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from inbox.conversations.model import Channel, ConversationKind
from inbox.errors import FieldErrors
from inbox.splitting.model import WEEKDAYS, Field

DEEPEST = 5
"""Groups within groups."""
MOST_CONDITIONS = 100
MOST_VALUES = 500
LONGEST_VALUE = 200
"""Characters."""

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_SAME = ("is", "is_not", "in", "not_in")
_KNOWN = ("exists", "not_exists")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != "" and len(value) <= LONGEST_VALUE


def _is_keyword(value: Any) -> bool:
    return _is_text(value) and any(c.isalnum() for c in value)


def _is_plain(value: Any) -> bool:
    return isinstance(value, bool | int | float) or _is_text(value)


def _is_hour(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 23  # noqa: PLR2004 - of a day


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _one_of(*values: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in values


@dataclass(frozen=True, slots=True)
class _FieldRules:
    """What a field may be compared by, and what each value must be."""

    operators: tuple[str, ...]
    is_value: Callable[[Any], bool]


_RULES: dict[Field, _FieldRules] = {
    "channel": _FieldRules(_SAME, _one_of(*get_args(Channel))),
    "account": _FieldRules(_SAME, _is_text),
    "kind": _FieldRules(_SAME, _one_of(*get_args(ConversationKind))),
    "post": _FieldRules(_SAME + _KNOWN, _is_text),
    "ad": _FieldRules(_SAME + _KNOWN, _is_text),
    "referral": _FieldRules((*_SAME, *_KNOWN, "contains", "not_contains"), _is_text),
    "tag": _FieldRules(_SAME + _KNOWN, _is_text),
    "attribute": _FieldRules((*_SAME, *_KNOWN, "contains", "not_contains"), _is_plain),
    "province": _FieldRules(_SAME + _KNOWN, _is_text),
    "returning": _FieldRules(("is", "is_not"), _is_bool),
    "keyword": _FieldRules(("contains", "not_contains", "in", "not_in"), _is_keyword),
    "hour": _FieldRules(("between", *_SAME), _is_hour),
    "weekday": _FieldRules(_SAME, _one_of(*WEEKDAYS)),
    "working_hours": _FieldRules(("is",), _one_of("inside", "outside")),
}


def check_condition(document: Any, errors: FieldErrors, path: str = "when") -> None:
    """Note what is wrong with a condition in `errors`, each with its path ("when.all.1.value")."""
    _Checker(errors).check(document, path, 1)


class _Checker:
    def __init__(self, errors: FieldErrors) -> None:
        self._errors = errors
        self._count = 0

    def check(self, document: Any, path: str, depth: int) -> None:
        self._count += 1
        if self._count == MOST_CONDITIONS + 1:
            self._wrong(path, "too_many_conditions")
        if self._count > MOST_CONDITIONS:
            return
        if not isinstance(document, Mapping):
            self._wrong(path, "condition_expected")
        elif set(document) in ({"all"}, {"any"}):
            self._check_group(document, path, depth)
        else:
            self._check_comparison(document, path)

    def _check_group(self, document: Mapping[str, Any], path: str, depth: int) -> None:
        [(name, members)] = document.items()
        path = f"{path}.{name}"
        if not isinstance(members, list) or not members:
            self._wrong(path, "conditions_expected")
        elif depth >= DEEPEST:
            self._wrong(path, "too_deep")
        else:
            for place, member in enumerate(members):
                self.check(member, f"{path}.{place}", depth + 1)

    def _check_comparison(self, document: Mapping[str, Any], path: str) -> None:
        for key in document.keys() - {"field", "op", "value", "name"}:
            self._wrong(f"{path}.{key}", "unknown_key")
        field = document.get("field")
        rules = _RULES.get(field) if isinstance(field, str) else None  # type: ignore[call-overload]
        if rules is None:
            self._wrong(f"{path}.field", "unknown_field")
            return
        if field == "attribute" and not _is_text(document.get("name")):
            self._wrong(f"{path}.name", "attribute_expected")
        op = document.get("op")
        if op not in rules.operators:
            self._wrong(f"{path}.op", "unknown_operator")
        elif op == "between":
            self._check_between(document.get("value"), f"{path}.value")
        elif op not in _KNOWN:
            self._check_values(document.get("value"), rules, f"{path}.value")

    def _check_between(self, value: Any, path: str) -> None:
        times = value if isinstance(value, list) else []
        known = [one for one in times if isinstance(one, str) and _CLOCK.fullmatch(one)]
        if not len(times) == len(known) == len(set(known)) == 2:  # noqa: PLR2004 - from and to
            self._wrong(path, "two_times_expected")

    def _check_values(self, value: Any, rules: _FieldRules, path: str) -> None:
        if not isinstance(value, list):
            if not rules.is_value(value):
                self._wrong(path, "value_not_allowed")
            return
        if not 0 < len(value) <= MOST_VALUES:
            self._wrong(path, "values_expected")
        for place, one in enumerate(value[:MOST_VALUES]):
            if not rules.is_value(one):
                self._wrong(f"{path}.{place}", "value_not_allowed")

    def _wrong(self, path: str, code: str) -> None:
        vi, en = _SENTENCES[code]
        self._errors.add(path, code, vi=vi, en=en)


_SENTENCES = {
    "condition_expected": (
        "Cần một điều kiện, hoặc một nhóm điều kiện “all” / “any”.",
        "A condition, or a group “all” / “any” of conditions, is expected.",
    ),
    "conditions_expected": (
        "Nhóm phải có ít nhất một điều kiện.",
        "A group needs at least one condition.",
    ),
    "too_deep": (
        f"Điều kiện lồng nhau quá {DEEPEST} cấp.",
        f"Conditions are nested more than {DEEPEST} levels deep.",
    ),
    "too_many_conditions": (
        f"Một luật có tối đa {MOST_CONDITIONS} điều kiện.",
        f"A rule has at most {MOST_CONDITIONS} conditions.",
    ),
    "unknown_key": ("Trường thông tin không hợp lệ.", "This key is not known."),
    "unknown_field": ("Loại điều kiện không hợp lệ.", "There is no such field to compare."),
    "attribute_expected": ("Hãy chọn thuộc tính cần so sánh.", "Name the attribute to compare."),
    "unknown_operator": (
        "Phép so sánh không dùng được cho loại điều kiện này.",
        "This comparison cannot be used with this field.",
    ),
    "two_times_expected": (
        "Cần hai giờ khác nhau, ví dụ 08:00 và 17:30.",
        "Two different times are expected, such as 08:00 and 17:30.",
    ),
    "value_not_allowed": (
        "Giá trị không hợp lệ cho loại điều kiện này.",
        "This value cannot be used with this field.",
    ),
    "values_expected": (
        f"Cần từ 1 đến {MOST_VALUES} giá trị.",
        f"From 1 to {MOST_VALUES} values are expected.",
    ),
}
