"""A HubSpot on 127.0.0.1: the routes that the connector uses, with their limits and errors.

Made from the documentation, not from a recording of a live account: shapes, keys and limits are
those of https://developers.hubspot.com/docs/api-reference, each named where it is enforced.
"""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.crm_sync.hubspot.portal import Portal
from tests.crm_sync.hubspot.properties import checked_options
from tests.crm_sync.hubspot.refusals import (
    Refused,
    bad_request,
    missing_scopes,
    not_found,
    too_many,
    unknown_token,
)
from tests.crm_sync.hubspot.searching import search
from tests.crm_sync.hubspot.shapes import absent, batch, inputs, told

TOKEN = "pat-na1-11111111-2222-3333-4444-555555555555"
READ, WRITE = "crm.objects.contacts.read", "crm.objects.contacts.write"
READ_SCHEMAS, WRITE_SCHEMAS = "crm.schemas.contacts.read", "crm.schemas.contacts.write"
READ_OWNERS = "crm.objects.owners.read"
BURST, INTERVAL = 190, timedelta(seconds=10)
SEARCHES, SECOND = 5, timedelta(seconds=1)
"""https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines"""

Handler = Callable[[web.Request, Any], Awaitable[Any]]


class FakeHubSpot:
    """Each request takes `pace` of the portal's own time, which no real clock moves."""

    def __init__(self) -> None:
        self.portal = Portal()
        self.scopes = {READ, WRITE, READ_SCHEMAS, WRITE_SCHEMAS, READ_OWNERS}
        self.pace = timedelta(milliseconds=250)
        self.per_day = 250_000
        self.tells_conflicts_apart = False
        self.overwritten_options = 0
        """How many lists of options another one overwrites at the same moment."""
        self._recent: deque[datetime] = deque()
        self._searches: deque[datetime] = deque()
        application = web.Application(client_max_size=16 * 1024 * 1024)
        application.router.add_routes(self._routes())
        self._server = TestServer(application)

    @property
    def url(self) -> str:
        return str(self._server.make_url("")).rstrip("/")

    async def start(self) -> None:
        await self._server.start_server()

    async def stop(self) -> None:
        await self._server.close()

    def _routes(self) -> list[web.RouteDef]:
        contacts, notes = "/crm/v3/objects/contacts", "/crm/v3/objects/notes"
        properties = "/crm/v3/properties/contacts"
        return [
            web.get(contacts, self._serve(READ, self._list)),
            web.post(f"{contacts}/batch/upsert", self._serve(WRITE, self._upsert)),
            web.post(f"{contacts}/batch/read", self._serve(READ, self._read)),
            web.post(f"{contacts}/search", self._serve(READ, self._search)),
            web.get(f"{contacts}/{{id}}", self._serve(READ, self._get)),
            web.patch(f"{contacts}/{{id}}", self._serve(WRITE, self._patch)),
            web.get(properties, self._serve(READ_SCHEMAS, self._properties)),
            web.post(properties, self._serve(WRITE_SCHEMAS, self._define)),
            web.get(f"{properties}/{{name}}", self._serve(READ_SCHEMAS, self._property)),
            web.patch(f"{properties}/{{name}}", self._serve(WRITE_SCHEMAS, self._redefine)),
            web.get("/crm/v3/owners", self._serve(READ_OWNERS, self._owners)),
            web.post(notes, self._serve(WRITE, self._make_note)),
            web.post(f"{notes}/batch/read", self._serve(READ, self._read_notes)),
            web.patch(f"{notes}/{{id}}", self._serve(WRITE, self._patch_note)),
            web.get(
                "/crm/v4/objects/contacts/{id}/associations/notes",
                self._serve(READ, self._associations),
            ),
        ]

    def _serve(self, scope: str, handler: Handler) -> Callable[[web.Request], Any]:
        async def answer(request: web.Request) -> web.Response:
            raw = await request.read()
            try:
                self._let_in(request, scope)
                found = await handler(request, orjson.loads(raw) if raw else {})
            except orjson.JSONDecodeError:
                refused = bad_request("Invalid input JSON")
                return _json(refused.body(), 400, self._limits())
            except Refused as refused:
                return _json(refused.body(), refused.status, {**self._limits(), **refused.headers})
            status = found.pop("_status", 200)
            limits = {} if request.path.endswith("/search") else self._limits()
            return _json(found, status, limits)  # searches tell no limits

        return answer

    def _let_in(self, request: web.Request, scope: str) -> None:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise unknown_token()
        self.portal.now += self.pace
        if self.per_day <= 0:
            raise too_many("DAILY")
        if request.path.endswith("/search"):
            _count(self._searches, self.portal.now, SEARCHES, SECOND, "SECONDLY")
        _count(self._recent, self.portal.now, BURST, INTERVAL, "TEN_SECONDLY_ROLLING")
        self.per_day -= 1
        if scope not in self.scopes:
            raise missing_scopes(scope)

    def _limits(self) -> dict[str, str]:
        return {
            "X-HubSpot-RateLimit-Daily": "250000",
            "X-HubSpot-RateLimit-Daily-Remaining": str(self.per_day),
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Max": str(BURST),
            "X-HubSpot-RateLimit-Remaining": str(BURST - len(self._recent)),
        }

    async def _list(self, request: web.Request, body: Any) -> Any:
        limit = int(request.query.get("limit", "10"))
        things = [one for one in self.portal.contacts.values() if not one.archived]
        return {"results": [told(one, []) for one in things[:limit]]}

    async def _get(self, request: web.Request, body: Any) -> Any:
        names = [name for name in request.query.get("properties", "").split(",") if name]
        id_property = request.query.get("idProperty")
        return told(self.portal.contact(request.match_info["id"], id_property), names)

    async def _patch(self, request: web.Request, body: Any) -> Any:
        contact = self.portal.contact(request.match_info["id"], request.query.get("idProperty"))
        self.portal.write(contact, body["properties"])
        return told(contact, body["properties"])

    async def _upsert(self, request: web.Request, body: Any) -> Any:
        wanted = inputs(body)
        keys = [(one.get("idProperty"), one["id"]) for one in wanted]
        if len(set(keys)) != len(keys):
            raise bad_request("Duplicate IDs found in batch input")
        results, errors = [], []
        for one in wanted:
            try:
                results.append(self._upsert_one(one))
            except Refused as refused:
                if refused.status != 409 or not self.tells_conflicts_apart:
                    raise
                errors.append({**refused.body(), "context": {"id": [one["id"]]}})
        return batch(results, errors)

    def _upsert_one(self, one: Mapping[str, Any]) -> dict[str, Any]:
        name, value = one.get("idProperty") or "", one["id"]
        self.portal.unique(name)
        found = self.portal.holder(name, value)
        properties = {**one["properties"], name: value}
        if found is None:
            made = self.portal.make_contact(properties)
            return {**told(made, properties), "new": True}
        self.portal.write(found, properties)
        return {**told(found, properties), "new": False}

    async def _read(self, request: web.Request, body: Any) -> Any:
        found, missing = [], []
        for one in inputs(body):
            try:
                found.append(self.portal.contact(one["id"], body.get("idProperty")))
            except Refused:
                missing.append(one["id"])
        results = [told(one, body.get("properties") or ()) for one in found]
        return batch(results, [absent(missing)] if missing else [])

    async def _search(self, request: web.Request, body: Any) -> Any:
        rows = list(self.portal.index.values())
        hits, total = search(rows, body, len(await request.text()))
        results = []
        for row in hits:
            contact = self.portal.contacts.get(int(row["hs_object_id"]))
            if contact is None:
                continue
            hit = told(contact, [])
            names = [*(body.get("properties") or ()), "lastmodifieddate", "hs_object_id"]
            hit["properties"] = {name: row.get(name) for name in names}
            results.append(hit)
        return {"total": total, "results": results}

    async def _properties(self, request: web.Request, body: Any) -> Any:
        return {"results": list(self.portal.properties.values())}

    async def _property(self, request: web.Request, body: Any) -> Any:
        return dict(self._definition(request))

    async def _define(self, request: web.Request, body: Any) -> Any:
        return {**self.portal.define(body), "_status": 201}

    async def _redefine(self, request: web.Request, body: Any) -> Any:
        definition = self._definition(request)
        if definition["modificationMetadata"]["readOnlyDefinition"]:
            raise bad_request("This property is read only")
        checked_options(body.get("options") or [])
        if self.overwritten_options:
            self.overwritten_options -= 1
            return {**definition, **body}
        definition |= body
        return dict(definition)

    def _definition(self, request: web.Request) -> dict[str, Any]:
        found = self.portal.properties.get(request.match_info["name"])
        if found is None:
            raise not_found("Property does not exist")
        return found

    async def _owners(self, request: web.Request, body: Any) -> Any:
        archived = request.query.get("archived") == "true"
        email, limit = request.query.get("email"), int(request.query.get("limit", "100"))
        start = int(request.query.get("after", "0"))
        if limit > 500:
            raise bad_request("limit must be at most 500")
        found = [
            one
            for one in self.portal.owners
            if one["archived"] == archived and (email is None or one["email"] == email.lower())
        ]
        page, rest = found[start : start + limit], found[start + limit :]
        paging = {"paging": {"next": {"after": str(start + limit)}}} if rest else {}
        return {"results": page, **paging}

    async def _make_note(self, request: web.Request, body: Any) -> Any:
        contacts = [self.portal.contact(str(one["to"]["id"])) for one in body["associations"]]
        note = self.portal.write_note(None, body["properties"])
        for contact in contacts:
            self.portal.notes_of.setdefault(contact.id, []).append(note.id)
        return {**told(note, body["properties"]), "_status": 201}

    async def _patch_note(self, request: web.Request, body: Any) -> Any:
        note = self.portal.notes.get(int(request.match_info["id"]))
        if note is None:
            raise not_found()
        return told(self.portal.write_note(note, body["properties"]), body["properties"])

    async def _read_notes(self, request: web.Request, body: Any) -> Any:
        ids = [int(one["id"]) for one in inputs(body)]
        found = [self.portal.notes[id_] for id_ in ids if id_ in self.portal.notes]
        missing = [str(id_) for id_ in ids if id_ not in self.portal.notes]
        results = [told(one, body.get("properties") or ()) for one in found]
        return batch(results, [absent(missing)] if missing else [])

    async def _associations(self, request: web.Request, body: Any) -> Any:
        contact = self.portal.contact(request.match_info["id"])
        limit, start = int(request.query["limit"]), int(request.query.get("after", "0"))
        if limit > 500:
            raise bad_request("limit must be at most 500")
        ids = self.portal.notes_of.get(contact.id, [])
        kind = {"category": "HUBSPOT_DEFINED", "typeId": 201, "label": None}
        results = [{"toObjectId": id_, "associationTypes": [kind]} for id_ in ids]
        paging = {"paging": {"next": {"after": str(start + limit)}}}
        rest = paging if len(results) > start + limit else {}
        return {"results": results[start : start + limit], **rest}


@asynccontextmanager
async def fake_hubspot() -> AsyncIterator[FakeHubSpot]:
    server = FakeHubSpot()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def _count(
    recent: deque[datetime], now: datetime, most: int, within: timedelta, policy: str
) -> None:
    """Raises Refused: there were too many."""
    while recent and recent[0] <= now - within:
        recent.popleft()
    if len(recent) >= most:
        raise too_many(policy)
    recent.append(now)


def _json(body: Any, status: int, headers: Mapping[str, str]) -> web.Response:
    return web.Response(
        body=orjson.dumps(body), status=status, content_type="application/json", headers=headers
    )
