"""The simulated Getfly as a whole: an application to serve, and what people do in it."""

import secrets
from collections.abc import Mapping, Sequence

from aiohttp import web

from app.demo.getfly.api import GetflyApi, nowhere
from app.demo.getfly.book import Book, Changes
from app.demo.getfly.errors import GetflyError
from app.demo.getfly.model import TEXTS, Account, AccountType, CustomField, Option, User
from app.demo.getfly.pages import WRITTEN, account_page, list_page, missing_page
from inbox.clock import Clock

RECORD_PATH = "/crm/account/{id}"
"""Where people find an account, after the address of the server."""
_LARGEST_BODY = 16 * 1024 * 1024
_ALLOWED = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"


class SimulatedGetfly:
    """Everything is kept in memory. Serve `application`; people work through the methods, which
    keep none of the API's rules: they may type a phone number as they like.
    """

    def __init__(self, clock: Clock, key: str | None = None) -> None:
        self.book = Book(clock)
        self.api = GetflyApi(self.book, key or secrets.token_hex(15))
        self.application = web.Application(client_max_size=_LARGEST_BODY)
        self.api.register(self.application)
        router = self.application.router
        router.add_get("/", self._home)
        router.add_get("/crm", self._list)
        router.add_get(r"/crm/account/{id:\d+}", self._show)
        router.add_post(r"/crm/account/{id:\d+}", self._edited)
        router.add_route("*", "/api/{path:.*}", nowhere)

    @property
    def key(self) -> str:
        return self.api.key

    def change_key(self, key: str) -> None:
        """An administrator takes the old one back."""
        self.api.key = key

    def account(self, account_id: int) -> Account:
        """Raises GetflyError: it is not there, or not any more."""
        return self.book.account(account_id)

    def accounts(self) -> list[Account]:
        """The newest first, without those that were deleted."""
        return list(self.book)

    def add_account(self, name: str, **values: str) -> Account:
        """A person makes a customer; Getfly chooses the code."""
        return self.book.add(None, self._changes({"account_name": name, **values}))

    def edit(self, account_id: int, values: Mapping[str, str | None]) -> None:
        """A person writes fields, those of the administrator too: an option by its label."""
        self.book.change(account_id, self._changes(values))

    def assign(self, account_id: int, user_id: int | None) -> None:
        self.book.change(account_id, Changes(manager=(user_id,)))

    def tag(self, account_id: int, name: str) -> None:
        """A person puts a customer into a group, a new one if need be."""
        found = [one for one in self.book.types.values() if one.name == name]
        group = found[0] if found else self.add_type(name)
        ids = [*self.account(account_id).type_ids, group.id]
        self.book.change(account_id, Changes(type_ids=ids))

    def untag(self, account_id: int, name: str) -> None:
        ids = [
            one for one in self.account(account_id).type_ids if self.book.types[one].name != name
        ]
        self.book.change(account_id, Changes(type_ids=ids))

    def add_type(self, name: str) -> AccountType:
        return self.book.add_type(name, f"NHOM_{self.book.new_id()}")

    def rename_tag(self, old: str, new: str) -> None:
        for one in self.book.types.values():
            if one.name == old:
                one.name = new

    def comment(self, account_id: int, text: str, user_id: int | None = None) -> None:
        self.book.comment(self.account(account_id), text, user_id)

    def delete(self, account_id: int) -> None:
        """Its code stays taken."""
        self.book.delete(self.account(account_id))

    def add_user(self, name: str, email: str, *, valid: bool = True) -> User:
        user = User(self.book.new_id(), name, email, email.partition("@")[0], valid)
        self.book.users[user.id] = user
        return user

    def add_field(
        self, name: str, label: str, kind: str = "textinput", options: Sequence[str] = ()
    ) -> CustomField:
        """An administrator adds a field; `kind` is Getfly's `field_htmltype`."""
        chosen = [Option(self.book.new_id(), one) for one in options]
        self.book.fields[name] = CustomField(self.book.new_id(), name, label, kind, chosen)
        return self.book.fields[name]

    def add_option(self, field: str, label: str) -> None:
        self.book.fields[field].options.append(Option(self.book.new_id(), label))

    def remove_field(self, name: str) -> None:
        del self.book.fields[name]

    def _changes(self, values: Mapping[str, str | None]) -> Changes:
        texts = {name: value or "" for name, value in values.items() if name in TEXTS}
        return Changes(
            texts=texts,
            custom={
                name: self._typed(self.book.fields[name], value or "")
                for name, value in values.items()
                if name not in texts
            },
        )

    def _typed(self, field: CustomField, value: str) -> str | int:
        return next((one.id for one in field.options if one.label == value), value)

    async def _home(self, _: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "/crm"})

    async def _list(self, _: web.Request) -> web.StreamResponse:
        return _html(list_page(self.book))

    async def _show(self, request: web.Request) -> web.StreamResponse:
        try:
            account = self.account(int(request.match_info["id"]))
        except GetflyError as error:
            return _html(missing_page(), error.status)
        return _html(account_page(self.book, account))

    async def _edited(self, request: web.Request) -> web.StreamResponse:
        """A person has saved the form; what it does not name stays."""
        id_, form = int(request.match_info["id"]), await request.post()
        sent = {name: form[name] for name in WRITTEN if name in form}
        values = {name: _lines(one) for name, one in sent.items() if isinstance(one, str)}
        try:
            self.edit(id_, values)
        except GetflyError as error:
            return _html(missing_page(), error.status)
        return web.Response(status=303, headers={"Location": RECORD_PATH.format(id=id_)})


def _lines(text: str) -> str:
    """Browsers part the lines of a form by two characters."""
    return text.replace("\r\n", "\n").strip()


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(
        text=text,
        status=status,
        content_type="text/html",
        charset="utf-8",
        headers={"Content-Security-Policy": _ALLOWED},
    )
