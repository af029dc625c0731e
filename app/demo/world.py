"""What both simulated platforms know: accounts, customers, what was said, comments."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from app.demo.accounts import DemoAccount, account_of
from app.demo.delivery import epoch_ms
from app.demo.people import PEOPLE, ProfileHabit, digits
from inbox.clock import Clock

Json = dict[str, Any]
ThreadKind = Literal["person", "group", "visitor"]


@dataclass(slots=True)
class Customer:
    """A person as one account knows them. `wrote_at` is their last interaction: it opens the
    window. Who `refuses` cannot be written to: they blocked the account.
    """

    account_id: str
    id: str
    name: str | None
    profile: ProfileHabit = "open"
    wrote_at: datetime | None = None
    follows: bool = False
    refuses: bool = False
    asked_before: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a thread; `attachments` as its webhook carries them."""

    id: str
    at: datetime
    by_account: bool
    text: str | None = None
    attachments: tuple[Json, ...] = ()
    reply_to: str | None = None


@dataclass(slots=True)
class Comment:
    """A comment under a post of an account; `root_id` is its own id when it begins a thread."""

    id: str
    account_id: str
    post_id: str
    root_id: str
    author_id: str
    author_name: str | None
    text: str
    at: datetime
    hidden: bool = False
    removed: bool = False
    answered_privately: bool = False
    liked: bool = False


@dataclass(slots=True)
class Thread:
    """What was said between an account and somebody: a person, a group or a visitor."""

    account_id: str
    person_id: str
    said: list[Said] = field(default_factory=list)
    kind: ThreadKind = "person"


class World:
    """Everything is kept in memory; `name` goes into new ids, so that no two worlds share one."""

    def __init__(self, clock: Clock, accounts: Iterable[DemoAccount], seed: int) -> None:
        self.clock = clock
        self.accounts = {account.account_id: account for account in accounts}
        self.comments: dict[str, Comment] = {}
        self.on_interaction: Callable[[], None] | None = None
        self._name = f"{seed}:{epoch_ms(clock.now())}"
        self._ids_given = 0
        self._customers: dict[tuple[str, str], Customer] = {}
        self._threads: dict[tuple[str, str], Thread] = {}
        self._messages: dict[str, tuple[Thread, Said]] = {}
        for person in PEOPLE:
            account_id = account_of(person.channel).account_id
            if account_id in self.accounts:
                known = Customer(account_id, person.external_id, person.name, person.profile)
                self._customers[account_id, person.external_id] = known

    def customer(self, account_id: str, customer_id: str) -> Customer | None:
        return self._customers.get((account_id, customer_id))

    @property
    def customers(self) -> Iterator[Customer]:
        return iter(self._customers.values())

    def meet(self, account_id: str, customer_id: str, name: str | None = None) -> Customer:
        """The customer with this id, a new one if nobody has it yet."""
        key = (account_id, customer_id)
        if key not in self._customers:
            self._customers[key] = Customer(account_id, customer_id, name)
        return self._customers[key]

    def interacted(self, account_id: str, customer_id: str, at: datetime) -> Customer:
        """The customer did something that opens the window."""
        customer = self.meet(account_id, customer_id)
        if customer.wrote_at is None or customer.wrote_at < at:
            customer.wrote_at = at
            if self.on_interaction is not None:
                self.on_interaction()
        return customer

    def say(self, account_id: str, person_id: str, said: Said, kind: ThreadKind = "person") -> bool:
        """Keep a message in its thread, in order of time; False when it is there already."""
        if said.id in self._messages:
            return False
        new = Thread(account_id, person_id, kind=kind)
        thread = self._threads.setdefault((account_id, person_id), new)
        thread.said.append(said)
        thread.said.sort(key=lambda one: one.at)
        self._messages[said.id] = (thread, said)
        return True

    def message(self, message_id: str) -> tuple[Thread, Said] | None:
        return self._messages.get(message_id)

    def forget_message(self, message_id: str) -> None:
        """Somebody took it back."""
        if found := self._messages.pop(message_id, None):
            found[0].said.remove(found[1])

    def thread(self, account_id: str, person_id: str) -> Thread:
        return self._threads.get((account_id, person_id), Thread(account_id, person_id))

    def threads(self, account_id: str) -> list[Thread]:
        """The threads of an account, the one with the newest message first."""
        ours = [one for one in self._threads.values() if one.account_id == account_id]
        return sorted(ours, key=lambda thread: thread.said[-1].at, reverse=True)

    def new_mid(self, channel: str) -> str:
        """The id of a message as Meta writes them."""
        token = urlsafe_b64encode(self._new_hash(48)).decode()
        return ("aWdf" if channel == "instagram" else "m_") + token

    def new_hex(self, length: int = 20) -> str:
        """The id of a message, a file or a code as Zalo writes them."""
        return self._new_hash(length // 2).hex()

    def new_number(self, length: int) -> str:
        return digits(self._new_hash(16).hex(), length)

    def _new_hash(self, size: int) -> bytes:
        self._ids_given += 1
        key = f"{self._name}:{self._ids_given}".encode()
        return hashlib.blake2b(key, digest_size=size).digest()


def psid_of(commenter_id: str) -> str:
    """Whom a private answer to a comment of this person goes to."""
    for person in PEOPLE:
        if person.channel == "facebook" and person.commenter_id == commenter_id:
            return person.external_id
    return digits(f"psid:{commenter_id}", 16)
