"""Running the service: the database first, then one process or several, until told to stop."""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import structlog
from aiohttp import web

from app.data_lock import DataInUse
from app.embedded import EmbeddedMongo
from app.garbage import spare_collections
from app.parts import Parts, process_name
from app.platforms import Platforms
from app.settings import Settings
from app.wiring import Service
from inbox.clock import Clock, SystemClock
from inbox.errors import InboxError
from inbox.mongo.client import Mongo
from inbox.mongo.migrations import MigrationsBusy, migrate
from inbox.mongo.snapshots import refuse_half_restored

log = structlog.get_logger(__name__)

WEB_BUILD = Path(__file__).parent.parent / "web" / "dist"
_DRAIN_WITHIN = timedelta(seconds=20)
_CONNECTIONS_END_WITHIN_S = 5.0
_ASK_AGAIN_S = 0.5
_LOOK_AFTER_MONGOD_S = 1.0
_LOOK_FOR_PARENT_S = 1.0
_BACKLOG = 1024
"""Connections that the kernel holds for us: platforms open many at once after an outage."""


class ServiceFailed(Exception):
    """A part of the service has ended by itself; whoever started this process starts another."""

    def __init__(self) -> None:
        super().__init__("a part of the service has ended, see the log; start it again")


class AddressInUse(Exception):
    """Another program listens there."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"Cổng {host}:{port} đang được dùng, hãy chọn cổng khác bằng --port. / "
            f"{host}:{port} is in use, choose another port with --port."
        )


@contextmanager
def database(settings: Settings, *, joining: bool = False) -> Iterator[str]:
    """The URI of the database: the configured one, or that of the embedded MongoDB.

    `joining`: while a service runs on the same data, use the MongoDB that it started.

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
        if joining:
            yield _joined(embedded)
        else:
            uri = embedded.start()
            with _guarded(embedded):
                yield uri
    finally:
        embedded.stop()


@contextmanager
def _guarded(embedded: EmbeddedMongo) -> Iterator[None]:
    """Meanwhile, start the embedded MongoDB again when it dies under the running service."""
    over = threading.Event()
    guard = threading.Thread(target=_revive, args=(embedded, over), daemon=True)
    guard.start()
    try:
        yield
    finally:
        over.set()
        guard.join()


def _revive(embedded: EmbeddedMongo, over: threading.Event) -> None:
    while not over.wait(_LOOK_AFTER_MONGOD_S):
        if embedded.alive():
            continue
        log.error("the embedded MongoDB has died and is started again")
        try:
            embedded.start()
        except InboxError as error:
            log.error("the embedded MongoDB did not come back", code=error.code)  # noqa: TRY400


def _joined(embedded: EmbeddedMongo) -> str:
    try:
        return embedded.start()
    except DataInUse as in_use:
        try:
            return embedded.uri
        except FileNotFoundError:  # the other one is just making its first start
            raise in_use from None


async def migrated(mongo: Mongo, clock: Clock) -> None:
    """Migrate, or wait until the process that is at it has finished.

    Raises:
        HalfRestored: a backup was not taken back to its end.
    """
    await refuse_half_restored(mongo)
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
        listening.listen(_BACKLOG)  # two that share an address both bind, only one may listen
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
    try:
        await service.start()
        await web.SockSite(runner, listening, backlog=_BACKLOG).start()
        yield service
    finally:
        service.let_clients_go()
        await runner.cleanup()
        await service.stop(within=_DRAIN_WITHIN)


def url_of(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def stop_signal() -> asyncio.Event:
    """Set from SIGINT or SIGTERM on."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    return told


async def until_told() -> None:
    """Return at SIGINT or SIGTERM."""
    await stop_signal().wait()


async def _until_orphaned(supervisor: int, told: asyncio.Event) -> None:
    """A supervisor that was killed cannot stop its processes: they see it and stop themselves."""
    while os.getppid() == supervisor:
        with suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), _LOOK_FOR_PARENT_S)
            return
    log.warning("the supervisor is gone")
    told.set()


async def _until_failed(failed: asyncio.Event, told: asyncio.Event) -> None:
    await failed.wait()
    told.set()


async def serve(
    settings: Settings,
    uri: str,
    parts: Parts | None = None,
    *,
    shared: bool = False,
    meanwhile: Callable[[Service, str], Awaitable[None]] | None = None,
) -> None:
    """Serve until a signal. `meanwhile` runs beside it with the service and its URL.

    `shared`: this is one of several processes on the port, and its parent supervises them.

    Raises:
        ServiceFailed: a part of the service has ended by itself; it is drained and stopped.
    """
    http, parent = settings.app.http, os.getppid()
    listening = listening_socket(http.host, http.port, shared=shared)
    mongo = Mongo.connect(uri, settings.inbox.mongo.database)
    connected = with_platforms(settings, mongo, parts or Parts(clock=SystemClock()))
    async with running(settings, mongo, listening, connected) as service:
        spare_collections()
        told = stop_signal()  # before anybody is told that it is ready to be stopped
        log.info("ready", url=url_of(listening), process=service.owner)
        companions = [_until_failed(service.failed, told)]
        if meanwhile is not None:
            companions.append(_quietly(meanwhile(service, url_of(listening))))
        if shared:
            companions.append(_until_orphaned(parent, told))
        beside = [asyncio.create_task(one) for one in companions]
        await told.wait()
        log.info("stopping", process=service.owner)
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
    log.info("stopped")
    if service.failed.is_set():
        raise ServiceFailed


def with_platforms(settings: Settings, mongo: Mongo, parts: Parts) -> Parts:
    """`parts`, and the real platforms for what it does not bring along."""
    platforms = Platforms(settings, mongo, parts.clock, owner=process_name())
    return replace(
        parts,
        messengers=parts.messengers or platforms.messengers,
        moderation=parts.moderation or platforms.moderation,
        profiles=parts.profiles or platforms.profiles,
        histories=parts.histories or platforms.histories,
        media=parts.media or platforms.media,
        remote=parts.remote or platforms.media,
        healing=platforms.healing,
        doors=parts.doors or platforms.doors,
        duties=platforms.duties,
        companion=platforms,
    )


async def _quietly(work: Awaitable[None]) -> None:
    """A companion that fails is logged; the service goes on."""
    try:
        await work
    except Exception:
        log.exception("what ran beside the service failed")
