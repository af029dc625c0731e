"""The gateway as one part: `app` builds it, registers its routes and plugs in its shape."""

from dataclasses import dataclass

from channels.messenger_gateway.admitting import Admitting
from channels.messenger_gateway.api import GraphApi
from channels.messenger_gateway.control import Handovers
from channels.messenger_gateway.files import ProgramFiles
from channels.messenger_gateway.model import Automations, RemoteFiles, ThreadControl, TokenHolders
from channels.messenger_gateway.profiles import Profiles
from channels.messenger_gateway.routes import GraphRoutes
from channels.messenger_gateway.sending import SendApi
from channels.messenger_gateway.shape import MessengerShape
from channels.messenger_gateway.store import GatewayStore
from inbox.clock import Clock
from inbox.conversations.reading.store import ConversationReads
from inbox.conversations.replying.service import ReplyService
from inbox.conversations.replying.signals import Signals
from inbox.media.links import MediaLinks
from inbox.media.uploads import Uploads
from inbox.mongo.client import Mongo


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayParts:
    """What the gateway is made of. `base_url` is where programs reach us; without `remote` a
    picture that is named by a link is refused.
    """

    mongo: Mongo
    clock: Clock
    tokens: TokenHolders
    automations: Automations
    control: ThreadControl
    replies: ReplyService
    reads: ConversationReads
    signals: Signals
    uploads: Uploads
    links: MediaLinks
    base_url: str
    remote: RemoteFiles | None = None


class MessengerGateway:
    """Messenger's webhooks out (`shape`), its Graph API in (`register`)."""

    def __init__(self, parts: GatewayParts) -> None:
        store = GatewayStore(parts.mongo)
        files = ProgramFiles(parts.uploads, parts.remote)
        sending = SendApi(store, parts.replies, parts.reads, parts.signals, files)
        handovers = Handovers(store, parts.control, parts.clock)
        profiles = Profiles(store, parts.links, parts.base_url)
        api = GraphApi(store, sending, handovers, profiles)
        self.shape = MessengerShape(store, parts.links, parts.base_url)
        routes = GraphRoutes(Admitting(parts.tokens, parts.automations), api, files)
        self.register = routes.register
        """Adds `/messenger/...` to the application that has no middleware."""
