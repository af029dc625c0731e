"""Writes down who read what of a customer."""

from typing import Any

from inbox.clock import Clock
from inbox.customers.store import CustomerStore
from inbox.mongo.client import Mongo, Session
from inbox.staff.audit.store import AuditStore
from inbox.staff.model import Actor
from inbox.timeline.kinds import interaction


class RevealStore:
    """A value is answered once its reading is written in the timeline and in the audit log."""

    def __init__(self, mongo: Mongo, customers: CustomerStore, clock: Clock) -> None:
        self._mongo = mongo
        self._customers = customers
        self._audit = AuditStore(mongo)
        self._clock = clock

    async def reveal(self, customer_id: str, field: str, actor: Actor) -> Any:
        """The field in full; None when the customer has none.

        Raises:
            NotFound, NotAllowed: as CustomerStore.get.
        """

        async def work(session: Session) -> Any:
            customer = await self._customers.get(customer_id, actor, session=session)
            now = self._clock.now()
            row = interaction(
                "revealed",
                customer_id=customer["_id"],
                at=now,
                actor_id=actor.id,
                data={"field": field},
            )
            await self._mongo["interactions"].insert_one(row, session=session)
            await self._audit.record(
                actor,
                "customer_revealed",
                ("customer", customer["_id"]),
                at=now,
                changes={field: {}},  # which field, never what it holds
                session=session,
            )
            return customer.get(field)

        return await self._mongo.transaction(work)
