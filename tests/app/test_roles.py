"""Every route of the service, asked by everybody: who may, and for things of which bot."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData

from inbox.clock import FixedClock
from inbox.http.binding import plain_path
from inbox.http.routing import Access, Route
from inbox.mongo.client import Mongo
from tests.app.role_world import ACTORS, PERSONAS, SIGNED_OUT, RoleWorld, role_world

OTHERS = frozenset({"manager elsewhere", "sale elsewhere"})
HIDDEN = frozenset({403, 404})


@dataclass(frozen=True, slots=True)
class Rule:
    """What is expected of one route.

    access: who may call it, said here once more: a route that is opened by mistake fails.
    ok: the status for those who may.
    of_bot: the thing in the path is bot one's: people of bot two get 403 or 404.
    refuses: personas that the route itself refuses with 403, whatever their role.
    hides: personas that get 404, for the thing is somebody else's.
    body, query: what is sent.
    """

    access: Access
    ok: int = 200
    of_bot: bool = False
    refuses: frozenset[str] = frozenset()
    hides: frozenset[str] = frozenset()
    body: Any = None
    query: dict[str, str] = field(default_factory=dict)


EVERYBODY = frozenset(PERSONAS) - {SIGNED_OUT}
BOT = frozenset({"bot"})
NO_ADMINS = EVERYBODY - {"owner", "admin"}

PASSWORD = "mat-khau-that-dai"
LABEL = {"vi": "Nhãn", "en": "Label"}
ITEM = {"message_id": "{customer message_id}", "position": 0}
A_DAY = {"since": "2026-11-20T00:00:00Z", "until": "2026-11-21T00:00:00Z"}

RULES: dict[str, Rule] = {
    "session.sign_in": Rule("public", 422, body={}),
    "session.sign_out": Rule("staff", refuses=EVERYBODY),  # a token is revoked, not signed out
    "session.me": Rule("staff"),
    "session.rename_me": Rule("staff", refuses=BOT, body={"name": "Tên mới"}),
    "session.change_password": Rule(
        "staff", refuses=EVERYBODY, body={"current": PASSWORD, "new": PASSWORD}
    ),  # in a session alone
    "session.my_sessions": Rule("staff", refuses=BOT),
    "session.end_others": Rule("staff", 204, refuses=BOT),
    "session.end_one": Rule("staff", refuses=BOT, hides=EVERYBODY),
    "session.reset_password": Rule("public", 404, body={"token": "x", "new": PASSWORD}),
    "embedding.settings": Rule("public"),
    "embedding.hand_over": Rule("staff", refuses=EVERYBODY),  # off here, and never for a token
    "embedding.sign_in_framed": Rule("public", 403, body={"code": "x"}),
    "staff.page": Rule("staff"),
    "staff.one": Rule("staff"),
    "staff.create": Rule(
        "admin", 201, body={"name": "Minh", "email": "minh@s.vn", "password": PASSWORD}
    ),
    "staff.edit": Rule("admin", body={"name": "Tên mới"}),
    "staff.deactivate": Rule("admin", 204),
    "staff.make_reset_link": Rule("admin", 201),
    "tokens.page": Rule("staff"),
    "tokens.create": Rule("staff", 201, refuses=BOT, body={"name": "CI", "scopes": ["read"]}),
    "tokens.revoke": Rule("staff", 204, hides=NO_ADMINS),
    "bots.page": Rule("staff"),
    "bots.one": Rule("staff", of_bot=True),
    "bots.create": Rule("admin", 201, body={"name": "Shop mới"}),
    "bots.edit": Rule("admin", body={"name": "Tên mới"}),
    "bots.delete": Rule("admin", 409),
    "bots.connect": Rule(
        "admin", 201, body={"channel": "zalo", "account_id": "oa9", "name": "OA 9"}
    ),
    "bots.disconnect": Rule("admin", 204),
    "bots.unknown_accounts": Rule("admin"),
    "bots.all": Rule("staff"),
    "bots.move": Rule("admin", 202, body={"bot_id": "bot2"}),
    "connecting.connect": Rule("admin", refuses=EVERYBODY, body={"channel": "zalo"}),  # as above
    "connecting.flow": Rule("admin", 404),
    "connecting.finish": Rule("admin", 404, body={"account_ids": ["x"]}),
    "connecting.replace_credentials": Rule(
        "admin", 409, body={"credentials": {"access_token": "x"}}
    ),
    "connecting.accounts": Rule("admin"),
    "connecting.waiting": Rule("admin"),
    "connecting.done": Rule("admin", 404),
    "conversations.browse": Rule("staff"),
    "conversations.counts": Rule("staff"),
    "conversations.get": Rule("staff", of_bot=True),
    "conversations.messages": Rule("staff", of_bot=True),
    "conversations.post": Rule(
        "staff", 201, of_bot=True, body={"client_id": "c1", "text": "ghi chú", "internal": True}
    ),
    "conversations.retry": Rule("staff", 409, of_bot=True, body={"action": "resend"}),
    "conversations.cancel": Rule("staff", of_bot=True),
    "conversations.typing": Rule("staff", 204, of_bot=True),
    "conversations.hide": Rule("staff", 409, of_bot=True, body={"hidden": True}),
    "conversations.like": Rule("staff", 409, of_bot=True, body={"liked": True}),
    "conversations.remove": Rule("staff", 409, of_bot=True),
    "conversations.change": Rule("staff", of_bot=True, body={"status": "closed"}),
    "conversations.read": Rule("staff", of_bot=True, body={"up_to_seq": 1}),
    "conversations.sidebar": Rule("staff", of_bot=True),
    "customers.get": Rule("staff", of_bot=True),
    "customers.edit": Rule("staff", of_bot=True, body={"note": "Thích màu xanh"}),
    "customers.media": Rule("staff", of_bot=True),
    "customers.archive": Rule("staff", of_bot=True, body={"items": [ITEM]}),
    "customers.attach": Rule("staff", of_bot=True, body={"tag_id": "tag"}),
    "customers.detach": Rule("staff", 204, of_bot=True),
    "customers.reveal": Rule("staff", of_bot=True, body={"field": "phones"}),
    "customers.suggestions": Rule("staff", of_bot=True),
    "customers.decide": Rule(
        "staff",
        of_bot=True,
        body={"kind": "phone", "value": "+84987654321", "decision": "save"},
    ),
    "customers.duplicates": Rule("staff", of_bot=True),
    "customers.merge": Rule("staff", of_bot=True, body={"customer_id": "{twin_id}"}),
    "customers.undo": Rule("staff", of_bot=True),
    "customers.timeline": Rule("staff", of_bot=True),
    "customers.kinds": Rule("staff"),
    "customers.locate": Rule("staff", body={"phone": "0912345678"}),
    "customers.erase": Rule("admin", 202),
    "tags.catalogue": Rule("staff"),
    "tags.create": Rule("staff", 201, body={"name": "Khách mới"}),
    "tags.edit": Rule("manager", body={"name": "Khách buôn"}),
    "tags.order": Rule("manager", body={"ids": ["tag"]}),
    "tags.delete": Rule("manager", 204, query={"usage": "1"}),
    "attributes.catalogue": Rule("staff"),
    "attributes.create": Rule("admin", 201, body={"key": "size", "label": LABEL, "type": "text"}),
    "attributes.edit": Rule("admin", 404, body={"label": LABEL}),
    "attributes.order": Rule("admin", 422, body={"ids": ["attribute"]}),
    "attributes.delete": Rule("admin", 404),
    "canned replies.all": Rule("staff"),
    "canned replies.create": Rule(
        "manager", 201, of_bot=True, body={"bot_id": "bot1", "shortcut": "chao", "text": "Dạ"}
    ),
    "canned replies.edit": Rule("manager", of_bot=True, body={"text": "Dạ"}),
    "canned replies.delete": Rule("manager", 204, of_bot=True),
    "canned replies.filled": Rule("staff", of_bot=True),
    "search.search": Rule("staff", query={"q": "hoa"}),
    "uploads.upload": Rule("staff", 201),
    "uploads.download": Rule("staff", 404),
    "media.attachment": Rule("public", 403),  # whoever has a signed link, and nobody else
    "media.avatar": Rule("public", 403),
    "media.copy": Rule("staff", 404, of_bot=True),
    "live.follow": Rule("staff", 400),  # no upgrade was asked for
    "webhooks.page": Rule("admin"),
    "webhooks.replay_all": Rule("admin"),
    "webhooks.replay_one": Rule("admin", 404),
    "accounts.request_backfill": Rule("admin", 202, body=A_DAY),
    "accounts.gaps": Rule("admin"),
    "audit.page": Rule("admin"),
    "health.checks": Rule("admin"),
    "split.get": Rule("manager", of_bot=True),
    "split.put": Rule("admin", body={"enabled": False}),
    "split.add": Rule(
        "admin",
        201,
        body={"name": "Zalo", "when": {"field": "channel", "op": "is", "value": "zalo"}},
    ),
    "split.change": Rule("admin", body={"name": "Còn lại"}),
    "split.delete": Rule("admin", 409),  # the catch-all stays
    "split.order": Rule("admin", body={"ids": []}),
    "split.ledger": Rule("manager", of_bot=True),
    "split.shift": Rule("staff"),
    "split.put_shift": Rule("manager", body={"schedule": None}),
    "split.rehearse": Rule("admin", body={"days": 1}),
    "split.waiting": Rule("staff", of_bot=True),
    "session.change_me": Rule("staff", refuses=BOT, body={"receiving": True}),
    "split.board": Rule("staff", of_bot=True),
    "split.switch": Rule("manager", 404, of_bot=True, body={"receiving": False}),
    "conversations.claim": Rule("staff", 409, of_bot=True, refuses=BOT),
    "conversations.assign": Rule("staff", 409, of_bot=True, refuses=BOT, body={"staff_id": "sale"}),
    "conversations.add_participant": Rule(
        "staff", of_bot=True, refuses=BOT, body={"staff_id": "sale"}
    ),
    "conversations.remove_participant": Rule("staff", of_bot=True, refuses=BOT),
    "conversations.people": Rule("staff", of_bot=True),
    "conversations.colleagues": Rule("staff", of_bot=True),
    "conversations.receipts": Rule("staff", of_bot=True),
    "conversations.set_automation": Rule(
        "staff", of_bot=True, refuses=BOT, body={"state": "human"}
    ),  # what talks by itself hands over, and takes nothing
    "automations.all": Rule("admin"),
    "automations.create": Rule("admin", 201, body={"name": "Trả lời", "url": "https://bot.vn/in"}),
    "automations.one": Rule("admin"),
    "automations.edit": Rule("admin", body={"name": "Tên mới"}),
    "automations.delete": Rule("admin", 204),
    "automations.new_secret": Rule("admin"),
    "automations.retire_secrets": Rule("admin", 204),
    "automations.deliveries": Rule("admin"),
    "automations.replay": Rule("admin", body={"event_ids": ["x"]}),
    "automations.check": Rule("admin"),
    "automations.hand_over": Rule("staff", of_bot=True, body={}),
    "scripts.page": Rule("staff", of_bot=True),
    "scripts.add": Rule("manager", 201, of_bot=True, body={"name": "Chào khách"}),
    "scripts.preview": Rule("manager", of_bot=True, body={"script": {"name": "Chào khách"}}),
    "scripts.one": Rule("staff", of_bot=True),
    "scripts.change": Rule("manager", of_bot=True, body={"name": "Tên mới"}),
    "scripts.delete": Rule("manager", 204, of_bot=True),
    "scripts.clone": Rule("manager", 201, of_bot=True),
    "scripts.report": Rule("manager", of_bot=True),
    "enrolments.page": Rule("staff", of_bot=True),
    "enrolments.attach": Rule("staff", of_bot=True, body={"script_ids": ["{script_id}"]}),
    "enrolments.change": Rule("staff", of_bot=True, body={"action": "pause"}),
    "enrolments.detach": Rule("staff", 204, of_bot=True),
    "enrolments.attach_many": Rule("staff", of_bot=True, body={"customer_ids": ["{twin_id}"]}),
    "crm.get": Rule("staff", of_bot=True),
    "crm.sync": Rule("staff", 404, of_bot=True, body={"connection": "shop"}),  # none is set up
    "crm.link": Rule("staff", 404, of_bot=True, body={"connection": "shop", "record_id": "1"}),
    "crm.connections": Rule("admin"),
    "crm.connection": Rule("admin", 404),
    "crm.check": Rule("admin", 404),
    "crm.parked": Rule("admin", 404),
    "crm.replay": Rule("admin", 404, body={}),
    "crm.backfill": Rule("admin", 404, body={}),
    "staff.begin": Rule("admin", 202, body={"to": None}),
    "staff.get": Rule("admin", 404),
    "session.page": Rule("staff"),
    "session.read": Rule("staff", 204, body={}),
}
"""By operation id, in the order of the API's documentation more or less."""


def _expected(rule: Rule, persona: str) -> frozenset[int]:
    """The statuses that this persona may get."""
    if rule.access == "public":
        return frozenset({rule.ok})
    if persona == SIGNED_OUT:
        return frozenset({401})
    actor = next(one for one in ACTORS if one.id == persona)
    too_low = rule.access != "staff" and not actor.at_least(rule.access)
    if too_low or persona in rule.refuses:
        return frozenset({403})
    if persona in rule.hides:
        return frozenset({404})
    if rule.of_bot and persona in OTHERS:
        return HIDDEN
    return frozenset({rule.ok})


@pytest.fixture
async def world(mongo: Mongo, clock: FixedClock, tmp_path: Path) -> AsyncIterator[RoleWorld]:
    async with role_world(mongo, clock, tmp_path) as made:
        yield made


def rows(world: RoleWorld) -> list[Route]:
    return [row for table in world.service.tables() for row in table.table()]


def test_every_route_has_a_rule_that_says_its_access(world: RoleWorld) -> None:
    """A new route fails here until somebody has said who may call it."""
    declared = {row.name: row.operation.access for row in rows(world)}

    assert {name: rule.access for name, rule in RULES.items()} == declared


async def test_everybody_gets_what_the_rules_say_and_nothing_else(world: RoleWorld) -> None:
    """Roles by resources: each route as each persona, on things of their bot and of another."""
    wrong: list[str] = []
    for row in rows(world):
        rule = RULES[row.name]
        for persona in PERSONAS:
            status = await _ask(world, row, rule, persona)
            if row.operation.method != "GET" and status < HTTPStatus.BAD_REQUEST:
                await world.refill()  # the next one finds what this one has changed as it was
            if status not in _expected(rule, persona):
                wrong.append(f"{row.name} as {persona}: {status}")

    assert not wrong, "\n".join(wrong)


async def _ask(world: RoleWorld, row: Route, rule: Rule, persona: str) -> int:
    path = plain_path(row.operation.path).removeprefix("/api/v1").format(**world.ids)
    options: dict[str, Any] = {"params": rule.query, "headers": {"If-Match": "*"}}
    if row.name == "uploads.upload":
        options["data"] = FormData()
        options["data"].add_field("file", b"x", filename="x.txt")
    elif rule.body is not None:
        options["json"] = _filled(rule.body, world.ids)
    as_ = None if persona == SIGNED_OUT else persona
    return (await world.api.call(row.operation.method, path, as_, **options)).status


def _filled(body: Any, ids: dict[str, str]) -> Any:
    """The body with the world's ids in place of their names in braces."""
    if isinstance(body, dict):
        return {name: _filled(value, ids) for name, value in body.items()}
    if isinstance(body, list):
        return [_filled(value, ids) for value in body]
    return body.format(**ids) if isinstance(body, str) else body
