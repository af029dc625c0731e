"""Every kind of interaction with its words: the timeline's table, for writers and for clients.

Eleven kinds are those of the customer directory ("lịch sử tương tác"); calls, appointments and
states of a sale are written by the parts that bring them. `hidden` ones are inner workings: the
timeline leaves them out unless they are asked for.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from inbox.ids import random_id

DirectoryKind = Literal[
    "potential",
    "contract_closed",
    "refused",
    "call_in",
    "call_out",
    "missed_call",
    "edited",
    "assigned",
    "appointment",
    "added",
    "classified",
]
"""The eleven kinds that the directory of customers promises."""

StaffKind = Literal[
    "tag_added",
    "tag_removed",
    "merged",
    "unmerged",
    "revealed",
    "status_changed",
    "assignment_changed",
    "bot_changed",
    "renamed",
    "automation_paused",
    "automation_resumed",
    "handed_off",
    "script_attached",
    "script_stopped",
    "crm_conflict",
]
"""What people do beside those; written with `interaction`."""

PlatformKind = Literal[
    "referral",
    "followed",
    "unfollowed",
    "optin_in",
    "optin_stop",
    "optin_resume",
    "submitted_info",
    "chat_started",
    "widget_accepted",
    "order",
    "call",
    "consent",
    "feedback",
    "label_added",
    "label_removed",
    "profile_updated",
    "widget_failed",
    "response_feedback",
    "account_linked",
    "account_unlinked",
    "thread_pass",
    "thread_take",
    "thread_request",
]
"""What platforms tell of a customer. They may tell more by other names: it is kept and shown."""

CustomerKind = Literal["opted_out", "opted_in"]
"""What customers say themselves of messages that nobody writes."""

Kind = DirectoryKind | StaffKind | CustomerKind | PlatformKind
DIRECTORY: tuple[DirectoryKind, ...] = get_args(DirectoryKind)


@dataclass(frozen=True, slots=True)
class Words:
    """What people read of a kind."""

    vi: str
    en: str
    hidden: bool = False


KINDS: dict[Kind, Words] = {
    "potential": Words("Tiềm năng", "Potential"),
    "contract_closed": Words("Chốt hợp đồng", "Contract closed"),
    "refused": Words("Từ chối", "Refused"),
    "call_in": Words("Cuộc gọi đến", "Incoming call"),
    "call_out": Words("Cuộc gọi đi", "Outgoing call"),
    "missed_call": Words("Cuộc gọi nhỡ", "Missed call"),
    "edited": Words("Sửa thông tin", "Information edited"),
    "assigned": Words("Giao cho sale", "Assigned to a sale"),
    "appointment": Words("Lịch hẹn", "Appointment"),
    "added": Words("Thêm khách hàng", "Customer added"),
    "classified": Words("Phân loại", "Classified"),
    "tag_added": Words("Gắn thẻ", "Tag attached"),
    "tag_removed": Words("Gỡ thẻ", "Tag removed"),
    "merged": Words("Gộp khách hàng", "Customers merged"),
    "unmerged": Words("Hoàn tác gộp", "Merge undone"),
    "revealed": Words("Xem thông tin đã che", "Masked information read"),
    "status_changed": Words("Đổi trạng thái hội thoại", "Conversation status changed"),
    "assignment_changed": Words("Đổi người phụ trách hội thoại", "Conversation assigned"),
    "bot_changed": Words("Chuyển sang bot khác", "Moved to another bot", hidden=True),
    "renamed": Words("Đổi tên trên kênh", "Renamed on the channel"),
    "automation_paused": Words("Tạm dừng tin tự động", "Automatic messages paused"),
    "automation_resumed": Words("Bật lại tin tự động", "Automatic messages resumed"),
    "handed_off": Words("Chương trình tự động chuyển cho nhân viên", "Handed over by a program"),
    "script_attached": Words("Gắn kịch bản", "Script attached"),
    "script_stopped": Words("Dừng kịch bản", "Script stopped"),
    "crm_conflict": Words("Hai bên cùng sửa, CRM và hộp thư", "Edited here and in the CRM"),
    "opted_out": Words("Khách từ chối tin tự động", "Refused automatic messages"),
    "opted_in": Words("Khách nhận lại tin tự động", "Agreed to automatic messages"),
    "referral": Words("Đến từ quảng cáo hoặc liên kết", "Came by an ad or a link"),
    "followed": Words("Quan tâm trang", "Followed the account"),
    "unfollowed": Words("Bỏ quan tâm trang", "Unfollowed the account"),
    "optin_in": Words("Đồng ý nhận tin", "Agreed to messages"),
    "optin_stop": Words("Dừng nhận tin", "Stopped messages"),
    "optin_resume": Words("Nhận tin trở lại", "Resumed messages"),
    "submitted_info": Words("Gửi thông tin", "Submitted a form"),
    "chat_started": Words("Bắt đầu trò chuyện", "Started a chat"),
    "widget_accepted": Words("Đồng ý trò chuyện qua tiện ích", "Accepted a chat by the widget"),
    "order": Words("Đặt hàng", "Ordered"),
    "call": Words("Cuộc gọi qua nền tảng", "Call on the platform"),
    "consent": Words("Quyền gọi điện", "Right to call"),
    "feedback": Words("Đánh giá", "Rated"),
    "label_added": Words("Gắn nhãn trên nền tảng", "Labelled on the platform"),
    "label_removed": Words("Gỡ nhãn trên nền tảng", "Label removed on the platform"),
    "profile_updated": Words("Hồ sơ nền tảng thay đổi", "Platform profile changed", hidden=True),
    "widget_failed": Words("Tiện ích chat gặp lỗi", "The chat widget failed", hidden=True),
    "response_feedback": Words("Đánh giá câu trả lời", "Rated an answer", hidden=True),
    "account_linked": Words("Liên kết tài khoản", "Account linked", hidden=True),
    "account_unlinked": Words("Hủy liên kết tài khoản", "Account unlinked", hidden=True),
    "thread_pass": Words("Ứng dụng khác nhận hội thoại", "Thread passed", hidden=True),
    "thread_take": Words("Ứng dụng lấy lại hội thoại", "Thread taken", hidden=True),
    "thread_request": Words("Ứng dụng xin hội thoại", "Thread asked for", hidden=True),
}

HIDDEN: tuple[str, ...] = tuple(kind for kind, words in KINDS.items() if words.hidden)


def interaction(
    kind: DirectoryKind | StaffKind,
    *,
    customer_id: str | None,
    at: datetime,
    data: dict[str, Any],
    actor_id: str | None = None,
    conversation_id: str | None = None,
) -> dict[str, Any]:
    """The row to insert into `interactions`, with the change that it tells of. Never edited."""
    row: dict[str, Any] = {
        "_id": random_id(),
        "customer_id": customer_id,
        "type": kind,
        "at": at,
        "data": data,
    }
    if actor_id is not None:
        row["actor_id"] = actor_id
    if conversation_id is not None:
        row["conversation_id"] = conversation_id
    return row
