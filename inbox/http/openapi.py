"""The OpenAPI 3.1 document, generated from the route tables."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from inbox.errors import (
    InboxError,
    InvalidInput,
    NotAllowed,
    NotFound,
    SignInRequired,
    TooLarge,
    Unavailable,
    VersionClash,
)
from inbox.http.authenticating import CSRF_HEADER, SESSION_COOKIE, CrossSite, CsrfFailed
from inbox.http.binding import IF_MATCH_PATTERN, plain_path
from inbox.http.problems import PROBLEM_TYPE, MalformedJson, Problem
from inbox.http.routing import Route

_REFERENCE = "#/components/schemas/{model}"
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_SECURITY_SCHEMES = {
    "cookie": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE},
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": CSRF_HEADER,
        "description": "`csrf_token` of POST /api/v1/session; every write by cookie carries it.",
    },
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API token."},
}
_UPLOAD = {
    "type": "object",
    "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
    "required": ["file"],
}

Json = dict[str, Any]


class _Schemas(GenerateJsonSchema):
    """What clients send has no unknown fields: the binding refuses them at every depth."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        generated = super().model_schema(schema)
        if self.mode == "validation":
            generated.setdefault("additionalProperties", False)
        return generated


def build_document(routes: Sequence[Route], *, title: str, version: str) -> Json:
    """The document for `routes`.

    Raises:
        ValueError: two routes have the same operation id, or two models the same name.
    """
    _check_names(routes)
    schemas = _schemas_of(routes)
    components = schemas.pop("$defs")
    paths: defaultdict[str, Json] = defaultdict(dict)
    for row in routes:
        operation = _operation(row, schemas, components)
        paths[plain_path(row.operation.path)][row.operation.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in sorted({row.operation.tag for row in routes})],
        "paths": dict(paths),
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": _SECURITY_SCHEMES,
        },
    }


def _check_names(routes: Sequence[Route]) -> None:
    names = [row.name for row in routes]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"operation ids are not unique: {sorted(repeated)}")


def _schemas_of(routes: Sequence[Route]) -> Json:
    """The schema of every body and answer by "<operation id> <part>", and all "$defs"."""
    inputs: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [
        ("problem", "serialization", TypeAdapter(Problem))
    ]
    for row in routes:
        if row.binding.body is not None:
            inputs.append((f"{row.name} body", "validation", row.binding.body))
        if row.answer is not None:
            inputs.append((f"{row.name} answer", "serialization", row.answer))
    by_key, definitions = TypeAdapter.json_schemas(
        inputs, ref_template=_REFERENCE, schema_generator=_Schemas
    )
    schemas: Json = {key: schema for (key, _mode), schema in by_key.items()}
    return schemas | {"$defs": definitions.get("$defs", {})}


def _operation(row: Route, schemas: Json, components: Json) -> Json:
    summary, _, description = row.documentation.partition("\n")
    operation: Json = {
        "operationId": row.name,
        "summary": summary,
        "tags": [row.operation.tag],
        "security": _security(row),
        "responses": {str(row.status): _success(row, schemas)} | _problems(row, schemas),
    }
    if description.strip():
        operation["description"] = description.strip()
    if parameters := list(_parameters(row, components)):
        operation["parameters"] = parameters
    if body := _request_body(row, schemas):
        operation["requestBody"] = body
    return operation


def _security(row: Route) -> list[dict[str, list[str]]]:
    if row.operation.access == "public":
        return []
    if row.operation.method in _WRITES:
        return [{"cookie": [], "csrf": []}, {"bearer": []}]
    return [{"cookie": []}, {"bearer": []}]


def _parameters(row: Route, components: Json) -> Iterable[Json]:
    binding = row.binding
    for where, model in (
        ("path", binding.path),
        ("query", binding.query),
        ("query", binding.query_model),
    ):
        if model is not None:
            yield from _parameters_of(model, where, components)
    if "if_match" in binding.special:
        yield {
            "name": "If-Match",
            "in": "header",
            "required": binding.if_match_required,
            "description": "the version that was read",
            "schema": {"type": "string", "pattern": IF_MATCH_PATTERN},
        }


def _parameters_of(model: type[BaseModel], where: str, components: Json) -> Iterable[Json]:
    schema = model.model_json_schema(ref_template=_REFERENCE, schema_generator=_Schemas)
    for name, definition in schema.get("$defs", {}).items():
        if components.setdefault(name, definition) != definition:
            raise ValueError(f"two models are named {name}")
    required = schema.get("required", [])
    for name, property_schema in schema.get("properties", {}).items():
        parameter = {
            "name": name,
            "in": where,
            "required": where == "path" or name in required,
            "schema": _without_null(property_schema),
        }
        if description := parameter["schema"].pop("description", None):
            parameter["description"] = description
        yield parameter


def _without_null(schema: Json) -> Json:
    """A parameter is there or not; `None` is how the code says that it is not."""
    kept = {key: value for key, value in schema.items() if key != "title"}
    if kept.get("default", ...) is None:
        del kept["default"]
    choices = [choice for choice in kept.pop("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        return {**choices[0], **kept}
    return kept | {"anyOf": choices} if choices else kept


def _request_body(row: Route, schemas: Json) -> Json | None:
    media_type = row.operation.options.get("request_media_type")
    if media_type is not None:
        return {"required": True, "content": {media_type: {"schema": _UPLOAD}}}
    if row.binding.body is None:
        return None
    return {
        "required": True,
        "content": {"application/json": {"schema": schemas[f"{row.name} body"]}},
    }


def _success(row: Route, schemas: Json) -> Json:
    response: Json = {"description": HTTPStatus(row.status).phrase}
    if row.answer is not None:
        response["content"] = {"application/json": {"schema": schemas[f"{row.name} answer"]}}
    elif row.status == HTTPStatus.OK:
        media_type = row.operation.options.get("media_type", "application/octet-stream")
        if media_type:
            response["content"] = {media_type: {}}
    return response


def _problems(row: Route, schemas: Json) -> Json:
    codes: defaultdict[int, list[str]] = defaultdict(list)
    for problem in _problem_types(row):
        if problem.code not in codes[problem.status]:
            codes[problem.status].append(problem.code)
    return {
        str(status): {
            "description": f"{HTTPStatus(status).phrase}: {', '.join(codes[status])}",
            "content": {PROBLEM_TYPE: {"schema": schemas["problem"]}},
        }
        for status in sorted(codes)
    }


def _problem_types(row: Route) -> Iterable[type[InboxError]]:
    """What can go wrong, from what the route asks for and what it declares."""
    binding, writes = row.binding, row.operation.method in _WRITES
    if row.operation.access != "public":
        yield from (SignInRequired, NotAllowed)
    if writes:
        yield CrossSite
        if row.operation.access != "public":
            yield CsrfFailed
    if binding.path is not None:
        yield NotFound
    if binding.body is not None:
        yield from (MalformedJson, TooLarge)
    if binding.path or binding.query or binding.query_model or binding.body:
        yield InvalidInput
    if "if_match" in binding.special:
        yield from (InvalidInput, VersionClash)
    yield from row.operation.options.get("problems", ())
    yield from (InboxError, Unavailable)
