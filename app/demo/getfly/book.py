"""The accounts in memory, and the rules that hold whoever changes them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.demo.getfly.errors import bad_field, not_found
from app.demo.getfly.model import Account, AccountType, Comment, CustomField, Kept, User
from inbox.clock import Clock


@dataclass(slots=True)
class Changes:
    """What is written into one account; what is not named stays."""

    texts: dict[str, str] = field(default_factory=dict)
    custom: dict[str, Any] = field(default_factory=dict)
    type_ids: list[int] | None = None
    manager: tuple[int | None] | None = None
    """A tuple of one: nobody is somebody to choose as well."""


class Book:
    """Codes stay taken when their account is deleted: it can be restored.

    `on_change` is called after every change of accounts and of their types.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last_id = 0
        self.on_change: Callable[[], None] | None = None
        self._accounts: dict[int, Account] = {}
        self.types: dict[int, AccountType] = {}
        self.users: dict[int, User] = {}
        self.fields: dict[str, CustomField] = {}

    def now(self) -> datetime:
        return self._clock.now()

    def new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def dump(self) -> Kept:
        """Everything in it."""
        return Kept(
            self._last_id,
            list(self._accounts.values()),
            list(self.types.values()),
            list(self.users.values()),
            list(self.fields.values()),
        )

    def load(self, kept: Kept) -> None:
        """What an earlier one had in it, instead of what is here."""
        self._last_id = kept.last_id
        self._accounts = {one.id: one for one in kept.accounts}
        self.types = {one.id: one for one in kept.types}
        self.users = {one.id: one for one in kept.users}
        self.fields = {one.name: one for one in kept.fields}

    def __iter__(self) -> Iterator[Account]:
        """The newest first, as lists are."""
        return (one for one in reversed(self._accounts.values()) if one.deleted_at is None)

    def account(self, id_: int) -> Account:
        """Raises GetflyError: 404."""
        found = self._accounts.get(id_)
        if found is None or found.deleted_at is not None:
            raise not_found()
        return found

    def of_code(self, code: str, *, deleted: bool = False) -> Account:
        """Raises GetflyError: 404."""
        for account in self._accounts.values():
            if account.code == code and (account.deleted_at is not None) is deleted:
                return account
        raise not_found()

    def deleted(self) -> Iterable[Account]:
        return [one for one in self._accounts.values() if one.deleted_at is not None]

    def add(self, code: str | None, changes: Changes) -> Account:
        """Raises GetflyError: 400, the code is taken, or there is no name."""
        if any(one.code == code for one in self._accounts.values()):
            raise bad_field("account_code", "Mã khách hàng đã tồn tại")
        if not changes.texts.get("account_name"):
            raise bad_field("account_name", "Tên khách hàng là bắt buộc")
        id_, now = self.new_id(), self.now()
        account = Account(id_, code or f"KH/{now.year}/{id_:06}", now, now)
        self._accounts[id_] = account
        _apply(account, changes)
        self._changed()
        return account

    def change(self, id_: int, changes: Changes) -> Account:
        """Raises GetflyError: 404."""
        account = self.account(id_)
        _apply(account, changes)
        account.updated_at = self.now()
        self._changed()
        return account

    def delete(self, account: Account) -> None:
        account.deleted_at = self.now()
        self._changed()

    def restore(self, account: Account) -> None:
        account.deleted_at = None
        account.updated_at = self.now()
        self._changed()

    def comment(self, account: Account, text: str, user_id: int | None) -> Comment:
        comment = Comment(self.new_id(), text, self.now(), user_id)
        account.comments.append(comment)
        self._changed()
        return comment

    def add_type(self, name: str, code: str) -> AccountType:
        """Two may have one name. Raises GetflyError: 400, the code is taken."""
        if any(one.code == code for one in self.types.values()):
            raise bad_field("account_type_code", "Mã nhóm khách hàng đã tồn tại")
        made = AccountType(self.new_id(), name, code)
        self.types[made.id] = made
        self._changed()
        return made

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()


def _apply(account: Account, changes: Changes) -> None:
    account.texts |= changes.texts
    account.custom |= changes.custom
    if changes.type_ids is not None:
        account.type_ids = list(dict.fromkeys(changes.type_ids))
    if changes.manager is not None:
        (account.manager_id,) = changes.manager


def shown(book: Book, account: Account, name: str) -> str:
    """A field of the administrator's as people see it: the label of an option."""
    raw = account.custom.get(name)
    options: Mapping[int, str] = {one.id: one.label for one in book.fields[name].options}
    if raw in (None, ""):
        return ""
    if book.fields[name].kind == "checkbox":
        return "Có" if raw else "Không"
    return options.get(raw, str(raw))
