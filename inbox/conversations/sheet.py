"""The working copy of what a batch touches: stored documents, new ones, and what changed."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from inbox.conversations.automation import PAUSE_AFTER_REPLY
from inbox.conversations.model import IdentityRef, MessageRef, ThreadRef
from inbox.ids import account_key
from inbox.signals.model import Signal

Document = dict[str, Any]

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class AccountGone(Exception):
    """The account was disconnected after its event had been understood.

    `account` is (account key, channel, account id).
    """

    def __init__(self, key: str, channel: str, account_id: str) -> None:
        super().__init__("account is not connected")
        self.account = (key, channel, account_id)


class Tracked:
    """One document, stored or new, that remembers which of its fields changed.

    A field set to None is absent: in the stored document it is unset.
    """

    __slots__ = ("changed", "document", "id", "stored")

    def __init__(self, id_: str, document: Document, *, stored: bool) -> None:
        self.id = id_
        self.document = document
        self.stored = stored
        self.changed: set[str] = set()

    def get(self, name: str) -> Any:
        return self.document.get(name)

    def put(self, name: str, value: Any) -> None:
        """Set a field; nothing happens when it has that value already."""
        if self.document.get(name) == value:
            return
        self.changed.add(name)
        if value is None:
            del self.document[name]
        else:
            self.document[name] = value

    def put_later(self, name: str, moment: datetime | None) -> None:
        """Set a moment that only moves forward."""
        current = self.document.get(name)
        if moment is not None and (current is None or moment > current):
            self.put(name, moment)

    def put_earlier(self, name: str, moment: datetime) -> None:
        """Set a moment that only moves back."""
        current = self.document.get(name)
        if current is None or moment < current:
            self.put(name, moment)

    def update(self) -> Document:
        """The update that brings the stored document to this state; empty when it is there."""
        sets = {name: self.document[name] for name in self.changed if name in self.document}
        unsets = dict.fromkeys(self.changed - sets.keys(), 1)
        update: Document = {}
        if sets:
            update["$set"] = sets
        if unsets:
            update["$unset"] = unsets
        return update


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """By what changes are judged beside themselves; the sets may change while they are held on to.

    `profiles_kept` is how old a profile may be when its customer writes. `splitting` are the bots
    whose new conversations wait for their sale before anybody is told of them, `triggering` those
    in which a message may begin something by itself. `answering` are those in which an automation
    answers first, each with how long after an answer of a person it does so again (None: never
    by itself).
    """

    profiles_kept: timedelta = timedelta(days=7)
    pause_after_reply: timedelta = PAUSE_AFTER_REPLY
    splitting: Collection[str] = frozenset()
    triggering: Collection[str] = frozenset()
    answering: Mapping[str, timedelta | None] = field(default_factory=dict)


@dataclass(slots=True)
class Sheet:
    """Everything that one batch may read or change, loaded beforehand.

    `bots` maps account keys to bot ids; `fresh_messages` lists the messages that became visible,
    `unsettled` the threads whose `waiting_since` must be read from the messages.

    `aliases` maps ids of platform messages that are parts of ours to their documents, `parted`
    are those that turned out not to be. `gone` are platform ids that have just become aliases,
    each with the document that was kept under it; `replaced` lists those that were shown, by the
    message that is shown instead. The last message of the threads `without_last` must be read;
    of the threads in `recount`, also who wrote last and who waits.
    """

    now: datetime
    bots: Mapping[str, str]
    terms: Terms = field(default_factory=Terms)
    threads: dict[str, Tracked] = field(default_factory=dict)
    messages: dict[str, Tracked] = field(default_factory=dict)
    people: dict[str, Tracked] = field(default_factory=dict)
    """Customers by the ids of their channel identities."""
    customers: dict[str, Tracked] = field(default_factory=dict)
    """The same customers by their own ids."""
    interactions: dict[str, Document] = field(default_factory=dict)
    answers: dict[str, Document] = field(default_factory=dict)
    account_events: dict[str, Document] = field(default_factory=dict)
    erasures: set[tuple[IdentityRef, datetime]] = field(default_factory=set)
    fresh_messages: list[Tracked] = field(default_factory=list)
    unsettled: set[str] = field(default_factory=set)
    aliases: dict[str, Tracked] = field(default_factory=dict)
    parted: set[str] = field(default_factory=set)
    gone: dict[str, Tracked | None] = field(default_factory=dict)
    replaced: dict[str, list[str]] = field(default_factory=dict)
    without_last: set[str] = field(default_factory=set)
    recount: set[str] = field(default_factory=set)
    signals: list[Signal] = field(default_factory=list)
    """What automations have to heed of it."""

    def load_aliases(self, documents: Iterable[Document]) -> None:
        for document in documents:
            self.aliases[document["_id"]] = Tracked(document["_id"], document, stored=True)

    def load_messages(self, documents: Iterable[Document]) -> None:
        for document in documents:
            if document["_id"] in self.messages:
                continue
            self.messages[document["_id"]] = Tracked(document["_id"], document, stored=True)

    def load_threads(self, documents: Iterable[Document]) -> None:
        for document in documents:
            self.threads[document["_id"]] = Tracked(document["_id"], document, stored=True)

    def load_people(self, documents: Iterable[Document]) -> None:
        """Customers, found again under each of their channel identities."""
        for document in documents:
            tracked = self.customers[document["_id"]] = Tracked(
                document["_id"], document, stored=True
            )
            for identity in document["identities"]:
                self.people[identity["id"]] = tracked

    def message(self, ref: MessageRef) -> Tracked:
        """The message, or a new placeholder for it."""
        id_ = self.resolved(ref)
        if id_ not in self.messages:
            placeholder = {"_id": id_, "channel": ref.channel, "external_id": ref.external_id}
            self.messages[id_] = Tracked(id_, placeholder, stored=False)
        return self.messages[id_]

    def resolved(self, ref: MessageRef) -> str:
        """The id of the message: ours where the platform's id is that of a part of ours."""
        alias = self.aliases.get(ref.id)
        if alias is not None and alias.get("message_id") in self.messages:
            message_id: str = alias.get("message_id")
            return message_id
        return ref.id

    def part_of(self, ref: MessageRef) -> int | None:
        """Which part of a message of ours this is; None when it is not one."""
        alias = self.aliases.get(ref.id)
        return None if alias is None else alias.get("part")

    def put_alias(self, key: str, message_id: str, part: int, conversation_id: str) -> None:
        """From now on this platform id is a part of a message of ours."""
        fields = {"message_id": message_id, "part": part, "conversation_id": conversation_id}
        if key not in self.aliases:
            self.aliases[key] = Tracked(key, {"_id": key, **fields}, stored=False)
        for name, value in fields.items():
            self.aliases[key].put(name, value)

    def thread(self, ref: ThreadRef, *, bot_id: str | None = None) -> Tracked:
        """The thread, or a new one without messages, which stays hidden from lists.

        `bot_id`: of another thread of the same account, where `bots` does not name it.
        """
        id_ = ref.id
        if id_ not in self.threads:
            self.threads[id_] = Tracked(id_, self._new_thread(id_, ref, bot_id), stored=False)
        return self.threads[id_]

    def _new_thread(self, id_: str, ref: ThreadRef, bot_id: str | None) -> Document:
        account = account_key(ref.channel, ref.account_id)
        bot_id = self.bots.get(account, bot_id)
        if bot_id is None:
            raise AccountGone(account, ref.channel, ref.account_id)
        return {
            "_id": id_,
            "channel": ref.channel,
            "account_id": ref.account_id,
            "account_key": account,
            "kind": ref.kind,
            "external_id": ref.external_id,
            "bot_id": bot_id,
            "participant_ids": [],
            "status": "open",
            "status_at": LONG_AGO,
            "seq": 0,
            "read_seq": 0,
            "unread": 0,
            "split": {"state": "off"},
            "automation": {"state": "active"},
            "created_at": self.now,
        }

    def person(self, ref: IdentityRef) -> Tracked:
        """The customer of an identity, or a new nameless one whose profile is due."""
        id_ = ref.id
        if id_ not in self.people:
            tracked = Tracked(id_, self._new_person(id_, ref), stored=False)
            self.people[id_] = self.customers[id_] = tracked
        return self.people[id_]

    def _new_person(self, id_: str, ref: IdentityRef) -> Document:
        identity: Document = {
            "id": id_,
            "channel": ref.channel,
            "account_id": ref.account_id,
            "external_id": ref.external_id,
        }
        if ref.temporary:
            identity["temporary"] = True
        return {
            "_id": id_,
            "phones": [],
            "emails": [],
            "note": "",
            "attributes": {},
            "tag_ids": [],
            "follower_ids": [],
            "identities": [identity],
            "version": 1,
            "field_versions": {},
            "merged_from": [],
            "origin": ref.channel,
            "created_at": self.now,
            "updated_at": self.now,
            "profile": {"due_at": self.now, "fence": 0, "attempts": 0},
        }
