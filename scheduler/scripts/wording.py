"""What is wrong with a script, and what will not work as written: codes and sentences."""

from typing import Any

from inbox.errors import FieldErrors

Sentences = tuple[str, str]
"""Vietnamese and English."""


def wrong(errors: FieldErrors, field: str, code: str, **params: Any) -> None:
    """Note that `field` (a path, "steps.2.when.n") is wrong."""
    vi, en = ERRORS[code]
    errors.add(field, code, vi=vi.format(**params), en=en.format(**params))


ERRORS: dict[str, Sentences] = {
    "required": ("Bắt buộc phải có.", "This field is required."),
    "not_of_this_kind": (
        "Trường này không dùng cho loại đã chọn.",
        "This field does not belong to the chosen kind.",
    ),
    "unknown_step": (
        "Kịch bản không có bước này (có thể vừa bị xoá). Hãy thêm bước mới.",
        "The script has no such step (any more). Add a new one instead.",
    ),
    "step_twice": ("Bước này bị lặp lại.", "This step is in the list twice."),
    "too_far": ("Tối đa {most} ngày.", "At most {most} days."),
    "not_before": (
        "Không thể trước bước trước đó.",
        "This cannot be before the step that comes first.",
    ),
    "no_clock_time": ("Giờ phải có dạng HH:MM, ví dụ 09:30.", "Write a time as HH:MM, like 09:30."),
    "no_moment": (
        "Thời điểm phải có dạng 2026-12-24T09:00, theo giờ của bot, không kèm múi giờ.",
        "Write a moment as 2026-12-24T09:00, in the bot's time and without a zone.",
    ),
    "no_start": (
        "Thời điểm phải kèm múi giờ và nằm trong khoảng năm 2000 đến 2199.",
        "Write a moment with its zone, between the years 2000 and 2199.",
    ),
    "unknown_attribute": (
        "Không có thuộc tính kiểu ngày nào tên như vậy.",
        "There is no date attribute of this name.",
    ),
    "empty_content": (
        "Bước đang bật cần có nội dung hoặc tệp.",
        "A step that is on needs a text or a file.",
    ),
    "unknown_placeholder": (
        "Không có biến “{name}”.",
        "There is no placeholder “{name}”.",
    ),
    "open_placeholder": (
        "Có dấu {{{{ hoặc }}}} bị lẻ.",
        "There is a {{{{ or }}}} without its other half.",
    ),
    "unknown_upload": (
        "Không tìm thấy tệp này, hãy tải lên lại.",
        "There is no such file, please upload it again.",
    ),
    "too_many_choices": ("Tối đa {most} nút.", "At most {most} of them."),
    "buttons_need_text": ("Nút cần có nội dung chữ đi kèm.", "Buttons need a text above them."),
    "link_or_payload": (
        "Nút cần đúng một trong hai: đường dẫn hoặc mã trả về.",
        "A button has either a link or a payload.",
    ),
    "no_link": (
        "Đường dẫn phải bắt đầu bằng https://, http:// hoặc tel:.",
        "A link begins with https://, http:// or tel:.",
    ),
    "title_length": ("Nhãn nút có từ 1 đến {most} ký tự.", "A title has 1 to {most} characters."),
    "overlapping": ("Các khung giờ bị chồng lên nhau.", "These intervals overlap."),
    "never_open": (
        "Khung giờ gửi cần có ít nhất một khoảng.",
        "The send window needs at least one interval.",
    ),
    "unknown_tag": (
        "Thẻ này không tồn tại hoặc đã ngừng dùng.",
        "This tag does not exist or is not in use any more.",
    ),
    "no_word": ("Từ khoá phải có chữ hoặc số.", "A keyword needs a letter or a digit."),
    "bad_crontab": (
        "Lịch gồm năm phần “phút giờ ngày tháng thứ”, thứ viết bằng tên (mon, tue, …).",
        "Five fields: minute hour day month weekday, weekdays by name (mon, tue, …).",
    ),
    "never_runs": ("Lịch này không bao giờ đến.", "This never comes."),
    "nothing_to_send": (
        "Kịch bản cần ít nhất một bước đang bật và có nội dung.",
        "A script needs at least one step that is on and has content.",
    ),
    "no_channel_takes_it": (
        "Không kênh nào của bot gửi được nội dung này: {vi}",
        "No channel of the bot can send this: {en}",
    ),
}

WARNINGS: dict[str, Sentences] = {
    "outside_window": (
        "Hơn {limit} giờ sau tin cuối của khách: {channel} không cho gửi, trừ khi khách nhắn.",
        "Over {limit} h after the customer's last message: {channel} refuses unless they write.",
    ),
    "billed": (
        "Hơn {limit} giờ sau tin cuối của khách: {channel} tính phí tin này.",
        "Over {limit} h after the customer's last message: {channel} charges for it.",
    ),
    "channel_refuses": ("{channel} không gửi được: {vi}", "{channel} cannot send it: {en}"),
    "over": (
        "Thời điểm này đã qua.",
        "This moment is over.",
    ),
}

CHANNEL_NAMES = {"facebook": "Messenger", "instagram": "Instagram", "zalo": "Zalo"}

REASONS: dict[str, Sentences] = {
    # why an enrolment has stopped
    "detached": ("Đã gỡ kịch bản", "The script was detached"),
    "customer_replied": ("Khách đã trả lời", "The customer replied"),
    "staff_replied": ("Nhân viên đã trả lời", "A colleague replied"),
    "conversation_closed": ("Cuộc trò chuyện đã đóng", "The conversation was closed"),
    "tag_added": ("Khách được gắn thẻ dừng kịch bản", "A tag that ends the script was added"),
    "tag_removed": ("Khách bị gỡ thẻ", "A tag was taken off"),
    "opted_out": (
        "Khách đã yêu cầu ngừng tin tự động",
        "The customer asked for no automatic messages",
    ),
    "script_deleted": ("Kịch bản đã bị xoá", "The script was deleted"),
    "past": ("Thời điểm gửi đã qua", "The moment was over"),
    "no_date": ("Khách chưa có ngày này", "The customer has no such date"),
    "no_conversation": ("Không còn cuộc trò chuyện", "The conversation is gone"),
    "merged": (
        "Khách đã được gộp, kịch bản chạy ở hồ sơ còn lại",
        "The customer was merged; the script runs for the other record",
    ),
    "moved": ("Tài khoản đã chuyển sang bot khác", "The account moved to another bot"),
    # why a step was skipped or has failed
    "window": (
        "Hết thời gian được phép gửi tin tự động trên kênh này",
        "The channel's reply window is over",
    ),
    "by_hand": ("Nhân viên đã bỏ qua bước này", "A colleague skipped this step"),
    "handed_over": (
        "Hết thời gian gửi tự động, đã chuyển cho nhân viên bằng ghi chú",
        "The reply window is over; left to people as a note",
    ),
    "internal": ("Lỗi hệ thống", "An internal error"),
    "upload_not_found": ("Tệp không còn nữa", "The file is gone"),
    "empty_message": ("Nội dung trống sau khi điền biến", "Nothing was left to say"),
    "refused_by_channel": ("Kênh không gửi được nội dung này", "The channel does not take this"),
    "channel_cannot_send": ("Kênh chưa gửi được tin", "Nothing can be sent over the channel"),
    # what it waits for
    "script_off": ("Kịch bản đang tắt", "The script is off"),
    "human": ("Nhân viên đang trực tiếp trả lời", "A colleague has the conversation"),
}
"""Why something of an enrolment is as it is; `waiting` for "window" is said by WAITING."""

WAITING: dict[str, Sentences] = {
    "window": ("Chờ khách nhắn lại để được gửi", "Waits for the customer to write"),
    "script_off": REASONS["script_off"],
    "human": REASONS["human"],
}


def reason_of(code: str) -> Sentences:
    """The sentences of a reason; a code without its own is told in a general one."""
    return REASONS.get(code, (f"Không thực hiện được ({code})", f"It was not possible ({code})"))
