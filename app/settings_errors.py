"""What can be wrong with the settings, in one clear sentence each, in Vietnamese and English."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inbox.errors import InboxError

_SENTENCES: Mapping[str, tuple[str, str]] = {
    "int_type": ("phải là số nguyên", "must be a whole number"),
    "float_type": ("phải là một số", "must be a number"),
    "bool_type": ("phải là true hoặc false", "must be true or false"),
    "string_type": ("phải là chuỗi ký tự", "must be text; put it in quotes"),
    "path_type": ("phải là đường dẫn", "must be a path"),
    "list_type": ("phải là danh sách, ví dụ [a, b]", "must be a list such as [a, b]"),
    "duration": (
        "phải là khoảng thời gian ISO 8601, ví dụ PT1.5S hoặc P7D",
        "must be an ISO 8601 duration such as PT1.5S or P7D",
    ),
    "secret_key": (
        "phải là 32 byte dạng base64 an toàn cho URL, cách nhau bằng dấu phẩy khi có nhiều khóa",
        "must be 32 bytes in url-safe base64, several of them separated by commas",
    ),
    "literal_error": ("phải là {expected}", "must be {expected}"),
    "string_pattern_mismatch": ("phải có dạng {pattern}", "must look like {pattern}"),
    "greater_than": ("phải lớn hơn {gt}", "must be greater than {gt}"),
    "greater_than_equal": ("phải từ {ge} trở lên", "must be {ge} or more"),
    "less_than_equal": ("không được lớn hơn {le}", "must be {le} or less"),
    "value_error": ("không hợp lệ: {reason}", "is not valid: {reason}"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One wrong setting: where it stands (file and line, or a variable), which, and why."""

    where: str
    key: str
    vi: str
    en: str
    line: int = 0

    def text(self) -> str:
        """Both sentences, for a terminal."""
        return f"{self.where}: {self.key}\n    vi: {self.vi}\n    en: {self.en}"


class SettingsError(InboxError):
    """The settings are wrong; nothing was started. `problems` has all of them."""

    code = "settings_wrong"
    vi = "Cấu hình có {count} lỗi, dịch vụ không khởi động:\n{problems}"
    en = "Nothing was started, the settings are wrong in {count} place(s):\n{problems}"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(problems, key=lambda one: one.line))
        lines = "\n".join(problem.text() for problem in self.problems)
        super().__init__(count=len(self.problems), problems=lines)

    def __str__(self) -> str:
        return self.sentence("en")


def invalid(where: str, key: str, error: Mapping[str, Any], default: str, line: int) -> Problem:
    """A value of the wrong type or size; `error` is one of pydantic's."""
    vi, en = _SENTENCES.get(error["type"], ("không hợp lệ: {message}", "is not valid: {message}"))
    words = {"message": error["msg"], "reason": error["msg"]} | error.get("ctx", {})
    hint_vi = f" (mặc định: {default})" if default else ""
    hint_en = f" (default: {default})" if default else ""
    return Problem(where, key, vi.format(**words) + hint_vi, en.format(**words) + hint_en, line)


def missing_secret_key(variable: str) -> Problem:
    make = "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
    return Problem(
        "environment",
        variable,
        f"chưa có khóa bí mật: đặt {variable} (hoặc {variable}_FILE); tạo khóa bằng: {make}",
        f"the secret key is missing: set {variable} (or {variable}_FILE); make one with: {make}",
    )


def unknown_key(where: str, key: str, known: Sequence[str], line: int) -> Problem:
    name = key.rsplit(".", maxsplit=1)[-1]
    vi, en = _nearest(name, known)
    return Problem(where, key, f"không có mục này; {vi}", f"there is no such key; {en}", line)


def unknown_variable(name: str, known: Sequence[str]) -> Problem:
    vi, en = _nearest(name, known)
    return Problem("environment", name, f"không có biến này; {vi}", f"no such variable; {en}")


def _nearest(name: str, known: Sequence[str]) -> tuple[str, str]:
    if near := difflib.get_close_matches(name, known, n=1):
        return f"có phải là {near[0]}?", f"did you mean {near[0]}?"
    if not known:
        return "hãy xóa dòng này", "remove the line"
    listed = ", ".join(known)
    return f"có thể dùng: {listed}", f"known: {listed}"


def secret_in_file(where: str, key: str, variable: str, line: int) -> Problem:
    """The value itself is never repeated."""
    return Problem(
        where,
        key,
        f"không được ghi trong tệp này: đặt biến môi trường {variable} (hoặc {variable}_FILE)",
        f"must not stand in this file: set the variable {variable} (or {variable}_FILE)",
        line,
    )


def not_a_section(where: str, key: str, line: int) -> Problem:
    return Problem(
        where,
        key,
        "phải là một nhóm: các mục con viết ở dòng sau, thụt vào 2 dấu cách",
        "must be a section: its keys stand on the next lines, two spaces further in",
        line,
    )


def duplicate_key(where: str, key: str, line: int) -> Problem:
    return Problem(where, key, "ghi hai lần; giữ lại một", "is there twice; keep one", line)


def broken_yaml(where: str, reason: str, line: int) -> Problem:
    return Problem(where, "YAML", f"không đọc được: {reason}", f"cannot be read: {reason}", line)


def unreadable_file(where: str, key: str, path: str, reason: str) -> Problem:
    return Problem(
        where, key, f"không đọc được tệp {path}: {reason}", f"cannot read {path}: {reason}"
    )


def given_twice(variable: str) -> Problem:
    return Problem(
        "environment",
        variable,
        f"chỉ đặt một trong hai: {variable} hoặc {variable}_FILE",
        f"set either {variable} or {variable}_FILE, not both",
    )
