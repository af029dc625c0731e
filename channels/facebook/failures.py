"""What Meta's error numbers mean for a message: final, passing, or the account's own trouble.

(code, subcode) decide and never the text, which is translated and changes.
Source: https://developers.facebook.com/docs/messenger-platform/error-codes
"""

from collections.abc import Mapping
from dataclasses import dataclass

from inbox.ports import (
    AccountUnusable,
    PrivateAnswerRefused,
    SendError,
    SendRefused,
    SendUnavailable,
    SendUncertain,
    WindowClosed,
)

_SERVER_ERROR = 500
_TOO_MANY_REQUESTS = 429
_MISSING_PROOF_TYPE = "GraphMethodException"


class MessageInvalid(SendRefused):
    code = "message_invalid"
    vi = "Facebook không chấp nhận nội dung tin nhắn này."
    en = "Facebook does not accept the content of this message."


class MediaRefused(SendRefused):
    code = "media_refused"
    vi = "Facebook không nhận tệp này (sai loại, quá lớn hoặc không đọc được)."
    en = "Facebook does not take this file: its type, its size, or it cannot be read."


class CommentTextOnly(MediaRefused):
    code = "comment_text_only"
    vi = "Trả lời bình luận công khai chỉ gửi được chữ, không kèm tệp hay nút bấm."
    en = "A public answer to a comment can only be text, without files or buttons."


class CommentTooLong(MessageInvalid):
    code = "comment_too_long"
    vi = "Bình luận quá dài."
    en = "The comment is too long."


class PrivateAnswerTooLong(MessageInvalid):
    code = "private_answer_too_long"
    vi = "Nhắn riêng từ bình luận chỉ được một tin: một đoạn chữ ngắn hoặc một tệp."
    en = "A private answer to a comment is one message: a short text or a single file."


class CommentGone(SendRefused):
    code = "comment_gone"
    vi = "Bình luận không còn, hoặc trang không được phép sửa bình luận này."
    en = "The comment is gone, or the page may not change it."


class ModerationNotPermitted(SendRefused):
    code = "moderation_not_permitted"
    vi = (
        "Ứng dụng chưa được Meta cấp quyền quản lý bình luận "
        "(pages_manage_engagement). Hãy báo quản trị viên."
    )
    en = (
        "Meta has not permitted the app to manage comments (pages_manage_engagement). "
        "Tell an administrator."
    )


class AttachmentExpired(MediaRefused):
    code = "attachment_expired"
    vi = "Tệp đính kèm trên Facebook đã hết hạn, vui lòng gửi lại."
    en = "The attachment has expired at Facebook, please send it again."


class RecipientUnavailable(SendRefused):
    code = "recipient_unavailable"
    vi = "Khách không nhận được tin nhắn (đã chặn, khoá tài khoản hoặc không tồn tại)."
    en = "The customer cannot receive messages: blocked, deactivated or unknown to this page."


class TooManyTagged(SendRefused):
    code = "too_many_tagged"
    vi = "Khách đã nhận quá nhiều tin nhắn ngoài cửa sổ 24 giờ."
    en = "The customer has received too many messages outside the 24-hour window."


class NotPermitted(SendRefused):
    """A permission error about this one message: nothing is said of the account."""

    code = "not_permitted"
    vi = "Ứng dụng chưa được Facebook cấp quyền gửi tin này. Hãy báo quản trị viên."
    en = "Facebook has not permitted the app to send this. Tell an administrator."


class ThreadOwnedElsewhere(SendRefused):
    code = "thread_owned_elsewhere"
    vi = "Một ứng dụng khác đang phụ trách cuộc trò chuyện này trên Facebook."
    en = "Another app has control of this conversation at Facebook."


class PrivateReplyDone(PrivateAnswerRefused):
    code = "private_reply_done"
    vi = "Bình luận này đã được trả lời riêng rồi."
    en = "This comment has been answered privately already."


class PrivateReplyImpossible(PrivateAnswerRefused):
    code = "private_reply_impossible"
    vi = "Không thể trả lời riêng bình luận này (đã quá 7 ngày, đã xoá hoặc bị hạn chế)."
    en = "This comment cannot be answered privately: older than 7 days, deleted or restricted."


class NoMessageId(SendRefused):
    code = "no_message_id"
    vi = "Facebook không xác nhận đã nhận tin nhắn này."
    en = "Facebook did not confirm that it took this message."


class TokenDead(AccountUnusable):
    code = "token_dead"
    vi = "Trang cần được kết nối lại với Facebook; tin nhắn đang chờ."
    en = "The page must be connected to Facebook again; the message is waiting."


class PermissionMissing(AccountUnusable):
    code = "permission_missing"
    health = "blocked"
    vi = "Ứng dụng chưa được Facebook cấp quyền nhắn tin cho trang này; tin nhắn đang chờ."
    en = "Facebook has not permitted the app to message for this page; the message is waiting."


class AccountBlocked(AccountUnusable):
    code = "account_blocked"
    health = "blocked"
    vi = "Facebook đang hạn chế trang này; tin nhắn đang chờ."
    en = "Facebook restricts this page; the message is waiting."


class AppMisconfigured(AccountUnusable):
    code = "app_misconfigured"
    health = "blocked"
    vi = "Ứng dụng Facebook chưa được cấu hình đúng (app secret); tin nhắn đang chờ."
    en = "The Facebook app is not set up correctly (app secret); the message is waiting."


class RateLimited(SendUnavailable):
    code = "rate_limited"


FAILURES_BY_PAIR: Mapping[tuple[int, int], type[SendError]] = {
    (10, 2018278): WindowClosed,
    (10, 2534022): WindowClosed,
    (10, 2018065): WindowClosed,
    (10, 2018108): RecipientUnavailable,
    (10, 1893063): AccountBlocked,
    (100, 2534029): AccountBlocked,
    (10, 2534077): TokenDead,
    (200, 2534041): TokenDead,
    (100, 2018001): RecipientUnavailable,
    (100, 33): RecipientUnavailable,
    (100, 2018008): SendUnavailable,
    (100, 2018292): PrivateReplyImpossible,
    (100, 2534025): PrivateReplyImpossible,
    (100, 2534037): ThreadOwnedElsewhere,
    (200, 1545041): RecipientUnavailable,
    (613, 2018338): TooManyTagged,
    (200, 2018027): PermissionMissing,
    (200, 2018028): PermissionMissing,
    (1, 1357046): SendUncertain,
}
"""2018008: Meta could not fetch a file; we send bytes, so it is Meta's own trouble and passes.
1357046 is documented as "may have been delivered"."""

FAILURES_BY_NUMBER: Mapping[int, type[SendError]] = {
    2018047: MediaRefused,
    2018074: AttachmentExpired,
    2018109: MediaRefused,
    2018294: MediaRefused,
    2018300: ThreadOwnedElsewhere,
    2018321: ThreadOwnedElsewhere,
    2018171: ThreadOwnedElsewhere,
}
"""Seen as a subcode of several codes, or as a code."""

FAILURES_BY_CODE: Mapping[int, type[SendError]] = {
    1: SendUnavailable,
    2: SendUnavailable,
    1200: SendUnavailable,
    3: PermissionMissing,
    10: NotPermitted,
    200: NotPermitted,
    4: RateLimited,
    17: RateLimited,
    32: RateLimited,
    341: RateLimited,
    613: RateLimited,
    80006: RateLimited,
    100: MessageInvalid,
    546: MediaRefused,
    102: TokenDead,
    190: TokenDead,
    368: AccountBlocked,
    2022: AccountBlocked,
    551: RecipientUnavailable,
    10900: PrivateReplyDone,
    10902: PrivateReplyImpossible,
    10903: PrivateReplyImpossible,
}
"""Whatever the subcode. 1/99 is 1, 190/46x are 190."""

PERMISSION_CODES = frozenset({10, 200})
"""Without a subcode the app lacks a permission for all of the page; with one that we do not know
something about this message or person: one error of theirs must not stop a whole page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphFault:
    """What an answer says went wrong; `code` is None where it was not Graph that answered.

    `regain_s` is when the platform expects to let us call again; `trace_id` is what Meta's
    support asks for.
    """

    status: int
    code: int | None = None
    subcode: int | None = None
    type: str | None = None
    transient: bool = False
    regain_s: float | None = None
    trace_id: str | None = None

    @property
    def number(self) -> str:
        """For logs and for the agent: "10/2018278", "190", or "HTTP 502"."""
        if self.code is None:
            return f"HTTP {self.status}"
        return f"{self.code}/{self.subcode}" if self.subcode is not None else str(self.code)


class GraphError(Exception):
    """Graph (or something before it) answered, and the answer is a fault."""

    def __init__(self, fault: GraphFault) -> None:
        super().__init__(fault.number)
        self.fault = fault


def failure_of(fault: GraphFault) -> SendError:
    """The error that a fault is for a message on its way."""
    kind = _kind(fault)
    reason = f"trace {fault.trace_id}" if fault.trace_id else ""
    if issubclass(kind, SendUnavailable):
        return kind(reason, retry_after_s=fault.regain_s, platform_code=fault.number)
    return kind(reason, platform_code=fault.number)


def _kind(fault: GraphFault) -> type[SendError]:
    known = _known_kind(fault)
    if known is not None:
        return known
    if fault.status == _TOO_MANY_REQUESTS:
        return RateLimited
    if fault.transient:
        return SendUnavailable
    if fault.status >= _SERVER_ERROR:
        return SendUncertain  # a gateway's error says nothing of what happened behind it
    # Below 500 without a code it was not Graph that answered: a proxy, or a wrong api_url.
    return SendRefused if fault.code is not None else SendUnavailable


def _known_kind(fault: GraphFault) -> type[SendError] | None:
    code, subcode = fault.code, fault.subcode
    if code is None:
        return None
    if code == 100 and subcode is None and fault.type == _MISSING_PROOF_TYPE:  # noqa: PLR2004 - Meta's number
        return AppMisconfigured  # the proof of the app secret is missing or wrong
    if subcode is None and code in PERMISSION_CODES:
        return PermissionMissing
    if subcode is not None:
        for found in (FAILURES_BY_PAIR.get((code, subcode)), FAILURES_BY_NUMBER.get(subcode)):
            if found is not None:
                return found
    return FAILURES_BY_NUMBER.get(code) or FAILURES_BY_CODE.get(code)
