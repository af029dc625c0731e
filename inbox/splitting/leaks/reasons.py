"""Why a conversation may get lost, in both languages, and what would help. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from inbox.bots.health.reasons import REPLIES_WAIT, what_to_do
from inbox.conversations.window import WindowRules
from inbox.mongo.client import Document
from inbox.splitting.explaining import explain, explain_exclusion
from inbox.splitting.handling.permitting import actions_of
from inbox.splitting.leaks.urgency import SOON, answerable_until
from inbox.splitting.leaks.view import ExclusionView, LeakAction, LeakReasonView, ReasonCode
from inbox.splitting.model import Decision, SplitConfig
from inbox.staff.model import Actor

_MIN_PER_HOUR = 60
_MIN_PER_DAY = 24 * 60
_ACTIONS: tuple[tuple[str, LeakAction], ...] = (
    ("claim", "claim"),
    ("transfer", "assign"),
    ("resplit", "resplit"),
)


@dataclass(frozen=True, slots=True)
class Board:
    """What the reasons of a page are told from.

    `decisions` are what splitting would make of the waiting ones now. `down` are the accounts
    that do not work, by key: name, and the reason.
    """

    actor: Actor
    config: SplitConfig
    now: datetime
    rules: WindowRules
    names: Mapping[str, str]
    decisions: Mapping[str, Decision]
    down: Mapping[str, tuple[str, str | None]]


def reasons_of(one: Document, board: Board) -> list[LeakReasonView]:
    """The most urgent first."""
    return [*_of_window(one, board), *_of_account(one, board), _of_people(one, board)]


def leak_actions(one: Document, board: Board) -> list[LeakAction]:
    may = actions_of(board.actor, one, board.config)
    actions = [shown for action, shown in _ACTIONS if action in may]
    if one["account_key"] in board.down and board.actor.at_least("admin"):
        actions.append("reconnect")
    return actions


def waits_min(one: Document, now: datetime) -> int | None:
    since = one.get("waiting_since")
    return None if since is None else max(0, (now - since) // timedelta(minutes=1))


def _of_window(one: Document, board: Board) -> Iterator[LeakReasonView]:
    if one.get("waiting_since") is None or one["kind"] == "comment":
        return
    until = answerable_until(one, board.rules)
    if until is None or until <= board.now:
        yield _reason("window_closed")
    elif until <= board.now + SOON:
        left = (until - board.now) // timedelta(minutes=1)
        yield _reason("window_closing", vi=_vi(left), en=_en(left))


def _of_account(one: Document, board: Board) -> Iterator[LeakReasonView]:
    if one["account_key"] not in board.down:
        return
    name, reason = board.down[one["account_key"]]
    told = what_to_do(reason) if board.actor.at_least("admin") else REPLIES_WAIT
    yield LeakReasonView(code="account_down", vi=f"{name}: {told.vi}", en=f"{name}: {told.en}")


def _of_people(one: Document, board: Board) -> LeakReasonView:
    assignee, minutes = one.get("assignee_id"), waits_min(one, board.now) or 0
    if assignee is not None:
        vi, en = _SENTENCES["unanswered"]
        return LeakReasonView(
            code="unanswered",
            vi=vi.format(name=board.names.get(assignee, "người đã xoá"), waited=_vi(minutes)),
            en=en.format(name=board.names.get(assignee, "a deleted person"), waited=_en(minutes)),
            staff_id=assignee,
        )
    state = (one.get("split") or {}).get("state")
    if state == "waiting" and one["_id"] in board.decisions:
        return _of_decision(board.decisions[one["_id"]], board)
    match state:
        case "claimable" | "manual":
            return _reason(state)
        case "released":
            return _reason("released", round=str(one["split"].get("round", 0)))
        case "pending" | "waiting":
            return _reason("being_assigned")
        case _:
            return _reason("nobodys")


def _of_decision(decision: Decision, board: Board) -> LeakReasonView:
    if decision.outcome != "waiting":
        return _reason("being_assigned")
    zone, receipt = board.config.time_zone, decision.receipt
    alone = replace(receipt, excluded=())  # who is excluded stands in rows of its own
    return LeakReasonView(
        code="no_eligible",
        vi=explain(alone, board.names, "vi", zone),
        en=explain(alone, board.names, "en", zone),
        excluded=[
            ExclusionView(
                staff_id=out.staff_id,
                reason=out.reason,
                vi=explain_exclusion(receipt, out, board.names, "vi", zone),
                en=explain_exclusion(receipt, out, board.names, "en", zone),
            )
            for out in receipt.excluded
        ],
    )


def _reason(code: ReasonCode, **known: str) -> LeakReasonView:
    vi, en = _SENTENCES[code]
    return LeakReasonView(
        code=code,
        vi=vi.format(left=known.get("vi", ""), **known),
        en=en.format(left=known.get("en", ""), **known),
    )


def _vi(minutes: int) -> str:
    if minutes >= _MIN_PER_DAY:
        return f"{minutes // _MIN_PER_DAY} ngày"
    hours, rest = divmod(minutes, _MIN_PER_HOUR)
    return f"{hours} giờ {rest} phút" if hours else f"{rest} phút"


def _en(minutes: int) -> str:
    if minutes >= _MIN_PER_DAY:
        return f"{minutes // _MIN_PER_DAY} d"
    hours, rest = divmod(minutes, _MIN_PER_HOUR)
    return f"{hours} h {rest} min" if hours else f"{rest} min"


_SENTENCES: dict[str, tuple[str, str]] = {
    "window_closing": (
        "Chỉ còn {left} để trả lời.",
        "It can be answered for {left} only.",
    ),
    "window_closed": (
        "Đã hết thời hạn trả lời của nền tảng.",
        "The platform does not let it be answered any more.",
    ),
    "unanswered": (
        "{name} chưa trả lời, khách đã chờ {waited}.",
        "{name} has not answered; the customer has waited for {waited}.",
    ),
    "being_assigned": ("Đang được chia.", "It is just being assigned."),
    "claimable": ("Chờ nhân viên tự nhận.", "Open for anyone to claim."),
    "manual": ("Chờ người có quyền phân công.", "Waiting to be assigned by hand."),
    "released": (
        "Đã chia lại {round} lần vẫn chưa ai trả lời.",
        "Nobody answered, not even after {round} rounds of reassignment.",
    ),
    "nobodys": ("Chưa có ai phụ trách.", "Nobody is assigned to it."),
}
