"""The HTTP of the leak board."""

from datetime import datetime

from inbox.clock import Clock
from inbox.conversations.reading.model import ConversationView
from inbox.conversations.view import conversation_view
from inbox.conversations.window import WindowRules
from inbox.errors import NotAllowed, NotFound
from inbox.http.paging import Cursor, Limit, Page, bad_cursor, decode_cursor, encode_cursor
from inbox.http.routing import Routes, route
from inbox.media.links import MediaLinks
from inbox.mongo.client import Document
from inbox.splitting.leaks.reasons import Board, leak_actions, reasons_of, waits_min
from inbox.splitting.leaks.store import LeakStore, Place
from inbox.splitting.leaks.urgency import URGENCIES, Urgency, place_of
from inbox.splitting.leaks.view import LeakView
from inbox.staff.model import Actor


class LeakRoutes(Routes):
    """Members see what they may see; leaders see all."""

    def __init__(
        self, store: LeakStore, clock: Clock, links: MediaLinks, rules: WindowRules
    ) -> None:
        self._store = store
        self._clock = clock
        self._links = links
        self._rules = rules

    @route(
        "GET",
        "/api/v1/bots/{bot_id}/split/waiting",
        access="staff",
        tag="split",
        problems=(NotAllowed, NotFound),
    )
    async def waiting(
        self, actor: Actor, bot_id: str, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[LeakView]:
        """Every conversation in which a customer waits or that nobody has, the most urgent first.

        Each says why, and what one press would do about it.
        """
        if not actor.sees_bot(bot_id):
            raise NotAllowed
        if not await self._store.exists(bot_id):
            raise NotFound
        now = self._clock.now()
        place = _place(cursor)
        found = await self._store.page(actor, bot_id, place, now, limit + 1)
        shown = found[:limit]
        following = None
        if len(found) > limit:
            urgency, last = shown[-1]
            asked_at = place.asked_at if place is not None else now
            following = encode_cursor(urgency, place_of(urgency, last), last["_id"], asked_at)
        return Page(items=await self._leaks(actor, bot_id, shown, now), next_cursor=following)

    async def _leaks(
        self, actor: Actor, bot_id: str, shown: list[tuple[Urgency, Document]], now: datetime
    ) -> list[LeakView]:
        conversations = [one for _, one in shown]
        config, decisions = await self._store.decisions(bot_id, conversations, now)
        named = {one.get("assignee_id") for one in conversations}
        for decision in decisions.values():
            named |= {out.staff_id for out in decision.receipt.excluded}
        names = await self._store.names(named)
        down = await self._store.down(bot_id)
        board = Board(actor, config, now, self._rules, names, decisions, down)
        customers = await self._store.customers(conversations)
        return [
            LeakView(
                conversation=self._shown(one, customers.get(one.get("customer_id") or ""), now),
                urgency=urgency,
                waits_min=waits_min(one, now),
                reasons=reasons_of(one, board),
                actions=leak_actions(one, board),
            )
            for urgency, one in shown
        ]

    def _shown(
        self, conversation: Document, customer: Document | None, now: datetime
    ) -> ConversationView:
        view = conversation_view(conversation, customer=customer, now=now, rules=self._rules)
        return ConversationView.model_validate(self._links.conversation(view))


def _place(cursor: str | None) -> Place | None:
    match decode_cursor(cursor) if cursor is not None else ():
        case ():
            return None
        case (str(urgency), datetime() as at, str(id_), datetime() as asked_at):
            known = [one for one in URGENCIES if one == urgency]
            if known:
                return Place(known[0], at, id_, asked_at)
            raise bad_cursor()
        case _:
            raise bad_cursor()
