"""The customers' side of what the inbox sends: it arrives, is read, and sometimes answered."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from app.demo.accounts import DemoAccount
from app.demo.courier import Pace
from app.demo.reports import Reports
from app.demo.webhooks import Webhooks
from app.demo.words import answer_to
from app.demo.world import Customer, Said, World

Between = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Habits:
    """How customers take messages; chances from 0 to 1, waits in seconds between two bounds.

    Who answers reads first, and nobody reads what has not arrived.
    """

    receive: float = 0.0
    see: float = 0.0
    answer: float = 0.0
    arrives_after_s: Between = (0.3, 1.2)
    seen_after_s: Between = (1.5, 9.0)
    answered_after_s: Between = (4.0, 18.0)


SILENT = Habits()
"""Nothing is told about what was sent but its echo."""

CHATTY = Habits(receive=0.98, see=0.9, answer=0.8)


@dataclass(slots=True)
class _Phone:
    """What waits on a customer's phone."""

    arriving: list[Said] = field(default_factory=list)
    unseen: list[Said] = field(default_factory=list)


class Answering:
    """Lets customers react in the background; chance comes from `random`."""

    def __init__(
        self,
        world: World,
        webhooks: Webhooks,
        reports: Callable[[DemoAccount], Reports],
        random: Random,
        pace: Pace,
    ) -> None:
        self.habits = SILENT
        self._world = world
        self._webhooks = webhooks
        self._reports = reports
        self._random = random
        self._pace = pace
        self._phones: dict[tuple[str, str], _Phone] = {}
        self._busy: dict[tuple[str, str], asyncio.Task[None]] = {}

    def take(self, customer: Customer, said: Said) -> None:
        """A message of the account is on its way to the customer's phone."""
        key = (customer.account_id, customer.id)
        self._phones.setdefault(key, _Phone()).arriving.append(said)
        if key not in self._busy:
            self._busy[key] = asyncio.create_task(self._be_busy(customer, self._phones[key]))

    async def stop(self) -> None:
        tasks = list(self._busy.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def settle(self) -> None:
        """Wait until every customer has done what they wanted."""
        while self._busy:
            await asyncio.gather(*self._busy.values())

    async def _be_busy(self, customer: Customer, phone: _Phone) -> None:
        try:
            await self._react(customer, phone)
        finally:
            del self._busy[customer.account_id, customer.id]

    async def _react(self, customer: Customer, phone: _Phone) -> None:
        """As long as something new comes while the customer reads, they read on."""
        account = self._world.accounts[customer.account_id]
        reports, habits = self._reports(account), self.habits
        while phone.arriving:
            if not self._happens(habits.receive):
                phone.arriving.clear()
                return
            await self._pace(self._random.uniform(*habits.arrives_after_s))
            phone.unseen += phone.arriving
            ids = [said.id for said in phone.arriving]
            phone.arriving.clear()
            now = self._world.clock.now()
            self._webhooks.post(reports.received(account, customer.id, ids, now))
            if not self._happens(habits.see):
                continue
            await self._pace(self._random.uniform(*habits.seen_after_s))
            seen, phone.unseen = phone.unseen, []
            now = self._world.clock.now()
            ids = [said.id for said in seen]
            self._webhooks.post(reports.seen(account, customer.id, ids, now))
            if not phone.arriving and self._happens(habits.answer):
                await self._answer(customer, seen[-1], reports)

    async def _answer(self, customer: Customer, last: Said, reports: Reports) -> None:
        account = self._world.accounts[customer.account_id]
        before = [one.text for one in self._world.thread(account.account_id, customer.id).said]
        text = answer_to(last.text, before, self._random)
        if text is None:
            return
        await self._pace(self._random.uniform(*self.habits.answered_after_s))
        message_id = (
            self._world.new_hex()
            if account.channel == "zalo"
            else self._world.new_mid(account.channel)
        )
        said = Said(message_id, self._world.clock.now(), by_account=False, text=text)
        self._webhooks.post(reports.message(account, customer.id, said))

    def _happens(self, chance: float) -> bool:
        return self._random.random() < chance
