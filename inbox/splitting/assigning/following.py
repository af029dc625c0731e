"""What is to be done when nobody answers: split again, give to others. Each once per sweep."""

from datetime import datetime, timedelta

from inbox.clock import Clock
from inbox.mongo.client import Document
from inbox.splitting.assigning.outcome import Cause, Wish, answer_due, rule_of
from inbox.splitting.assigning.queues import Queues
from inbox.splitting.assigning.situation import Situations
from inbox.splitting.model import Person, Rule, SplitConfig
from inbox.splitting.store import SplitStore

MOST_LOOKED_AT = 1000
"""Unanswered conversations of a bot per sweep; the next sweep goes on with those behind."""


class FollowUps:
    """Finds conversations that must not stay as they are."""

    def __init__(
        self, queues: Queues, split: SplitStore, situations: Situations, clock: Clock
    ) -> None:
        self._queues = queues
        self._split = split
        self._situations = situations
        self._clock = clock
        self._places: dict[str, datetime | None] = {}

    async def due(self, bot_id: str) -> list[Wish]:
        """What splitting has missed, and what is to be split again, longest waiting first."""
        found = await self._split.for_deciding(bot_id)
        if found is None or not found[0].enabled:
            return []
        config, members = found
        missed = [Wish(one["_id"], missed=True) for one in await self._queues.missed(bot_id)]
        now = self._clock.now()
        before = _looked_at_before(config, now)
        unanswered = [] if before is None else await self._unanswered(bot_id, before)
        if not unanswered:
            return missed
        holders = {one["assignee_id"] for one in unanswered}
        people = await self._situations.of(config, members, holders, now)
        wishes = [_wish(one, config, people, now) for one in unanswered]
        return [*missed, *(wish for wish in wishes if wish is not None)]

    async def _unanswered(self, bot_id: str, before: datetime) -> list[Document]:
        after = self._places.get(bot_id)
        found = await self._queues.unanswered(
            bot_id, before=before, after=after, limit=MOST_LOOKED_AT
        )
        last: datetime | None = found[-1]["waiting_since"] if found else None
        more = len(found) == MOST_LOOKED_AT and last != after
        self._places[bot_id] = last if more else None
        return found


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
    id_, holder = conversation["_id"], conversation["assignee_id"]
    since = conversation["waiting_since"]
    due_at = answer_due(conversation, rule, config)
    if rule.resplit is not None and due_at is not None and due_at <= now:
        over = conversation["split"].get("round", 0) >= rule.resplit.max_rounds
        return Wish(id_, "resplit", holder, since, "unanswered", release=over)
    cause = _why_gone(people.get(holder), rule) if rule.redistribute else None
    return Wish(id_, "redistributed", holder, since, cause) if cause is not None else None


def _why_gone(person: Person | None, rule: Rule) -> Cause | None:
    """Why a new conversation could not be given to them either, whatever they have open."""
    if person is None or not person.active:
        return "inactive"
    if not person.member:
        return "not_member"
    if not person.receiving:
        return "paused"
    if rule.eligible in ("online", "online_on_shift") and person.presence != "online":
        return person.presence
    if rule.eligible in ("on_shift", "online_on_shift") and not person.on_shift:
        return "off_shift"
    return None
