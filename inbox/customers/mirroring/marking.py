"""Marks changed fields for the mirrors, in the write that changes them.

`inbox` knows no CRM: a package above registers mirrors (`Mirror` below). A customer is mirrored
if a bot that they write to has its switch on ("đồng bộ dữ liệu sang CRM").
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from inbox.customers.mirroring.cards import CrmCard
from inbox.mongo.client import Document, Mongo, Session


class Mirror(Protocol):
    """One connection that edits are mirrored to."""

    @property
    def connection(self) -> str:
        """Its name: letters, digits and "-", the key of its part of `customers.crm`."""
        ...

    def mark(
        self, customer: Mapping[str, Any], fields: Collection[str], now: datetime
    ) -> dict[str, Any]:
        """What to $set in the customer so that `fields` are pushed; empty when it maps none.

        `fields` are paths: "phones", "owner_id", "tag_ids", and "attributes.address" for one
        attribute. As part of a path to $set, the dot nests.
        Pure. Paths lie under `crm.<connection>`. `customer` is the document before the edit, read
        in the same transaction, so a revision may be counted on from what it says. Marking must
        not take the lease from a worker that is pushing right now.
        """
        ...

    def wake(self) -> None:
        """Something was marked in this process, and is stored."""
        ...

    async def card(self, customer: Mapping[str, Any]) -> CrmCard:
        """How far the customer is, with their record if the CRM shows it soon enough."""
        ...

    def merge(self, survivor: Mapping[str, Any], loser: Mapping[str, Any]) -> dict[str, Any]:
        """What to $set in the survivor of a merge beside the marks, so that the record of the
        other one is not lost sight of. Pure.
        """
        ...

    def part(
        self, survivor: Mapping[str, Any], before: Mapping[str, Any], loser: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What to $set ($unset what is None) in the survivor when the merge is undone. Pure.

        `before` and `loser` are both records as they were before it.
        """
        ...

    def restore(
        self, survivor: Mapping[str, Any], loser: Mapping[str, Any], now: datetime
    ) -> dict[str, Any]:
        """What to $set in the other one when the merge is undone, beside the marks: how its
        record was left by the survivor. Empty when it has none. Pure.
        """
        ...

    async def erase(self, customer: Mapping[str, Any], *, session: Session) -> None:
        """The customer is being erased in this transaction: have the CRM forget what it got."""
        ...


class Mirrors:
    """Every registered mirror, asked for each edit."""

    def __init__(self, mongo: Mongo, mirrors: Sequence[Mirror] = ()) -> None:
        self._mongo = mongo
        self._mirrors = list(mirrors)

    def register(self, mirror: Mirror) -> None:
        """Mirror edits from now on."""
        self._mirrors.append(mirror)

    async def marks(
        self,
        customer: Document,
        fields: Collection[str],
        now: datetime,
        *,
        session: Session,
    ) -> dict[str, Any]:
        """What to $set besides; empty when no bot of the customer has the switch on."""
        if not self._mirrors or not fields:
            return {}
        if not await self.are_wanted(customer["_id"], session=session):
            return {}
        found: dict[str, Any] = {}
        for mirror in self._mirrors:
            found |= mirror.mark(customer, fields, now)
        return found

    async def are_wanted(self, customer_id: str, *, session: Session | None = None) -> bool:
        """Whether a bot that the customer writes to has its switch on; index (customer_id)."""
        bots = await self._mongo["conversations"].distinct(
            "bot_id", {"customer_id": customer_id}, session=session
        )
        on = {"_id": {"$in": bots}, "crm_sync": True}
        return await self._mongo["bots"].find_one(on, {"_id": 1}, session=session) is not None

    async def wanted_of(self, customer_ids: Collection[str]) -> set[str]:
        """Those of the customers of whom `are_wanted` is true; index (customer_id)."""
        on = set(await self._mongo["bots"].distinct("_id", {"crm_sync": True}))
        threads = self._mongo["conversations"].find(
            {"customer_id": {"$in": list(customer_ids)}}, {"customer_id": 1, "bot_id": 1}
        )
        return {one["customer_id"] async for one in threads if one.get("bot_id") in on}

    @property
    def are_set_up(self) -> bool:
        """Whether there is any connection at all."""
        return bool(self._mirrors)

    async def card(self, customer: Mapping[str, Any]) -> CrmCard | None:
        """Of the first connection that has a record, else of the first one at all."""
        cards = await asyncio.gather(*(mirror.card(customer) for mirror in self._mirrors))
        linked = [card for card in cards if card.id is not None]
        return next(iter([*linked, *cards]), None)

    def merge(self, survivor: Mapping[str, Any], loser: Mapping[str, Any]) -> dict[str, Any]:
        """What to $set in the survivor of a merge, beside the marks."""
        found: dict[str, Any] = {}
        for mirror in self._mirrors:
            found |= mirror.merge(survivor, loser)
        return found

    def part(
        self, survivor: Mapping[str, Any], before: Mapping[str, Any], loser: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What to $set in the survivor when the merge is undone; None is to $unset."""
        found: dict[str, Any] = {}
        for mirror in self._mirrors:
            found |= mirror.part(survivor, before, loser)
        return found

    def restore(
        self, survivor: Mapping[str, Any], loser: Mapping[str, Any], now: datetime
    ) -> dict[str, Any]:
        """What to $set in the one that is back when the merge is undone, beside the marks."""
        found: dict[str, Any] = {}
        for mirror in self._mirrors:
            found |= mirror.restore(survivor, loser, now)
        return found

    async def erase(self, customer: Mapping[str, Any], *, session: Session) -> None:
        """In the transaction that takes the customer out of the inbox."""
        for mirror in self._mirrors:
            await mirror.erase(customer, session=session)

    def wake(self) -> None:
        """After the commit."""
        for mirror in self._mirrors:
            mirror.wake()
