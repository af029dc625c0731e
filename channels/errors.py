"""What a webhook sender may be told when the door stays shut."""

from inbox.errors import InboxError


class BadSignature(InboxError):
    """The signature over the body is missing, malformed or wrong; nothing is kept."""

    code = "bad_signature"
    status = 401
    vi = "Chữ ký của webhook không đúng."
    en = "The signature of the webhook is not valid."


class NoSecret(BadSignature):
    """No secret is configured, so no signature can be right."""

    code = "no_secret"
    status = 403
    vi = "Kênh này chưa được cấu hình khóa bí mật."
    en = "No secret is configured for this channel."


class BadVerifyToken(InboxError):
    """The handshake of a callback URL does not carry our verify token."""

    code = "bad_verify_token"
    status = 403
    vi = "Mã xác minh của webhook không đúng."
    en = "The verify token of the webhook is not valid."
