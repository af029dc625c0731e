"""What a caller may bring along to a service, and which parts of the work it does."""

import asyncio
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from app.connecting import Doors
from app.jobs import Duties
from channels.handlers import router as inbox_router
from channels.messenger_gateway.model import RemoteFiles
from channels.router import Router
from crm_sync.connectors.model import Connector
from inbox.bots.credentials.healing import Healing
from inbox.clock import Clock
from inbox.conversations.model import Channel
from inbox.media.source import MediaSource
from inbox.ports import (
    CommentModeration,
    MessageSource,
    Messenger,
    ProfileSource,
)

Role = Literal["web", "workers"]
ALL_ROLES: frozenset[Role] = frozenset({"web", "workers"})


def process_name() -> str:
    """A name that no other process has had: leases are held under it."""
    return f"{socket.gethostname()}:{secrets.token_hex(6)}"


class Companion(Protocol):
    """Something that works beside the service and uses its database."""

    async def run(self, stop: asyncio.Event) -> None: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a caller may bring along: tests another clock, the demo a simulated platform.

    A channel without a messenger can only be read. `remote` fetches what programs link to.
    `companion` runs beside the workers, and is closed when nothing is sent any more.
    `crm_connectors` are by connection.
    """

    clock: Clock
    roles: frozenset[Role] = ALL_ROLES
    messengers: Mapping[Channel, Messenger] = field(default_factory=dict)
    moderation: Mapping[Channel, CommentModeration] = field(default_factory=dict)
    profiles: ProfileSource | None = None
    histories: Mapping[Channel, MessageSource] = field(default_factory=dict)
    media: MediaSource | None = None
    remote: RemoteFiles | None = None
    healing: Healing | None = None
    companion: Companion | None = None
    duties: Duties = field(default_factory=Duties)
    crm_connectors: Mapping[str, Connector] = field(default_factory=dict)
    doors: Doors | None = None
    router: Router = inbox_router
    web_build: Path | None = None
