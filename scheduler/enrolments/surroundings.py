"""What the turns of a batch need to know: scripts, customers, bots, read in a few round trips."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from inbox.mongo.client import Document, Mongo, Session
from inbox.splitting.documents import config_from
from scheduler.scripts.documents import script_from
from scheduler.scripts.model import Facts, Script

_CUSTOMER = {"name": 1, "phones": 1, "emails": 1, "attributes": 1, "tag_ids": 1, "merged_from": 1}
_TIME_ZONE = "Asia/Ho_Chi_Minh"


@dataclass(frozen=True, slots=True)
class Around:
    """`scripts` lacks those that were deleted, `customers` those that were erased or merged.

    `owners` are the customers of the conversations, `agents` the names of who has them.
    """

    scripts: Mapping[str, Script]
    customers: Mapping[str, Document]
    bots: Mapping[str, Document]
    owners: Mapping[str, str] = field(default_factory=dict)
    agents: Mapping[str, str] = field(default_factory=dict)

    def facts(self, bot_id: str, customer_id: str) -> Facts:
        """What timing asks of a customer and a bot."""
        bot = self.bots.get(bot_id) or {}
        config = config_from(bot_id, bot.get("split") or {})
        customer = self.customers.get(customer_id) or {}
        return Facts(config.time_zone, customer.get("attributes") or {}, config.holidays)

    def shop(self, bot_id: str) -> str | None:
        return (self.bots.get(bot_id) or {}).get("name")


class AroundReader:
    """Reads by ids, each collection once."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def read(
        self, enrolments: Sequence[Document], *, session: Session | None = None
    ) -> Around:
        """What stands around these enrolments."""
        return await self.of(
            {one["script_id"] for one in enrolments},
            {one["customer_id"] for one in enrolments},
            {one["bot_id"] for one in enrolments},
            {one["conversation_id"] for one in enrolments},
            session=session,
        )

    async def of(
        self,
        script_ids: Collection[str],
        customer_ids: Collection[str],
        bot_ids: Collection[str],
        conversation_ids: Collection[str] = (),
        *,
        session: Session | None = None,
    ) -> Around:
        scripts = self._mongo["scripts"].find(
            {"_id": {"$in": sorted(script_ids)}, "deleted_at": {"$exists": False}}, session=session
        )
        customers = self._mongo["customers"].find(
            {"_id": {"$in": sorted(customer_ids)}}, _CUSTOMER, session=session
        )
        bots = self._mongo["bots"].find(
            {"_id": {"$in": sorted(bot_ids)}}, {"name": 1, "split": 1}, session=session
        )
        threads = await self._threads(conversation_ids, session) if conversation_ids else []
        return Around(
            {one["_id"]: script_from(one) async for one in scripts},
            {one["_id"]: one async for one in customers},
            {one["_id"]: one async for one in bots},
            {one["_id"]: one["customer_id"] for one in threads if one.get("customer_id")},
            await self._agents(threads, session),
        )

    async def _threads(self, ids: Collection[str], session: Session | None) -> list[Document]:
        found = self._mongo["conversations"].find(
            {"_id": {"$in": sorted(ids)}}, {"assignee_id": 1, "customer_id": 1}, session=session
        )
        return await found.to_list()

    async def _agents(
        self, threads: Collection[Document], session: Session | None
    ) -> dict[str, str]:
        assignees = {one["_id"]: one["assignee_id"] for one in threads if one.get("assignee_id")}
        if not assignees:
            return {}
        ids = {"_id": {"$in": sorted(set(assignees.values()))}}
        staff = self._mongo["staff"].find(ids, {"name": 1}, session=session)
        names = {one["_id"]: one["name"] async for one in staff}
        return {id_: names[staff_id] for id_, staff_id in assignees.items() if staff_id in names}

    async def conversation(self, conversation_id: str | None) -> Document | None:
        return await self._mongo["conversations"].find_one({"_id": conversation_id})
