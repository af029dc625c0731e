"""One thing of every kind in bot one, people of two bots, and the API of the whole service."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.parts import Parts
from app.settings import load_settings
from app.wiring import Service
from inbox.bots.secrets import SecretBox
from inbox.clock import Clock
from inbox.ids import account_key
from inbox.mongo.client import Mongo
from inbox.mongo.due import due
from inbox.staff.model import Actor, Role
from scheduler.scripts.documents import script_document
from scheduler.scripts.model import Content, Delay, Script, Step
from tests.inbox.inbox_world import NOON, Api, World, minutes, serve

PHONE, EMAIL = "+84912345678", "hoa.nguyen@shop.vn"
ACCOUNT = account_key("zalo", "oa1")
SIGNED_OUT = "signed out"


def _person(name: str, role: Role, *bots: str) -> Actor:
    return Actor(id=name, name=name, role=role, bot_ids=frozenset(bots))


ACTORS: tuple[Actor, ...] = (
    _person("owner", "owner"),
    _person("admin", "admin"),
    _person("manager", "manager", "bot1"),
    _person("sale", "sale", "bot1"),
    Actor(
        id="bot",
        name="bot",
        role="sale",
        bot_ids=frozenset({"bot1"}),
        kind="automation",
        token_id="token of bot",
        scopes=frozenset({"read", "write"}),
    ),
    _person("manager elsewhere", "manager", "bot2"),
    _person("sale elsewhere", "sale", "bot2"),
)
"""Everybody asks with a token that is their name."""
PERSONAS = (SIGNED_OUT, *(actor.id for actor in ACTORS))

Ids = dict[str, str]


@dataclass
class RoleWorld:
    """`ids`: by the names that paths have for them."""

    mongo: Mongo
    api: Api
    service: Service
    ids: Ids = field(default_factory=dict)

    async def refill(self) -> None:
        """Everything as it was at first."""
        names = await self.mongo.db.list_collection_names()
        await asyncio.gather(*(self.mongo[name].delete_many({}) for name in names))
        self.ids = await _fill(self.mongo, self.service.settings.secret_box())


@asynccontextmanager
async def role_world(
    mongo: Mongo, clock: Clock, data: Path, overrides: Mapping[str, Any] | None = None
) -> AsyncIterator[RoleWorld]:
    """The API of the service for `ACTORS`; no loop of the service runs."""
    environ = {"INBOX__SECRET_KEY": secrets.token_urlsafe(32)}
    chosen = {"app.data": data, **(overrides or {})}
    settings = load_settings(Path("config.yaml"), environ, chosen)
    service = Service(settings, mongo, Parts(clock=clock))
    api = await serve(service.tables(), *ACTORS)
    try:
        made = RoleWorld(mongo, api, service)
        await made.refill()
        yield made
    finally:
        await api.close()
        await service.automations.close()  # a receiver was checked


async def _fill(mongo: Mongo, box: SecretBox) -> Ids:
    """One of everything, of bot one where bots own it."""
    world = World(mongo)
    second = {"second": PHONE}
    contact: dict[str, Any] = {"phones": [PHONE], "emails": [EMAIL], "attributes": second}
    customer = await world.customer(
        "Nguyễn Thị Hoa", phones=[PHONE], emails=[EMAIL], attributes=second, tag_ids=["tag"]
    )
    twin = await world.customer("Hoa", phones=[PHONE], emails=[EMAIL])
    third = await world.customer("Hoa ba", **contact)
    thread = await world.conversation(customer)
    for other in (twin, third):
        await world.conversation(other)
    asked = await world.message(thread, "Chào shop, mẫu này còn không?", at=minutes(1))
    failed = await world.message(
        thread,
        "Còn ạ",
        at=minutes(2),
        direction="out",
        status="failed",
        author={"kind": "staff", "id": "sale", "name": "sale"},
        error={"code": "send_refused", "vi": "Bị từ chối.", "en": "Refused.", "at": NOON},
        parts=[{"n": 0, "state": "failed"}],
    )
    await mongo["conversations"].update_one({"_id": thread}, {"$set": {"last.message_id": asked}})
    await _fill_people(mongo)
    await mongo["tags"].insert_one(
        {
            "_id": "tag",
            "name": "Khách sỉ",
            "key": "khach si",
            "colour": "blue",
            "position": 1,
            "created_at": NOON,
        }
    )
    await mongo["canned_replies"].insert_one(
        {"_id": "reply", "bot_id": "bot1", "shortcut": "sdt", "key": "sdt",
         "text": "Số của chị là {{phone}}, {{email}}", "updated_at": NOON}
    )  # fmt: skip
    await mongo["interactions"].insert_one(
        {"_id": "edit", "customer_id": customer, "type": "edited", "at": NOON, "actor_id": "sale",
         "data": {"before": {"phones": []}, "after": contact}}
    )  # fmt: skip
    await mongo["merges"].insert_one(await _merge(mongo, customer, third))
    await _fill_scripts(mongo, customer, thread)
    await mongo["automations"].insert_one(
        {"_id": "automation", "bot_id": "bot1", "name": "Trả lời", "kind": "webhook",
         "url": "https://bot.vn/in", "events": ["message.received"], "answers": False,
         "answer_within_s": 60, "hand_back_after_s": None, "enabled": True, "created_at": NOON,
         "version": 1, "sealed": box.seal({"signing": "whsec_" + "a" * 43 + "="})}
    )  # fmt: skip
    return {
        "customer_id": customer,
        "twin_id": twin,
        "conversation_id": thread,
        "message_id": failed,
        "customer message_id": asked,
        "bot_id": "bot1",
        "account": ACCOUNT,
        "key": ACCOUNT,
        "staff_id": "lan",
        "tag_id": "tag",
        "reply_id": "reply",
        "merge_id": "merge",
        "identity_id": customer,
        "position": "0",
        "session_id": "session",
        "token_id": "token",
        "attribute_id": "attribute",
        "upload_id": "upload",
        "flow_id": "flow",
        "code": "code",
        "entry_id": "0" * 24,
        "rule_id": "default-bot1",
        "script_id": "script",
        "enrolment_id": "enrolment",
        "connection": "shop",
        "automation_id": "automation",
    }


async def _fill_people(mongo: Mongo) -> None:
    for actor in (*ACTORS, _person("lan", "sale", "bot1")):
        if actor.kind == "staff":
            await mongo["staff"].insert_one(
                {"_id": actor.id, "name": actor.id, "initials": "A", "email": f"{actor.id}@s.vn",
                 "role": actor.role, "active": True, "receiving": True, "created_at": NOON,
                 "password_hash": "none"}
            )  # fmt: skip
    for number in ("1", "2"):
        here = sorted(actor.id for actor in ACTORS if f"bot{number}" in actor.bot_ids)
        await mongo["bots"].insert_one(
            {"_id": f"bot{number}", "name": f"Shop {number}", "member_ids": here,
             "crm_sync": False, "split": {}, "created_at": NOON, "version": 1}
        )  # fmt: skip
        await mongo["accounts"].insert_one(
            {"_id": account_key("zalo", f"oa{number}"), "bot_id": f"bot{number}",
             "channel": "zalo", "account_id": f"oa{number}", "name": f"OA {number}",
             "health": {"state": "ok", "at": NOON}, "created_at": NOON}
        )  # fmt: skip
    await mongo["tokens"].insert_one(
        {"_id": "token", "name": "CI", "staff_id": "lan", "bot_id": None, "scopes": ["read"],
         "created_at": NOON}
    )  # fmt: skip
    await mongo["sessions"].insert_one(
        {"_id": "session", "staff_id": "lan", "created_at": NOON,
         "expires_at": NOON + timedelta(days=9)}
    )  # fmt: skip


async def _fill_scripts(mongo: Mongo, customer: str, thread: str) -> None:
    step = Step("step", Delay(1, "hour"), Content("Chào {{name, bạn}}"))
    script = Script(
        id="script", bot_id="bot1", name="Chào khách", enabled=True, steps=(step,), created_at=NOON
    )
    await mongo["scripts"].insert_one(script_document(script))
    await mongo["enrolments"].insert_one(
        {"_id": "enrolment", "script_id": "script", "script_created_at": NOON, "script_version": 1,
         "bot_id": "bot1", "customer_id": customer, "conversation_id": thread, "status": "active",
         "open": True, "next_step_id": "step", "next_at": minutes(60), "work": due(minutes(60)),
         "log": [], "started_at": NOON, "via": "staff", "by": "sale"}
    )  # fmt: skip


async def _merge(mongo: Mongo, survivor: str, loser: str) -> dict[str, Any]:
    """A merge that was made: the third record went into the first."""
    before = {
        name: await mongo["customers"].find_one({"_id": id_})
        for name, id_ in (("survivor", survivor), ("loser", loser))
    }
    assert before["survivor"] is not None
    assert before["loser"] is not None
    await mongo["customers"].delete_one({"_id": loser})
    await mongo["customers"].update_one(
        {"_id": survivor},
        {
            "$set": {"merged_from": [loser]},
            "$push": {"identities": {"$each": before["loser"]["identities"]}},
        },
    )
    await mongo["redirects"].insert_one({"_id": loser, "to": survivor})
    return {
        "_id": "merge", "survivor_id": survivor, "loser_id": loser, "at": NOON, "actor_id": "sale",
        "people": sorted([survivor, loser]), "before": before, "conversation_ids": [],
    }  # fmt: skip
