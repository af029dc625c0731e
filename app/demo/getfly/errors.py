"""How Getfly says no: an HTTP status, a message, and the fields that it is about.

The statuses are documented, the body is not; this is what integrations were seen to read.
Source: https://developer.getfly.vn/docs/6.0/errors/
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any


class GetflyError(Exception):
    """`fields` are messages by the name of the field."""

    def __init__(
        self, status: HTTPStatus, message: str, fields: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self._message = message
        self._fields = fields or {}

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"message": self._message}
        if self._fields:
            body["errors"] = {name: [text] for name, text in self._fields.items()}
        return body


def unauthorized() -> GetflyError:
    return GetflyError(HTTPStatus.UNAUTHORIZED, "API key không hợp lệ")


def not_found() -> GetflyError:
    return GetflyError(HTTPStatus.NOT_FOUND, "Không tìm thấy khách hàng")


def bad_field(name: str, message: str) -> GetflyError:
    return GetflyError(HTTPStatus.BAD_REQUEST, message, {name: message})


def bad_request(message: str) -> GetflyError:
    return GetflyError(HTTPStatus.BAD_REQUEST, message)
