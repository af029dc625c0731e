"""What Zalo takes and how often: every limit of the Official Account API in one place.

Sources are pages of https://developers.zalo.me/docs/official-account (since 2026 also
https://docs.zaloplatforms.com) unless a line says otherwise.
"""

from datetime import timedelta

TEXT_MOST = 2000
"""Characters of one consultation message, after NFC; longer ones are error -210.
tin-nhan/tin-tu-van/gui-tin-tu-van-dang-van-ban. Counted here in UTF-16 units, the larger count."""

IMAGE_MOST_BYTES = 1_000_000
"""An uploaded JPEG or PNG: "1 MB", read as the smaller megabyte. tin-nhan/upload-hinh-anh"""
GIF_MOST_BYTES = 5_000_000
"""An uploaded GIF: "5 MB". tin-nhan/upload-anh-gif"""
FILE_MOST_BYTES = 5_000_000
"""An uploaded PDF, DOC, DOCX or CSV: "5 MB". tin-nhan/upload-file"""
FILE_EXTENSIONS = ("pdf", "doc", "docx", "csv")
"""What upload-file takes; a name with another extension "succeeds" with empty data."""
UPLOADS_MOST_PER_MONTH = 5000
"""Per app; told to admins, not counted here: beyond it Zalo answers -211."""

BUTTONS_MOST = 5
"""Buttons under one message. tin-nhan/gui-thong-bao-dang-text-kem-button (v2, kept by v3)"""
BUTTON_TITLE_MOST = 20
"""Characters of a button's title that every template takes; some take 35."""

CALLS_PER_MINUTE = 4000
"""API calls of one app over all its OAs, else -32. bat-dau/gioi-han-truy-cap-api"""
CALLS_AT_ONCE = 200
"""How much of a minute's calls may go out in one burst (three seconds' worth; our choice)."""
RATE_LIMITED_NUMBER = -32
RATE_PAUSE = timedelta(seconds=30)
"""How long to wait after -32: the limit is per minute (our choice)."""
QUOTA_PAUSE = timedelta(minutes=15)
"""How long to wait after -211: a quota of the OA is used up (our choice)."""

CONVERSATION_PAGE_MOST = 10
"""Rows per page of listrecentchat and conversation. tin-nhan/lay-danh-sach-hoi-thoai"""

ACCESS_TOKEN_LIFETIME = timedelta(hours=25)
"""When an answer does not say it (`expires_in` "90000").
bat-dau/xac-thuc-va-uy-quyen-cho-ung-dung-new"""
REFRESH_TOKEN_LIFETIME = timedelta(days=90)
"""Three months, each token once. bat-dau/xac-thuc-va-uy-quyen-cho-ung-dung-new"""
