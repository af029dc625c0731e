"""Why a comment is not changed."""

from typing import Any

from inbox.errors import Conflict, Unavailable
from inbox.ports import SendError


class NotModerated(Conflict):
    """Only customers' comments are hidden and liked, only our own sent ones taken back."""

    code = "not_moderated"
    vi = "Không thể làm việc này với tin nhắn này."
    en = "This cannot be done to this message."


class ModerationRefused(Conflict):
    """The platform does not let us; `reason_code` is stable, the sentence is the reason's."""

    code = "moderation_refused"
    vi = "Nền tảng không cho thay đổi bình luận này."
    en = "The platform does not let us change this comment."

    def __init__(self, error: SendError) -> None:
        super().__init__()
        self._error = error

    def sentence(self, language: str) -> str:
        return self._error.en if language == "en" else self._error.vi

    def extra(self) -> dict[str, Any]:
        return {"reason_code": self._error.code, "platform_code": self._error.platform_code}


class ModerationUnavailable(Unavailable):
    """Passing: the platform did not answer, so nobody knows; doing it again is harmless."""

    code = "moderation_unavailable"
    vi = "Nền tảng chưa trả lời, vui lòng thử lại."
    en = "The platform has not answered, please try again."
