"""What can go wrong with bots and accounts."""

from collections.abc import Iterable

from inbox.errors import Conflict, FieldError, FieldErrors


class BotHasAccounts(Conflict):
    """A bot is deleted only after its accounts were taken out of it."""

    code = "bot_has_accounts"
    vi = "Hãy ngắt kết nối các tài khoản của bot này trước khi xoá."
    en = "Disconnect the accounts of this bot before you delete it."


class AccountMoves(Conflict):
    """An account whose conversations are being moved is disconnected when they are through."""

    code = "account_moves"
    vi = "Tài khoản đang được chuyển sang bot khác, hãy thử lại sau ít phút."
    en = "The account is being moved to another bot. Try again in a few minutes."


def unknown_bot(field: str) -> FieldError:
    """There is no bot of this id."""
    return FieldError(field, "unknown_bot", vi="Bot này không tồn tại.", en="There is no such bot.")


def account_taken(field: str) -> FieldError:
    """The account is in a bot already, or twice in the request."""
    return FieldError(
        field,
        "account_taken",
        vi="Tài khoản này đã thuộc một bot.",
        en="This account is in a bot already.",
    )


def refuse_unknown_members(member_ids: Iterable[str], known: frozenset[str]) -> None:
    """Raise InvalidInput that names each of `member_ids` that is not in `known`."""
    errors = FieldErrors()
    for position, member_id in enumerate(member_ids):
        if member_id not in known:
            errors.add(
                f"member_ids.{position}",
                "unknown_member",
                vi="Nhân viên này không tồn tại hoặc đã ngừng hoạt động.",
                en="There is no such active member of staff.",
            )
    errors.raise_if_any()
