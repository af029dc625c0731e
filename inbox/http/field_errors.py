"""What pydantic found wrong, told as fields with our codes and sentences."""

from collections.abc import Iterator

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from inbox.errors import FieldError

_SENTENCES: dict[str, tuple[str, str]] = {
    "required": ("Bắt buộc phải có.", "This field is required."),
    "unknown_field": ("Trường này không tồn tại.", "There is no such field."),
    "too_short": ("Quá ngắn.", "This is too short."),
    "too_long": ("Quá dài.", "This is too long."),
    "out_of_range": ("Giá trị ngoài khoảng cho phép.", "The value is out of range."),
    "not_a_choice": ("Giá trị không nằm trong danh sách.", "The value is not one of the choices."),
    "wrong_type": ("Sai kiểu dữ liệu.", "The value has the wrong type."),
    "invalid": ("Giá trị không hợp lệ.", "The value is not valid."),
}

_CODES = {
    "missing": "required",
    "extra_forbidden": "unknown_field",
    "string_too_short": "too_short",
    "string_too_long": "too_long",
    "too_short": "too_short",
    "too_long": "too_long",
    "greater_than": "out_of_range",
    "greater_than_equal": "out_of_range",
    "less_than": "out_of_range",
    "less_than_equal": "out_of_range",
    "literal_error": "not_a_choice",
    "enum": "not_a_choice",
    "union_tag_invalid": "not_a_choice",
    "union_tag_not_found": "required",
}


def field_errors(error: ValidationError) -> Iterator[FieldError]:
    """Each wrong field once, by its JSON path ("accounts.0.name"); "" is the whole body."""
    seen: set[str] = set()
    for details in error.errors(include_url=False, include_context=False, include_input=False):
        path = ".".join(str(step) for step in details["loc"])
        if path not in seen:
            seen.add(path)
            yield field_error(path, _code(details))


def field_error(path: str, code: str) -> FieldError:
    """A wrong field with one of the general codes above."""
    vi, en = _SENTENCES[code]
    return FieldError(path, code, vi=vi, en=en)


def _code(details: ErrorDetails) -> str:
    kind = details["type"]
    if kind in _CODES:
        return _CODES[kind]
    return "wrong_type" if kind.endswith(("_type", "_parsing")) else "invalid"
