"""Rehearsals as the API takes and shows them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from inbox.http.routing import Body
from inbox.splitting.model import SplitConfig, Way
from inbox.splitting.rehearsal.recording import conversation_of
from inbox.splitting.rehearsing import Rehearsal
from inbox.splitting.view import MOST_RULES, RuleBody, SettingsBody

MOST_DIFFERENCES = 100
"""That are shown; all are counted."""


class DraftRuleBody(RuleBody):
    """A rule as it might be; `id` is that of the stored rule it would replace."""

    id: Annotated[str, Field(max_length=64, pattern=r"^\S+$")] | None = None


class RehearsalBody(Body):
    """What to rehearse. What is not sent is as it is stored.

    `rules` are all rules in their order; the last one may be the catch-all (`when: null`), else
    the stored one follows them.
    """

    days: Annotated[int, Field(ge=1, le=30)]
    settings: SettingsBody | None = None
    rules: Annotated[list[DraftRuleBody], Field(max_length=MOST_RULES + 1)] | None = None


class RehearsedShareView(BaseModel):
    """What one person would have had; `of_all` is from 0 to 1; `happened`: what they really had."""

    staff_id: str
    name: str | None
    given: int
    of_all: float
    happened: int


class WaitsView(BaseModel):
    """How long conversations would have waited for their first person, in seconds."""

    assigned: int
    at_once: int
    p50_s: float
    p90_s: float
    max_s: float


class RuleCountView(BaseModel):
    """How many conversations a rule would have met."""

    rule_id: str
    rule_name: str
    arrivals: int


class DifferenceView(BaseModel):
    """A conversation that somebody else, or nobody, would have had. Null is nobody."""

    conversation_id: str
    at: datetime
    happened: str | None
    rehearsed: str | None
    rule_id: str | None
    way: Way | None


AssumptionCode = Literal[
    "presence_by_shift", "customers_as_of_now", "people_as_of_now", "first_hands_only", "cut"
]


class AssumptionView(BaseModel):
    """What the rehearsal takes for granted, so that its numbers are read rightly."""

    code: AssumptionCode
    vi: str
    en: str


class RehearsalView(BaseModel):
    """What would have become of what came in. Nothing was changed.

    `since`: from then on everything is counted; later than asked for when it was `cut`.
    `unassigned` counts by what became of them (waiting, claimable, manual, excluded_source);
    `differences` are the first ones.
    """

    since: datetime
    until: datetime
    cut: bool
    arrivals: int
    shares: list[RehearsedShareView]
    waits: WaitsView
    unassigned: dict[str, int]
    by_rule: list[RuleCountView]
    same: int
    different: int
    differences: list[DifferenceView]
    assumptions: list[AssumptionView]


def rehearsal_view(
    done: Rehearsal,
    config: SplitConfig,
    names: Mapping[str, str],
    *,
    since: datetime,
    until: datetime,
    cut: bool,
) -> RehearsalView:
    waits = done.waits
    return RehearsalView(
        since=since,
        until=until,
        cut=cut,
        arrivals=done.arrivals,
        shares=[
            RehearsedShareView(
                staff_id=one.staff_id,
                name=names.get(one.staff_id),
                given=one.given,
                of_all=one.of_all,
                happened=one.happened,
            )
            for one in done.shares
        ],
        waits=WaitsView(
            assigned=waits.assigned,
            at_once=waits.at_once,
            p50_s=waits.median_s,
            p90_s=waits.p90_s,
            max_s=waits.longest_s,
        ),
        unassigned=dict(done.unassigned),
        by_rule=[
            RuleCountView(
                rule_id=rule.id, rule_name=rule.name, arrivals=done.by_rule.get(rule.id, 0)
            )
            for rule in config.rules
        ],
        same=done.same,
        different=done.different,
        differences=[
            DifferenceView(
                conversation_id=conversation_of(one.conversation_id),
                at=one.at,
                happened=one.happened,
                rehearsed=one.rehearsed,
                rule_id=one.rule_id,
                way=one.way,
            )
            for one in done.differences[:MOST_DIFFERENCES]
        ],
        assumptions=[
            AssumptionView(code=code, vi=vi, en=en)
            for code, (vi, en) in _ASSUMPTIONS.items()
            if code != "cut" or cut
        ],
    )


_ASSUMPTIONS: dict[AssumptionCode, tuple[str, str]] = {
    "presence_by_shift": (
        "Lịch sử trực tuyến không được lưu: mỗi người được coi là trực tuyến trong ca của mình.",
        "Past presence is not stored: everybody counts as online during their shift.",
    ),
    "customers_as_of_now": (
        "Thẻ, thuộc tính, người phụ trách của khách được lấy theo hiện tại.",
        "Tags, attributes and owners of customers are taken as they are now.",
    ),
    "people_as_of_now": (
        (
            "Thành viên, ca làm và nút “Nhận dữ liệu” được lấy theo hiện tại; "
            "ban đầu không ai có hội thoại nào."
        ),
        (
            "Members, shifts and the receiving switch are taken as they are now; nobody has any "
            "conversation at the beginning."
        ),
    ),
    "first_hands_only": (
        (
            "Chỉ diễn tập lần chia đầu tiên: chia lại, tự nhận và chuyển tay không được lặp lại. "
            "Khi chưa bật chia tin, “thực tế” là người trả lời đầu tiên và các lần mở lại "
            "không được ghi nhận."
        ),
        (
            "Only first assignments are replayed: no re-splits, claims or transfers. While "
            "splitting was off, what happened is who answered first, and reopenings left no trace."
        ),
    ),
    "cut": (
        "Dữ liệu quá nhiều nên chỉ tính từ thời điểm “since”.",
        "There was too much to read: it counts from `since` on.",
    ),
}
