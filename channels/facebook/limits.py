"""What Meta allows, each number with its source. Bytes are bytes, rates are per second."""

from datetime import timedelta

TEXT_UNITS = 2000
"""Characters of a Messenger text.
https://developers.facebook.com/docs/messenger-platform/reference/send-api/"""
SAFE_TEXT_UNITS = 1900
"""Meta does not say whether it counts characters, UTF-16 units or bytes; we count UTF-16 units."""
INSTAGRAM_TEXT_BYTES = 1000
"""UTF-8 bytes of an Instagram text.
https://developers.facebook.com/docs/messenger-platform/instagram/features/send-message"""
METADATA_CHARACTERS = 1000
"""Of `message.metadata`, which comes back in the echo.
https://developers.facebook.com/docs/messenger-platform/reference/send-api/"""

QUICK_REPLIES = 13
QUICK_REPLY_TITLE = 20
"""Characters; a longer title would be cut by the platform.
https://developers.facebook.com/docs/messenger-platform/send-messages/quick-replies"""
BUTTONS = 3
BUTTON_TITLE = 20
BUTTON_TEMPLATE_TEXT = 640
"""Characters of the text above the buttons.
https://developers.facebook.com/docs/messenger-platform/send-messages/template/button"""
CARDS = 10
CARD_TITLE = 80
"""Cards of one template; characters of a card's title, and of its subtitle.
https://developers.facebook.com/docs/messenger-platform/reference/templates/generic"""
PAYLOAD_CHARACTERS = 1000
"""Of a postback's or a quick reply's payload.
https://developers.facebook.com/docs/messenger-platform/reference/buttons/postback"""

FILE_BYTES = 25 * 1024 * 1024
IMAGE_BYTES = 8 * 1024 * 1024
"""https://developers.facebook.com/docs/messenger-platform/reference/attachment-upload-api"""
INSTAGRAM_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif"})
INSTAGRAM_FILES = frozenset({"application/pdf"})
"""https://developers.facebook.com/documentation/business-messaging/instagram-messaging/features/attachment-upload"""
FILE_NAME_CHARACTERS = 100
"""Ours. Names outside ASCII are not taken by the upload (same page)."""
INSTAGRAM_STICKER = "like_heart"
"""The only sticker that Instagram's API sends.
https://developers.facebook.com/docs/messenger-platform/instagram/features/send-message"""

COMMENT_CHARACTERS = 8000
"""Of a page's comment.
https://developers.facebook.com/docs/graph-api/reference/object/comments"""
INSTAGRAM_COMMENT_CHARACTERS = 2200
"""https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-comment"""

PAGE_TEXTS_PER_S = 300
PAGE_MEDIA_PER_S = 10
"""Send API calls of one page: text, links, reactions, stickers; audio and video.
https://developers.facebook.com/docs/messenger-platform/overview/rate-limits"""
PAGE_INBOX_SAFE_PER_S = 40
"""Beyond it a page's own inbox stops working (same page)."""
SENDS_PER_S = min(PAGE_TEXTS_PER_S, PAGE_INBOX_SAFE_PER_S)
PAGE_HISTORY_PER_S = 2
"""Calls of the Conversations API of one page (same page)."""
PAGE_PRIVATE_REPLIES_PER_H = 750
"""Private replies of one page to comments (same page)."""

STANDARD_WINDOW = timedelta(hours=24)
HUMAN_AGENT_WINDOW = timedelta(days=7)
"""After the customer's last message; the second for messages that a person wrote by hand.
https://developers.facebook.com/docs/messenger-platform/policy/policy-overview"""
READABLE_MESSAGES = 20
"""The newest of a conversation; older ones cannot be read.
https://developers.facebook.com/docs/messenger-platform/conversations"""
TYPING_SHOWN = timedelta(seconds=10)
"""How long one `typing_on` is good for before it is worth another; it shows for up to 20 s.
https://developers.facebook.com/docs/messenger-platform/send-messages/sender-actions"""
THROTTLED_FOR_S = (60, 120, 240, 480, 900)
"""How long to leave a throttled page alone when Meta does not say, one refusal after another.
https://developers.facebook.com/docs/graph-api/overview/rate-limiting"""
