"""What can go wrong when people change who has a conversation."""

from dataclasses import dataclass
from typing import Any

from inbox.errors import Conflict, FieldError, InvalidInput


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody with the name that they have today."""

    id: str
    name: str | None


class AlreadyClaimed(Conflict):
    """Somebody has it: oneself too, where a claim is repeated."""

    code = "already_claimed"
    vi = "Hội thoại này đã có người nhận: {name}."
    en = "This conversation is already with {name}."

    def __init__(self, assignee: Named | None) -> None:
        super().__init__(name=_name(assignee))
        self.assignee = assignee

    def extra(self) -> dict[str, Any]:
        return _assignee(self.assignee)


class AssignmentChanged(Conflict):
    """Not who the caller saw has the conversation."""

    code = "assignment_changed"
    vi = "Người phụ trách vừa thay đổi, hiện là: {name}."
    en = "It has just been reassigned; it is now with: {name}."

    def __init__(self, assignee: Named | None) -> None:
        super().__init__(name=_name(assignee))
        self.assignee = assignee

    def extra(self) -> dict[str, Any]:
        return _assignee(self.assignee)


def _name(one: Named | None) -> str:
    return (one.name if one is not None else None) or "—"


def _assignee(one: Named | None) -> dict[str, Any]:
    """The member of the problem document that tells who has it."""
    return {"assignee": None if one is None else {"id": one.id, "name": one.name}}


class BeingSplit(Conflict):
    """Its first decision is a moment away; until then it is nobody's to take."""

    code = "being_split"
    vi = "Hội thoại đang được chia, hãy thử lại sau giây lát."
    en = "This conversation is just being assigned. Try again in a moment."


class SplittingOff(Conflict):
    """A bot that does not split has participants, and no assignees."""

    code = "splitting_off"
    vi = "Bot này chưa bật chia tin nên hội thoại không có nhân viên chăm sóc."
    en = "This bot does not split its conversations, so nobody is assigned to them."


class AssigneeStays(Conflict):
    """Who has a conversation takes part in it: first it goes to somebody else."""

    code = "assignee_stays"
    vi = "Nhân viên chăm sóc luôn là người tham gia. Hãy chuyển hội thoại trước."
    en = "The assignee always takes part. Transfer the conversation first."


def unknown_colleague(field: str) -> InvalidInput:
    """Nobody active of this id sees the bot."""
    return InvalidInput(
        [
            FieldError(
                field,
                "unknown_staff",
                vi="Nhân viên này không thuộc bot hoặc đã ngừng hoạt động.",
                en="This person is not an active member of the bot.",
            )
        ]
    )


def nobody_named(field: str) -> InvalidInput:
    """Neither a person, nor null, nor that it is to be split again."""
    return InvalidInput(
        [
            FieldError(
                field,
                "required",
                vi="Hãy chọn nhân viên, hoặc chia lại.",
                en="Name a person, or ask to split again.",
            )
        ]
    )
