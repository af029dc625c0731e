"""The words that receipts are told in, Vietnamese and English side by side."""

from collections.abc import Mapping
from dataclasses import dataclass

from inbox.splitting.model import ExclusionReason


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody was passed over: with the numbers known, and without."""

    bare: str
    full: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """All sentences in one language; names in braces are filled in by explaining.py."""

    sentences: Mapping[str, str]
    modes: Mapping[str, str]
    ways: Mapping[str, str]
    causes: Mapping[str, str]
    reasons: Mapping[ExclusionReason, Reason]
    short: Mapping[ExclusionReason, str]
    by_rule: str
    skipped: str
    others: str
    retry: str
    stated: str
    tomorrow: str
    on_day: str
    nobody: str
    unknown: str
    system: str


VIETNAMESE = Words(
    sentences={
        "assigned": "Chia cho {chosen}{rule}: {way}.",
        "resplit": "Chia lại lần {round} cho {chosen}{rule}: {way}{cause}.",
        "added": "Phân thêm {chosen} ở lần chia lại {round}{rule}: {way}{cause}.",
        "redistributed": "Giao lại cho {chosen}{rule}: {way}{cause}.",
        "waiting": "Đang chờ chia{rule}.",
        "waiting_nobody_eligible": "Đang chờ chia{rule}: chưa có ai nhận được.",
        "waiting_empty_pool": "Đang chờ chia{rule}: luật chưa có nhân viên nào.",
        "waiting_returning": "Khách cũ, đang chờ người chăm sóc trước đây nhận lại{rule}.",
        "waiting_no_rule": "Đang chờ: không có luật chia nào khớp.",
        "claimable": "Chờ nhân viên tự nhận{rule}.",
        "manual": "Chờ người có quyền phân công{rule}.",
        "claimed": "{chosen} đã nhận hội thoại.",
        "claimed_by_reply": "{chosen} trả lời đầu tiên nên nhận hội thoại.",
        "given": "{actor} phân công cho {chosen}.",
        "transferred": "{actor} chuyển từ {before} sang {chosen}.",
        "taken_over": "{chosen} tiếp quản từ {before}.",
        "taken_over_by_reply": "{chosen} trả lời và tiếp quản từ {before}.",
        "released": "{actor} bỏ phân công {before}; hội thoại chờ chia lại.",
        "handed_over": "{actor} bàn giao từ {before} cho {chosen}.",
        "participant_added": "{actor} thêm {chosen} vào hội thoại.",
        "participant_left": "{before} rời hội thoại.",
        "participant_removed": "{actor} đưa {before} ra khỏi hội thoại.",
        "unassigned": "Chưa phân công cho ai{rule}.",
        "unassigned_by_hand": "{actor} bỏ phân công {before}.",
        "unassigned_handed_over": "{actor} bàn giao việc của {before}; chưa phân công cho ai.",
        "unassigned_excluded_post": "Không chia{rule}: bình luận dưới bài viết đã loại trừ.",
        "unassigned_max_rounds": "Bỏ phân công {before}: đã chia lại {round} lần vẫn chưa trả lời.",
        "unassigned_nobody_left": "Bỏ phân công {before}: chưa trả lời, và không còn ai khác "
        "để chia lại.",
    },
    modes={
        "even": "chia đều",
        "weighted": "chia theo tỉ lệ",
        "least_loaded": "ưu tiên người ít hội thoại nhất",
        "longest_idle": "ưu tiên người rảnh lâu nhất",
        "claim": "nhân viên tự nhận",
        "manual": "phân công thủ công",
        "fixed": "chỉ định sẵn",
    },
    ways={
        "turn": "đến lượt",
        "only": "là người duy nhất nhận được lúc này",
        "load": "đang có ít hội thoại mở nhất ({load})",
        "idle": "rảnh lâu nhất",
        "fixed": "đứng đầu danh sách chỉ định",
        "returning": "khách cũ về lại người đã chăm sóc, không tính lượt",
        "fallback": "không ai khác nhận được nên giao cho người dự phòng, không tính lượt",
    },
    causes={
        "unanswered": "; {before} chưa trả lời",
        "paused": "; {before} đã tắt ‘Nhận dữ liệu’",
        "away": "; {before} đang tạm nghỉ",
        "offline": "; {before} đã ngoại tuyến",
        "off_shift": "; {before} đã hết ca",
        "inactive": "; {before} đã nghỉ việc",
        "not_member": "; {before} không còn thuộc bot này",
    },
    reasons={
        "inactive": Reason("đã nghỉ việc", "đã nghỉ việc"),
        "not_member": Reason("không thuộc bot này", "không thuộc bot này"),
        "paused": Reason("đang tắt ‘Nhận dữ liệu’", "đang tắt ‘Nhận dữ liệu’"),
        "tried": Reason(
            "đã được giao hội thoại này mà chưa trả lời",
            "đã được giao ở lần chia lại {round} mà chưa trả lời",
        ),
        "excluded": Reason("vừa thôi phụ trách hội thoại này", "vừa thôi phụ trách hội thoại này"),
        "away": Reason("đang tạm nghỉ", "tạm nghỉ từ {since}"),
        "offline": Reason("đang ngoại tuyến", "ngoại tuyến từ {since}"),
        "off_shift": Reason("ngoài ca", "ngoài ca đến {until}"),
        "cap_open": Reason("đã đủ hội thoại đang mở", "đã đủ {have}/{cap} cuộc đang mở"),
        "cap_waiting": Reason("đã đủ hội thoại đang chờ", "đã đủ {have}/{cap} cuộc đang chờ"),
        "rate": Reason(
            "đã nhận đủ trong khung thời gian",
            "đã nhận {count} cuộc trong {per_min} phút, nhận tiếp từ {frees_at}",
        ),
        "no_weight": Reason("tỉ lệ bằng 0", "tỉ lệ bằng 0"),
    },
    short={
        "inactive": "đã nghỉ việc",
        "not_member": "không thuộc bot",
        "paused": "tắt nhận dữ liệu",
        "tried": "đã được giao trước đó",
        "excluded": "vừa thôi phụ trách",
        "away": "tạm nghỉ",
        "offline": "ngoại tuyến",
        "off_shift": "ngoài ca",
        "cap_open": "đủ cuộc đang mở",
        "cap_waiting": "đủ cuộc đang chờ",
        "rate": "đủ lượt trong khung thời gian",
        "no_weight": "tỉ lệ bằng 0",
    },
    by_rule=" theo luật ‘{rule}’",
    skipped="Bỏ qua {people}.",
    others="và {n} người khác ({groups})",
    retry="Sẽ thử lại lúc {time}.",
    stated="Lý do: {reason}.",
    tomorrow="{clock} ngày mai",
    on_day="{clock} ngày {day:02}/{month:02}",
    nobody="chưa ai",
    unknown="người đã xoá",
    system="Hệ thống",
)

ENGLISH = Words(
    sentences={
        "assigned": "Assigned to {chosen}{rule}: {way}.",
        "resplit": "Reassigned to {chosen} in round {round}{rule}: {way}{cause}.",
        "added": "{chosen} was added in round {round}{rule}: {way}{cause}.",
        "redistributed": "Passed on to {chosen}{rule}: {way}{cause}.",
        "waiting": "Waiting to be assigned{rule}.",
        "waiting_nobody_eligible": "Waiting{rule}: nobody can take it right now.",
        "waiting_empty_pool": "Waiting{rule}: the rule has nobody in it yet.",
        "waiting_returning": "A returning customer, waiting for the previous agent{rule}.",
        "waiting_no_rule": "Waiting: no rule matches.",
        "claimable": "Open for anyone to claim{rule}.",
        "manual": "Waiting to be assigned by hand{rule}.",
        "claimed": "{chosen} claimed the conversation.",
        "claimed_by_reply": "{chosen} replied first and has the conversation.",
        "given": "{actor} assigned it to {chosen}.",
        "transferred": "{actor} transferred it from {before} to {chosen}.",
        "taken_over": "{chosen} took over from {before}.",
        "taken_over_by_reply": "{chosen} replied and took over from {before}.",
        "released": "{actor} unassigned {before}; it is waiting to be assigned again.",
        "handed_over": "{actor} handed it over from {before} to {chosen}.",
        "participant_added": "{actor} added {chosen} to the conversation.",
        "participant_left": "{before} left the conversation.",
        "participant_removed": "{actor} removed {before} from the conversation.",
        "unassigned": "Not assigned to anyone{rule}.",
        "unassigned_by_hand": "{actor} took it from {before}.",
        "unassigned_handed_over": "{actor} handed over what {before} had; it is nobody's yet.",
        "unassigned_excluded_post": "Not assigned{rule}: a comment under an excluded post.",
        "unassigned_max_rounds": "Unassigned from {before}: "
        "no reply after round {round} of reassignment.",
        "unassigned_nobody_left": "Unassigned from {before}: "
        "no reply, and nobody else is left to give it to.",
    },
    modes={
        "even": "equal turns",
        "weighted": "weighted shares",
        "least_loaded": "fewest open first",
        "longest_idle": "longest idle first",
        "claim": "claim",
        "manual": "by hand",
        "fixed": "fixed order",
    },
    ways={
        "turn": "next in turn",
        "only": "the only one available",
        "load": "fewest open conversations ({load})",
        "idle": "idle the longest",
        "fixed": "first in the fixed order",
        "returning": "the customer is back with the agent they know, no turn used",
        "fallback": "nobody else was available, so it went to the fallback, no turn used",
    },
    causes={
        "unanswered": "; {before} had not replied",
        "paused": "; {before} stopped receiving",
        "away": "; {before} is away",
        "offline": "; {before} went offline",
        "off_shift": "; {before}'s shift is over",
        "inactive": "; {before} has left",
        "not_member": "; {before} is no longer in this bot",
    },
    reasons={
        "inactive": Reason("has left", "has left"),
        "not_member": Reason("not in this bot", "not in this bot"),
        "paused": Reason("not receiving conversations", "not receiving conversations"),
        "tried": Reason(
            "had this conversation before and did not reply",
            "had it in round {round} and did not reply",
        ),
        "excluded": Reason("has just given it up", "has just given it up"),
        "away": Reason("away", "away since {since}"),
        "offline": Reason("offline", "offline since {since}"),
        "off_shift": Reason("off shift", "off shift until {until}"),
        "cap_open": Reason("at the cap of open conversations", "at the cap, {have}/{cap} open"),
        "cap_waiting": Reason(
            "at the cap of waiting conversations", "at the cap, {have}/{cap} waiting"
        ),
        "rate": Reason(
            "at the rate limit", "got {count} within {per_min} min, free again at {frees_at}"
        ),
        "no_weight": Reason("has a share of 0", "has a share of 0"),
    },
    short={
        "inactive": "left",
        "not_member": "not in the bot",
        "paused": "not receiving",
        "tried": "had it before",
        "excluded": "just gave it up",
        "away": "away",
        "offline": "offline",
        "off_shift": "off shift",
        "cap_open": "at the open cap",
        "cap_waiting": "at the waiting cap",
        "rate": "rate-limited",
        "no_weight": "share of 0",
    },
    by_rule=" by the rule ‘{rule}’",
    skipped="Skipped {people}.",
    others="and {n} more ({groups})",
    retry="Next try at {time}.",
    stated="Reason: {reason}.",
    tomorrow="{clock} tomorrow",
    on_day="{clock} on {day:02}/{month:02}",
    nobody="nobody",
    unknown="a deleted person",
    system="The system",
)

WORDS: Mapping[str, Words] = {"vi": VIETNAMESE, "en": ENGLISH}
