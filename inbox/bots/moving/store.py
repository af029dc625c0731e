"""Moves in the database: `accounts.move` is due work, conversations follow in batches."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from inbox.bots.errors import unknown_bot
from inbox.bots.moving.model import Move
from inbox.bots.store import BotStore
from inbox.clock import Clock
from inbox.conversations.reading.store import ConversationReads
from inbox.conversations.view import conversation_view
from inbox.conversations.visibility import people_of
from inbox.conversations.window import DEFAULT_RULES, WindowRules
from inbox.errors import InvalidInput, NotFound
from inbox.live.model import live_event
from inbox.mongo.client import Document, Mongo, Session
from inbox.mongo.due import Claimed, DueWork, Pace, due
from inbox.staff.audit.store import AuditStore
from inbox.staff.model import Actor
from inbox.timeline.kinds import interaction

BATCH = 100
"""Conversations in one transaction: some hundred small writes."""


class MovingStore:
    """Collections `accounts` (`move`), `conversations` (`bot_id`) and what tells of it.

    An account is in its new bot from the first moment, so new conversations begin there; those
    that are still in another one follow. Each batch writes the account too, under the fence of
    its claim: a batch of a move that was changed meanwhile collides and comes to nothing.
    """

    def __init__(
        self,
        mongo: Mongo,
        clock: Clock,
        *,
        batch: int = BATCH,
        rules: WindowRules = DEFAULT_RULES,
    ) -> None:
        self._mongo = mongo
        self._clock = clock
        self._batch = batch
        self._rules = rules
        self._bots = BotStore(mongo)
        self._audit = AuditStore(mongo)
        self._reads = ConversationReads(mongo)
        self.due = DueWork(mongo, "accounts", "move", clock, pace=Pace(lease=timedelta(minutes=1)))

    async def begin(self, actor: Actor, account_key: str, to_bot: str) -> Move:
        """Put an account into another bot. Repeating it changes nothing; another bot, or the
        first one again, turns a move that is under way.

        Raises:
            NotFound: there is no such account.
            InvalidInput: there is no such bot.
        """

        async def work(session: Session) -> Move:
            before = await self._mongo["accounts"].find_one({"_id": account_key}, session=session)
            if before is None:
                raise NotFound
            # The change also makes a deletion of the bot at the same moment collide with this.
            if await self._bots.change(to_bot, {}, session=session) is None:
                raise InvalidInput([unknown_bot("bot_id")])
            if before["bot_id"] == to_bot:
                return _move(before, self._clock.now())
            return await self._begin(actor, before, to_bot, session)

        return await self._mongo.transaction(work)

    async def _begin(self, actor: Actor, before: Document, to_bot: str, session: Session) -> Move:
        now, from_bot = self._clock.now(), before["bot_id"]
        fence = before.get("move", {}).get("fence", 0) + 1  # whoever is at it has lost it
        move = {**due(now), "fence": fence, "begun_at": now, "moved": 0, "by": actor.id}
        after = await self._mongo["accounts"].find_one_and_update(
            {"_id": before["_id"]},
            {"$set": {"bot_id": to_bot, "move": move}},
            return_document=True,
            session=session,
        )
        await self._bots.change(from_bot, {}, session=session)
        await self._audit.record(
            actor,
            "account_moved",
            ("account", before["_id"]),
            at=now,
            changes={"bot_id": {"before": from_bot, "after": to_bot}},
            session=session,
        )
        await self._tell_bots(now, (from_bot, to_bot), session)
        assert after is not None
        return _move(after, now)

    async def step(self, claimed: Claimed) -> int | None:
        """Let one batch of conversations follow; how many, or None when the move is not ours."""

        async def work(session: Session) -> int | None:
            account = await self._mongo["accounts"].find_one(_held(claimed), session=session)
            if account is None:
                return None
            query = {"account_key": claimed.id, "bot_id": {"$ne": account["bot_id"]}}
            cursor = self._mongo["conversations"].find(query, session=session)
            found = await cursor.limit(self._batch).to_list()
            moved = {"$inc": {"move.moved": len(found)}}
            await self._mongo["accounts"].update_one(_held(claimed), moved, session=session)
            if found:
                await self._follow(account, found, session)
            return len(found)

        return await self._mongo.transaction(work)

    async def _follow(
        self, account: Document, conversations: list[Document], session: Session
    ) -> None:
        now, to_bot = self._clock.now(), account["bot_id"]
        bot = await self._bots.get(to_bot, session=session)
        members = frozenset(bot.member_ids) if bot is not None else frozenset()
        ids = [one.get("customer_id") for one in conversations]
        customers = await self._reads.customers(ids, session=session)
        facts, events = [], []
        for before in conversations:
            after = _moved(before, to_bot, members)
            update = _update(before, after)
            await self._mongo["conversations"].update_one(
                {"_id": before["_id"]}, update, session=session
            )
            facts.append(_fact(before, after, now, account["move"].get("by")))
            customer = customers.get(before.get("customer_id") or "")
            view = conversation_view(after, customer=customer, now=now, rules=self._rules)
            events.append(_event(before, after, now, view))
        await self._stop_scripts([one["_id"] for one in conversations], now, session)
        await self._mongo["interactions"].insert_many(facts, session=session)
        await self._mongo["live_events"].insert_many(events, session=session)

    async def _stop_scripts(self, ids: list[str], now: datetime, session: Session) -> None:
        """Scripts are a bot's own; a step that is being said at this moment collides with it."""
        open_fields = ("open", "work", "next_step_id", "next_at", "holding")
        await self._mongo["enrolments"].update_many(
            {"conversation_id": {"$in": ids}, "open": True},
            {
                "$set": {"status": "stopped", "reason": "moved", "ended_at": now},
                "$unset": dict.fromkeys(open_fields, 1),
            },
            session=session,
        )

    async def finish(self, claimed: Claimed) -> bool:
        """Nothing is left elsewhere: the move is over, and open inboxes show it."""

        async def work(session: Session) -> bool:
            before = await self._mongo["accounts"].find_one_and_update(
                _held(claimed), {"$unset": {"move": 1}}, session=session
            )
            if before is None:
                return False
            await self._tell_bots(self._clock.now(), (before["bot_id"],), session)
            return True

        return await self._mongo.transaction(work)

    async def _tell_bots(self, now: datetime, bot_ids: tuple[str, ...], session: Session) -> None:
        events = [
            live_event(type="bot_changed", at=now, bot_id=bot_id, data={"bot_id": bot_id})
            for bot_id in bot_ids
        ]
        await self._mongo["live_events"].insert_many(events, session=session)


def _held(claimed: Claimed) -> Document:
    return {"_id": claimed.id, "move.token": claimed.token, "move.fence": claimed.fence}


def _move(account: Document, now: datetime) -> Move:
    """Of an account that is there already, as if it had just been done."""
    move = account.get("move", {})
    return Move(account["_id"], account["bot_id"], move.get("moved", 0), move.get("begun_at", now))


def _moved(before: Document, to_bot: str, members: frozenset[str]) -> Document:
    """The conversation in its new bot: whoever is not a member there takes no part any more."""
    after = {**before, "bot_id": to_bot}
    participants = before.get("participant_ids", [])
    after["participant_ids"] = [one for one in participants if one in members]
    if before.get("assignee_id") not in members:
        after.pop("assignee_id", None)
    return after


def _update(before: Document, after: Document) -> Document:
    update: Document = {
        "$set": {"bot_id": after["bot_id"], "participant_ids": after["participant_ids"]}
    }
    if "assignee_id" in before and "assignee_id" not in after:
        update["$unset"] = {"assignee_id": 1}
    return update


def _fact(before: Document, after: Document, now: datetime, by: str | None) -> Document:
    """A row of the timeline: where the conversation was, and who took part there."""
    left = [one for one in before.get("participant_ids", []) if one not in after["participant_ids"]]
    data: dict[str, Any] = {
        "before": before.get("bot_id"),
        "after": after["bot_id"],
        "left_participant_ids": left,
    }
    if before.get("assignee_id") != after.get("assignee_id"):
        data["left_assignee_id"] = before.get("assignee_id")
    return interaction(
        "bot_changed",
        customer_id=before.get("customer_id"),
        conversation_id=before["_id"],
        at=now,
        actor_id=by,
        data=data,
    )


def _event(before: Document, after: Document, now: datetime, view: Mapping[str, Any]) -> Document:
    return live_event(
        type="conversation_changed",
        at=now,
        bot_id=after["bot_id"],
        left_bot_id=before.get("bot_id"),
        conversation_id=before["_id"],
        people=people_of(after),
        people_before=people_of(before),
        data={"conversation": view},
    )
