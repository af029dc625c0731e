"""What is to be done when nobody answers: split again, give to others, tell somebody."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from inbox.clock import Clock
from inbox.mongo.client import Document
from inbox.splitting.assigning.outcome import Wish, answer_due, rule_of
from inbox.splitting.assigning.situation import Situations
from inbox.splitting.assigning.store import AssignStore, Change
from inbox.splitting.model import Person, Rule, SplitConfig
from inbox.splitting.store import SplitStore

MOST_LOOKED_AT = 1000
"""Unanswered conversations of a bot per sweep, those that wait longest."""


class FollowUps:
    """Finds conversations that must not stay as they are."""

    def __init__(
        self, store: AssignStore, split: SplitStore, situations: Situations, clock: Clock
    ) -> None:
        self._store = store
        self._split = split
        self._situations = situations
        self._clock = clock

    async def due(self, bot_id: str) -> list[Wish]:
        """Conversations to be split again now, those that wait longest first."""
        found = await self._split.for_deciding(bot_id)
        if found is None:
            return []
        config, members = found
        now = self._clock.now()
        before = _looked_at_before(config, now)
        if before is None:
            return []
        unanswered = [
            one
            for one in await self._store.unanswered(bot_id, before, MOST_LOOKED_AT)
            if one.get("split", {}).get("state") == "assigned" and one.get("assignee_id")
        ]
        if not unanswered:
            return []
        holders = {one["assignee_id"] for one in unanswered}
        people = await self._situations.of(config, members, holders, now)
        wishes = [_wish(one, config, people, now) for one in unanswered]
        return [wish for wish in wishes if wish is not None]

    async def tell(self, bot_id: str, changes: Sequence[Change]) -> None:
        """Tell whom the changes concern."""


def _looked_at_before(config: SplitConfig, now: datetime) -> datetime | None:
    """Nothing that waits since later can be due; None: no rule follows anything up."""
    if any(rule.redistribute for rule in config.rules):
        return now
    shortest = min((r.resplit.after_min for r in config.rules if r.resplit), default=None)
    return None if shortest is None else now - timedelta(minutes=shortest)


def _wish(
    conversation: Document, config: SplitConfig, people: dict[str, Person], now: datetime
) -> Wish | None:
    rule = rule_of(config, conversation)
    if rule is None:
        return None
    holder = conversation["assignee_id"]
    due_at = answer_due(conversation, rule, config)
    if rule.resplit is not None and due_at is not None and due_at <= now:
        over = conversation["split"].get("round", 0) >= rule.resplit.max_rounds
        return Wish(conversation["_id"], "resplit", seen=holder, release=over)
    if rule.redistribute and _is_gone(people.get(holder), rule):
        return Wish(conversation["_id"], "redistributed", seen=holder)
    return None


def _is_gone(person: Person | None, rule: Rule) -> bool:
    """Whether a new conversation could not be given to them either, whatever they have open."""
    if person is None or not person.active or not person.member or not person.receiving:
        return True
    if rule.eligible in ("online", "online_on_shift") and person.presence != "online":
        return True
    return rule.eligible in ("on_shift", "online_on_shift") and not person.on_shift
