"""What can be wrong with an automation."""

from inbox.errors import Conflict, FieldError, InvalidInput, NotFound


class AutomationNotFound(NotFound):
    """There is no such automation in this bot."""

    code = "automation_not_found"
    vi = "Bot này không có chương trình tự động đó."
    en = "There is no such automation in this bot."


class AutomationOff(Conflict):
    """It is switched off: nothing is told."""

    code = "automation_off"
    vi = "Chương trình tự động này đang tắt."
    en = "This automation is switched off."


def wrong_url() -> InvalidInput:
    """The address is none that may be called."""
    return InvalidInput(
        [
            FieldError(
                "url",
                "url_not_allowed",
                vi="Địa chỉ phải là https, công khai, không kèm tên đăng nhập.",
                en="The address must be https and public, without a user name in it.",
            )
        ]
    )


def another_answers() -> InvalidInput:
    """One automation of a bot answers customers first."""
    return InvalidInput(
        [
            FieldError(
                "answers",
                "another_answers",
                vi="Bot này đã có chương trình khác trả lời khách trước; hãy tắt nó trước.",
                en="Another automation of this bot answers customers first; let it stop before.",
            )
        ]
    )


def messenger_incomplete(field: str) -> InvalidInput:
    """What a Messenger bot is told is signed with its app secret, for a page."""
    return InvalidInput(
        [
            FieldError(
                field,
                "messenger_incomplete",
                vi="Bot Messenger cần app secret và mã trang (page id).",
                en="A Messenger bot needs its app secret and a page id.",
            )
        ]
    )
