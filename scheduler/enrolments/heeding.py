"""The worker that heeds what happens: stops scripts, lets waiting ones go on, attaches new ones."""

import asyncio
import contextlib

from inbox.customers.store import CustomerStore
from inbox.errors import NotFound
from inbox.mongo.client import Document, Mongo, Session
from inbox.mongo.due import Claimed
from inbox.signals.model import Signal
from inbox.signals.store import SignalStore, signal_from
from scheduler.enrolments.attaching import Attaching
from scheduler.enrolments.retiming import due_again
from scheduler.enrolments.stopping import stop_reason, trigger_met
from scheduler.enrolments.store import EnrolmentStore, Start
from scheduler.enrolments.surroundings import AroundReader
from scheduler.scripts.documents import enrolment_from, script_from
from scheduler.scripts.model import Holding, Script

AT_ONCE = 100
LANES = 8
MOST_TRIES = 8
"""Then a signal is parked, so that the steps of its customer do not wait for it for ever."""
_LETS_GO_ON: dict[str, Holding] = {"customer_wrote": "window", "automation_resumed": "human"}


class _LeaseLost(Exception):
    """Another worker heeds this signal."""


class Heeding:
    """Takes signals off `inbox/signals`, each in one transaction with everything it causes."""

    def __init__(
        self,
        mongo: Mongo,
        signals: SignalStore,
        store: EnrolmentStore,
        attaching: Attaching,
        around: AroundReader,
        customers: CustomerStore,
    ) -> None:
        self._mongo = mongo
        self._signals = signals
        self._store = store
        self._attaching = attaching
        self._around = around
        self._customers = customers

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; the batch in hand is always finished first."""
        await self._signals.due.keep_at(self.step, stop, full=AT_ONCE)

    async def step(self) -> int:
        """Heed what has come, once; how many signals."""
        claimed = await self._signals.due.claim(AT_ONCE)
        lanes = asyncio.Semaphore(LANES)

        async def lane(one: Claimed) -> None:
            async with lanes:
                await self._signals.due.attempt(one, self._heed_once, most_tries=MOST_TRIES)

        await asyncio.gather(*(lane(one) for one in claimed))
        if claimed:
            self._store.due.wake()
        return len(claimed)

    async def _heed_once(self, claimed: Claimed) -> None:
        with contextlib.suppress(_LeaseLost):
            await self._mongo.transaction(lambda session: self._heed(claimed, session))

    async def _heed(self, claimed: Claimed, session: Session) -> None:
        signal = signal_from(claimed.document)
        if not await self._signals.delete(claimed.id, claimed.token, session=session):
            raise _LeaseLost
        try:
            customer = await self._customers.find(signal.customer_id, session)
        except NotFound:  # erased
            return
        await self._stop(signal, customer, session)
        await self._let_go_on(signal, session)
        if not signal.late:
            await self._attach(signal, customer, session)

    async def _stop(self, signal: Signal, customer: Document, session: Session) -> None:
        ids = [customer["_id"], *customer.get("merged_from", ())]
        running = await self._store.open_for(ids, session=session)
        if not running:
            return
        scripts = (await self._around.read(running, session=session)).scripts
        for document in running:
            script = scripts.get(document["script_id"])
            reason = stop_reason(enrolment_from(document), script, signal)
            if reason is not None:
                await self._store.stop([document], reason, session=session)

    async def _let_go_on(self, signal: Signal, session: Session) -> None:
        """What waited for this may go on: for a time too, when a pause was ended early."""
        query = {"conversation_id": signal.conversation_id}
        if (holding := _LETS_GO_ON.get(signal.kind)) is not None:
            await self._store.wake(query, [holding], session=session)
        if signal.kind == "automation_resumed":
            waiting = await self._store.waiting_in(signal.conversation_id, session=session)
            around = await self._around.read(waiting, session=session)
            await self._store.retime(due_again(waiting, around), session=session)

    async def _attach(self, signal: Signal, customer: Document, session: Session) -> None:
        scripts = await self._triggered_scripts(signal, customer, session)
        if not scripts:
            return
        text = await self._text(signal, session)
        is_first = signal.first and await self._is_first(signal, customer, session)
        for script in scripts:
            via = trigger_met(script, signal, text=text, is_first=is_first)
            if via is not None:
                await self._attaching.attach_by_trigger(
                    script, customer, Start(via), session=session
                )

    async def _triggered_scripts(
        self, signal: Signal, customer: Document, session: Session
    ) -> list[Script]:
        """Those that may be attached by this signal, oldest first."""
        if signal.kind == "customer_wrote":
            query: Document = {"bot_id": signal.bot_id, **_kinds("first_message", "keyword")}
        elif signal.kind == "tag_added":
            bots = await self._mongo["conversations"].distinct(
                "bot_id", {"customer_id": customer["_id"]}, session=session
            )
            query = {"bot_id": {"$in": bots}, **_kinds("tag_added")}
        else:
            return []
        query |= {"enabled": True, "deleted_at": {"$exists": False}}
        found = self._mongo["scripts"].find(query, session=session)
        return [script_from(one) async for one in found.sort([("created_at", 1), ("_id", 1)])]

    async def _text(self, signal: Signal, session: Session) -> str:
        if signal.message_id is None:
            return ""
        message = await self._mongo["messages"].find_one(
            {"_id": signal.message_id}, {"text": 1}, session=session
        )
        return (message or {}).get("text") or ""

    async def _is_first(self, signal: Signal, customer: Document, session: Session) -> bool:
        """Whether the customer has never written to this bot, in another conversation either."""
        other = {
            "customer_id": customer["_id"],
            "bot_id": signal.bot_id,
            "_id": {"$ne": signal.conversation_id},
            "last_in_at": {"$type": "date"},
        }
        found = await self._mongo["conversations"].find_one(other, {"_id": 1}, session=session)
        return found is None


def _kinds(*kinds: str) -> Document:
    return {"triggers.kind": {"$in": list(kinds)}}
