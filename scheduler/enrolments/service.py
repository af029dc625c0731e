"""What people do with the scripts of a customer, and what they see of them."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from inbox.clock import Clock
from inbox.conversations.visibility import visible
from inbox.customers.store import CustomerStore
from inbox.errors import NotFound
from inbox.mongo.client import Document, Mongo, Session
from inbox.staff.model import Actor
from scheduler.enrolments.errors import CannotDoNow, EnrolmentEnded
from scheduler.enrolments.store import EnrolmentStore
from scheduler.enrolments.surroundings import AroundReader
from scheduler.enrolments.turns import after_step, following_of, skipped
from scheduler.enrolments.view import (
    EnrolmentPage,
    EnrolmentView,
    OfferedView,
    ScriptsBlock,
    Shown,
    enrolment_view,
    upcoming_view,
)
from scheduler.scripts.documents import enrolment_from
from scheduler.scripts.store import ScriptStore
from scheduler.timing import next_step

_ENDED_SHOWN = 10
_MOST_OFFERED = 200


class Enrolments:
    """Detach, pause, resume, skip; and the views of it all."""

    def __init__(
        self,
        mongo: Mongo,
        store: EnrolmentStore,
        customers: CustomerStore,
        around: AroundReader,
        clock: Clock,
    ) -> None:
        self._mongo = mongo
        self._store = store
        self._customers = customers
        self._around = around
        self._clock = clock
        self._scripts = ScriptStore(mongo)

    async def page(
        self,
        customer_id: str,
        actor: Actor,
        *,
        after: tuple[datetime, str] | None,
        limit: int,
    ) -> tuple[EnrolmentPage, Document | None]:
        """Newest first, as far as the actor sees their bots; and the last one, if there are more.

        Raises:
            NotFound, NotAllowed: of the customer.
        """
        ids = _ids(await self._customers.get(customer_id, actor))
        found = await self._store.of_customer(ids, after=after, limit=limit + 1)
        shown = [one for one in found[:limit] if actor.sees_bot(one["bot_id"])]
        running = await self._running(ids, actor)
        beside = await self.beside([*shown, *running])
        page = EnrolmentPage(
            items=[enrolment_view(one, beside) for one in shown],
            upcoming=upcoming_view(running, beside),
            next_cursor=None,
        )
        return page, found[limit - 1] if len(found) > limit else None

    async def block(self, conversation: Document, customer: Document, actor: Actor) -> ScriptsBlock:
        """The sidebar's block of a conversation."""
        ids = _ids(customer)
        running = await self._running(ids, actor)
        lately = await self._store.ended_of(ids, _ENDED_SHOWN)
        ended = [one for one in lately if actor.sees_bot(one["bot_id"])]
        beside = await self.beside([*running, *ended])
        return ScriptsBlock(
            offered=await self._offered(conversation, customer),
            enrolments=[enrolment_view(one, beside) for one in [*running, *ended]],
            upcoming=upcoming_view(running, beside),
            opted_out=conversation.get("opted_out_at") is not None,
        )

    async def view(self, documents: Sequence[Document]) -> list[EnrolmentView]:
        beside = await self.beside(documents)
        return [enrolment_view(one, beside) for one in documents]

    async def detach(self, customer_id: str, enrolment_id: str, actor: Actor) -> None:
        """No step goes out any more but one that is being sent right now. Repeating is harmless.

        Raises:
            NotFound, NotAllowed.
        """

        async def work(session: Session) -> None:
            document = await self._get(customer_id, enrolment_id, actor, session)
            by = actor.id if actor.kind == "staff" else None
            await self._store.stop([document], "detached", by=by, session=session)

        await self._mongo.transaction(work)

    async def pause(self, customer_id: str, enrolment_id: str, actor: Actor) -> EnrolmentView:
        """Raises NotFound, NotAllowed, EnrolmentEnded, CannotDoNow."""

        async def work(session: Session) -> None:
            document = await self._get_open(customer_id, enrolment_id, actor, session)
            if not await self._store.pause(document, session=session):
                raise CannotDoNow

        return await self._do(work, enrolment_id)

    async def resume(self, customer_id: str, enrolment_id: str, actor: Actor) -> EnrolmentView:
        """What fell due meanwhile goes out now. Raises as `pause`."""

        async def work(session: Session) -> None:
            document = await self._get_open(customer_id, enrolment_id, actor, session)
            if not await self._store.resume(document, session=session):
                raise CannotDoNow

        return await self._do(work, enrolment_id)

    async def skip(self, customer_id: str, enrolment_id: str, actor: Actor) -> EnrolmentView:
        """Pass over the step that is next; the following one counts from now. Raises as `pause`."""

        async def work(session: Session) -> None:
            document = await self._get_open(customer_id, enrolment_id, actor, session)
            around = await self._around.read([document], session=session)
            enrolment = enrolment_from(document)
            script = around.scripts.get(enrolment.script_id)
            facts = around.facts(enrolment.bot_id, enrolment.customer_id)
            step = following_of(enrolment, script, facts).step if script is not None else None
            if script is None or step is None:
                raise CannotDoNow
            entry = skipped(step, "by_hand", self._clock.now())
            following = after_step(enrolment, entry, script, facts)
            if not await self._store.pass_over(document, entry, following, session=session):
                raise CannotDoNow

        return await self._do(work, enrolment_id)

    async def beside(self, documents: Sequence[Document]) -> Shown:
        """What showing these enrolments needs."""
        message_ids = [
            entry["message_id"]
            for one in documents
            for entry in one.get("log") or ()
            if entry.get("message_id")
        ]
        messages = self._mongo["messages"].find(
            {"_id": {"$in": message_ids}}, {"status": 1, "error": 1}
        )
        staff = self._mongo["staff"].find(
            {"_id": {"$in": sorted({one["by"] for one in documents if one.get("by")})}}, {"name": 1}
        )
        return Shown(
            await self._around.read(documents),
            {one["_id"]: one async for one in messages} if message_ids else {},
            {one["_id"]: one["name"] async for one in staff},
            await self._scripts.names({one["script_id"] for one in documents}),
            self._clock.now(),
        )

    async def _do(self, work: Callable[[Session], Awaitable[None]], id_: str) -> EnrolmentView:
        await self._mongo.transaction(work)
        self._store.due.wake()
        document = await self._store.get(id_)
        if document is None:  # erased meanwhile
            raise NotFound
        (view,) = await self.view([document])
        return view

    async def _running(self, ids: Sequence[str], actor: Actor) -> list[Document]:
        found = await self._store.open_for(ids)
        return [one for one in found if actor.sees_bot(one["bot_id"])]

    async def _offered(self, conversation: Document, customer: Document) -> list[OfferedView]:
        """The scripts of the conversation's bot that can be attached, oldest first."""
        bot_id = conversation["bot_id"]
        scripts = await self._scripts.page(bot_id, enabled=True, after=None, limit=_MOST_OFFERED)
        around = await self._around.of([], [customer["_id"]], [bot_id])
        facts, now = around.facts(bot_id, customer["_id"]), self._clock.now()
        return [
            OfferedView(
                id=script.id,
                name=script.name,
                steps=sum(one.enabled and not one.content.is_empty for one in script.steps),
                first_at=next_step(script, (), now, facts).at,
            )
            for script in scripts
            if script.is_attachable
        ]

    async def _get_open(
        self, customer_id: str, enrolment_id: str, actor: Actor, session: Session
    ) -> Document:
        document = await self._get(customer_id, enrolment_id, actor, session)
        if not document.get("open"):
            raise EnrolmentEnded
        return document

    async def _get(
        self, customer_id: str, enrolment_id: str, actor: Actor, session: Session
    ) -> Document:
        customer = await self._customers.get(customer_id, actor, session=session)
        document = await self._store.get(enrolment_id, session=session)
        if document is None or document["customer_id"] not in _ids(customer):
            raise NotFound
        thread = {"$and": [{"_id": document["conversation_id"]}, visible(actor)]}
        if not await self._mongo["conversations"].find_one(thread, {"_id": 1}, session=session):
            raise NotFound
        return document


def _ids(customer: Document) -> list[str]:
    return [customer["_id"], *customer.get("merged_from", ())]
