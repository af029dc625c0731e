"""Which call of the Graph API is answered by what: one table of edges."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from channels.messenger_gateway.control import Handovers
from channels.messenger_gateway.errors import GraphError, invalid, unknown_object
from channels.messenger_gateway.model import PAGE_INBOX_APP, GraphCall, app_id_of
from channels.messenger_gateway.profiles import Profiles
from channels.messenger_gateway.sending import SendApi
from channels.messenger_gateway.store import GatewayStore

Json = dict[str, Any]
Answering = Callable[[GraphCall], Awaitable[Json]]

WEBHOOK_FIELDS = (
    "messages",
    "messaging_postbacks",
    "message_echoes",
    "message_deliveries",
    "message_reads",
    "message_reactions",
    "messaging_handovers",
)
"""What a program is told that never said what it wants; `standby` only when it asks for it."""


class GraphApi:
    """Answers a call of a known program, whether it came alone or within a batch."""

    def __init__(
        self, store: GatewayStore, sending: SendApi, handovers: Handovers, profiles: Profiles
    ) -> None:
        self._store = store
        self._profiles = profiles
        edges: dict[str, Answering] = handovers.edges
        self._of_page: Mapping[tuple[str, str], Answering] = {
            ("POST", "messages"): sending.send,
            ("POST", "message_attachments"): sending.keep_attachment,
            ("GET", "messenger_profile"): profiles.read,
            ("POST", "messenger_profile"): profiles.write,
            ("DELETE", "messenger_profile"): profiles.delete,
            ("GET", "subscribed_apps"): self._subscribed,
            ("POST", "subscribed_apps"): self._subscribe,
            ("DELETE", "subscribed_apps"): self._unsubscribe,
            ("GET", "thread_owner"): handovers.owner,
            ("GET", "secondary_receivers"): _receivers,
            ("GET", "subscriptions"): self._subscriptions,
            ("POST", "subscriptions"): self._keep_subscription,
            **{("POST", name): answer for name, answer in edges.items()},
        }

    async def answer(self, call: GraphCall) -> Json:
        """The JSON of a success.

        Raises:
            GraphError, InboxError: why not.
        """
        _check_scope(call)
        match call.path:
            case (node,) if call.method == "GET":
                return await self._node(node, call)
            case (node, edge):
                return await self._edge(node, edge, call)
            case _:
                raise invalid("Unsupported request: this path is not part of the gateway")

    async def _node(self, node: str, call: GraphCall) -> Json:
        if node == "debug_token":
            return await self._profiles.token(call)
        if node in ("app", app_id_of(call.automation)):
            return await self._profiles.app(call)
        if node in ("me", call.page_id):
            return await self._profiles.page(call)
        return await self._profiles.person(call)

    async def _edge(self, node: str, edge: str, call: GraphCall) -> Json:
        """Of the page; of the app where `subscriptions` are asked for, whatever number it has."""
        if edge != "subscriptions" and node not in ("me", call.page_id):
            raise unknown_object(node)
        answering = self._of_page.get((call.method, edge))
        if answering is None:
            raise invalid(f"Unsupported {call.method.lower()} request: {edge[:50]}", 33)
        return await answering(call)

    # Webhook fields

    async def _subscribed(self, call: GraphCall) -> Json:
        fields = await self._fields(call)
        name, app_id = call.automation.name, app_id_of(call.automation)
        return {"data": [{"id": app_id, "name": name, "subscribed_fields": fields}]}

    async def _subscribe(self, call: GraphCall) -> Json:
        """What events there are, admins choose; here only `standby` makes a difference."""
        await self._store.subscribe(call.automation.id, call.names("subscribed_fields"))
        return {"success": True}

    async def _unsubscribe(self, call: GraphCall) -> Json:
        await self._store.subscribe(call.automation.id, ())
        return {"success": True}

    async def _subscriptions(self, call: GraphCall) -> Json:
        fields = [{"name": name, "version": "v26.0"} for name in await self._fields(call)]
        webhook = {"object": "page", "callback_url": call.automation.url, "active": True}
        return {"data": [{**webhook, "fields": fields}]}

    async def _keep_subscription(self, call: GraphCall) -> Json:
        """The address of a webhook is set where admins see it, so another one is refused."""
        url = call.text("callback_url")
        if url is not None and url != call.automation.url:
            raise GraphError(2200, "The callback URL is set in the settings of the automation")
        return {"success": True}

    async def _fields(self, call: GraphCall) -> list[str]:
        subscribed = (await self._store.profile(call.automation.id)).subscribed
        return sorted(subscribed) or list(WEBHOOK_FIELDS)


async def _receivers(_: GraphCall) -> Json:
    return {"data": [{"id": PAGE_INBOX_APP, "name": "Page Inbox"}]}


def _check_scope(call: GraphCall) -> None:
    scope = "read" if call.method == "GET" else "write"
    if scope not in call.actor.scopes:
        raise GraphError(200, f"The token does not have the scope {scope}", status=403)
