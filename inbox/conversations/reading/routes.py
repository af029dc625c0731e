"""Reading over HTTP: the conversation list, its counts, a conversation, its messages."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from inbox.clock import Clock
from inbox.conversations.reading.listing import (
    Listing,
    conversation_query,
    customer_query,
    uncared_counts,
)
from inbox.conversations.reading.model import (
    ConversationsQuery,
    ConversationView,
    CountsQuery,
    Limit,
    MessagePage,
    MessageView,
    UncaredCounts,
    place,
)
from inbox.conversations.reading.store import ConversationReads, ListPlace, MessagePlace
from inbox.conversations.view import conversation_view, message_view
from inbox.conversations.window import DEFAULT_RULES, WindowRules
from inbox.errors import NotAllowed, NotFound
from inbox.http.paging import Cursor, Page, bad_cursor, encode_cursor
from inbox.http.routing import Routes, route
from inbox.media.links import MediaLinks
from inbox.mongo.client import Document
from inbox.staff.model import Actor

Around = Annotated[
    str | None, Field(description="a message id: the page has it in its middle (a jump to it)")
]


class ReadingRoutes(Routes):
    """What staff read of conversations."""

    def __init__(
        self,
        reads: ConversationReads,
        clock: Clock,
        links: MediaLinks,
        rules: WindowRules = DEFAULT_RULES,
    ) -> None:
        self._reads = reads
        self._clock = clock
        self._links = links
        self._rules = rules

    @route("GET", "/api/v1/conversations", access="staff", tag="conversations")
    async def browse(self, actor: Actor, query: ConversationsQuery) -> Page[ConversationView]:
        """Conversations, the one with the newest message first.

        Conversations in which nobody has written yet are not listed. `status` replaces what the
        view shows by itself (open and closed).
        """
        listing = Listing(**query.model_dump(exclude={"limit", "cursor"}))
        after: ListPlace | None = None
        if query.cursor is not None:
            after = place(query.cursor, datetime, str)  # type: ignore[assignment]
        found = await self._reads.page(
            conversation_query(listing, actor_id=actor.id),
            customer_query(listing),
            actor=actor,
            after=after,
            limit=query.limit + 1,
        )
        shown = found[: query.limit]
        last = shown[-1] if len(found) > query.limit else None
        return Page(
            items=await self._rows(shown),
            next_cursor=encode_cursor(last["last"]["at"], last["_id"]) if last else None,
        )

    async def _rows(self, conversations: list[Document]) -> list[ConversationView]:
        customers = await self._reads.customers(one.get("customer_id") for one in conversations)
        return [
            self._shown(one, customers.get(one.get("customer_id", ""))) for one in conversations
        ]

    @route("GET", "/api/v1/conversations/counts", access="staff", tag="conversations")
    async def counts(self, actor: Actor, query: CountsQuery) -> UncaredCounts:
        """How many conversations of each view and channel wait for an answer.

        Each number is the length of the list of that view with `uncared=true` and the same
        filters; per channel, of the view `all`.
        """
        groups = await self._reads.uncared_groups(
            actor,
            bot_id=query.bot_id,
            customers=customer_query(Listing(**query.model_dump())),
        )
        return UncaredCounts(**uncared_counts(groups, actor_id=actor.id))

    @route(
        "GET",
        "/api/v1/conversations/{conversation_id}",
        access="staff",
        tag="conversations",
        problems=(NotAllowed, NotFound),
    )
    async def get(self, actor: Actor, conversation_id: str) -> ConversationView:
        """One conversation."""
        conversation = await self._reads.get(conversation_id, actor)
        return self._shown(conversation, await self._customer_of(conversation))

    @route(
        "GET",
        "/api/v1/conversations/{conversation_id}/messages",
        access="staff",
        tag="conversations",
        problems=(NotAllowed, NotFound),
    )
    async def messages(
        self,
        actor: Actor,
        conversation_id: str,
        *,
        limit: Limit = 30,
        cursor: Cursor = None,
        around: Around = None,
    ) -> MessagePage:
        """Messages, newest first; with `around`, those on both sides of one message."""
        conversation = await self._reads.get(conversation_id, actor)
        customer = await self._customer_of(conversation)
        pages = MessagePages(self._reads, conversation, customer, self._links, limit)
        if around is not None:
            return await pages.around(around)
        if cursor is not None:
            return await pages.at(cursor)
        return await pages.older(None)

    def _shown(self, conversation: Document, customer: Document | None) -> ConversationView:
        view = conversation_view(
            conversation, customer=customer, now=self._clock.now(), rules=self._rules
        )
        return ConversationView.model_validate(self._links.conversation(view))

    async def _customer_of(self, conversation: Document) -> Document | None:
        customers = await self._reads.customers([conversation.get("customer_id")])
        return customers.get(conversation.get("customer_id", ""))


class MessagePages:
    """Pages of one thread in both directions."""

    def __init__(
        self,
        reads: ConversationReads,
        conversation: Document,
        customer: Document | None,
        links: MediaLinks,
        limit: int,
    ) -> None:
        self._reads = reads
        self._conversation = conversation
        self._customer = customer
        self._links = links
        self._limit = limit

    async def older(self, before: MessagePlace | None) -> MessagePage:
        found = await self._reads.older(self._conversation["_id"], before, self._limit + 1)
        return self._page(found[: self._limit], older=len(found) > self._limit)

    async def newer(self, after: MessagePlace) -> MessagePage:
        found = await self._reads.newer(self._conversation["_id"], after, self._limit + 1)
        shown = found[: self._limit]
        return self._page(shown[::-1], newer=len(found) > self._limit)

    async def around(self, message_id: str) -> MessagePage:
        """The message with as many on either side as the limit has room for."""
        thread = self._conversation["_id"]
        message = await self._reads.message(message_id, thread)
        spot = (message["at"], message["seq"])
        room = self._limit - 1
        newer = await self._reads.newer(thread, spot, room // 2 + 1)
        older = await self._reads.older(thread, spot, room - room // 2 + 1)
        shown = [*newer[: room // 2][::-1], message, *older[: room - room // 2]]
        return self._page(shown, older=len(older) > room - room // 2, newer=len(newer) > room // 2)

    async def at(self, cursor: str) -> MessagePage:
        """The page that a cursor of an earlier answer leads to."""
        direction, at, seq = place(cursor, str, datetime, int)
        spot: Any = (at, seq)
        if direction == "older":
            return await self.older(spot)
        if direction == "newer":
            return await self.newer(spot)
        raise bad_cursor()

    def _page(
        self, messages: list[Document], *, older: bool = False, newer: bool = False
    ) -> MessagePage:
        return MessagePage(
            items=[self._view(message) for message in messages],
            next_cursor=_cursor("older", messages[-1]) if older else None,
            previous_cursor=_cursor("newer", messages[0]) if newer else None,
        )

    def _view(self, message: Document) -> MessageView:
        view = message_view(message, conversation=self._conversation, customer=self._customer)
        return MessageView.model_validate(self._links.message(view))


def _cursor(direction: str, message: Document) -> str:
    return encode_cursor(direction, message["at"], message["seq"])
