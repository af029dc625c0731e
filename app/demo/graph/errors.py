"""The errors of the Graph API, as Meta documents them.

Source: https://developers.facebook.com/docs/messenger-platform/error-codes
"""

from typing import Any

from app.demo.exchange import Refused
from app.demo.faults import Refusal

_MESSAGES: dict[tuple[int, int | None], str] = {
    (1, None): "An unknown error occurred",
    (1, 1357046): "Received Invalid JSON reply",
    (2, None): "Service temporarily unavailable",
    (3, None): "Application does not have the capability to make this API call.",
    (4, None): "Application request limit reached",
    (10, None): "Application does not have permission for this action",
    (10, 2018065): "This message is sent outside of allowed window.",
    (10, 2018108): "This Person Cannot Receive Messages: This person isn't receiving messages "
    "from you right now.",
    (10, 2018278): "This message is sent outside of allowed window. Learn more about the new "
    "policy here: https://developers.facebook.com/docs/messenger-platform/policy-overview",
    (10, 2534022): "This message is sent outside of allowed window.",
    (17, None): "User request limit reached",
    (32, None): "Page request limit reached",
    (100, None): "Invalid parameter",
    (100, 33): "Unsupported request. Object does not exist, cannot be loaded due to missing "
    "permissions, or does not support this operation.",
    (100, 2018001): "No matching user found",
    (100, 2018008): "Failed to fetch the file from the url",
    (100, 2018047): "Upload attachment failure.",
    (100, 2018074): "Invalid Attachment ID: the attachment is not owned by this page or expired",
    (100, 2018109): "Attachment size exceeds allowable limit",
    (100, 2018218): "The profile of this user is not available.",
    (100, 2018247): "Insufficient permission to access user profile.",
    (100, 2018292): "Invalid comment_id",
    (102, None): "Session key invalid or no longer valid",
    (190, None): "Invalid OAuth access token.",
    (190, 458): "Error validating access token: The user has not authorized application.",
    (190, 459): "Error validating access token: The user must log in at facebook.com.",
    (190, 460): "Error validating access token: The session has been invalidated because the "
    "user changed their password or Facebook has changed the session for security reasons.",
    (190, 463): "Error validating access token: Session has expired.",
    (190, 467): "Error validating access token: The access token is invalid.",
    (200, None): "Permissions error",
    (368, None): "The action attempted has been deemed abusive or is otherwise disallowed",
    (551, None): "This person isn't available right now.",
    (551, 1545041): "This person isn't available right now.",
    (613, None): "Calls to this api have exceeded the rate limit.",
    (2022, None): "The page is restricted from sending messages.",
    (10900, None): "Activity already replied to",
    (10902, None): "Activity is not replyable",
    (10903, None): "This user cannot reply to this activity",
    (80006, None): "There have been too many calls to this page account.",
    (9000001, None): "The message has been deleted or is too old.",
}
_STATUSES = {1: 500, 2: 500, 190: 401, 102: 401, 4: 403, 17: 403, 32: 403, 613: 403, 80006: 403}
_TRANSIENT = frozenset({1, 2, 4, 17, 32, 613, 80006})


class GraphError(Refused):
    """An error object; `code` and `subcode` tell which, and decide the HTTP status."""

    def __init__(self, code: int, subcode: int | None = None, message: str | None = None) -> None:
        super().__init__(code, subcode)
        self.code = code
        self.subcode = subcode
        self.status = _STATUSES.get(code, 400)
        self._message = message or _message(code, subcode)

    @classmethod
    def of(cls, refusal: Refusal) -> "GraphError":
        return cls(refusal.code, refusal.subcode, refusal.message)

    def body(self) -> dict[str, Any]:
        """Shaped as in https://developers.facebook.com/docs/graph-api/guides/error-handling"""
        error: dict[str, Any] = {
            "message": f"(#{self.code}) {self._message}",
            "type": "OAuthException",
            "code": self.code,
            "is_transient": self.code in _TRANSIENT,
            "fbtrace_id": f"A{self.code:010d}{self.subcode or 0:010d}",
        }
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        return {"error": error}


def _message(code: int, subcode: int | None) -> str:
    return _MESSAGES.get((code, subcode)) or _MESSAGES.get((code, None), "Error")
