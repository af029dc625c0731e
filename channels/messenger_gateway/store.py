"""What the gateway looks up and keeps: threads by the platform's own ids, and Messenger profiles.

`messenger_profiles {_id: automation id, fields, subscribed}`: what a program told about itself,
each field as the JSON that it came as.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import orjson
from pymongo import ReturnDocument

from inbox.ids import conversation_key, message_key
from inbox.mongo.client import Document, Mongo

_LOOKED_BACK = 100
"""So many messages before a customer's are looked at for what they may have pressed."""
_CONTROL = ("automation", "last_out_at", "given_back_at", "opted_out_at")
_PARTY = dict.fromkeys(("external_id", "customer_id", "last_in_at", "created_at", *_CONTROL), 1)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Party:
    """Whom a thread is with. `id` is the platform's own id of the person; `control` is what of
    the conversation says who has it (inbox/conversations/automation.py).
    """

    id: str
    conversation_id: str
    customer_id: str | None
    control: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comment:
    """A customer's comment, which may be answered privately."""

    message_id: str
    conversation_id: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A button or quick reply that was offered; `payload` None: it had only a title. `age` counts
    the messages with choices after its own.
    """

    title: str
    payload: str | None
    quick: bool
    age: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """A stored message beyond its view: a pressed button, what was offered before it, and by
    place where the platform has its attachments.
    """

    is_postback: bool
    offered: Sequence[Choice]
    links: Sequence[str | None] = ()


@dataclass(frozen=True, slots=True)
class PageProfile:
    """The Messenger profile of a program, and the webhook fields that it subscribed to."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    subscribed: frozenset[str] = frozenset()


class GatewayStore:
    """Reads conversations, messages and customers; writes `messenger_profiles` alone."""

    def __init__(self, mongo: Mongo) -> None:
        self._accounts = mongo["accounts"]
        self._conversations = mongo["conversations"]
        self._messages = mongo["messages"]
        self._customers = mongo["customers"]
        self._profiles = mongo["messenger_profiles"]

    # Whom

    async def party(self, conversation_id: str) -> Party | None:
        """Whom an inbox conversation is with; None for comments and groups."""
        found = await self._conversations.find_one(
            {"_id": conversation_id, "kind": "inbox"}, _PARTY
        )
        return None if found is None else _party(found)

    async def party_of_customer(self, customer_id: str, bot_id: str) -> Party | None:
        """Where the bot met a customer last; None where it has no conversation with them."""
        cursor = self._conversations.find(
            {"customer_id": customer_id, "bot_id": bot_id, "kind": "inbox"},
            _PARTY,
        )
        return _newest(await cursor.to_list())

    async def thread(self, bot_id: str, person_id: str) -> Party | None:
        """The bot's conversation with a person, over all its accounts.

        Ids of different platforms could only be equal by accident; then the newest counts.
        """
        keys = [
            conversation_key(one["channel"], one["account_id"], "inbox", person_id)
            for one in await self._accounts_of(bot_id)
        ]
        cursor = self._conversations.find(
            {"_id": {"$in": keys}, "bot_id": bot_id},
            _PARTY,
        )
        return _newest(await cursor.to_list())

    async def comment(self, bot_id: str, comment_id: str) -> Comment | None:
        """A comment by the platform's id of it."""
        keys = [
            message_key(one["channel"], one["account_id"], comment_id)
            for one in await self._accounts_of(bot_id)
        ]
        found = await self._messages.find_one(
            {"_id": {"$in": keys}, "at": {"$exists": True}}, {"conversation_id": 1}
        )
        return None if found is None else Comment(found["_id"], found["conversation_id"])

    async def customer(self, customer_id: str | None) -> Document | None:
        """Name and identities, for a profile."""
        if customer_id is None:
            return None
        return await self._customers.find_one({"_id": customer_id}, {"name": 1, "identities": 1})

    async def _accounts_of(self, bot_id: str) -> list[Document]:
        cursor = self._accounts.find({"bot_id": bot_id}, {"channel": 1, "account_id": 1})
        return await cursor.to_list()

    # What was said

    async def known_messages(self, ids: Collection[str]) -> frozenset[str]:
        """Those of these ids that there is a message of."""
        cursor = self._messages.find({"_id": {"$in": list(ids)}}, {"_id": 1})
        return frozenset([one["_id"] async for one in cursor])

    async def told(self, message_id: str, automation_id: str) -> Told:
        """What the view of a customer's message does not show.

        Choices are of messages of this program before it, the newest first; index messages
        (conversation_id, -at, -seq).
        """
        message = await self._messages.find_one(
            {"_id": message_id},
            {"conversation_id": 1, "seq": 1, "data.postback": 1, "attachments.url": 1},
        )
        if message is None:
            return Told(is_postback=False, offered=())
        before = {"conversation_id": message["conversation_id"], "seq": {"$lt": message["seq"]}}
        cursor = self._messages.find(before, {"content": 1, "author": 1})
        newest = await cursor.sort([("at", -1), ("seq", -1)]).limit(_LOOKED_BACK).to_list()
        own = {"kind": "automation", "id": automation_id}
        theirs = [one for one in newest if own.items() <= (one.get("author") or {}).items()]
        groups = [group for one in theirs if (group := _choices(one.get("content") or {}))]
        offered = [replace(choice, age=age) for age, group in enumerate(groups) for choice in group]
        is_postback = bool((message.get("data") or {}).get("postback"))
        links = [one.get("url") for one in message.get("attachments") or ()]
        return Told(is_postback, offered, links)

    # Profiles

    async def profile(self, automation_id: str) -> PageProfile:
        found = await self._profiles.find_one({"_id": automation_id})
        return PageProfile() if found is None else _profile(found)

    async def set_profile(self, automation_id: str, fields: Mapping[str, Any]) -> PageProfile:
        """Set these fields; others stay."""
        written = {f"fields.{name}": orjson.dumps(value).decode() for name, value in fields.items()}
        return await self._change(automation_id, {"$set": written})

    async def unset_profile(self, automation_id: str, names: Collection[str]) -> None:
        if names:
            unset = {f"fields.{name}": 1 for name in names}
            await self._profiles.update_one({"_id": automation_id}, {"$unset": unset})

    async def subscribe(self, automation_id: str, names: Collection[str]) -> None:
        """The webhook fields that the program asked for, instead of those before."""
        await self._change(automation_id, {"$set": {"subscribed": sorted(names)}})

    async def _change(self, automation_id: str, update: Document) -> PageProfile:
        found = await self._profiles.find_one_and_update(
            {"_id": automation_id}, update, upsert=True, return_document=ReturnDocument.AFTER
        )
        return _profile(found or {})


def _party(conversation: Document) -> Party:
    return Party(
        id=conversation["external_id"],
        conversation_id=conversation["_id"],
        customer_id=conversation.get("customer_id"),
        control={name: conversation[name] for name in _CONTROL if name in conversation},
    )


def _newest(conversations: Sequence[Document]) -> Party | None:
    def last(one: Document) -> datetime:
        at: datetime | None = one.get("last_in_at") or one.get("created_at")
        return at or _LONG_AGO

    newest = max(conversations, key=last, default=None)
    return None if newest is None else _party(newest)


def _choices(content: Mapping[str, Any]) -> list[Choice]:
    quick = content.get("quick_replies") or ()
    on_cards = [one for card in content.get("cards") or () for one in card.get("buttons") or ()]
    return [
        Choice(one["title"], one.get("payload"), quick=is_quick)
        for is_quick, buttons in ((True, quick), (False, content.get("buttons")), (False, on_cards))
        for one in buttons or ()
        if "url" not in one
    ]


def _profile(document: Document) -> PageProfile:
    written = document.get("fields") or {}
    fields = {name: orjson.loads(value) for name, value in written.items()}
    return PageProfile(fields, frozenset(document.get("subscribed") or ()))
