"""What an edit may say, as far as it takes the database to know: attributes and colleagues."""

from collections.abc import Mapping
from typing import Any

from inbox.customers.attributes.store import AttributeStore
from inbox.customers.attributes.values import checked_values
from inbox.customers.fields import ATTRIBUTES, attribute_key
from inbox.errors import FieldErrors
from inbox.mongo.client import Document, Mongo, Session


class EditChecks:
    """Reads the catalogue and the people in the transaction that makes the edit."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self.attributes = AttributeStore(mongo)

    async def check(
        self, customer: Document, fields: Mapping[str, Any], session: Session
    ) -> dict[str, Any]:
        """The fields as they are stored.

        Raises:
            InvalidInput: an attribute that is not known or has another type, or people who do
                not look after a bot of the customer.
        """
        errors = FieldErrors()
        plain = {path: value for path, value in fields.items() if attribute_key(path) is None}
        sent = {attribute_key(path) or "": fields[path] for path in fields.keys() - plain.keys()}
        if sent:
            catalogue = {one.key: one for one in await self.attributes.all(session=session)}
            values = checked_values(sent, catalogue, errors)
            plain |= {f"{ATTRIBUTES}.{key}": value for key, value in values.items()}
        await self._check_people(customer, fields, errors, session)
        errors.raise_if_any()
        return plain

    async def _check_people(
        self, customer: Document, fields: Mapping[str, Any], errors: FieldErrors, session: Session
    ) -> None:
        """Only people who are added: somebody who has left since does not hold up an edit."""
        added = {
            f"followers.{number}": one
            for number, one in enumerate(fields.get("follower_ids") or ())
            if one not in customer.get("follower_ids", ())
        }
        owner = fields.get("owner_id")
        if owner is not None and owner != customer.get("owner_id"):
            added["owner"] = owner
        if not added:
            return
        known = await self._colleagues(customer["_id"], set(added.values()), session)
        for name, staff_id in added.items():
            if staff_id not in known:
                errors.add(
                    name,
                    "not_of_a_bot",
                    vi="Người này không còn làm việc hoặc không thuộc bot nào của khách.",
                    en="This person does not work here any more, or in no bot of the customer.",
                )

    async def _colleagues(self, customer_id: str, asked: set[str], session: Session) -> set[str]:
        """Those of the people who work in a bot that the customer writes to; admins do in all."""
        wanted = list(asked)
        staff = self._mongo["staff"].find(
            {"_id": {"$in": wanted}, "active": True}, {"role": 1}, session=session
        )
        roles = {one["_id"]: one.get("role") async for one in staff}
        bot_ids = await self._mongo["conversations"].distinct(
            "bot_id", {"customer_id": customer_id}, session=session
        )
        bots = self._mongo["bots"].find(
            {"_id": {"$in": bot_ids}, "member_ids": {"$in": wanted}},
            {"member_ids": 1},
            session=session,
        )
        members = {member async for bot in bots for member in bot["member_ids"]}
        return {id_ for id_, role in roles.items() if id_ in members or role in {"owner", "admin"}}
