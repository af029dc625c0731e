"""Errors as data: one tree, a stable `code` each, and one sentence for the user in vi and en.

    InboxError
      BadRequest 400 · SignInRequired 401 · NotAllowed 403 · NotFound 404 · Conflict 409
      VersionClash 412 · TooLarge 413 · InvalidInput 422 · TooManyTries 429 · Unavailable 503

A subclass names one thing that can go wrong; `code` is the word in logs, metrics, API and UI.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field of a request: where (a JSON path), a stable code, and both sentences."""

    field: str
    code: str
    vi: str
    en: str


class InboxError(Exception):
    """Anything that a caller of the API may be told."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    vi: ClassVar[str] = "Có lỗi xảy ra, vui lòng thử lại."
    en: ClassVar[str] = "Something went wrong, please try again."

    def __init__(self, **params: Any) -> None:
        super().__init__(self.code)
        self.params: Mapping[str, Any] = params

    def sentence(self, language: str) -> str:
        """The sentence for the user; `language` is "vi" or "en"."""
        template = self.en if language == "en" else self.vi
        return template.format(**self.params) if self.params else template

    def extra(self) -> dict[str, Any]:
        """Further members of the problem document (RFC 9457 extension members)."""
        return {}


class BadRequest(InboxError):
    code = "bad_request"
    status = 400
    vi = "Yêu cầu không hợp lệ."
    en = "The request is not valid."


class SignInRequired(InboxError):
    code = "sign_in_required"
    status = 401
    vi = "Bạn cần đăng nhập."
    en = "You need to sign in."


class NotAllowed(InboxError):
    code = "not_allowed"
    status = 403
    vi = "Bạn không có quyền thực hiện thao tác này."
    en = "You are not allowed to do this."


class NotFound(InboxError):
    code = "not_found"
    status = 404
    vi = "Không tìm thấy."
    en = "Not found."


class Conflict(InboxError):
    code = "conflict"
    status = 409
    vi = "Dữ liệu đã thay đổi, vui lòng thử lại."
    en = "The data has changed, please try again."


class VersionClash(InboxError):
    """Somebody else changed the same fields since they were read."""

    code = "version_clash"
    status = 412
    vi = "Người khác vừa sửa cùng thông tin này. Vui lòng xem lại giá trị hiện tại."
    en = "Somebody else has just changed the same fields. Please look at the current values."

    def __init__(self, *, fields: list[str], current: Mapping[str, Any]) -> None:
        super().__init__()
        self.fields = fields
        self.current = current

    def extra(self) -> dict[str, Any]:
        return {"fields": self.fields, "current": dict(self.current)}


class TooLarge(InboxError):
    code = "too_large"
    status = 413
    vi = "Dữ liệu gửi lên quá lớn."
    en = "The request body is too large."


class InvalidInput(InboxError):
    """One or more fields are wrong; nothing was saved."""

    code = "invalid_input"
    status = 422
    vi = "Thông tin chưa hợp lệ."
    en = "Some fields are not valid."

    def __init__(self, errors: list[FieldError] | None = None, **params: Any) -> None:
        super().__init__(**params)
        self.errors: list[FieldError] = errors or []


class TooManyTries(InboxError):
    code = "too_many_tries"
    status = 429
    vi = "Bạn đã thử quá nhiều lần, vui lòng đợi {retry_after_s} giây."
    en = "Too many tries, please wait {retry_after_s} seconds."

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__(retry_after_s=retry_after_s)
        self.retry_after_s = retry_after_s


class Unavailable(InboxError):
    """Passing: the database is slow or away, or too much is waiting. Safe to repeat."""

    code = "unavailable"
    status = 503
    vi = "Hệ thống đang bận, vui lòng thử lại sau ít giây."
    en = "The service is busy, please try again in a few seconds."


@dataclass(slots=True)
class FieldErrors:
    """Collects wrong fields so that a caller is told all of them at once."""

    errors: list[FieldError] = field(default_factory=list)

    def add(self, name: str, code: str, *, vi: str, en: str) -> None:
        self.errors.append(FieldError(name, code, vi, en))

    def raise_if_any(self) -> None:
        """Raise InvalidInput when at least one field is wrong."""
        if self.errors:
            raise InvalidInput(self.errors)
