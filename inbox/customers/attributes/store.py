"""The collection `attributes`, and whether customers have values of one."""

from collections.abc import Sequence

from inbox.customers.attributes.builtin import BUILTIN
from inbox.customers.attributes.model import Attribute, attribute_document, attribute_from
from inbox.mongo.client import Mongo, Session


class AttributeStore:
    """`{_id, key, label:{vi,en}, type, required, position, options?, max?, builtin, retired_at?}`.

    `key` is unique. A built-in attribute is stored once it differs from what the product says;
    its id is its key.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._attributes = mongo["attributes"]
        self._customers = mongo["customers"]

    async def all(self, *, session: Session | None = None) -> list[Attribute]:
        """The catalogue in its order, retired ones too; a hundred at most, so no paging."""
        stored = [attribute_from(one) async for one in self._attributes.find({}, session=session)]
        known = {one.id for one in stored}
        both = [*stored, *(one for one in BUILTIN if one.id not in known)]
        return sorted(both, key=lambda one: (one.position, one.key))

    async def save(self, attributes: Sequence[Attribute], *, session: Session) -> None:
        """Write these attributes whole, whether or not they were stored before."""
        for one in attributes:
            await self._attributes.replace_one(
                {"_id": one.id}, attribute_document(one), upsert=True, session=session
            )

    async def delete(self, attribute_id: str, *, session: Session) -> None:
        await self._attributes.delete_one({"_id": attribute_id}, session=session)

    async def is_used(self, attribute: Attribute, *, session: Session) -> bool:
        """Whether a customer has a value; index (attributes.$**)."""
        query = {f"attributes.{attribute.key}": {"$exists": True}}
        found = await self._customers.find_one(query, {"_id": 1}, session=session)
        return found is not None
