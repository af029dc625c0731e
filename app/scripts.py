"""Builds timed scripts: what writes them, attaches them, takes their steps, and the routes."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from inbox.clock import Clock
from inbox.conversations.model import Channel
from inbox.conversations.replying.service import ReplyService
from inbox.conversations.window import WindowRules
from inbox.customers.store import CustomerStore
from inbox.http.routing import Routes
from inbox.media.uploads import Uploads
from inbox.mongo.client import Mongo
from inbox.panels import Panel
from inbox.ports import Messenger
from inbox.signals.store import SignalStore
from scheduler.enrolments.attaching import Attaching
from scheduler.enrolments.heeding import Heeding
from scheduler.enrolments.panel import ScriptsPanel
from scheduler.enrolments.recurring import RecurringRuns
from scheduler.enrolments.retiming import Retiming
from scheduler.enrolments.routes import EnrolmentRoutes
from scheduler.enrolments.running import Running
from scheduler.enrolments.sending import ReplySender
from scheduler.enrolments.service import Enrolments
from scheduler.enrolments.store import EnrolmentStore
from scheduler.enrolments.surroundings import AroundReader
from scheduler.scripts.configuring import ScriptConfiguring
from scheduler.scripts.routes import ScriptRoutes
from scheduler.scripts.store import ScriptStore
from scheduler.scripts.surroundings import Surroundings

Loop = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


class Enrolling:
    """What attaches scripts and shows them; it sends nothing."""

    def __init__(self, mongo: Mongo, clock: Clock) -> None:
        self.mongo = mongo
        self.clock = clock
        self.around = AroundReader(mongo)
        self.store = EnrolmentStore(mongo, clock)
        self.customers = customers = CustomerStore(mongo, clock)
        self.enrolments = Enrolments(mongo, self.store, customers, self.around, clock)
        self.attaching = Attaching(mongo, self.store, customers, self.around, clock)

    def panels(self) -> Sequence[Panel]:
        return (ScriptsPanel(self.enrolments),)


class Scripts:
    """One process's share of timed scripts."""

    def __init__(
        self,
        enrolling: Enrolling,
        replies: ReplyService,
        uploads: Uploads,
        messengers: Mapping[Channel, Messenger],
        *,
        signals: SignalStore,
        rules: WindowRules,
    ) -> None:
        mongo, clock = enrolling.mongo, enrolling.clock
        store, around, attaching = enrolling.store, enrolling.around, enrolling.attaching
        self.retiming = Retiming(mongo, store, around, clock)
        self.recurring = RecurringRuns(mongo, ScriptStore(mongo), store, attaching, clock)
        sender = ReplySender(mongo, replies, clock)
        self.running = Running(store, around, signals, sender, clock, rules)
        self.heeding = Heeding(mongo, signals, store, attaching, around, enrolling.customers)
        surroundings = Surroundings(mongo, uploads, messengers, clock)
        self.configuring = ScriptConfiguring(mongo, surroundings, clock, self._wake)
        self._enrolling = enrolling

    def tables(self) -> Sequence[Routes]:
        enrolling = self._enrolling
        return (
            ScriptRoutes(self.configuring),
            EnrolmentRoutes(enrolling.enrolments, enrolling.attaching),
        )

    def loops(self) -> Sequence[Loop]:
        """What the workers run."""
        return (self.running.run, self.heeding.run, self.retiming.run, self.recurring.run)

    def _wake(self) -> None:
        self.retiming.due.wake()
        self.recurring.due.wake()
