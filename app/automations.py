"""Builds what programs take part by: events told to them, conversations handed over, the routes."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from app.settings import Settings
from channels.messenger_gateway.gateway import GatewayParts, MessengerGateway
from channels.messenger_gateway.model import RemoteFiles, TokenHolders
from inbox.automations.answering.worker import Answering
from inbox.automations.delivering.checking import Checking
from inbox.automations.delivering.client import ReceiverClient
from inbox.automations.delivering.shapes import Shape, StandardShape
from inbox.automations.delivering.store import DeliveryStore
from inbox.automations.delivering.worker import Delivering, Means
from inbox.automations.handing_over.service import HandingOver
from inbox.automations.handing_over.store import HandOverStore
from inbox.automations.handing_over.watching import Watching
from inbox.automations.model import AutomationKind
from inbox.automations.relaying.store import RelayStore
from inbox.automations.relaying.worker import Relay
from inbox.automations.routes import AutomationRoutes
from inbox.automations.service import AutomationService
from inbox.clock import Clock
from inbox.conversations.reading.store import ConversationReads
from inbox.conversations.replying.service import ReplyService
from inbox.conversations.replying.signals import Signals
from inbox.conversations.window import WindowRules
from inbox.http.routing import Routes
from inbox.live.store import LiveStore
from inbox.media.links import MediaLinks
from inbox.media.uploads import Uploads
from inbox.mongo.client import Mongo
from inbox.mongo.due import Backoff
from inbox.mongo.leases import Leases
from inbox.staff.tokens import Tokens

Loop = Callable[[asyncio.Event], Coroutine[Any, Any, None]]

_LEASE_OF_CALLS = 3
"""Times the time that a call may take: whoever holds a conversation renews its lease meanwhile."""


@dataclass(frozen=True, slots=True)
class Speaking:
    """What programs speak through. Without `remote` nothing is fetched that they link to."""

    tokens: TokenHolders
    replies: ReplyService
    signals: Signals
    uploads: Uploads
    links: MediaLinks
    remote: RemoteFiles | None


class Automations:
    """Programs that take part in bots."""

    def __init__(
        self,
        settings: Settings,
        mongo: Mongo,
        clock: Clock,
        speaking: Speaking,
        rules: WindowRules,
        *,
        owner: str,
    ) -> None:
        config, box = settings.inbox.automation, settings.secret_box()
        store = DeliveryStore(
            mongo,
            box,
            clock,
            lease=config.call_timeout * _LEASE_OF_CALLS,
            backoff=Backoff(config.first_retry_after, config.longest_retry_after),
        )
        self._client = ReceiverClient(config.call_timeout, allow_private=config.allow_private)
        self.service = AutomationService(
            mongo, store, box, clock, allow_private=config.allow_private, wake=self._wake
        )
        base_url = settings.app.public_url or ""
        handing_over = HandOverStore(mongo, clock, rules)
        replies = speaking.replies
        self.handing_over = HandingOver(handing_over, replies)
        gateway = MessengerGateway(
            GatewayParts(
                mongo=mongo,
                clock=clock,
                tokens=speaking.tokens,
                automations=store,
                control=self.handing_over,
                replies=replies,
                reads=ConversationReads(mongo),
                signals=speaking.signals,
                uploads=speaking.uploads,
                links=speaking.links,
                base_url=base_url,
                remote=speaking.remote,
            )
        )
        self.register = gateway.register
        self.shapes: dict[AutomationKind, Shape] = {
            "webhook": StandardShape(speaking.links, base_url),
            "messenger": gateway.shape,
        }
        means = Means(
            store=store,
            automations=self.service.store,
            shapes=self.shapes,
            client=self._client,
            clock=clock,
            give_up_after=config.give_up_after,
        )
        self._delivering = Delivering(means)
        self._checking = Checking(means)
        leases = Leases(mongo, clock, owner=owner)
        self._relay = Relay(
            RelayStore(mongo, clock, leases), LiveStore(mongo), leases, clock, self._delivering.wake
        )
        self._watching = Watching(handing_over, self.handing_over)
        self.answering = Answering(mongo, replies, clock)

    def tables(self, tokens: Tokens) -> Sequence[Routes]:
        return (AutomationRoutes(self.service, tokens, self._checking, self.handing_over),)

    def loops(self) -> Sequence[Loop]:
        """What the workers run."""
        loops = (self._relay, self._delivering, self._watching, self.answering)
        return tuple(one.run for one in loops)

    async def close(self) -> None:
        await self._client.close()

    def _wake(self) -> None:
        self._delivering.wake()
