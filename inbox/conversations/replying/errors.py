"""Why an answer is not taken."""

from datetime import datetime
from typing import Any

from inbox.conversations.view import iso
from inbox.errors import Conflict, FieldError, InvalidInput
from inbox.ports import SendRefused


class ClientIdReused(Conflict):
    """The same writer has sent something else under this client id."""

    code = "client_id_reused"
    vi = "Mã client_id này đã dùng cho một tin nhắn khác."
    en = "This client_id was used for another message."


class ChannelCannotSend(Conflict):
    """Nothing can be sent from this account: its channel is not set up, or it was taken out."""

    code = "channel_cannot_send"
    vi = "Chưa thể gửi tin qua kênh này. Hãy kiểm tra kết nối của tài khoản."
    en = "Nothing can be sent over this channel yet. Check the connection of the account."


class ReplyWindowClosed(Conflict):
    """The channel does not let us write to this customer now."""

    code = "window_closed"
    vi = "Đã hết thời gian được phép trả lời khách trên kênh này. Chờ khách nhắn lại."
    en = "The time in which this channel lets you answer is over. Wait until the customer writes."

    def __init__(self, until: datetime | None) -> None:
        super().__init__()
        self.until = until

    def extra(self) -> dict[str, Any]:
        return {"until": None if self.until is None else iso(self.until)}


class CustomerOptedOut(Conflict):
    """The customer has said that they want no automatic messages."""

    code = "customer_opted_out"
    vi = "Khách đã yêu cầu ngừng nhận tin tự động."
    en = "The customer has asked for no more automatic messages."


class AutomationPaused(Conflict):
    """A person looks after the conversation: nothing is said by itself there.

    `until` None: until somebody gives it back.
    """

    code = "automation_paused"
    vi = "Tin tự động đang tạm dừng vì có nhân viên đang trả lời khách."
    en = "Automatic messages are paused: a person is looking after this conversation."

    def __init__(self, until: datetime | None) -> None:
        super().__init__()
        self.until = until

    def extra(self) -> dict[str, Any]:
        return {"until": None if self.until is None else iso(self.until)}


class ConversationTakenOver(Conflict):
    """People talk with the customer now: a program is silent until they give it back."""

    code = "conversation_taken_over"
    vi = "Nhân viên đang chăm sóc khách này; chương trình tự động không gửi tin được."
    en = "A person is talking with this customer: a program cannot send anything here."


class CommentRemoved(Conflict):
    """Nobody can answer a comment that is not there any more."""

    code = "comment_removed"
    vi = "Bình luận này đã bị xoá."
    en = "This comment was removed."


class PrivateWindowClosed(ReplyWindowClosed):
    """A comment may be answered privately for seven days."""

    code = "private_window_closed"
    vi = "Đã quá 7 ngày, không thể nhắn riêng cho người viết bình luận này nữa."
    en = "Seven days have passed: this comment cannot be answered privately any more."


class PrivatelyImpossible(Conflict):
    """The platform has said so before."""

    code = "privately_impossible"
    vi = (
        "Nền tảng không cho nhắn riêng từ bình luận này: đã nhắn riêng rồi, đã xoá hoặc bị hạn chế."
    )
    en = "The platform lets nobody answer this comment privately: done already, gone or restricted."


class AnsweredPrivately(Conflict):
    """A comment may be answered privately once."""

    code = "answered_privately"
    vi = "Bình luận này đã được trả lời riêng một lần."
    en = "This comment was answered privately already, which is possible once."


class NotPrivately(InvalidInput):
    """Only a customer's comment on Facebook or Instagram can be answered privately."""

    code = "not_privately"
    vi = "Chỉ có thể trả lời riêng bình luận của khách."
    en = "Only a customer's comment can be answered privately."


class EmptyMessage(InvalidInput):
    code = "empty_message"
    vi = "Tin nhắn trống."
    en = "The message is empty."

    def __init__(self) -> None:
        super().__init__([FieldError("text", self.code, vi=self.vi, en=self.en)])


class QuotedMessageMissing(InvalidInput):
    code = "quoted_message_missing"
    vi = "Không tìm thấy tin nhắn được trả lời."
    en = "The quoted message is not in this conversation."

    def __init__(self) -> None:
        super().__init__([FieldError("reply_to", self.code, vi=self.vi, en=self.en)])


class RefusedByChannel(InvalidInput):
    """The channel cannot take this message at all; `reason_code` is stable."""

    code = "refused_by_channel"
    vi = SendRefused.vi
    en = SendRefused.en

    def __init__(self, refused: SendRefused) -> None:
        super().__init__()
        self._refused = refused

    def sentence(self, language: str) -> str:
        return self._refused.en if language == "en" else self._refused.vi

    def extra(self) -> dict[str, Any]:
        return {"reason_code": self._refused.code}


class NothingToRetry(Conflict):
    """The message is not failed or in doubt (any more)."""

    code = "nothing_to_retry"
    vi = "Tin nhắn này không cần gửi lại."
    en = "There is nothing to send again in this message."


class CannotCancel(Conflict):
    """A part of it is on its way, or has arrived."""

    code = "cannot_cancel"
    vi = "Tin nhắn đã được gửi đi, không thể huỷ."
    en = "The message is on its way already and cannot be cancelled."
