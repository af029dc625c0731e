"""What the database says after applying, without what may differ between orders of arrival.

Declared: no seq and read_seq (order of arrival), no created_at, updated_at and due times (time of
arrival), no live events and journal (how it came, not what it says).
"""

from typing import Any

from inbox.mongo.client import Mongo

_ARRIVAL = {
    "seq",
    "read_seq",
    "created_at",
    "updated_at",
    "profile",
    "requested_at",
    "run",
    "copying",
}
_COLLECTIONS = (
    "conversations",
    "messages",
    "customers",
    "interactions",
    "account_events",
    "erasures",
    "platform_ids",
)


async def projection(mongo: Mongo) -> dict[str, dict[str, Any]]:
    """Every document of the inbox by "collection/_id", without the fields of arrival."""
    return {
        f"{collection}/{document['_id']}": {
            key: value for key, value in document.items() if key not in _ARRIVAL
        }
        for collection in _COLLECTIONS
        async for document in mongo[collection].find()
    }
