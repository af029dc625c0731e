"""Attaching scripts to customers: by people, one or many at once, and by triggers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from inbox.clock import Clock
from inbox.conversations.visibility import visible
from inbox.customers.store import CustomerStore
from inbox.errors import InboxError, NotFound
from inbox.mongo.client import Document, Mongo, Session
from inbox.staff.model import Actor
from scheduler.enrolments.errors import NotAttachable, NothingToWriteTo, OptedOutOfAutomation
from scheduler.enrolments.store import EnrolmentStore, Start
from scheduler.enrolments.surroundings import Around, AroundReader
from scheduler.scripts.documents import script_from
from scheduler.scripts.model import Script
from scheduler.timing import next_step

Outcome = Literal["created", "already_active", "ran_already", "never_due"]


@dataclass(frozen=True, slots=True)
class Attached:
    """What became of one script for one customer.

    `enrolment` is the new one or the one that runs already; `reason` says why no step would ever
    be due ("past", "no_date").
    """

    script_id: str
    outcome: Outcome
    enrolment: Document | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class AttachedTo:
    """What became of one customer of many; `outcome` may be the code of an error."""

    customer_id: str
    outcome: str
    enrolment_id: str | None = None
    reason: str | None = None


class Attaching:
    """Begins enrolments. Repeating is harmless: a customer runs a script once at a time."""

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

    async def attach(
        self,
        customer_id: str,
        script_ids: Sequence[str],
        actor: Actor,
        *,
        conversation_id: str | None = None,
    ) -> list[Attached]:
        """Attach scripts to one customer, all in one transaction; an answer for each, in order.

        They go out in `conversation_id`, else where the customer wrote last in the bot.

        Raises:
            NotFound: no such customer, or a script of no bot that they wrote to. NotAllowed.
            NotAttachable, OptedOutOfAutomation, NothingToWriteTo.
        """

        async def work(session: Session) -> list[Attached]:
            customer = await self._customers.get(customer_id, actor, session=session)
            threads = await self._threads(customer["_id"], actor, conversation_id, session)
            bot_ids = {one["bot_id"] for one in threads}
            scripts = await self._scripts(script_ids, bot_ids, session)
            _check_attachable(script_ids, scripts)
            around = await self._around.of([], [customer["_id"]], bot_ids, session=session)
            attached = []
            for id_ in dict.fromkeys(script_ids):
                thread = await self._thread(scripts[id_], threads, session)
                start = Start("staff", actor.id if actor.kind == "staff" else None)
                one = await self._begin(scripts[id_], customer, thread, around, start, session)
                attached.append(one)
            return attached

        attached = await self._mongo.transaction(work)
        self._store.due.wake()
        return attached

    async def attach_many(
        self, bot_id: str, script_id: str, customer_ids: Sequence[str], actor: Actor
    ) -> list[AttachedTo]:
        """Attach one script to many customers, each by itself; an answer for each.

        Raises:
            NotFound: the bot has no such script. NotAttachable.
        """
        scripts = await self._scripts([script_id], {bot_id}, None)
        _check_attachable([script_id], scripts)
        results = []
        for customer_id in dict.fromkeys(customer_ids):
            try:
                (one,) = await self.attach(customer_id, [script_id], actor)
            except InboxError as error:
                results.append(AttachedTo(customer_id, error.code))
                continue
            enrolment_id = one.enrolment["_id"] if one.enrolment else None
            results.append(AttachedTo(customer_id, one.outcome, enrolment_id, one.reason))
        return results

    async def attach_by_trigger(
        self, script: Script, customer: Document, start: Start, *, session: Session
    ) -> Attached | None:
        """Attach within the caller's transaction; None where it is not possible.

        A customer who opted out, has no private conversation, or has run the script (whatever
        ended it, but for being detached) is left alone.
        """
        if not script.is_attachable:
            return None
        query = {"customer_id": customer["_id"], "bot_id": script.bot_id, "kind": "inbox"}
        threads = await self._mongo["conversations"].find(query, session=session).to_list()
        try:
            thread = await self._thread(script, threads, session)
        except (NothingToWriteTo, OptedOutOfAutomation):
            return None
        ids = [customer["_id"]]
        around = await self._around.of([], ids, [script.bot_id], session=session)
        return await self._begin(script, customer, thread, around, start, session)

    async def _threads(
        self, customer_id: str, actor: Actor, conversation_id: str | None, session: Session
    ) -> list[Document]:
        """The private conversations of a customer that the actor may see."""
        query: Document = {"customer_id": customer_id, "kind": "inbox"}
        if conversation_id is not None:
            query["_id"] = conversation_id
        seen = {"$and": [query, visible(actor)]}
        found = await self._mongo["conversations"].find(seen, session=session).to_list()
        if not found and conversation_id is not None:
            raise NotFound
        if not found:
            raise NothingToWriteTo
        return found

    async def _thread(
        self, script: Script, threads: Sequence[Document], session: Session
    ) -> Document:
        """Where the script goes out: of its bot, where the customer wrote last."""
        of_bot = [one for one in threads if one["bot_id"] == script.bot_id]
        if not of_bot:
            raise NothingToWriteTo
        out = {
            "customer_id": of_bot[0]["customer_id"],
            "bot_id": script.bot_id,
            "opted_out_at": {"$type": "date"},
        }
        if await self._mongo["conversations"].find_one(out, {"_id": 1}, session=session):
            raise OptedOutOfAutomation
        return max(of_bot, key=lambda one: (one.get("last_in_at") or one["created_at"], one["_id"]))

    async def _scripts(
        self, ids: Collection[str], bot_ids: Collection[str], session: Session | None
    ) -> dict[str, Script]:
        """Raises NotFound: one of them is of none of these bots."""
        query = {
            "_id": {"$in": list(ids)},
            "bot_id": {"$in": sorted(bot_ids)},
            "deleted_at": {"$exists": False},
        }
        found = self._mongo["scripts"].find(query, session=session)
        scripts = {one["_id"]: script_from(one) async for one in found}
        if set(ids) - scripts.keys():
            raise NotFound
        return scripts

    async def _begin(
        self,
        script: Script,
        customer: Document,
        thread: Document,
        around: Around,
        start: Start,
        session: Session,
    ) -> Attached:
        ids = [customer["_id"], *customer.get("merged_from", ())]
        running = await self._store.open_of(script.id, ids, session=session)
        if running is not None:
            return Attached(script.id, "already_active", running)
        by_itself = start.via != "staff"
        if not script.repeat and await self._store.has_run(
            script.id, ids, by_itself=by_itself, session=session
        ):
            return Attached(script.id, "ran_already")
        facts = around.facts(script.bot_id, customer["_id"])
        following = next_step(script, (), self._clock.now(), facts)
        if following.step is None or following.at is None:
            return Attached(script.id, "never_due", reason=following.ends)
        document = await self._store.insert(script, thread, following, start, session=session)
        await self._mark(customer["_id"], thread["_id"], session)
        return Attached(script.id, "created", document)

    async def _mark(self, customer_id: str, conversation_id: str, session: Session) -> None:
        """From now on what happens here is told to the scheduler (inbox/signals)."""
        automated = {"$set": {"automated": True}}
        await self._mongo["conversations"].update_one(
            {"_id": conversation_id}, automated, session=session
        )
        await self._mongo["customers"].update_one({"_id": customer_id}, automated, session=session)


def _check_attachable(ids: Sequence[str], scripts: Mapping[str, Script]) -> None:
    wrong = [place for place, id_ in enumerate(ids) if not scripts[id_].is_attachable]
    if wrong:
        raise NotAttachable(wrong)
