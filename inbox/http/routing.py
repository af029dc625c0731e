"""Routes as methods with a decorator: who may call, what goes in, what comes out.

    class TagRoutes(Routes):
        def __init__(self, tags: TagStore) -> None: ...

        @route("GET", "/api/v1/tags", access="staff", tag="tags")
        async def all_tags(self, actor: Actor, limit: Limit = 50) -> Page[TagView]:
            \"\"\"The tags, by name.\"\"\"

Arguments are bound by name. `actor`: who asks. `request`: the aiohttp request. `body`: the JSON
body, parsed strictly into its annotation (see `Body`). `query`: the whole query string as one
model. `if_match: int | None`: the version in the If-Match header (`int`: it is mandatory). A
name in the path: that part of the path. Any other: a query parameter, with its default.

The return annotation is the answer's JSON; None answers 204; a `web.StreamResponse` goes out as
it is. The first line of the docstring is the summary in the OpenAPI document.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, TypedDict, TypeVar, Unpack, get_type_hints

from aiohttp import web
from pydantic import BaseModel, TypeAdapter

from inbox.errors import InboxError
from inbox.http.binding import Binding, Body, binding_of, read_body

__all__ = ["Access", "Body", "Route", "Routes", "json_answer", "read_body", "route"]

Access = Literal["public", "staff", "manager", "admin", "owner"]
"""Who may call: anybody, anybody signed in, or that role or higher."""

_Method = TypeVar("_Method", bound=Callable[..., Awaitable[Any]])
_OPERATION = "__operation__"
_JSON_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class RouteOptions(TypedDict, total=False):
    """What only some routes need.

    status: of success; 200 (204 without an answer) unless said otherwise.
    problems: errors beyond those that follow from access, path, query and body.
    answer: the model of the JSON when the method returns a response by itself.
    media_type: what a returned response carries when it is not JSON; "" for no body.
    request_media_type: of the body when the method reads it by itself.
    max_body: bytes of the JSON body; the application's limit unless said otherwise.
    head: a GET that also answers HEAD.
    """

    status: int
    problems: tuple[type[InboxError], ...]
    answer: Any
    media_type: str
    request_media_type: str
    max_body: int
    head: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """What the decorator says about a method."""

    method: str
    path: str
    access: Access
    tag: str
    options: RouteOptions


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the route table."""

    operation: Operation
    endpoint: Callable[..., Awaitable[Any]]
    binding: Binding
    answer: TypeAdapter[Any] | None
    status: int

    @property
    def name(self) -> str:
        """The operation id: the tag and the method's name."""
        return f"{self.operation.tag}.{self.endpoint.__name__}"

    @property
    def documentation(self) -> str:
        return inspect.getdoc(self.endpoint) or ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Bind, call and serialise. Errors are raised; the middleware answers them."""
        max_body = self.operation.options.get("max_body")
        result = await self.endpoint(**await self.binding.arguments(request, max_body))
        if isinstance(result, web.StreamResponse):
            return result
        if self.answer is None or result is None:
            return web.Response(status=HTTPStatus.NO_CONTENT, headers=_JSON_HEADERS)
        return _json(self.answer.dump_json(result), self.status)


class Routes:
    """The base of a class whose decorated methods answer requests."""

    def table(self) -> list[Route]:
        """One row per decorated method, in the order they are written."""
        return [_row(operation, getattr(self, name)) for name, operation in _operations(type(self))]


def route(
    method: str, path: str, *, access: Access, tag: str, **options: Unpack[RouteOptions]
) -> Callable[[_Method], _Method]:
    """Mark an async method of a `Routes` class as the answer to `method path`.

    `tag` names the group in the OpenAPI document and is part of the operation id.
    """

    def mark(function: _Method) -> _Method:
        setattr(function, _OPERATION, Operation(method, path, access, tag, options))
        return function

    return mark


def json_answer(model: BaseModel, *, status: int = HTTPStatus.OK) -> web.Response:
    """`model` as a response, for a method that must also set a header or a cookie."""
    return _json(model.model_dump_json().encode(), status)


def _json(body: bytes, status: int) -> web.Response:
    return web.Response(
        body=body, status=status, content_type="application/json", headers=_JSON_HEADERS
    )


def _operations(owner: type) -> Iterator[tuple[str, Operation]]:
    for part in reversed(owner.__mro__):
        for name, member in vars(part).items():
            operation = getattr(member, _OPERATION, None)
            if isinstance(operation, Operation):
                yield name, operation


def _row(operation: Operation, endpoint: Callable[..., Awaitable[Any]]) -> Route:
    returned = operation.options.get("answer")
    if returned is None:
        returned = get_type_hints(endpoint, include_extras=True).get("return", type(None))
    answers_itself = inspect.isclass(returned) and issubclass(returned, web.StreamResponse)
    answer = None if answers_itself or returned is type(None) else TypeAdapter(returned)
    nothing = returned is type(None)
    status = operation.options.get("status", HTTPStatus.NO_CONTENT if nothing else HTTPStatus.OK)
    return Route(operation, endpoint, binding_of(endpoint, operation.path), answer, int(status))
