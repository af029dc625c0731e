"""From a request to the arguments of a handler, as the handler's signature asks for them."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from aiohttp import web
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model

from inbox.errors import FieldErrors, SignInRequired, TooLarge
from inbox.http.field_errors import field_error, field_errors
from inbox.http.problems import MalformedJson
from inbox.staff.model import Actor

ACTOR = web.RequestKey("actor", Actor)
"""Who makes the request; set before the handler runs unless the route is public."""

IF_MATCH_PATTERN = r'^(W/)?"?[0-9]{1,15}"?$'
_IF_MATCH = re.compile(r'(?:W/)?"?([0-9]{1,15})"?', re.ASCII)
_PATH_NAME = re.compile(r"{(\w+)(?::[^{}]*(?:{[^{}]*}[^{}]*)*)?}")
_SPECIAL = frozenset({"actor", "request", "body", "query", "if_match"})
_LISTS = (list, tuple, set, frozenset)


class Body(BaseModel):
    """The base of what a client sends as JSON; frozen, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Binding:
    """Where each argument of a handler comes from.

    `query` holds single parameters; `query_model` is the type of a parameter named `query` that
    takes the whole query string as one model.
    """

    special: frozenset[str]
    path: type[BaseModel] | None
    query: type[BaseModel] | None
    query_model: type[BaseModel] | None
    body: TypeAdapter[Any] | None
    if_match_required: bool

    async def arguments(self, request: web.Request, max_body: int | None) -> dict[str, Any]:
        """What to call the handler with.

        Raises:
            InvalidInput: fields of path, query or body are wrong; all of them are listed.
            MalformedJson: the body is not JSON.
            TooLarge: the body has more than `max_body` bytes.
        """
        errors = FieldErrors()
        found: dict[str, Any] = {}
        if self.path is not None:
            found |= _attributes(_checked(self.path, dict(request.match_info), errors))
        if self.query is not None:
            found |= _attributes(_checked(self.query, _query(request, self.query), errors))
        if self.query_model is not None:
            values = _query(request, self.query_model)
            found["query"] = _checked(self.query_model, values, errors)
        if "if_match" in self.special:
            found["if_match"] = self._version(request, errors)
        if self.body is not None:
            found["body"] = _parsed(self.body, await read_body(request, max_body), errors)
        errors.raise_if_any()
        if "request" in self.special:
            found["request"] = request
        if "actor" in self.special:
            found["actor"] = _actor(request)
        return found

    def _version(self, request: web.Request, errors: FieldErrors) -> int | None:
        header = request.headers.get("If-Match")
        if header is None or header.strip() == "*":
            if self.if_match_required:
                errors.errors.append(field_error("If-Match", "required"))
            return None
        match = _IF_MATCH.fullmatch(header.strip())
        if match is None:
            errors.errors.append(field_error("If-Match", "invalid"))
            return None
        return int(match[1])


def binding_of(handler: Callable[..., Any], path: str) -> Binding:
    """Read the signature of `handler`, a method that answers `path`."""
    hints = get_type_hints(handler, include_extras=True)
    names_in_path = set(path_names(path))
    in_path: dict[str, Any] = {}
    in_query: dict[str, Any] = {}
    parameters = dict(inspect.signature(handler).parameters)
    parameters.pop("self", None)
    for name, parameter in parameters.items():
        required = parameter.default is inspect.Parameter.empty
        field = (hints[name], ... if required else parameter.default)
        if name in names_in_path:
            in_path[name] = field
        elif name not in _SPECIAL:
            in_query[name] = field
    if missing := names_in_path - in_path.keys():
        raise TypeError(f"{handler.__qualname__} does not take {sorted(missing)} of {path}")
    return Binding(
        special=_SPECIAL & parameters.keys(),
        path=_model(f"{handler.__name__}_path", in_path),
        query=_model(f"{handler.__name__}_query", in_query),
        query_model=hints["query"] if "query" in parameters else None,
        body=TypeAdapter(hints["body"]) if "body" in parameters else None,
        if_match_required="if_match" in parameters and hints["if_match"] is int,
    )


def path_names(path: str) -> list[str]:
    return _PATH_NAME.findall(path)


def plain_path(path: str) -> str:
    """`path` as OpenAPI writes it, without regular expressions."""
    return _PATH_NAME.sub(r"{\1}", path)


async def read_body(request: web.Request, max_bytes: int | None = None) -> bytes:
    """The body of `request`; None means the limit of the application.

    Raises:
        TooLarge: it has more than `max_bytes`; the rest is not read.
    """
    if max_bytes is None:
        return await request.read()  # its HTTPRequestEntityTooLarge becomes the same problem
    if (request.content_length or 0) > max_bytes:
        raise TooLarge
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > max_bytes:
            raise TooLarge
    return bytes(body)


def _model(name: str, fields: dict[str, Any]) -> type[BaseModel] | None:
    if not fields:
        return None
    return create_model(name, **fields)


def _checked(
    model: type[BaseModel], values: Mapping[str, Any], errors: FieldErrors
) -> BaseModel | None:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        errors.errors.extend(field_errors(error))
        return None


def _attributes(model: BaseModel | None) -> dict[str, Any]:
    """The validated values by name, not dumped: a nested value stays what it is."""
    return dict(model) if model is not None else {}


def _query(request: web.Request, model: type[BaseModel]) -> dict[str, Any]:
    """The parameters that `model` knows; what it does not know is ignored."""
    values: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        key = field.alias or name
        if key in request.query:
            many = _takes_a_list(field.annotation)
            values[key] = request.query.getall(key) if many else request.query[key]
    return values


def _takes_a_list(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _takes_a_list(get_args(annotation)[0])
    return origin in _LISTS or any(get_origin(part) in _LISTS for part in get_args(annotation))


def _parsed(adapter: TypeAdapter[Any], raw: bytes, errors: FieldErrors) -> Any:
    try:
        return adapter.validate_json(raw, strict=True, extra="forbid")
    except ValidationError as error:
        if any(details["type"] == "json_invalid" for details in error.errors(include_url=False)):
            raise MalformedJson from None
        errors.errors.extend(field_errors(error))
        return None


def _actor(request: web.Request) -> Actor:
    if ACTOR not in request:
        raise SignInRequired
    return request[ACTOR]
