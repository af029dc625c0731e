"""The worker that takes the steps of scripts when they are due, each once and in order."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from inbox.clock import Clock
from inbox.conversations.automation import automation_of
from inbox.conversations.window import DEFAULT_RULES, WindowRules, window_of
from inbox.mongo.client import Session
from inbox.mongo.due import Claimed
from inbox.mongo.failures import is_passing
from inbox.signals.store import SignalStore
from scheduler import metrics
from scheduler.enrolments.sending import (
    CannotBeSaid,
    ConversationGone,
    OptedOut,
    OutsideWindow,
    Record,
    Saying,
    Silenced,
    StepSender,
)
from scheduler.enrolments.store import EnrolmentStore, place_in_line
from scheduler.enrolments.surroundings import Around, AroundReader
from scheduler.enrolments.turns import (
    End,
    Hold,
    Send,
    Wait,
    after_step,
    retry_after,
    skipped,
    turn_of,
)
from scheduler.scripts.documents import enrolment_from
from scheduler.scripts.model import Enrolment, Holding, Script, SkipReason, Step, StepLog

log = structlog.get_logger(__name__)

AT_ONCE = 200
"""Enrolments per claim."""
LANES = 16
"""Conversations at the same time; the steps of one conversation come one after the other."""
LOOK_AGAIN = timedelta(milliseconds=200)
"""When something else of the same customer must come first."""
MOST_TRIES = 8
"""Of a step that fails for a reason that nobody foresaw."""


class _NotYet(Exception):
    """Something else of the same customer comes first."""


class _TurnLost(Exception):
    """The enrolment was stopped, changed, or claimed by another worker."""


class Running:
    """Takes due steps. Any number of processes may run it."""

    def __init__(
        self,
        store: EnrolmentStore,
        around: AroundReader,
        signals: SignalStore,
        sender: StepSender,
        clock: Clock,
        rules: WindowRules = DEFAULT_RULES,
    ) -> None:
        self._store = store
        self._around = around
        self._signals = signals
        self._sender = sender
        self._clock = clock
        self._rules = rules

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; the batch in hand is always finished first."""
        await self._store.due.keep_at(self.step, stop, full=AT_ONCE)

    async def step(self) -> int:
        """Claim what is due, once, and take each turn; the number claimed."""
        claimed = await self._store.due.claim(AT_ONCE)
        if not claimed:
            return 0
        around = await self._around.read([one.document for one in claimed])
        lanes = asyncio.Semaphore(LANES)

        async def lane(turns: Iterable[Claimed]) -> None:
            async with lanes:
                for one in turns:
                    await self._take_anyhow(one, around)

        await asyncio.gather(*(lane(turns) for turns in _by_conversation(claimed)))
        return len(claimed)

    async def _take_anyhow(self, claimed: Claimed, around: Around) -> None:
        """Nothing is raised, so that the rest of the batch goes on: the lease ends by itself."""
        try:
            await self._take_or_put_off(claimed, around)
        except _TurnLost:
            return
        except Exception as error:
            if not is_passing(error):
                log.exception("a step could not be put off", enrolment_id=claimed.id)

    async def _take_or_put_off(self, claimed: Claimed, around: Around) -> None:
        """What cannot be done now is tried again."""
        try:
            await self._take(claimed, around)
        except _TurnLost:
            raise
        except _NotYet:
            await self._store.look_again(claimed, self._clock.now() + LOOK_AGAIN)
        except Exception as error:
            if is_passing(error):
                raise
            log.exception("a step could not be taken", enrolment_id=claimed.id)
            await self._try_again(claimed, around)

    async def _take(self, claimed: Claimed, around: Around) -> None:
        enrolment = enrolment_from(claimed.document)
        owner = around.owners.get(enrolment.conversation_id or "")
        if owner != enrolment.customer_id or owner not in around.customers:
            await self._follow(claimed, enrolment, owner)
            return
        script = around.scripts.get(enrolment.script_id)
        facts = around.facts(enrolment.bot_id, enrolment.customer_id)
        match turn_of(enrolment, script, facts, self._clock.now()):
            case End(reason):
                await self._store.end(claimed, reason)
            case Hold(holding):
                await self._hold(claimed, enrolment, enrolment.next_step_id, holding)
            case Wait(step, at):
                await self._store.wait(claimed, step.id, at)
            case Send(step):
                assert script is not None
                saying = Saying(
                    enrolment,
                    script,
                    step,
                    around.customers[enrolment.customer_id],
                    around.agents.get(enrolment.conversation_id or ""),
                    around.shop(enrolment.bot_id),
                )
                await self._say(claimed, saying, around)

    async def _say(self, claimed: Claimed, saying: Saying, around: Around) -> None:
        try:
            await self._send(claimed, saying, around)
        except OutsideWindow:
            await self._outside(claimed, saying, around)
        except Silenced as error:
            if error.until is None:
                await self._hold(claimed, saying.enrolment, saying.step.id, "human")
            else:
                await self._store.wait(claimed, saying.step.id, error.until)
        except OptedOut:
            await self._store.end(claimed, "opted_out")
        except ConversationGone:
            await self._store.end(claimed, "no_conversation")
        except CannotBeSaid as error:
            entry = StepLog(saying.step.id, "failed", self._clock.now(), error.code)
            await self._note(claimed, saying, entry, around)

    async def _send(self, claimed: Claimed, saying: Saying, around: Around) -> None:
        at = self._clock.now()
        entry = StepLog(saying.step.id, "sent", at, message_id=saying.message_id)
        if await self._sender.send(saying, self._record(claimed, saying, entry, around)):
            self._count(entry, saying.enrolment.next_at)
        else:  # stored before, by a turn that could not keep note of it
            await self._note(claimed, saying, entry, around)

    async def _outside(self, claimed: Claimed, saying: Saying, around: Around) -> None:
        """The platform's window is closed: as the script says."""
        outside = saying.script.outside
        if outside == "hold":
            await self._hold(claimed, saying.enrolment, saying.step.id, "window")
            return
        reason: SkipReason = "handed_over" if outside == "hand_over" else "window"
        entry = skipped(saying.step, reason, self._clock.now())
        if outside == "hand_over":
            record = self._record(claimed, saying, entry, around)
            if await self._sender.hand_over(saying, record):
                self._count(entry, saying.enrolment.next_at)
                return
        await self._note(claimed, saying, entry, around)

    def _record(self, claimed: Claimed, saying: Saying, entry: StepLog, around: Around) -> Record:
        """Writes the turn in the transaction of its message, unless something comes first."""

        async def record(session: Session) -> None:
            customer_id = saying.enrolment.customer_id
            if await self._signals.is_waiting(customer_id, session=session):
                raise _NotYet
            if not await self._store.is_first_in_line(claimed.document, session=session):
                raise _NotYet
            await self._write(claimed, saying, entry, around, session)

        return record

    async def _write(
        self, claimed: Claimed, saying: Saying, entry: StepLog, around: Around, session: Session
    ) -> None:
        enrolment = saying.enrolment
        facts = around.facts(enrolment.bot_id, enrolment.customer_id)
        following = after_step(enrolment, entry, saying.script, facts)
        if not await self._store.take_step(claimed, entry, following, session=session):
            raise _TurnLost

    async def _note(self, claimed: Claimed, saying: Saying, entry: StepLog, around: Around) -> None:
        """Keep what became of a step that says nothing to the customer."""
        await self._store.transaction(
            lambda session: self._write(claimed, saying, entry, around, session)
        )
        self._count(entry, saying.enrolment.next_at)

    async def _hold(
        self, claimed: Claimed, enrolment: Enrolment, step_id: str | None, holding: Holding
    ) -> None:
        """Wait for something to happen; if it has happened meanwhile, nobody else would tell."""
        await self._store.hold(claimed, step_id, holding)
        if not await self._holds(enrolment, holding):
            await self._store.wake({"_id": enrolment.id}, [holding])

    async def _holds(self, enrolment: Enrolment, holding: Holding) -> bool:
        if holding == "script_off":
            script = (await self._around.of([enrolment.script_id], [], [])).scripts
            found = script.get(enrolment.script_id)
            return found is not None and not found.enabled
        conversation = await self._around.conversation(enrolment.conversation_id)
        if conversation is None:
            return False
        now = self._clock.now()
        if holding == "human":
            return not automation_of(conversation, now).may_speak
        window = window_of(conversation, now, self._rules)
        return window is None or window.human_only

    async def _follow(self, claimed: Claimed, enrolment: Enrolment, owner: str | None) -> None:
        """The conversation is another record's now (merged, or parted again), or nobody's."""
        if owner is None or owner == enrolment.customer_id:
            await self._store.end(claimed, "no_conversation")
        elif await self._store.adopt(claimed, owner):
            await self._store.look_again(claimed, self._clock.now())
        else:
            await self._store.end(claimed, "merged")

    async def _try_again(self, claimed: Claimed, around: Around) -> None:
        """After a failure that nobody foresaw: some times, then the step is given up."""
        enrolment = enrolment_from(claimed.document)
        script = around.scripts.get(enrolment.script_id)
        step = _step(script, enrolment.next_step_id)
        if claimed.attempts < MOST_TRIES or script is None or step is None:
            after = retry_after(claimed.attempts)
            await self._store.due.retry(claimed, "failed", after=after)
            return
        entry = StepLog(step.id, "failed", self._clock.now(), "internal")
        customer = around.customers.get(enrolment.customer_id) or {}
        await self._note(claimed, Saying(enrolment, script, step, customer), entry, around)

    def _count(self, entry: StepLog, due_at: datetime | None) -> None:
        metrics.steps_total.labels(entry.result).inc()
        if due_at is not None:
            late = (entry.at - due_at).total_seconds()
            metrics.step_lateness_seconds.observe(max(0.0, late))


def _by_conversation(claimed: Iterable[Claimed]) -> list[list[Claimed]]:
    """The turns of each conversation in the order in which they go out."""
    lanes: defaultdict[str, list[Claimed]] = defaultdict(list)
    for one in sorted(claimed, key=lambda one: place_in_line(one.document)):
        lanes[one.document["conversation_id"]].append(one)
    return list(lanes.values())


def _step(script: Script | None, step_id: str | None) -> Step | None:
    steps = script.steps if script is not None else ()
    return next((step for step in steps if step.id == step_id), None)
