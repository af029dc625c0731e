"""The Graph API of the gateway over HTTP: any version, any way in which libraries send fields.

Not part of our own API: its contract is Meta's, and docs/messenger-gateway.md says how far.
"""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
import structlog
from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from channels.messenger_gateway.admitting import Admitting
from channels.messenger_gateway.api import GraphApi
from channels.messenger_gateway.errors import GraphError, graph_error_of, invalid, unexpected
from channels.messenger_gateway.files import ProgramFiles
from channels.messenger_gateway.model import GraphCall
from inbox.errors import InboxError
from inbox.ids import random_id
from inbox.media.naming import name_in_form

log = structlog.get_logger(__name__)

PREFIX = "/messenger"
_VERSION = re.compile(r"v\d+(\.\d+)?")
_METHODS = frozenset({"GET", "POST", "DELETE"})
_CHUNK_BYTES = 64 * 1024
_FIELD_MOST = 256 * 1024
"""Bytes of one field of a multipart form; a template has a few thousand."""
BATCH_MOST = 50
"""https://developers.facebook.com/docs/graph-api/batch-requests"""
_BROKEN_FORM = (AssertionError, HttpProcessingError)
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
Json = dict[str, Any]


@dataclass(slots=True)
class _Asked:
    """A request as far as it is read. `fields` may hold the token."""

    method: str
    path: tuple[str, ...]
    fields: dict[str, Any] = field(repr=False)
    token: str | None = field(repr=False)
    key: str | None
    upload_id: str | None = None

    @property
    def bearer(self) -> str | None:
        token = self.fields.get("access_token") or self.token
        return None if token is None else str(token)

    @property
    def proof(self) -> str | None:
        proof = self.fields.get("appsecret_proof")
        return None if proof is None else str(proof)


class GraphRoutes:
    """`/messenger/...` in place of https://graph.facebook.com/..."""

    def __init__(self, admitting: Admitting, api: GraphApi, files: ProgramFiles) -> None:
        self._admitting = admitting
        self._api = api
        self._files = files

    def register(self, app: web.Application) -> None:
        """Every path below `/messenger`, so that what is unknown is refused as Graph does."""
        app.router.add_route("*", PREFIX, self.handle)
        app.router.add_route("*", PREFIX + "/{path:.*}", self.handle)

    async def handle(self, request: web.Request) -> web.Response:
        """Any call; the answer is JSON, whatever happens."""
        try:
            asked = await self._read(request)
            if not asked.path and "batch" in asked.fields:
                return _json(await self._batch(asked))
            return _json(await self._answer(asked))
        except GraphError as error:
            return _refusal(error)
        except InboxError as error:
            return _refusal(graph_error_of(error))
        except web.HTTPRequestEntityTooLarge:
            return _refusal(invalid("The request is too large"))
        except Exception as error:
            log.exception("a call of the gateway failed", error=type(error).__name__)
            return _refusal(unexpected())

    async def _answer(self, asked: _Asked) -> Json:
        if asked.method not in _METHODS:
            raise invalid(f"Unsupported method {asked.method[:10]}")
        actor, automation = await self._admitting.admit(asked.bearer, asked.proof)
        call = GraphCall(
            method=asked.method,
            path=asked.path,
            fields=asked.fields,
            actor=actor,
            automation=automation,
            key=asked.key or random_id(),
            upload_id=asked.upload_id,
            repeatable=asked.key is not None,
        )
        return await self._api.answer(call)

    # Batches

    async def _batch(self, asked: _Asked) -> list[Json | None]:
        """Each in its order, one failing or not: a program that sends three texts means three."""
        await self._admitting.admit(asked.bearer, asked.proof)
        given = asked.fields["batch"]
        items = _loads(given, "batch") if isinstance(given, str | bytes) else given
        if not isinstance(items, list) or not 0 < len(items) <= BATCH_MOST:
            raise invalid(f"batch must be an array of 1 to {BATCH_MOST} requests")
        with_headers = str(asked.fields.get("include_headers", True)).lower() != "false"
        return [
            await self._item(asked, item, place, with_headers=with_headers)
            for place, item in enumerate(items)
        ]

    async def _item(self, asked: _Asked, item: Any, place: int, *, with_headers: bool) -> Json:
        try:
            status, body = HTTPStatus.OK, await self._answer(_asked_in(asked, item, place))
        except GraphError as error:
            status, body = HTTPStatus(error.status), error.body()
        except InboxError as error:
            refused = graph_error_of(error)
            status, body = HTTPStatus(refused.status), refused.body()
        except Exception:  # what came before it in the batch is done, and must not be repeated
            log.exception("a request of a batch failed")
            broken = unexpected()
            status, body = HTTPStatus(broken.status), broken.body()
        answer: Json = {"code": int(status), "body": orjson.dumps(body).decode()}
        if with_headers:
            answer["headers"] = [{"name": "Content-Type", "value": "application/json"}]
        return answer

    # Reading

    async def _read(self, request: web.Request) -> _Asked:
        header = request.headers.get("Authorization", "")
        scheme, _, token = header.partition(" ")
        asked = _Asked(
            method=request.method,
            path=_path(request.match_info.get("path", "")),
            fields=dict(request.query),
            token=token.strip() if scheme.lower() in ("bearer", "oauth") else None,
            key=(request.headers.get("Idempotency-Key") or "")[:200] or None,
        )
        if request.content_type == "multipart/form-data":
            await self._read_form(request, asked)
        elif request.can_read_body:
            asked.fields |= _body_fields(request.content_type, await request.read())
        asked.method = str(asked.fields.pop("method", asked.method)).upper()
        return asked

    async def _read_form(self, request: web.Request, asked: _Asked) -> None:
        """Fields and one file, which is kept while it is read: the token must come before it."""
        try:
            form = await request.multipart()
            while (part := await form.next()) is not None:
                if isinstance(part, MultipartReader) or part.name is None:
                    continue
                if part.filename is None:
                    asked.fields[part.name] = await _text_of(part)
                else:
                    _, automation = await self._admitting.admit(asked.bearer, asked.proof)
                    name = name_in_form(part.filename)
                    upload = await self._files.keep(_chunks(part), name, automation.id)
                    asked.upload_id = upload.id
        except _BROKEN_FORM as error:
            raise invalid("The form is incomplete or broken") from error
        except ValueError as error:
            raise invalid("The form is incomplete or broken") from error


async def _text_of(part: BodyPartReader) -> str:
    content = bytearray()
    while chunk := await part.read_chunk(_CHUNK_BYTES):
        content += chunk
        if len(content) > _FIELD_MOST:
            raise invalid("A field of the form is too large")
    return content.decode()


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while not part.at_eof():
        if chunk := await part.read_chunk(_CHUNK_BYTES):
            yield chunk


def _path(written: str) -> tuple[str, ...]:
    """Without the version, which changes nothing here."""
    segments = tuple(one for one in written.split("/") if one)
    return segments[1:] if segments and _VERSION.fullmatch(segments[0]) else segments


def _body_fields(content_type: str, body: bytes) -> Mapping[str, Any]:
    """JSON or a url-encoded form; some libraries send one under the name of the other."""
    if not body.strip():
        return {}
    if content_type == "application/x-www-form-urlencoded" and body.lstrip()[:1] != b"{":
        return _form_fields(body.decode(errors="replace"))
    fields = _loads(body, "body")
    if not isinstance(fields, dict):
        raise invalid("The body must be a JSON object")
    return fields


def _form_fields(text: str) -> dict[str, Any]:
    return dict(parse_qsl(text, keep_blank_values=True))


def _asked_in(batch: _Asked, item: Any, place: int) -> _Asked:
    """One request of a batch; it has the token of the batch unless it brings its own."""
    if not isinstance(item, Mapping) or not isinstance(item.get("relative_url"), str):
        raise invalid("each request of a batch needs method and relative_url")
    try:
        url = urlsplit(item["relative_url"])
    except ValueError:
        raise invalid("relative_url is no address") from None
    body = item.get("body")
    fields: dict[str, Any] = _form_fields(url.query)
    if isinstance(body, Mapping):
        fields |= body
    elif body:
        text = str(body)
        fields |= _body_fields("application/json" if text[:1] == "{" else _FORM, text.encode())
    return _Asked(
        method=str(fields.pop("method", item.get("method", "GET"))).upper(),
        path=_path(url.path),
        fields=fields,
        token=batch.bearer,
        key=None if batch.key is None else f"{batch.key}.{place}",
    )


_FORM = "application/x-www-form-urlencoded"


def _loads(given: str | bytes, name: str) -> Any:
    try:
        return orjson.loads(given)
    except orjson.JSONDecodeError as error:
        raise invalid(f"param {name} must be valid JSON.") from error


def _json(value: Any) -> web.Response:
    return web.Response(body=orjson.dumps(value), content_type="application/json", headers=_HEADERS)


def _refusal(error: GraphError) -> web.Response:
    return web.Response(
        status=error.status,
        body=orjson.dumps(error.body()),
        content_type="application/json",
        headers=_HEADERS,
    )
