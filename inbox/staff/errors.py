"""What can go wrong with people, sessions and tokens."""

from inbox.errors import Conflict, FieldError, InvalidInput, NotAllowed, SignInRequired


class WrongCredentials(SignInRequired):
    """The e-mail is unknown, the password is wrong, or the person is not active: we do not say."""

    code = "wrong_credentials"
    vi = "E-mail hoặc mật khẩu không đúng."
    en = "The e-mail or the password is wrong."


class RoleTooHigh(NotAllowed):
    """Nobody gives away, or touches, a role above their own."""

    code = "role_too_high"
    vi = "Bạn không thể cấp hoặc sửa vai trò cao hơn vai trò của mình."
    en = "You cannot grant or edit a role above your own."


class ScopeTooWide(NotAllowed):
    """A token cannot make a token that may do more than itself."""

    code = "scope_too_wide"
    vi = "Bạn không thể cấp quyền mà mình không có."
    en = "You cannot grant a scope that you do not have."


class LastOwner(Conflict):
    """The last active owner cannot be removed or lowered."""

    code = "last_owner"
    vi = "Phải còn ít nhất một chủ sở hữu đang hoạt động."
    en = "At least one active owner must remain."


def email_taken() -> InvalidInput:
    """Somebody else has this e-mail."""
    return _one_field(
        "email",
        "email_taken",
        vi="E-mail này đã được dùng.",
        en="This e-mail is taken already.",
    )


def password_too_short(at_least: int) -> InvalidInput:
    return _one_field(
        "password",
        "password_too_short",
        vi=f"Mật khẩu cần ít nhất {at_least} ký tự.",
        en=f"The password needs at least {at_least} characters.",
    )


def wrong_password() -> InvalidInput:
    """The password that was given as one's own is not."""
    return _one_field(
        "current",
        "wrong_password",
        vi="Mật khẩu hiện tại không đúng.",
        en="The current password is wrong.",
    )


def unknown_bot() -> InvalidInput:
    return _one_field(
        "bot_id", "unknown_bot", vi="Bot này không tồn tại.", en="There is no such bot."
    )


def unknown_automation() -> InvalidInput:
    return _one_field(
        "automation_id",
        "unknown_automation",
        vi="Bot này không có chương trình tự động đó.",
        en="There is no such automation in this bot.",
    )


def _one_field(field: str, code: str, *, vi: str, en: str) -> InvalidInput:
    return InvalidInput([FieldError(field, code, vi=vi, en=en)])
