"""Which side of one field follows the other, and who wins where both have moved."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from crm_sync.mapping.model import FieldMap
from crm_sync.mapping.synced import Synced

Act = Literal["nothing", "agree", "take", "push"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Both values as hashes of their normal forms ("" is empty), and what they were last.

    `theirs_at` is the time of the whole record: the field may have been changed earlier.
    """

    ours: str
    theirs: str
    last: Synced | None
    ours_at: datetime | None = None
    theirs_at: datetime | None = None

    @property
    def ours_moved(self) -> bool:
        return self.ours != (self.last.ours if self.last is not None else "")

    @property
    def theirs_moved(self) -> bool:
        return self.theirs != (self.last.theirs if self.last is not None else "")


@dataclass(frozen=True, slots=True)
class Verdict:
    """To "agree" is to remember what both sides have. A conflict has a loser."""

    act: Act
    is_conflict: bool = False


def decide(field: FieldMap, sides: Sides) -> Verdict:
    """What becomes of a field. Before anything was synced, a value moves into an empty field."""
    if sides.ours == sides.theirs:
        # empty on both sides from the start is not remembered: what is, had a value there once
        known = sides.last if sides.last is not None else Synced("", "")
        is_news = known != Synced(sides.ours, sides.theirs)
        return Verdict("agree" if is_news else "nothing")
    crosses = field.clear == "push"
    ours_moved = sides.ours_moved and (crosses or bool(sides.ours))
    theirs_moved = sides.theirs_moved and (crosses or bool(sides.theirs))
    if ours_moved and theirs_moved:
        return Verdict(_winner(field, sides), is_conflict=True)
    if ours_moved and field.pushes:
        return Verdict("push")
    if theirs_moved and field.pulls:
        return Verdict("take")
    return Verdict("nothing")


def _winner(field: FieldMap, sides: Sides) -> Literal["take", "push"]:
    if field.direction != "both":
        return "push" if field.pushes else "take"
    if field.conflict == "newest_wins":
        return "take" if _theirs_is_newer(sides) else "push"
    return "take" if field.conflict == "crm_wins" else "push"


def _theirs_is_newer(sides: Sides) -> bool:
    """Only if both times are real: what a person here has typed does not give way to a guess."""
    if sides.ours_at is None or sides.theirs_at is None:
        return False
    return sides.theirs_at > sides.ours_at
