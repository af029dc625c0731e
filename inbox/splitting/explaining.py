"""A receipt in words, Vietnamese or English: who got it, why, and why not the others.

Sentences are made on reading, so that a better wording also serves old receipts, and so that a
person who was renamed or erased is called by today's name.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from inbox.splitting.model import DEFAULT_TIME_ZONE, Exclusion, Receipt
from inbox.splitting.wording import WORDS, Words

Language = Literal["vi", "en"]
_NAMED_AT_MOST = 5
"""People named one by one; the rest are counted by reason."""


def explain(
    receipt: Receipt,
    names: Mapping[str, str],
    language: Language = "vi",
    time_zone: str = DEFAULT_TIME_ZONE,
) -> str:
    """The sentences of one receipt, such as "Chia cho Lan theo luật ‘Zalo’ (chia đều): đến lượt."

    Args:
        receipt: as it was stored.
        names: today's names of staff by id; whoever is missing is "người đã xoá".
        language: vi or en.
        time_zone: that of the bot, for the times of day.
    """
    return _Explainer(receipt, names, WORDS[language], ZoneInfo(time_zone)).text()


def explain_exclusion(
    receipt: Receipt,
    one: Exclusion,
    names: Mapping[str, str],
    language: Language = "vi",
    time_zone: str = DEFAULT_TIME_ZONE,
) -> str:
    """Why one person could not have it, such as "Lan: tạm nghỉ từ 09:15"."""
    return _Explainer(receipt, names, WORDS[language], ZoneInfo(time_zone)).exclusion(one)


class _Explainer:
    def __init__(
        self, receipt: Receipt, names: Mapping[str, str], words: Words, zone: ZoneInfo
    ) -> None:
        self._receipt = receipt
        self._names = names
        self._words = words
        self._zone = zone

    def text(self) -> str:
        parts = [self._outcome(), self._skipped(), self._next_try(), self._stated_reason()]
        said = " ".join(part for part in parts if part)
        return said[:1].upper() + said[1:]

    def _outcome(self) -> str:
        receipt, sentences = self._receipt, self._words.sentences
        key = _key(receipt)
        sentence = sentences.get(key) or sentences[receipt.kind]
        return sentence.format(
            chosen=self._name(receipt.chosen),
            before=self._name(receipt.before),
            actor=self._actor(),
            rule=self._rule(),
            way=self._way(),
            cause=self._cause(),
            round=receipt.round,
        )

    def _rule(self) -> str:
        """By which rule and mode, or nothing where no rule was asked."""
        receipt = self._receipt
        if not receipt.rule_name:
            return ""
        mode = self._words.modes.get(receipt.numbers.get("mode", ""))
        named = self._words.by_rule.format(rule=receipt.rule_name)
        return f"{named} ({mode})" if mode else named

    def _way(self) -> str:
        receipt = self._receipt
        way = str(receipt.numbers.get("way", "turn"))
        if way == "load":
            mine = [one.load for one in receipt.candidates if one.staff_id == receipt.chosen]
            return self._words.ways["load"].format(load=mine[0] if mine else "?")
        if way in ("turn", "idle") and len(receipt.candidates) == 1:
            return self._words.ways["only"]
        return self._words.ways.get(way, self._words.ways["turn"])

    def _cause(self) -> str:
        """Why it was taken from whom had it; `cause` is "unanswered" unless it says otherwise."""
        receipt = self._receipt
        if receipt.before is None:
            return ""
        causes = self._words.causes
        cause = causes.get(str(receipt.numbers.get("cause")), causes["unanswered"])
        return cause.format(before=self._name(receipt.before))

    def _skipped(self) -> str:
        """Who was passed over: named with the reason, or counted when there are many."""
        excluded = self._receipt.excluded
        if not excluded:
            return ""
        said = [self.exclusion(one) for one in excluded]
        rest = excluded[_NAMED_AT_MOST:]
        if rest:
            counted = Counter(self._words.short[one.reason] for one in rest)
            groups = ", ".join(f"{count} {reason}" for reason, count in counted.items())
            said = [*said[:_NAMED_AT_MOST], self._words.others.format(n=len(rest), groups=groups)]
        return self._words.skipped.format(people="; ".join(said))

    def exclusion(self, one: Exclusion) -> str:
        return f"{self._name(one.staff_id)}: {self._reason(one)}"

    def _reason(self, one: Exclusion) -> str:
        numbers = {
            key: self._time(value) if isinstance(value, datetime) else value
            for key, value in one.numbers.items()
            if value is not None
        }
        sentence = self._words.reasons[one.reason]
        if one.reason == "tried" and not numbers.get("round"):
            return sentence.bare
        return sentence.full.format(**numbers) if numbers else sentence.bare

    def _next_try(self) -> str:
        at = self._receipt.numbers.get("retry_at")
        return self._words.retry.format(time=self._time(at)) if isinstance(at, datetime) else ""

    def _stated_reason(self) -> str:
        reason = self._receipt.reason
        return self._words.stated.format(reason=reason.rstrip(" .")) if reason else ""

    def _name(self, staff_id: str | None) -> str:
        if staff_id is None:
            return self._words.nobody
        return self._names.get(staff_id) or self._words.unknown

    def _actor(self) -> str:
        actor = self._receipt.actor
        return self._name(actor.id) if actor.id else self._words.system

    def _time(self, moment: datetime) -> str:
        """A time of day, with the date when it is not the day of the receipt."""
        local = moment.astimezone(self._zone)
        days = local.date() - self._receipt.at.astimezone(self._zone).date()
        clock = f"{local.hour:02}:{local.minute:02}"
        if not days:
            return clock
        if days == timedelta(days=1):
            return self._words.tomorrow.format(clock=clock)
        return self._words.on_day.format(clock=clock, day=local.day, month=local.month)


def _key(receipt: Receipt) -> str:
    """Which sentence tells of a receipt; one that there is none for falls back on its kind."""
    kind, numbers = receipt.kind, receipt.numbers
    if kind in ("assigned", "resplit") and receipt.chosen is None:
        return "unassigned"
    if kind == "waiting":
        return f"waiting_{numbers.get('why', 'nobody_eligible')}"
    if kind in ("unassigned", "released") and numbers.get("why"):
        return f"unassigned_{numbers['why']}"
    if kind == "resplit" and numbers.get("action") == "add":
        return "added"
    left = numbers.get("cause", "unanswered") != "unanswered"
    if kind == "resplit" and left and not receipt.round:
        return "redistributed"
    return _by_hand(receipt) or kind


def _by_hand(receipt: Receipt) -> str | None:
    """What people do has a sentence of its own where the kind alone would not say it."""
    if receipt.numbers.get("how") == "reply":
        return f"{receipt.kind}_by_reply"
    if receipt.kind == "participant_removed" and receipt.before == receipt.actor.id:
        return "participant_left"
    if receipt.kind in ("transferred", "handed_over") and receipt.before is None:
        return "given"
    return None
