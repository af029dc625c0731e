"""Why an enrolment cannot be made or changed."""

from inbox.errors import Conflict, FieldError, InvalidInput


class OptedOutOfAutomation(InvalidInput):
    """The customer said STOP, and has not taken it back."""

    code = "opted_out"
    vi = "Khách đã yêu cầu ngừng nhận tin tự động, không thể gắn kịch bản."
    en = "The customer asked for no automatic messages; scripts cannot be attached."


class NotAttachable(InvalidInput):
    """A script that is off, or has nothing to send."""

    code = "not_attachable"
    vi = "Kịch bản đang tắt hoặc chưa có bước nào để gửi."
    en = "The script is off or has no step to send."

    def __init__(self, places: list[int]) -> None:
        super().__init__(
            [FieldError(f"script_ids.{n}", self.code, vi=self.vi, en=self.en) for n in places]
        )


class NothingToWriteTo(InvalidInput):
    """Scripts go out in a private conversation; the customer has none in this bot."""

    code = "no_conversation"
    vi = "Khách chưa có cuộc trò chuyện riêng nào trong bot này."
    en = "The customer has no private conversation in this bot."


class EnrolmentEnded(Conflict):
    code = "enrolment_ended"
    vi = "Kịch bản này đã kết thúc cho khách."
    en = "This script has ended for the customer."


class CannotDoNow(Conflict):
    """Pausing what is paused, resuming what runs, skipping what was sent meanwhile."""

    code = "enrolment_changed"
    vi = "Kịch bản vừa thay đổi trạng thái, hãy xem lại."
    en = "The script has just changed its state, please look again."
