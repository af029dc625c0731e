"""Marks changed fields for the mirrors, in the write that changes them.

`inbox` knows no CRM: a package above registers mirrors (`Mirror` below). A customer is mirrored
if a bot that they write to has its switch on ("đồng bộ dữ liệu sang CRM").
"""

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

    async def card(self, customer: Mapping[str, Any]) -> CrmCard | None:
        """The record that the customer is linked to; None while there is none.

        Raises:
            CrmUnavailable: the CRM does not answer.
        """
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

    @property
    def are_set_up(self) -> bool:
        """Whether there is any connection at all."""
        return bool(self._mirrors)

    async def card(self, customer: Mapping[str, Any]) -> CrmCard | None:
        """The record of the first connection that has one. Raises CrmUnavailable."""
        for mirror in self._mirrors:
            if (card := await mirror.card(customer)) is not None:
                return card
        return None

    def wake(self) -> None:
        """After the commit."""
        for mirror in self._mirrors:
            mirror.wake()
