"""A storm of new customers on a bot that splits: what is sent, and what must be true afterwards."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from inbox.ids import account_key
from inbox.mongo.client import Document, Mongo
from inbox.splitting.store import LAST, catch_all_id
from tests.crash.sender import Delivery
from tests.crash.storms import said
from tests.crash.truths import message_ids
from tests.ingest import FACEBOOK_PAGE

BOT = "bot"
_FIRST_CUSTOMER = 7_000_000_000_000_000


@dataclass(frozen=True, slots=True)
class Shop:
    """A bot of `people` that splits by `rule`, the only one."""

    people: tuple[str, ...]
    rule: Document = field(default_factory=dict)

    async def open(self, mongo: Mongo) -> None:
        await mongo["accounts"].insert_one(
            {
                "_id": account_key("facebook", FACEBOOK_PAGE),
                "channel": "facebook",
                "account_id": FACEBOOK_PAGE,
                "bot_id": BOT,
                "name": "Trang",
            }
        )
        await mongo["bots"].insert_one(
            {
                "_id": BOT,
                "name": "Shop",
                "member_ids": list(self.people),
                "version": 1,
                "split": {"enabled": True},
            }
        )
        await mongo["staff"].insert_many([_sale(one) for one in self.people])
        document = {"bot_id": BOT, "position": LAST, "name": "Luật", "when": None, **self.rule}
        await mongo["split_rules"].insert_one({"_id": catch_all_id(BOT), **document})


def _sale(id_: str) -> dict[str, Any]:
    return {
        "_id": id_,
        "name": id_.title(),
        "initials": id_[0].upper(),
        "email": f"{id_}@shop.vn",
        "role": "sale",
        "active": True,
        "receiving": True,
    }


def new_customers(count: int) -> list[Delivery]:
    """One message of each, in the order of their times."""
    return [
        said(number * 10, f"m_{number}", f"Chào shop {number}", psid=str(_FIRST_CUSTOMER + number))
        for number in range(count)
    ]


async def is_split(mongo: Mongo, count: int) -> bool:
    """Whether so many conversations are there and none waits for its first decision."""
    conversations = mongo["conversations"]
    if await conversations.count_documents({"split.state": {"$nin": ["off", "pending"]}}) < count:
        return False
    return await conversations.find_one({"split.state": "pending"}) is None


async def assert_split_once(mongo: Mongo, delivered: list[Delivery], shop: Shop) -> Counter[str]:
    """X.SPL.20: one assignee and receipt each, told once with the assignee; how many each got.

    All were eligible all the time: nobody differs from another by more than one. What is above
    the cap of everybody (X.SPL.14) waits.
    """
    conversations = await mongo["conversations"].find().to_list()
    assert len(conversations) == len(delivered)
    given = [one for one in conversations if one["split"]["state"] == "assigned"]
    waiting = [one for one in conversations if one["split"]["state"] == "waiting"]
    cap = (shop.rule.get("cap") or {}).get("open")
    most = len(delivered) if cap is None else cap * len(shop.people)
    assert (len(given), len(waiting)) == (min(most, len(delivered)), max(0, len(delivered) - most))
    for one in given:
        assert one["assignee_id"] in shop.people
        assert one["participant_ids"] == [one["assignee_id"]]
        assert "due_at" not in one["split"]
    holders = Counter(one["assignee_id"] for one in given)
    shares = [holders[one] for one in shop.people]
    assert max(shares) - min(shares) <= 1, shares
    await _assert_receipts(mongo, {one["_id"]: one["assignee_id"] for one in given})
    await _assert_told(mongo, delivered, conversations)
    await _assert_books(mongo, holders)
    return holders


async def _assert_receipts(mongo: Mongo, holders: dict[str, str]) -> None:
    receipts = await mongo["receipts"].find({"kind": "assigned"}).to_list()
    assert {one["conversation_id"]: one["chosen"] for one in receipts} == holders
    assert len(receipts) == len(holders), "somebody was given twice"


async def _assert_told(
    mongo: Mongo, delivered: list[Delivery], conversations: list[Document]
) -> None:
    """Each message once, and nothing of a conversation before it had its person."""
    events = await mongo["live_events"].find({"conversation_id": {"$exists": True}}).to_list()
    received = [one for one in events if one["type"] == "message_received"]
    told = Counter(one["data"]["message"]["id"] for one in received)
    assert told == Counter(message_ids(delivered))
    holders = {one["_id"]: one.get("assignee_id") for one in conversations}
    for one in events:
        assert one["split"]["after"] in ("assigned", "waiting"), "told before it was decided"
        if one["split"]["after"] == "assigned":
            assert one["assignee"]["after"] == holders[one["conversation_id"]] is not None


async def _assert_books(mongo: Mongo, holders: Counter[str]) -> None:
    """What the ledger and the seats count is what people have."""
    ledger = {one["_id"]["staff_id"]: one["given"] async for one in mongo["split_ledger"].find()}
    assert ledger == dict(holders)
    seats = {one["_id"]: one["given"] async for one in mongo["split_seats"].find()}
    assert seats == dict(holders)
