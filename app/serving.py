"""Running the service: the database first, then one process or several, until told to stop."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import structlog
from aiohttp import web

from app.embedded import EmbeddedMongo
from app.garbage import spare_collections
from app.settings import Settings
from app.wiring import Parts, Service, process_name
from inbox.clock import Clock, SystemClock
from inbox.mongo.client import Mongo
from inbox.mongo.migrations import MigrationsBusy, migrate

log = structlog.get_logger(__name__)

WEB_BUILD = Path(__file__).parent.parent / "web" / "dist"
_DRAIN_WITHIN = timedelta(seconds=20)
_CONNECTIONS_END_WITHIN_S = 5.0
_ASK_AGAIN_S = 0.5
_BACKLOG = 1024
"""Connections that the kernel holds for us: platforms open many at once after an outage."""


class AddressInUse(Exception):
    """Another program listens there."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"Cổng {host}:{port} đang được dùng, hãy chọn cổng khác bằng --port. / "
            f"{host}:{port} is in use, choose another port with --port."
        )


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The URI of the database: the configured one, or that of the embedded MongoDB.

    Raises:
        DataInUse, MongodMissing, MongodFailed, ReplicaSetNotReady: see app/embedded.py.
    """
    if settings.inbox.mongo.uri is not None:
        yield settings.inbox.mongo.uri.get_secret_value()
        return
    config = settings.app.embedded
    embedded = EmbeddedMongo(
        settings.app.data / "mongo",
        cache_gb=config.cache_gb,
        start_within=config.start_within,
        stop_within=config.stop_within,
    )
    try:
        yield embedded.start()
    finally:
        embedded.stop()


async def migrated(mongo: Mongo, clock: Clock) -> None:
    """Migrate, or wait until the process that is at it has finished."""
    while True:
        try:
            await migrate(mongo, clock, owner=process_name())
        except MigrationsBusy:
            await asyncio.sleep(_ASK_AGAIN_S)
        else:
            return


def listening_socket(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A bound socket; `shared` lets several processes listen on the same port.

    Raises:
        AddressInUse: somebody else listens there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise AddressInUse(host, port) from error
    return listening


@asynccontextmanager
async def running(
    settings: Settings, mongo: Mongo, listening: socket.socket, parts: Parts
) -> AsyncIterator[Service]:
    """The service, answering on `listening`; drained at the end, `mongo` closed."""
    await migrated(mongo, parts.clock)
    service = Service(settings, mongo, replace(parts, web_build=parts.web_build or WEB_BUILD))
    runner = web.AppRunner(
        service.application,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=_CONNECTIONS_END_WITHIN_S,
    )
    await runner.setup()
    await service.start()
    try:
        await web.SockSite(runner, listening, backlog=_BACKLOG).start()
        yield service
    finally:
        service.let_clients_go()
        await runner.cleanup()
        await service.stop(within=_DRAIN_WITHIN)


def url_of(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


async def until_told() -> None:
    """Return at SIGINT or SIGTERM."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    await told.wait()


async def serve(
    settings: Settings,
    uri: str,
    parts: Parts | None = None,
    *,
    shared: bool = False,
    meanwhile: Callable[[Service, str], Awaitable[None]] | None = None,
) -> None:
    """Serve until a signal. `meanwhile` runs beside it with the service and its URL."""
    http = settings.app.http
    listening = listening_socket(http.host, http.port, shared=shared)
    mongo = Mongo.connect(uri, settings.inbox.mongo.database)
    async with running(settings, mongo, listening, parts or Parts(clock=SystemClock())) as service:
        spare_collections()
        log.info("ready", url=url_of(listening), process=service.owner)
        beside = (
            asyncio.create_task(_quietly(meanwhile(service, url_of(listening))))
            if meanwhile is not None
            else None
        )
        await until_told()
        log.info("stopping", process=service.owner)
        if beside is not None:
            beside.cancel()
            await asyncio.gather(beside, return_exceptions=True)
    log.info("stopped")


async def _quietly(work: Awaitable[None]) -> None:
    """A companion that fails is logged; the service goes on."""
    try:
        await work
    except Exception:
        log.exception("what ran beside the service failed")
