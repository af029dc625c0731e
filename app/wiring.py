"""The composition root: one process of the service, every part built and plugged in here."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog
from aiohttp import web

from app.account_care import AccountCare
from app.automations import Automations, Speaking
from app.backfilling import MissedMessages, waking_all
from app.connecting import AccountConnections
from app.crm import Crm
from app.customers import Customers
from app.doctor import Doctor, DoctorRoutes
from app.health import Health
from app.media import MediaKeeping
from app.parsing import parsers
from app.parts import Parts, process_name
from app.people import People
from app.programs import programs_of
from app.scripts import Enrolling, Scripts
from app.settings import Settings
from app.splitting import Splitting
from app.webhook_secrets import facebook_secrets, zalo_secrets
from channels.accounts import AccountDirectory
from channels.gaps import Gaps
from channels.ingesting import Ingesting, Understanding
from channels.routes import ParkedRoutes
from channels.store import IngestStore
from channels.watching.hearing import Hearing
from channels.watching.store import WatchStore
from channels.webhooks import WebhookRoutes
from inbox.bots.credentials.healing import Healing
from inbox.bots.health.store import HealthStore
from inbox.bots.routes import BotRoutes
from inbox.bots.service import BotService
from inbox.cancelling import end
from inbox.conversations.applying import Applier
from inbox.conversations.delivery.sending import Sending
from inbox.conversations.delivery.store import DeliveryStore
from inbox.conversations.delivery.worker import Delivering
from inbox.conversations.marking.routes import MarkingRoutes
from inbox.conversations.marking.store import MarkingStore
from inbox.conversations.moderating.routes import ModeratingRoutes
from inbox.conversations.moderating.service import Moderating
from inbox.conversations.moderating.store import ModerationStore
from inbox.conversations.reading.routes import ReadingRoutes
from inbox.conversations.reading.store import ConversationReads
from inbox.conversations.receiving import Receiving
from inbox.conversations.replying.routes import ReplyRoutes
from inbox.conversations.replying.service import ReplyService
from inbox.conversations.replying.signals import Signals
from inbox.conversations.replying.store import ReplyStore
from inbox.conversations.sheet import Terms
from inbox.conversations.window import WindowRules
from inbox.customers.erasure.erasing import Erasing
from inbox.customers.erasure.routes import ErasureRoutes
from inbox.customers.erasure.store import ErasureStore
from inbox.customers.media.routes import CustomerMediaRoutes
from inbox.customers.profiles.fetching import ProfileFetching
from inbox.customers.profiles.store import ProfileStore
from inbox.customers.routes import CustomerRoutes
from inbox.http.application import build_application
from inbox.http.proxies import PROXIES, trusting
from inbox.http.routing import Routes
from inbox.live.hub import Hub
from inbox.live.routes import LiveRoutes
from inbox.live.store import LiveStore
from inbox.media.links import MediaLinks
from inbox.media.routes import UploadRoutes
from inbox.media.serving.routes import MediaRoutes
from inbox.media.serving.store import MediaReads
from inbox.media.serving.stored import StoredMedia
from inbox.media.store import UploadStore
from inbox.mongo.client import Mongo
from inbox.mongo.due import Backoff, DueWork, Pace
from inbox.mongo.journal import Journal, JournalEntries
from inbox.signals.store import SignalStore
from inbox.timeline.routes import TimelineRoutes
from inbox.timeline.store import TimelineStore

log = structlog.get_logger(__name__)

Loop = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


class Service:
    """One process: `start`, serve `application`, `stop`."""

    def __init__(self, settings: Settings, mongo: Mongo, parts: Parts) -> None:
        self.settings = settings
        self.mongo = mongo
        self.clock = parts.clock
        self.owner = process_name()
        self._roles = parts.roles
        self._rules = WindowRules(human_agent=settings.inbox.delivery.human_agent)
        self.outbox = SignalStore(mongo, parts.clock)
        self._build_ingest(parts)
        self._build_inbox()
        self.crm = Crm(settings.crm_sync, mongo, parts.clock, self.customers, parts.crm_connectors)
        self._build_delivery(parts)
        self._profiles = parts.profiles
        self._companion = parts.companion
        duties = replace(parts.duties, sweep_media=self._media.sweep, **self.crm.duties())
        care = (settings, mongo, self.clock, duties, self._actors, self.directory.refresh)
        self._care = AccountCare(*care, owner=self.owner)
        self._connections = AccountConnections(settings, mongo, self.clock, self.bots, parts.doors)
        self.health = Health(mongo, self.clock, self.entries, self.webhooks, self.delivery)
        self.doctor = Doctor(settings, mongo, self.clock, self.entries, self.bots, self.delivery)
        self.application = self._build_application(parts)
        self.failed = asyncio.Event()
        """Set when a loop has ended that should not have: the process had better be replaced."""
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def _build_ingest(self, parts: Parts) -> None:
        settings, clock = self.settings, self.clock
        limits = settings.inbox.receiving
        store = IngestStore(self.mongo)
        self.directory = AccountDirectory(store.connected_accounts)
        self.entries = JournalEntries(self.mongo, clock)
        terms = Terms(
            profiles_kept=settings.inbox.customers.profile_kept,
            pause_after_reply=settings.inbox.automation.pause_after_reply,
            splitting=self.directory.splitting,
            triggering=self.directory.triggering,
            answering=self.directory.answering,
        )
        self._applier = Applier(
            self.mongo, clock, self.entries, self._rules, terms=terms, signals=self.outbox
        )
        self.receiving = Receiving(
            self._applier,
            self.entries,
            clock,
            self.directory.bots,
            limits,
            requests_wait=lambda: self.journal.busy,
        )
        self._hearing = Hearing(WatchStore(self.mongo))
        read = parsers(self.directory, settings.channels.facebook.app_id)
        hear, programs = self._hearing.hear, programs_of(settings.channels.programs)
        understanding = Understanding(read, parts.router, self.directory, hear, programs)
        pace = Pace(lease=limits.lease, poll_every=limits.poll)
        due = DueWork(self.mongo, "webhook_journal", "apply", clock, pace=pace)
        self.ingesting = Ingesting(
            understanding, self.receiving, self.entries, due, clock, owner=self.owner
        )
        self.gaps = Gaps(
            store,
            self.directory,
            clock,
            lambda channel, body: understanding.accounts_of(channel, body, clock.now()),
        )
        self.journal = Journal(
            self.mongo,
            clock,
            owner=self.owner,
            on_kept=self.ingesting.accept,
            on_refused=self.gaps.note_refused,
            limits=settings.inbox.journal,
        )
        self.webhooks = WebhookRoutes(
            self.journal, facebook_secrets(settings), zalo_secrets(settings)
        )

    def _build_inbox(self) -> None:
        mongo, clock, config = self.mongo, self.clock, self.settings.inbox
        self._people = People(self.settings, mongo, clock, self._leave)
        self._actors = self._people.actors
        self.authenticator = self._people.authenticator
        self.staff, self.tokens = self._people.staff, self._people.tokens
        self.make_token = self._people.make_token
        self.bots = BotService(
            mongo, self.settings.secret_box(), self._actors, clock, self._on_account_connected
        )
        self._links = MediaLinks(self.settings.secret_keys(), clock, config.media.link_lifetime)
        refresh = self.authenticator.refresh
        self.hub = Hub(LiveStore(mongo), refresh, config.live, present=self._links.frame)
        self.hub.on_sight_changed = self._actors.clear
        self.splitting = Splitting(
            mongo, clock, self.hub, config.presence, self._rules, owner=self.owner
        )
        self._applier.on_withheld = self.splitting.assigner.wake
        self._enrolling = Enrolling(mongo, clock)
        links, panels = self._links, self._enrolling.panels()
        self.customers = Customers(mongo, clock, config, links, signals=self.outbox, panels=panels)
        self.erasures = ErasureStore(mongo, clock, mirrors=self.customers.store.mirrors)

    def _build_delivery(self, parts: Parts) -> None:
        mongo, clock, config = self.mongo, self.clock, self.settings.inbox.delivery
        self._media = MediaKeeping(self.settings, mongo, clock, parts.media, self._rules)
        self.uploads = self._media.uploads
        pace = Pace(lease=config.lease, poll_every=config.poll_every)
        self.delivery = DeliveryStore(mongo, clock, pace=pace, rules=self._rules)
        wake = waking_all(mongo, clock, self.delivery.wake_account)
        self.healing = parts.healing or Healing(HealthStore(mongo, clock), wake)
        self._missed = MissedMessages(mongo, clock, parts.histories)
        sending = Sending(
            self.delivery,
            self._applier,
            parts.messengers,
            self.uploads,
            self.healing,
            clock,
            max_attempts=config.max_attempts,
            backoff=Backoff(config.first_retry_after, config.longest_retry_after),
        )
        self.delivering = Delivering(
            self.delivery, sending, clock, channels=set(parts.messengers), at_once=config.at_once
        )
        pause, carers = self.settings.inbox.automation.pause_after_reply, self.splitting.carers
        self.replies = ReplyService(
            ReplyStore(
                mongo, clock, self._rules, after_reply=carers, pause=pause, signals=self.outbox
            ),
            self.uploads,
            parts.messengers,
            clock,
            self.delivery.due.wake,
            self._rules,
        )
        self.scripts = Scripts(
            self._enrolling,
            self.replies,
            self.uploads,
            parts.messengers,
            signals=self.outbox,
            rules=self._rules,
        )
        self.signals = Signals(parts.messengers, clock)
        speaking = Speaking(
            self.authenticator, self.replies, self.signals, self.uploads, self._links, parts.remote
        )
        self.automations = Automations(
            self.settings, mongo, clock, speaking, self._rules, owner=self.owner
        )
        self.automations.handing_over.on_handed_over = self.splitting.assigner.wake
        self._applier.on_answers = self.automations.answering.due.wake
        self.moderating = Moderating(ModerationStore(mongo, clock, self._rules), parts.moderation)

    def _build_application(self, parts: Parts) -> web.Application:
        extra = [self.health.register]
        if "web" in parts.roles:
            extra += [self.webhooks.register, self.crm.register, self.automations.register]
            extra.append(lambda app: self._connections.register(app, self.authenticator))
        application = build_application(
            self.tables() if "web" in parts.roles else [],
            self.authenticator,
            static=parts.web_build,
            max_body=self.settings.channels.max_body_bytes,
            extra=extra,
            frame_ancestors=self.settings.inbox.embedding.frame_ancestors,
        )
        application[PROXIES] = trusting(self.settings.app.trusted_networks())
        return application

    def tables(self) -> Sequence[Routes]:
        """Every route of the API, in the order of its documentation."""
        mongo, clock, config = self.mongo, self.clock, self.settings.inbox
        reads, customers = ConversationReads(mongo), self.customers.store
        marking = MarkingStore(mongo, reads, clock, self._rules, self.outbox)
        links, stored = self._links, StoredMedia(self._media.files, UploadStore(mongo))
        return (
            *self._people.tables(self.splitting.presence.one),
            BotRoutes(self.bots, self._connections.onboarding),
            *self._connections.tables(),
            *self._care.tables(),
            ReadingRoutes(reads, clock, links, self._rules),
            ReplyRoutes(self.replies, reads, self.signals, links),
            ModeratingRoutes(self.moderating, links),
            MarkingRoutes(marking, links, self.signals.seen),
            CustomerRoutes(customers, links, self.customers.masking),
            CustomerMediaRoutes(customers, reads, stored, links, clock),
            *self.customers.tables(),
            TimelineRoutes(TimelineStore(mongo), customers, reads, self.customers.masking),
            ErasureRoutes(self.erasures),
            UploadRoutes(self.uploads),
            MediaRoutes(MediaReads(mongo), stored, links),
            *self._media.tables(),
            LiveRoutes(self.hub, config.live, self.customers.viewing),
            ParkedRoutes(self.entries, self.ingesting.wake),
            *self._missed.tables(),
            *self.splitting.tables(links),
            self._people.audit(),
            DoctorRoutes(self.doctor, clock),
            *self.scripts.tables(),
            *self.crm.tables(),
            *self.automations.tables(self.tokens),
        )

    async def _leave(self, staff_id: str) -> None:
        """Who has signed out everywhere gets nothing more."""
        await self.splitting.presence.leave(staff_id)

    async def _on_account_connected(self, account_key: str) -> None:
        """What waited for this account is applied now."""
        await self.directory.refresh()
        await self.entries.replay_account(account_key)
        self.ingesting.wake()

    async def start(self) -> None:
        """Load what is needed and start the loops; the database must be migrated."""
        await self.directory.refresh()
        await self.crm.start()
        if "web" in self._roles:
            await self.gaps.note_silence()
        admin = self.settings.inbox.admin
        if admin.email and admin.password:
            await self.staff.ensure_first_admin(admin.email, admin.password.get_secret_value())
        self._tasks = [
            asyncio.create_task(loop(self._stop), name=loop.__qualname__) for loop in self._loops()
        ]
        for task in (*self._tasks, *self.receiving.start()):
            task.add_done_callback(self._note_end)

    def _note_end(self, task: "asyncio.Task[None]") -> None:
        if self._stop.is_set() or task.cancelled():
            return
        log.critical("a loop has ended", loop=task.get_name(), exc_info=task.exception())
        self.failed.set()

    def _loops(self) -> list[Loop]:
        loops: list[Loop] = [self.ingesting.run, self.directory.run, self._hearing.run]
        loops.append(self.crm.check_first)
        if "web" in self._roles:  # a process without it receives nothing, alive or not
            loops += [self.hub.run, self.gaps.run, self.customers.viewing.run]
            loops += self.splitting.web_loops()
        if "workers" in self._roles:
            loops += [self.ingesting.recover, *self._care.loops()]
            loops += self.splitting.worker_loops()
            if self.delivering.channels:
                loops.append(self.delivering.run)
            if self._companion is not None:
                loops.append(self._companion.run)
            loops += [*self._media.loops(), *self.scripts.loops()]
            reach, apply_soon = self.settings.channels.backfill.reach, self.ingesting.wake
            loops += self._missed.loops(self.entries, self.healing, reach, apply_soon)
            loops += [*self.customers.loops(), *self.crm.loops(), *self.automations.loops()]
            loops.append(Erasing(self.mongo, self.erasures, self.clock).run)
            if self._profiles is not None:
                store = ProfileStore(self.mongo, self.clock)
                loops.append(ProfileFetching(store, self._profiles).run)
        return loops

    def let_clients_go(self) -> None:
        """Close live sockets; their clients come back to another process, or to the next one."""
        self.hub.close()

    async def stop(self, *, within: timedelta = timedelta(seconds=20)) -> None:
        """Write and apply what is here, give back what is not done, close the database.

        Call it when no request is being answered any more.
        """
        ends_at = time.monotonic() + within.total_seconds()
        await self.journal.close()
        self._stop.set()
        await self._end_loops(within)
        left = timedelta(seconds=max(0.0, ends_at - time.monotonic()))
        await self.receiving.stop(within=left)
        await self.signals.told()
        await self.gaps.store_open()
        if self._companion is not None:
            await self._companion.close()
        self._people.close()
        self._media.close()
        await self.automations.close()
        await self.crm.close()
        await self.mongo.close()

    async def _end_loops(self, within: timedelta) -> None:
        """Let every loop finish what it is at; what takes too long falls due again elsewhere."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=within.total_seconds())
        for task in late:
            log.warning("a loop did not end in time", loop=task.get_name())
        await end(late)

    async def close(self) -> None:
        """End a service that was never started: the command line's."""
        self._people.close()
        await self.automations.close()
        await self.crm.close()
        await self.mongo.close()

    async def apply_due(self) -> None:
        """Apply what is due in the journal, in this process, until nothing is."""
        await self.directory.refresh()
        self.receiving.start()
        while await self.ingesting.recover_step():
            await self.receiving.drained()
        await self.receiving.stop(within=timedelta(seconds=60))
