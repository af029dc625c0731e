"""Why an edit is not in the CRM, as sentences for people."""

from crm_sync.connections.model import Connection
from crm_sync.mapping.pairing import Pair
from crm_sync.mapping.reasons import known_reason
from crm_sync.mirroring.model import Parked
from inbox.customers.mirroring.cards import CardReason

AWAY = CardReason(
    "crm_away",
    "CRM hiện không phản hồi; thay đổi đang chờ và sẽ tự được gửi.",
    "The CRM does not answer right now; edits wait and go there by themselves.",
)
SILENT = CardReason(
    "crm_silent",
    "CRM chưa trả lời nên chưa xem được hồ sơ; hãy mở lại sau.",
    "The CRM has not answered, so its record cannot be shown; open it again later.",
)
PAUSED = CardReason(
    "crm_auth_refused",
    "CRM từ chối thông tin đăng nhập; quản trị viên cần kết nối lại.",
    "The CRM refuses our credentials; an administrator has to connect it again.",
)
SWITCHED_OFF = CardReason(
    "crm_sync_off",
    "Bot chưa bật đồng bộ dữ liệu sang CRM.",
    "The bot does not mirror its customers into the CRM.",
)
NOT_LINKED = CardReason(
    "crm_not_linked",
    "Khách hàng chưa có trong CRM.",
    "The customer is not in the CRM yet.",
)
GONE = CardReason(
    "crm_gone",
    "Hồ sơ của khách đã bị xoá trong CRM; không tự tạo lại.",
    "The customer's record was deleted in the CRM; it is not made again by itself.",
)
_EXHAUSTED = CardReason(
    "crm_exhausted",
    "Đã thử nhiều lần mà CRM không nhận; hãy bấm “Đồng bộ ngay” để thử lại.",
    "The CRM did not take it after many tries; press “Sync now” to try again.",
)
_TAKEN = CardReason(
    "crm_ambiguous",
    "Hồ sơ CRM phù hợp đang thuộc về một khách hàng khác ở đây; hãy gộp hai khách hàng.",
    "The record that fits belongs to another customer here; merge the two.",
)
_REFUSED = CardReason(
    "crm_refused",
    "CRM không nhận giá trị này.",
    "The CRM does not take this value.",
)


def of_connection(connection: Connection) -> CardReason | None:
    """Why nothing goes there at all; None: it is well."""
    if connection.paused is not None:
        return PAUSED
    return AWAY if connection.rests_until is not None else None


def of_parked(parked: Parked, pair: Pair | None = None) -> CardReason:
    """Why nobody tries any more; `pair` is the field that it is about."""
    if parked.kind == "gone":
        return GONE
    if parked.kind == "exhausted":
        return _EXHAUSTED
    if parked.kind == "ambiguous":
        return _TAKEN if parked.detail else _several(len(parked.record_ids))
    name = (pair.remote.label or pair.theirs) if pair is not None else ""
    known = known_reason(parked.detail, field=name)
    return CardReason(known.code, known.vi, known.en) if known is not None else _REFUSED


def of_field_off(code: str, pair: Pair | None, theirs: str) -> CardReason:
    """Why a mapped field is switched off."""
    name = (pair.remote.label or theirs) if pair is not None else theirs
    known = known_reason(code, field=name)
    if known is not None:
        return CardReason(known.code, known.vi, known.en)
    return CardReason(
        code,
        f"Trường “{name}” của CRM không dùng được nữa.",
        f"The CRM's field “{name}” cannot be used any more.",
    )


def _several(count: int) -> CardReason:
    return CardReason(
        "crm_ambiguous",
        f"Có {count} hồ sơ CRM cùng phù hợp; hãy chọn một.",
        f"{count} records in the CRM fit equally well; choose one.",
    )
