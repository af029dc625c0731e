"""Why a field or a value does not pass between the two sides: a code, and a sentence for people."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """`code` is stable; the sentences name no value of a customer."""

    code: str
    vi: str
    en: str


FIELD_UNKNOWN = "crm_field_unknown"
FIELD_READ_ONLY = "crm_field_read_only"
FIELD_ILL_TYPED = "crm_field_ill_typed"
ATTRIBUTE_UNKNOWN = "crm_attribute_unknown"
NO_PHONE = "crm_no_phone"
NO_EMAIL = "crm_no_email"
NO_CHOICE = "crm_no_choice"
NO_NUMBER = "crm_no_number"
NO_DATE = "crm_no_date"
MASKED = "crm_value_masked"
PERSON_WITHOUT_EMAIL = "crm_person_without_email"
PERSON_UNKNOWN = "crm_person_unknown"
NOT_TAKEN = "crm_value_not_taken"
NOT_KEPT = "crm_value_not_kept"

_SENTENCES: Mapping[str, tuple[str, str]] = {
    FIELD_UNKNOWN: (
        "CRM không có trường “{field}”.",
        "The CRM has no field “{field}”.",
    ),
    FIELD_READ_ONLY: (
        "Trường “{field}” của CRM chỉ đọc được, không ghi được.",
        "The CRM's field “{field}” can be read and not written.",
    ),
    FIELD_ILL_TYPED: (
        "Trường “{field}” của CRM thuộc kiểu “{kind}”, không hợp với dữ liệu này.",
        "The CRM's field “{field}” is of kind “{kind}”, which does not suit this data.",
    ),
    ATTRIBUTE_UNKNOWN: (
        "Không có thuộc tính “{ours}”.",
        "There is no attribute “{ours}”.",
    ),
    NO_PHONE: (
        "Giá trị của “{field}” không phải số điện thoại.",
        "The value of “{field}” is no phone number.",
    ),
    NO_EMAIL: (
        "Giá trị của “{field}” không phải địa chỉ email.",
        "The value of “{field}” is no e-mail address.",
    ),
    NO_CHOICE: (
        "Trường “{field}” của CRM không có lựa chọn này.",
        "The CRM's field “{field}” has no such choice.",
    ),
    NO_NUMBER: (
        "Giá trị của “{field}” không phải là số.",
        "The value of “{field}” is no number.",
    ),
    NO_DATE: (
        "Giá trị của “{field}” không phải là ngày.",
        "The value of “{field}” is no date.",
    ),
    MASKED: (
        "CRM che giá trị của “{field}” nên không đọc được.",
        "The CRM hides the value of “{field}”, so it cannot be read.",
    ),
    PERSON_WITHOUT_EMAIL: (
        "Người phụ trách không có email nên CRM không biết là ai.",
        "The person in charge has no e-mail address, so the CRM cannot know them.",
    ),
    PERSON_UNKNOWN: (
        "Người phụ trách trong CRM không có tài khoản ở đây.",
        "The person in charge in the CRM has no account here.",
    ),
    NOT_TAKEN: (
        "Giá trị của “{field}” trong CRM không hợp lệ ở đây.",
        "The CRM's value of “{field}” is not valid here.",
    ),
    NOT_KEPT: (
        "CRM không giữ đúng giá trị đã ghi vào “{field}”.",
        "The CRM did not keep the value that was written into “{field}”.",
    ),
}


def reason(code: str, *, field: str = "", ours: str = "", kind: str = "") -> Reason:
    """The reason of this code; the sentences name what is given."""
    vi, en = _SENTENCES[code]
    words = {"field": field, "ours": ours, "kind": kind}
    return Reason(code, vi.format(**words), en.format(**words))


def known_reason(code: str, *, field: str) -> Reason | None:
    """The reason of a code that was kept; None: it is none of ours."""
    return reason(code, field=field, ours=field) if code in _SENTENCES else None


class Unfit(Exception):
    """A value that cannot pass. The other fields of the customer do."""

    def __init__(self, why: Reason) -> None:
        super().__init__(why.code)
        self.reason = why
