"""How the pretended HubSpot says no: statuses and bodies in the shapes that it documents.

Source: https://developers.hubspot.com/docs/api-reference/error-handling
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

CORRELATION = "aeb5f871-7f07-4993-9211-075dc63e7cbf"
Problem = Mapping[str, Any]
"""`{isValid, message, error, name, localizedErrorMessage}` of one property."""


@dataclass
class Refused(Exception):
    """An answer that is no success."""

    status: int
    category: str
    message: str
    errors: Sequence[Mapping[str, Any]] = ()
    more: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        errors = {"errors": list(self.errors)} if self.errors else {}
        return {
            "status": "error",
            "message": self.message,
            "correlationId": CORRELATION,
            "category": self.category,
            **errors,
            **self.more,
        }


def problem(name: str, code: str, message: str) -> Problem:
    return {
        "isValid": False,
        "message": message,
        "error": code,
        "name": name,
        "localizedErrorMessage": message,
    }


def invalid_values(problems: Sequence[Problem]) -> Refused:
    """As one message with a list in it, and as `errors`: HubSpot sends either or both."""
    listed = orjson.dumps([dict(one) for one in problems]).decode()
    errors = [
        {
            "message": one["message"],
            "code": one["error"],
            "context": {"propertyName": [one["name"]]},
        }
        for one in problems
    ]
    return Refused(400, "VALIDATION_ERROR", f"Property values were not valid: {listed}", errors)


def bad_request(message: str) -> Refused:
    return Refused(400, "VALIDATION_ERROR", message)


def not_found(message: str = "resource not found") -> Refused:
    return Refused(404, "OBJECT_NOT_FOUND", message)


def exists(contact_id: int) -> Refused:
    return Refused(409, "CONFLICT", f"Contact already exists. Existing ID: {contact_id}")


def taken(name: str, contact_id: int, value: str) -> Refused:
    message = f"Cannot set property {name} to {value}: {contact_id} already has that value."
    error = {
        "message": message,
        "code": "CONFLICTING_UNIQUE_VALUE",
        "context": {"propertyName": [name]},
    }
    return Refused(400, "VALIDATION_ERROR", message, [error])


def missing_scopes(scope: str) -> Refused:
    error = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": [scope]},
    }
    message = "This app hasn't been granted all required scopes to make this call."
    return Refused(403, "MISSING_SCOPES", message, [error], {"links": {"scopes": "https://…"}})


def unknown_token() -> Refused:
    message = "Authentication credentials not found. This API supports OAuth 2.0 authentication."
    return Refused(401, "INVALID_AUTHENTICATION", message)


def too_many(policy: str) -> Refused:
    return Refused(
        429,
        "RATE_LIMITS",
        f"You have reached your {policy.lower()} limit.",
        more={"errorType": "RATE_LIMIT", "policyName": policy},
    )
