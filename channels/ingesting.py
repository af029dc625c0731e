"""From kept bodies to applied changes: parse, route, submit; and recover what was left behind."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from channels import events
from channels.accounts import AccountDirectory
from channels.programs import Program
from channels.router import Router
from inbox import metrics
from inbox.cancelling import end
from inbox.clock import Clock
from inbox.conversations.changes import Batch, Change
from inbox.conversations.receiving import Receiving
from inbox.conversations.work import Understood
from inbox.ids import account_key
from inbox.mongo.due import Claimed, DueWork
from inbox.mongo.failures import is_passing
from inbox.mongo.journal import Entry, EntryId, JournalEntries, Outcome, ParkedEvent

log = structlog.get_logger(__name__)

Parse = Callable[[bytes, datetime], events.Parsed]
"""Verified bytes and the time of receipt to typed events; raises MalformedBody."""

RECOVERED_AT_ONCE = 200
"""Entries that recovery claims at a time."""
MOST_ATTEMPTS = 20
"""An entry claimed this often without ever ending is parked: it may be what kills the process."""
_YIELD_EVERY = 16
"""Entries understood in a row before other requests get their turn; about 2 ms."""
_RENEWED_AT_ONCE = 1000
_LOOK_EVERY = 1 / 3
_ENDS_SOON = 0.6
_RENEWED_FOR = 2
"""In leases: how often to look for leases that end soon, when that is, and the renewal. Renewing
costs the database as much as applying does a third of, hence seldom and for long."""


@dataclass(frozen=True, slots=True)
class Understanding:
    """Parses and routes: pure but for the table of connected accounts.

    `programs` hear of every event as well, after the inbox; what fails in them costs only them.
    """

    parsers: Mapping[str, Parse]
    router: Router
    directory: AccountDirectory
    hear: Callable[[str, datetime], None] = lambda _key, _at: None
    """Told of each connected account's webhooks (channels/watching/hearing.py)."""
    programs: Sequence[Program] = ()

    def understand(self, entry: Entry, token: str) -> Understood:
        """What applying `entry` changes, and which of its events must be parked."""
        try:
            parsed = self.parsers[entry.channel](entry.body, entry.received_at)
        except Exception as error:  # noqa: BLE001 - a bug in a parser costs this body alone
            parked_body = (ParkedEvent(0, _why_not_parsed(error, entry)),)
            return Understood(entry.id, len(entry.body), token, (), parked_body, entry.received_at)
        parked = [ParkedEvent(one.index, f"bad_event:{one.reason}") for one in parsed.bad]
        items: list[tuple[int, tuple[Change, ...]]] = []
        for index, event in zip(parsed.indices, parsed.events, strict=True):
            try:
                key = account_key(event.channel, event.account_id)
                if key in self.directory.bots:
                    if entry.origin is None:
                        self.hear(key, entry.received_at)
                    items.append((index, self._route(_told_by(entry, event))))
                elif not _is_console_test(event):
                    account = (key, event.channel, event.account_id)
                    parked.append(ParkedEvent(index, "unknown_account", account))
            except Exception as error:
                log.exception("a handler failed", event_type=event.type)
                parked.append(ParkedEvent(index, f"handler_failed:{type(error).__name__}"))
        return Understood(
            entry.id, len(entry.body), token, tuple(items), tuple(parked), entry.received_at
        )

    def _route(self, event: Any) -> tuple[Change, ...]:
        batch = Batch()
        self.router.dispatch(event, batch)
        return (*batch.changes, *self._answers(event))

    def _answers(self, event: Any) -> tuple[Change, ...]:
        answers: list[Change] = []
        for program in self.programs:
            try:
                answers += program.heard(event)
            except Exception:
                log.exception("a program failed", program=program.name, event_type=event.type)
        return tuple(answers)

    def accounts_of(self, channel: str, body: bytes, at: datetime) -> Iterable[str]:
        """Keys of the connected accounts that a body speaks of; none if it cannot be told."""
        try:
            parsed = self.parsers[channel](body, at)
        except Exception:  # noqa: BLE001 - whatever it is, it must not keep a refusal from its sender
            return ()
        keys = {account_key(event.channel, event.account_id) for event in parsed.events}
        return keys & self.directory.bots.keys()


class Ingesting:
    """Takes what the journal kept and has it applied; also what other processes left behind."""

    def __init__(
        self,
        understanding: Understanding,
        receiving: Receiving,
        journal: JournalEntries,
        due: DueWork,
        clock: Clock,
        *,
        owner: str,
    ) -> None:
        self._understanding = understanding
        self._receiving = receiving
        self._journal = journal
        self._due = due
        self._clock = clock
        self._owner = owner
        self._lease = receiving.lease
        self._kept: deque[Entry] = deque()
        self._kept_bytes = 0
        self._recovered: set[EntryId] = set()
        """Kept here, too, when their lease ended and recovery of this process claimed them."""
        self._renewed_until: dict[EntryId, datetime] = {}
        self._arrived = asyncio.Event()
        self._refreshed_at: datetime | None = None

    def accept(self, entries: Sequence[Entry]) -> None:
        """Called by the journal with every batch that is durable.

        When too much waits already, entries stay in the journal and recovery finds them.
        """
        if self._receiving.full(self._kept_bytes):
            return
        self._kept.extend(entries)
        self._kept_bytes += sum(len(entry.body) for entry in entries)
        self._arrived.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Understand and submit what is kept, until `stop` is set and nothing is left.

        What waits does so as bytes: the lanes get no more than keeps them working. At the end
        they get everything, and what they cannot apply in time they give back.
        """
        renewing = asyncio.create_task(self._renew_leases())
        try:
            while True:
                while self._kept:
                    if not self._receiving.has_room and not stop.is_set():
                        await _first_of(self._receiving.room(), stop.wait())
                    await self._submit_some_anyhow()
                if stop.is_set():
                    return
                self._arrived.clear()
                await _first_of(self._arrived.wait(), stop.wait())
        finally:
            await end([renewing])

    async def _submit_some_anyhow(self) -> None:
        """A bug must not end the loop; what it hit stays leased, then recovery tries it."""
        try:
            await self._submit_some()
        except Exception:
            log.exception("kept webhooks could not be submitted")

    async def _submit_some(self) -> None:
        some = [self._kept.popleft() for _ in range(min(_YIELD_EVERY, len(self._kept)))]
        for entry in some:
            self._kept_bytes -= len(entry.body)
            self._renewed_until.pop(entry.id, None)
        await self._submit(
            [(entry, self._owner) for entry in some if entry.id not in self._recovered]
        )
        self._recovered -= {entry.id for entry in some}
        await asyncio.sleep(0)

    async def _renew_leases(self) -> None:
        """Keep what waits here from being claimed by others."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() * _LOOK_EVERY)
            try:
                await self._renew_ending()
            except Exception as error:
                if not is_passing(error):
                    log.exception("leases could not be renewed")

    async def _renew_ending(self) -> None:
        now = self._clock.now()
        soon, until = now + self._lease * _ENDS_SOON, now + self._lease * _RENEWED_FOR
        ids = [
            one.id
            for one in self._kept
            if self._renewed_until.get(one.id, one.received_at + self._lease) < soon
        ]
        for start in range(0, len(ids), _RENEWED_AT_ONCE):
            some = ids[start : start + _RENEWED_AT_ONCE]
            await self._journal.renew(some, owner=self._owner, until=until)
            self._renewed_until.update(dict.fromkeys(some, until))
        waiting = {one.id for one in self._kept}
        for gone in self._renewed_until.keys() - waiting:  # submitted while they were renewed
            del self._renewed_until[gone]

    async def _submit(self, entries: Sequence[tuple[Entry, str]]) -> None:
        understood = [self._understanding.understand(entry, token) for entry, token in entries]
        if any(_waits_for_account(one) for one in understood) and await self._accounts_changed():
            understood = [self._understanding.understand(entry, token) for entry, token in entries]
        self._receiving.submit(understood)

    async def _accounts_changed(self) -> bool:
        """Look once a second at most whether an unknown account has been connected since."""
        now = self._clock.now()
        if self._refreshed_at is not None and now - self._refreshed_at < timedelta(seconds=1):
            return False
        self._refreshed_at = now
        try:
            await self._understanding.directory.refresh()
        except Exception as error:
            if not is_passing(error):
                log.exception("accounts could not be read")
            return False
        return True

    async def recover(self, stop: asyncio.Event) -> None:
        """Until `stop`: apply what dead processes left, and what waited for its account."""
        while not stop.is_set():
            if not self._receiving.has_room:  # what waits had better do so in the journal
                await _first_of(self._receiving.room(), stop.wait())
                continue
            try:
                recovered = await self.recover_step()
            except Exception as error:
                recovered = 0
                if not is_passing(error):
                    log.exception("recovery step failed")
            if recovered < RECOVERED_AT_ONCE:
                await self._due.wait(stop)

    async def recover_step(self) -> int:
        """One look into the journal; the number of entries that were claimed."""
        await self._understanding.directory.refresh()
        for key in await self._journal.parked_account_keys():
            if key in self._understanding.directory.bots:
                await self._journal.replay_account(key)
        metrics.journal_lag_seconds.set((await self._journal.lag()).total_seconds())
        if self._receiving.full(self._kept_bytes):
            return 0
        claimed = await self._due.claim(RECOVERED_AT_ONCE)
        self._recovered |= {one.id for one in self._kept} & {one.id for one in claimed}
        await self._end_hopeless(claimed)
        hopeful = [one for one in claimed if self._is_hopeful(one)]
        for start in range(0, len(hopeful), _YIELD_EVERY):
            some = hopeful[start : start + _YIELD_EVERY]
            await self._submit([(_entry(one), one.token) for one in some])
            await asyncio.sleep(0)
        return len(claimed)

    async def _end_hopeless(self, claimed: Sequence[Claimed]) -> None:
        """End entries that have no body any more, park those that never come to an end."""
        outcomes = []
        for one in claimed:
            subjects = frozenset(one.document.get("subjects", ()))
            if "redacted_at" in one.document:
                outcomes.append(Outcome(one.id, subjects))
            elif not self._is_hopeful(one):
                outcomes.append(Outcome(one.id, subjects, (ParkedEvent(0, "never_ends"),)))
        await self._journal.mark(outcomes)

    def _is_hopeful(self, claimed: Claimed) -> bool:
        """What is here has not killed this process: it waits for a slow database."""
        if "redacted_at" in claimed.document:
            return False
        return claimed.attempts <= MOST_ATTEMPTS or self._receiving.holds(claimed.id)

    @property
    def waiting(self) -> int:
        """Entries that are kept but not yet understood."""
        return len(self._kept)

    def wake(self) -> None:
        """Something was made due again in this process: a replay, a connected account."""
        self._due.wake()


async def _first_of(*works: Coroutine[Any, Any, Any]) -> None:
    """Return when one of them has ended; the others are cancelled."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def _entry(claimed: Claimed) -> Entry:
    document = claimed.document
    return Entry(
        claimed.id,
        document["channel"],
        bytes(document["body"]),
        document["received_at"],
        document.get("origin"),
    )


def _told_by(entry: Entry, event: Any) -> Any:
    """The event, marked when it was read back: the history knows less than a webhook does."""
    return event if entry.origin is None else event.model_copy(update={"from_history": True})


def _why_not_parsed(error: Exception, entry: Entry) -> str:
    if isinstance(error, events.MalformedBody):
        return "malformed_body"
    log.error(
        "a parser failed", entry=str(entry.id), channel=entry.channel, error=type(error).__name__
    )
    return f"parser_failed:{type(error).__name__}"


def _waits_for_account(understood: Understood) -> bool:
    return any(parked.account is not None for parked in understood.parked)


def _is_console_test(event: Any) -> bool:
    """The test button of a platform's console posts for an account that does not exist."""
    return isinstance(event, events.AccountNoted) and event.name == "console_test"
