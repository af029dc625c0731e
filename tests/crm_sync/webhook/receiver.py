"""The receiver of a CRM in memory: it checks signatures by its own means, and repeats nothing."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson
from aiohttp import web

from inbox.clock import Clock
from tests.crm_sync.webhook.crm_in_memory import FIELDS, Crm, Refused

READS = ("customer.find", "customer.get", "customer.fields", "customer.changes")
PATH = "/hook"


class Receiver:
    """`calls` are the types and ids of genuine calls, `carried_out` those that did something."""

    def __init__(self, crm: Crm, clock: Clock, *keys: bytes) -> None:
        self.crm = crm
        self.keys = list(keys)
        self.unsupported: set[str] = set()
        self.answer_instead: Callable[[], web.StreamResponse] | None = None
        self.calls: list[tuple[str, str]] = []
        self.carried_out: list[str] = []
        self.clock = clock
        self._answers: dict[str, bytes] = {}
        self._types: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "customer.created": lambda told: self._written(crm.create(told)),
            "customer.updated": lambda told: self._written(crm.update(told)),
            "customer.note": self._note,
            "customer.find": lambda told: self._page(told, crm.find(told), len(crm.rows)),
            "customer.get": lambda told: {
                "record": crm.told(crm.row(told["crm_id"]), told["fields"])
            },
            "customer.fields": lambda told: {"fields": FIELDS},
            "customer.changes": self._changes,
        }
        self.application = web.Application(client_max_size=16 * 2**20)
        self.application.router.add_post(PATH, self.receive)

    def only_writes(self) -> None:
        self.unsupported |= set(READS)

    async def receive(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if not self._is_genuine(request, body):
            return web.Response(status=401)
        call_id, told = request.headers["Webhook-Id"], orjson.loads(body)
        assert request.headers["Idempotency-Key"] == call_id
        assert request.content_type == "application/json"
        self.calls.append((told["type"], call_id))
        if self.answer_instead is not None:
            return self.answer_instead()
        if call_id in self._answers:
            return _json(200, self._answers[call_id])
        return self._carry_out(call_id, told)

    def _carry_out(self, call_id: str, told: dict[str, Any]) -> web.Response:
        if told["type"] in self.unsupported:
            return _json(501, orjson.dumps({"code": "unsupported"}))
        try:
            answer = orjson.dumps(self._types[told["type"]](told))
        except Refused as refused:
            return _json(refused.status, orjson.dumps(refused.body))
        self._answers[call_id] = answer
        self.carried_out.append(told["type"])
        return _json(200, answer)

    def _is_genuine(self, request: web.Request, body: bytes) -> bool:
        headers = request.headers
        content = f"{headers['Webhook-Id']}.{headers['Webhook-Timestamp']}.".encode() + body
        digests = [hmac.new(key, content, hashlib.sha256).digest() for key in self.keys]
        wanted = {f"v1,{base64.b64encode(one).decode()}" for one in digests}
        seconds = self.clock.now().timestamp() - int(headers["Webhook-Timestamp"])
        return bool(wanted & set(headers["Webhook-Signature"].split(" "))) and abs(seconds) <= 300

    def _written(self, row: Any) -> dict[str, Any]:
        told = self.crm.told(row, ())
        return {name: told[name] for name in ("crm_id", "url", "changed_at")}

    def _note(self, told: dict[str, Any]) -> dict[str, Any]:
        row = self.crm.row(told["crm_id"])
        row.notes[told["note_id"]] = told["text"]
        return {"note_id": f"{row.id}-{list(row.notes).index(told['note_id'])}"}

    def _changes(self, told: dict[str, Any]) -> dict[str, Any]:
        since = datetime.fromisoformat(told["since"])
        return self._page(told, self.crm.changes(since, told["after"]), told["limit"])

    def _page(self, told: dict[str, Any], rows: list[Any], limit: int) -> dict[str, Any]:
        records = [self.crm.told(row, told["fields"]) for row in rows[:limit]]
        return {"records": records, "more": len(rows) > limit}


def _json(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body, content_type="application/json")
