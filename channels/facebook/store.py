"""What is known of an account's webhook subscription: `accounts.subscription`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from inbox.mongo.client import Document, Mongo

SubscriptionState = Literal["ok", "failed"]


@dataclass(frozen=True, slots=True)
class Subscription:
    """Whether a page sends us its webhooks, as of the last look.

    `fields` are those that are subscribed for our app; `reason` is a stable word for why not, or
    Meta's number; `page` is the page that was asked, None when it could not be.
    """

    state: SubscriptionState
    fields: tuple[str, ...] = ()
    reason: str | None = None
    page: str | None = None


class SubscriptionStore:
    """Collection `accounts`: `subscription`."""

    def __init__(self, mongo: Mongo) -> None:
        self._accounts = mongo["accounts"]

    async def note(self, account_key: str, found: Subscription, *, now: datetime) -> None:
        """Keep what a look or a try has shown; nothing happens when the account is gone."""
        kept: Document = {"state": found.state, "fields": list(found.fields), "checked_at": now}
        if found.reason is not None:
            kept["reason"] = found.reason
        if found.page is not None:
            kept["page"] = found.page
        await self._accounts.update_one({"_id": account_key}, {"$set": {"subscription": kept}})

    async def has_sibling(self, page: str, account_key: str) -> bool:
        """Whether another connected account gets its webhooks through this page."""
        through = [{"subscription.page": page}, {"channel": "facebook", "account_id": page}]
        query = {"_id": {"$ne": account_key}, "$or": through}
        return await self._accounts.find_one(query, {"_id": 1}) is not None
