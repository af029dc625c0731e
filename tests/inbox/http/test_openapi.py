"""The OpenAPI document is valid, says what each route asks for, and tells the truth."""

from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from inbox.bots.routes import BotRoutes
from inbox.errors import Conflict
from inbox.http.application import api_document, build_application
from inbox.http.paging import Limit, Page
from inbox.http.routing import Body, Routes, route
from inbox.staff.model import Actor
from inbox.staff.routes import AuditRoutes, SessionRoutes, StaffRoutes, TokenRoutes
from tests.signed_in import KnownActors


class Basket(Body):
    fruits: list["Fruit"]


class Fruit(Body):
    name: str
    basket: Basket | None = None


class BasketRoutes(Routes):
    @route("GET", "/api/v1/baskets/{basket_id:\\d{1,3}}", access="public", tag="baskets")
    async def one(
        self, basket_id: int, colour: str | None = None, limit: Limit = 5
    ) -> Page[Basket]:
        """One basket.

        With everything in it.
        """
        raise NotImplementedError

    @route("PUT", "/api/v1/baskets", access="admin", tag="baskets", problems=(Conflict,))
    async def replace(self, actor: Actor, body: Basket, if_match: int) -> None:
        raise NotImplementedError


class SameName(Routes):
    @route("GET", "/api/v1/other", access="public", tag="baskets")
    async def one(self) -> Fruit:
        raise NotImplementedError


def _every_table() -> list[Routes]:
    """The tables without what they need to answer: only their signatures are read."""
    kinds = (SessionRoutes, StaffRoutes, TokenRoutes, AuditRoutes, BotRoutes, BasketRoutes)
    return [kind.__new__(kind) for kind in kinds]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return api_document(_every_table())


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"] == "3.1.0"


def test_an_operation_tells_its_parameters(document: dict[str, Any]) -> None:
    operation = document["paths"]["/api/v1/baskets/{basket_id}"]["get"]
    assert operation["operationId"] == "baskets.one"
    assert operation["summary"] == "One basket."
    assert operation["description"] == "With everything in it."
    assert operation["security"] == []
    assert operation["parameters"] == [
        {"name": "basket_id", "in": "path", "required": True, "schema": {"type": "integer"}},
        {"name": "colour", "in": "query", "required": False, "schema": {"type": "string"}},
        {
            "name": "limit",
            "in": "query",
            "required": False,
            "description": "how many items at most",
            "schema": {"type": "integer", "default": 5, "minimum": 1, "maximum": 200},
        },
    ]
    assert set(operation["responses"]) == {"200", "404", "422", "500", "503"}


def test_a_write_tells_its_body_its_version_and_its_problems(document: dict[str, Any]) -> None:
    operation = document["paths"]["/api/v1/baskets"]["put"]
    assert operation["security"] == [{"cookie": [], "csrf": []}, {"bearer": []}]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    name = body["$ref"].rpartition("/")[2]
    assert document["components"]["schemas"][name]["additionalProperties"] is False
    assert operation["parameters"][0]["name"] == "If-Match"
    assert operation["parameters"][0]["required"] is True
    statuses = ["204", "400", "401", "403", "409", "412", "413", "422", "500", "503"]
    assert sorted(operation["responses"]) == statuses
    assert "content" not in operation["responses"]["204"]
    problem = operation["responses"]["409"]
    assert problem["description"] == "Conflict: conflict"
    assert list(problem["content"]) == ["application/problem+json"]


def test_every_operation_has_a_sentence_and_its_problems(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"] or path == "/api/v1/baskets", (method, path)
            assert {"500", "503"} < set(operation["responses"]), (method, path)
            if operation["security"]:
                assert {"401", "403"} < set(operation["responses"]), (method, path)


def test_two_operations_of_one_name_stop_the_start() -> None:
    with pytest.raises(ValueError, match=r"baskets\.one"):
        build_application([BasketRoutes(), SameName()], KnownActors(), static=None)


def test_a_route_outside_the_api_stops_the_start() -> None:
    class Elsewhere(Routes):
        @route("GET", "/elsewhere", access="public", tag="x")
        async def one(self) -> Fruit:
            raise NotImplementedError

    with pytest.raises(ValueError, match="/elsewhere"):
        build_application([Elsewhere()], KnownActors(), static=None)


def test_a_handler_that_forgets_a_part_of_its_path_stops_the_start() -> None:
    class Forgetful(Routes):
        @route("GET", "/api/v1/x/{x_id}", access="public", tag="x")
        async def one(self) -> Fruit:
            raise NotImplementedError

    with pytest.raises(TypeError, match="x_id"):
        Forgetful().table()
