"""Reads what a link leads to: an attachment of a message, an avatar of a customer."""

from inbox.mongo.client import Document, Mongo


class MediaReads:
    """By id alone: who may see it was asked when the link was given."""

    def __init__(self, mongo: Mongo) -> None:
        self._messages = mongo["messages"]
        self._customers = mongo["customers"]

    async def message(self, message_id: str) -> Document | None:
        """A message with what is needed of it; None when there is none that is shown."""
        fields = {"attachments": 1, "removed_at": 1, "at": 1}
        found = await self._messages.find_one({"_id": message_id}, fields)
        return found if found is not None and found.get("at") is not None else None

    async def avatar(self, customer_id: str, identity_id: str) -> Document | None:
        """{sha256, mime} of a copied picture."""
        query = {"_id": customer_id, "identities.id": identity_id}
        found = await self._customers.find_one(query, {"identities.$": 1})
        avatar: Document | None = None if found is None else found["identities"][0].get("avatar")
        return avatar
