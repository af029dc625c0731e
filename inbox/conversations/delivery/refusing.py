"""Why a message is not sent although no platform has refused it."""

from inbox.conversations.delivery.turns import Subject
from inbox.ports import SendRefused


class TooManyTries(SendRefused):
    """The platform was not available often enough."""

    code = "platform_unavailable"
    vi = "Nền tảng không nhận tin sau nhiều lần thử. Hãy gửi lại sau."
    en = "The platform did not take the message after many tries. Please send it again later."


class OptedOutMeanwhile(SendRefused):
    """The customer asked for no automatic messages while this one was waiting to be sent."""

    code = "opted_out_meanwhile"
    vi = "Khách đã yêu cầu ngừng nhận tin tự động trước khi tin này được gửi."
    en = "The customer asked for no more automatic messages before this one was sent."


def refusal_of(subject: Subject) -> SendRefused | None:
    """Why this must not be sent any more; None: it may be."""
    author = subject.message.get("author") or {}
    if author.get("kind") == "script" and subject.conversation.get("opted_out_at") is not None:
        return OptedOutMeanwhile()
    return None
