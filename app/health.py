"""Is it alive, is it ready, how is it doing: /healthz, /readyz and /metrics."""

from datetime import timedelta

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from channels.webhooks import WebhookRoutes
from inbox.clock import Clock
from inbox.conversations.delivery.store import DeliveryStore
from inbox.metrics import clock_skew_seconds
from inbox.mongo.client import Mongo
from inbox.mongo.failures import is_passing
from inbox.mongo.journal import JournalEntries
from inbox.mongo.migrations import pending
from inbox.mongo.probe import LARGEST_SKEW, answer_within, can_write, clock_skew

log = structlog.get_logger(__name__)

ANSWER_WITHIN_S = 2.0
JOURNAL_DRAINS_WITHIN = timedelta(minutes=2)
"""An entry that waits longer says that nobody applies any more."""


class Health:
    """What load balancers, supervisors and Prometheus ask; no sign-in, nothing personal."""

    def __init__(
        self,
        mongo: Mongo,
        clock: Clock,
        entries: JournalEntries,
        webhooks: WebhookRoutes,
        delivery: DeliveryStore,
    ) -> None:
        self._mongo = mongo
        self._clock = clock
        self._entries = entries
        self._webhooks = webhooks
        self._delivery = delivery
        self._off = False

    def register(self, app: web.Application) -> None:
        app.router.add_get("/healthz", self.alive)
        app.router.add_get("/readyz", self.ready)
        app.router.add_get("/metrics", self.metrics)

    async def alive(self, _: web.Request) -> web.Response:
        """200 while the process answers."""
        return web.json_response({"status": "ok"})

    async def ready(self, _: web.Request) -> web.Response:
        """200 when webhooks can be taken; 503 with the failing checks otherwise.

        `warnings` does not take a process out of service: "clock" is more than two seconds off
        the database's.
        """
        checks = await self.checks()
        ok = all(checks.values())
        warnings = ["clock"] if ok and await self._clock_is_off() else []
        status = "ok" if ok else "failing"
        told = {"status": status, "checks": checks, "warnings": warnings}
        return web.json_response(told, status=200 if ok else 503)

    async def _clock_is_off(self) -> bool:
        """Measure the clock; what is off is an error in the log, once until it is right again."""
        try:
            with answer_within(ANSWER_WITHIN_S):
                skew = await clock_skew(self._mongo, self._clock.now())
        except Exception as error:
            if not is_passing(error):
                raise
            return self._off
        clock_skew_seconds.set(skew.total_seconds())
        off = abs(skew) > LARGEST_SKEW
        if off and not self._off:
            log.error("the clock is off the database's", seconds=skew.total_seconds())
        self._off = off
        return off

    async def checks(self) -> dict[str, bool]:
        """database: writable; migrations: all done; journal: draining."""
        try:
            with answer_within(ANSWER_WITHIN_S):
                database = await can_write(self._mongo, self._clock.now())
                migrations = not await pending(self._mongo)
                journal = await self._entries.lag() < JOURNAL_DRAINS_WITHIN
        except Exception as error:
            if not is_passing(error):
                raise
            return {"database": False, "migrations": False, "journal": False}
        return {"database": database, "migrations": migrations, "journal": journal}

    async def metrics(self, _: web.Request) -> web.Response:
        """Prometheus text format. While the database is away, what it knows stays as it was."""
        try:
            with answer_within(ANSWER_WITHIN_S):
                await self._delivery.measure()
                await self._clock_is_off()
        except Exception as error:
            if not is_passing(error):
                raise
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
