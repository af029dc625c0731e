"""The routes of Getfly's API, versions 6 and 6.1 as its documents mix them.

Source: https://developer.getfly.vn/docs/6.0/customer/intro
"""

import hmac
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from aiohttp import web

from app.demo.getfly.asking import filters_of, page_of
from app.demo.getfly.book import Book
from app.demo.getfly.checking import changes_of
from app.demo.getfly.errors import GetflyError, bad_field, bad_request, not_found, unauthorized
from app.demo.getfly.model import Account
from app.demo.getfly.rows import DETAILED, LISTED, SYNCED, asked_fields, local, row

Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_EQ = frozenset({"eq"})
_SAID = frozenset({"eq", "contains"})
_WHEN = frozenset({"eq", "gte", "lte", "between"})
_ACCOUNTS = {
    "id": _EQ,
    "account_code": _SAID,
    "account_name": _EQ,
    "phone_office": _SAID,
    "email": _SAID,
    "description": _EQ,
    "account_manager": _EQ,
    "created_at": _WHEN,
    "updated_at": _WHEN,
}
_USERS = {"user_id": _EQ, "valid": _EQ, "contact_name": _SAID, "email": _SAID}
_SYNC = {"last_sync": _EQ}
_COMMENTS = {"id": _EQ, "is_feedback": _EQ}
_ADDED = "Thêm mới thành công"


class GetflyApi:
    """`most_per_page` is how many rows one answer holds at most; `key` may be changed."""

    def __init__(self, book: Book, key: str) -> None:
        self.key = key
        self.most_per_page = 1000
        self._book = book

    def register(self, application: web.Application) -> None:
        router = application.router
        for path, read in (
            ("/api/v6/accounts", self._accounts),
            ("/api/v6.1/accounts/sync", self._sync),
            ("/api/v6/accounts/deleted_ids", self._deleted),
            ("/api/v6/accounts/custom_fields", self._custom_fields),
            ("/api/v6/accounts/types", self._types),
            ("/api/v6.1/account", self._detail),
            (r"/api/v6/accounts/{id:\d+}/comments", self._comments),
            ("/api/v6/users", self._users),
        ):
            router.add_get(path, self._answer(read))
        router.add_post("/api/v6.1/account", self._answer(self._create, HTTPStatus.CREATED))
        router.add_put(r"/api/v6/accounts/{id:\d+}", self._answer(self._update))
        router.add_delete("/api/v6.1/account", self._answer(self._delete))
        router.add_post("/api/v6.1/account/restore", self._answer(self._restore))
        router.add_post("/api/v6/accounts/types", self._answer(self._add_type))
        router.add_post(r"/api/v6/accounts/{id:\d+}/comments", self._answer(self._comment))

    def _answer(
        self, work: Callable[[web.Request, Json], Json], done: HTTPStatus = HTTPStatus.OK
    ) -> Handler:
        """A handler that lets nobody in without the key, and words what goes wrong."""

        async def handler(request: web.Request) -> web.StreamResponse:
            try:
                self._let_in(request)
                answer = work(request, await _body(request))
            except GetflyError as error:
                return web.json_response(error.body(), status=error.status)
            return web.json_response(answer, status=done)

        return handler

    def _let_in(self, request: web.Request) -> None:
        given = request.headers.get("X-API-KEY", "")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), self.key.encode()):
            raise unauthorized()

    def _account(self, request: web.Request) -> Account:
        return self._book.account(int(request.match_info["id"]))

    def _accounts(self, request: web.Request, _: Json) -> Json:
        fields = asked_fields(request.query, LISTED)
        filters = filters_of(request.query, _ACCOUNTS)
        whole = ((one, row(self._book, one, LISTED)) for one in self._book)
        found = [
            row(self._book, one, fields)
            for one, told in whole
            if all(each.holds(told[each.name]) for each in filters)
        ]
        return page_of(found, request.query, self.most_per_page)

    def _sync(self, request: web.Request, _: Json) -> Json:
        fields = asked_fields(request.query, SYNCED)
        since = _since(request)
        found = [row(self._book, one, fields) for one in self._book if one.updated_at >= since]
        return page_of(found, request.query, self.most_per_page)

    def _deleted(self, request: web.Request, _: Json) -> Json:
        since = _since(request)
        found = [
            {"account_id": one.id, "account_code": one.code}
            for one in self._book.deleted()
            if one.deleted_at is not None and one.deleted_at >= since
        ]
        return page_of(found, request.query, self.most_per_page)

    def _detail(self, request: web.Request, _: Json) -> Json:
        fields = asked_fields(request.query, DETAILED)
        return row(self._book, self._book.of_code(request.query.get("account_code", "")), fields)

    def _custom_fields(self, request: web.Request, _: Json) -> Json:
        found = [
            {
                "id": one.id,
                "field_name": one.name,
                "field_description": one.label,
                "field_htmltype": one.kind,
                "custom_field_lists": [
                    {"id": option.id, "list_value": option.label, "valid": int(option.valid)}
                    for option in one.options
                ],
            }
            for one in self._book.fields.values()
        ]
        return page_of(found, request.query, self.most_per_page)

    def _types(self, request: web.Request, _: Json) -> Json:
        found = [
            {"id": one.id, "account_type_name": one.name, "account_type_code": one.code}
            for one in self._book.types.values()
        ]
        return page_of(found, request.query, self.most_per_page)

    def _users(self, request: web.Request, _: Json) -> Json:
        told = [
            {
                "user_id": one.id,
                "contact_name": one.name,
                "user_name": one.login,
                "email": one.email,
                "valid": int(one.valid),
            }
            for one in self._book.users.values()
        ]
        filters = filters_of(request.query, _USERS)
        found = [one for one in told if all(each.holds(one[each.name]) for each in filters)]
        return page_of(found, request.query, self.most_per_page)

    def _comments(self, request: web.Request, _: Json) -> Json:
        filters_of(request.query, _COMMENTS)
        account = self._account(request)
        found = [
            {
                "id": one.id,
                "content": one.text,
                "account_id": account.id,
                "account_name": account.name,
                "creator": one.user_id,
                "is_feedback": 0,
                "created_at": local(one.at),
            }
            for one in reversed(account.comments)
        ]
        return page_of(found, request.query, self.most_per_page)

    def _create(self, _: web.Request, body: Json) -> Json:
        code = body.get("account_code")
        if code is not None and (not isinstance(code, str) or not code):
            raise bad_field("account_code", "Mã khách hàng không hợp lệ")
        named = {name: body[name] for name in body.keys() - _BY_ID}
        account = self._book.add(code, changes_of(named, self._book))
        data = {"account_id": account.id, "account_code": account.code}
        return {"message": _ADDED, "data": data}

    def _update(self, request: web.Request, body: Json) -> Json:
        account = self._account(request)
        self._book.change(account.id, changes_of(body, self._book))
        return {"message": "Cập nhật thành công", "id": account.id}

    def _delete(self, _: web.Request, body: Json) -> Json:
        self._book.delete(self._book.of_code(str(body.get("account_code"))))
        return {"message": "Xoá thành công"}

    def _restore(self, _: web.Request, body: Json) -> Json:
        self._book.restore(self._book.of_code(str(body.get("account_code")), deleted=True))
        return {"message": "Khôi phục thành công"}

    def _add_type(self, _: web.Request, body: Json) -> Json:
        name, code = body.get("account_type_name"), body.get("account_type_code")
        if not (isinstance(name, str) and isinstance(code, str) and name and code):
            raise bad_request("Tên và mã nhóm khách hàng là bắt buộc")
        return {"message": _ADDED, "id": self._book.add_type(name, code).id}

    def _comment(self, request: web.Request, body: Json) -> Json:
        text = body.get("content")
        if not isinstance(text, str) or not text:
            raise bad_field("content", "Nội dung là bắt buộc")
        made = self._book.comment(self._account(request), text, body.get("user_id"))
        return {"message": _ADDED, "id": made.id}


_BY_ID = frozenset({"account_type", "account_manager"})
"""Version 6.1 makes accounts with names of groups and of managers; ids are dropped there."""


def _since(request: web.Request) -> datetime:
    filters = {one.name: one.value for one in filters_of(request.query, _SYNC)}
    raw = filters.get("last_sync", "0")
    if not (raw.isascii() and raw.isdigit()):
        raise bad_request("last_sync không hợp lệ")
    return datetime.fromtimestamp(int(raw), UTC)


async def _body(request: web.Request) -> Json:
    if not request.can_read_body:
        return {}
    try:
        body = json.loads(await request.text())
    except ValueError:
        raise bad_request("JSON không hợp lệ") from None
    if not isinstance(body, dict):
        raise bad_request("JSON không hợp lệ")
    return body


async def nowhere(_: web.Request) -> web.StreamResponse:
    """An address of the API that there is not."""
    error = not_found()
    return web.json_response(error.body(), status=error.status)
