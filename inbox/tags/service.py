"""What people do with tags: attach, detach, and look after the catalogue."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from inbox.clock import Clock
from inbox.config import TagsConfig
from inbox.customers.store import CustomerStore
from inbox.errors import FieldErrors, NotFound
from inbox.mongo.client import Document, Mongo, Session
from inbox.signals.store import SignalStore
from inbox.staff.audit.store import AuditStore
from inbox.staff.model import Actor
from inbox.tags.model import (
    LONGEST_NAME,
    Colour,
    Tag,
    TagCreationNotAllowed,
    TagInUse,
    TagNameEmpty,
    TagRetired,
    TagTaken,
    TooManyTags,
    shown_name,
    tag_key,
)
from inbox.tags.store import TagStore

_Result = TypeVar("_Result")
_UNSEEN = "\u200b\u200c\u200d\u2060\ufeff"
"""Characters that show nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagEdit:
    """What is to change; None leaves as it is."""

    name: str | None = None
    colour: Colour | None = None
    retired: bool | None = None


@dataclass(frozen=True, slots=True)
class Attached:
    """What attaching did: the tag, whether it is new, whether the customer had it already."""

    tag: Tag
    is_new: bool
    was_there: bool


class TagService:
    """Every change is one transaction with its row of the timeline or of the audit log."""

    def __init__(
        self,
        mongo: Mongo,
        customers: CustomerStore,
        clock: Clock,
        config: TagsConfig,
        *,
        signals: SignalStore | None = None,
    ) -> None:
        self._mongo = mongo
        self._customers = customers
        self._clock = clock
        self._config = config
        self._audit = AuditStore(mongo)
        self.store = TagStore(mongo, customers.mirrors, clock, signals=signals)

    def may_create(self, actor: Actor) -> bool:
        return actor.at_least(self._config.created_by)

    async def attach_by_name(self, customer_id: str, name: str, actor: Actor) -> Attached:
        """Find the tag of this name or make it, and attach it, in one transaction.

        Repeating it, or doing it twice at once, makes one tag and attaches it once.

        Raises:
            TagCreationNotAllowed: there is none of this name and the actor may not make one.
            TagNameEmpty, TagRetired, TooManyTags: see there.
            NotFound, NotAllowed: as CustomerStore.get.
        """
        if not tag_key(name):
            raise TagNameEmpty

        async def work(session: Session) -> Attached:
            customer = await self._customers.get(customer_id, actor, session=session)
            tag = await self.store.by_name(name, session=session)
            is_new = tag is None
            if tag is None:
                tag = await self._insert(name, None, actor, session)
            return Attached(tag, is_new, await self._attach(customer, tag, actor, session))

        return await self._told(work)

    async def attach(self, customer_id: str, tag_id: str, actor: Actor) -> Attached:
        """Attach a tag of the catalogue; attached already is fine.

        Raises:
            TagRetired, TooManyTags: see there.
            NotFound: no such customer or tag. NotAllowed: as CustomerStore.get.
        """

        async def work(session: Session) -> Attached:
            customer = await self._customers.get(customer_id, actor, session=session)
            tag = await self._tag(tag_id, session)
            return Attached(tag, False, await self._attach(customer, tag, actor, session))

        return await self._told(work)

    async def follow(
        self,
        customer: Document,
        add: Collection[str],
        remove: Collection[str],
        actor: Actor,
        *,
        session: Session,
    ) -> list[str]:
        """Attach and detach tags by name as another system has done it, within a transaction.

        A name that is new becomes a tag; one that cannot be (retired, too many, too long, nothing
        to be seen of it) is left out. The names left out. Wake mirrors and signals after the
        commit.
        """
        left_out: list[str] = []
        for name in remove:
            tag = await self.store.by_name(name, session=session)
            if tag is not None:
                customer = await self._again(customer, session)
                await self._detach(customer, tag, actor, session)
        for name in add:
            if not _can_be_tag(name):
                left_out.append(name)
                continue
            tag = await self.store.by_name(name, session=session)
            tag = tag or await self._insert(name, None, actor, session)
            customer = await self._again(customer, session)
            try:
                await self._attach(customer, tag, actor, session)
            except (TagRetired, TooManyTags):
                left_out.append(name)
        return left_out

    async def _again(self, customer: Document, session: Session) -> Document:
        return await self._customers.find(customer["_id"], session)

    async def _told(self, work: Callable[[Session], Awaitable[_Result]]) -> _Result:
        """Run a transaction that changes a customer's tags, and tell the mirrors."""
        result = await self._mongo.transaction(work)
        self._customers.mirrors.wake()
        self.store.signals.due.wake()
        return result

    async def _attach(self, customer: Document, tag: Tag, actor: Actor, session: Session) -> bool:
        """Whether the customer had it already."""
        ids: list[str] = customer.get("tag_ids", [])
        if tag.id in ids:
            return True
        if tag.is_retired:
            raise TagRetired
        if len(ids) >= self._config.most_per_customer:
            raise TooManyTags(self._config.most_per_customer)
        await self.store.set_tags(
            customer, [*ids, tag.id], row=("tag_added", tag), actor_id=actor.id, session=session
        )
        return False

    async def detach(self, customer_id: str, tag_id: str, actor: Actor) -> None:
        """Detach a tag; detached already is fine.

        Raises:
            NotFound, NotAllowed: as CustomerStore.get.
        """

        async def work(session: Session) -> None:
            customer = await self._customers.get(customer_id, actor, session=session)
            tag = await self.store.get(tag_id, session=session)
            if tag is not None:
                await self._detach(customer, tag, actor, session)

        await self._told(work)

    async def _detach(self, customer: Document, tag: Tag, actor: Actor, session: Session) -> None:
        ids: list[str] = customer.get("tag_ids", [])
        if tag.id not in ids:
            return
        left = [id_ for id_ in ids if id_ != tag.id]
        await self.store.set_tags(
            customer, left, row=("tag_removed", tag), actor_id=actor.id, session=session
        )

    async def create(self, name: str, colour: Colour | None, actor: Actor) -> Tag:
        """Add a tag to the catalogue.

        Raises:
            TagCreationNotAllowed, TagNameEmpty, TagTaken.
        """
        if not tag_key(name):
            raise TagNameEmpty

        async def work(session: Session) -> Tag:
            if await self.store.by_name(name, session=session) is not None:
                raise TagTaken(shown_name(name))
            return await self._insert(name, colour, actor, session)

        return await self._mongo.transaction(work)

    async def _insert(
        self, name: str, colour: Colour | None, actor: Actor, session: Session
    ) -> Tag:
        if not self.may_create(actor):
            raise TagCreationNotAllowed
        tag = await self.store.insert(name, colour, session=session)
        await self._record(actor, "tag_created", tag, {"name": {"after": tag.name}}, session)
        return tag

    async def edit(self, tag_id: str, edit: TagEdit, actor: Actor) -> Tag:
        """Rename, colour, retire or bring back a tag; customers show it as it is then.

        Raises:
            NotFound, TagNameEmpty, TagTaken.
        """
        if edit.name is not None and not tag_key(edit.name):
            raise TagNameEmpty

        async def work(session: Session) -> Tag:
            before = await self._tag(tag_id, session)
            changes = _changes(before, edit, self._clock.now())
            if not changes:
                return before
            if changes.get("key", before.key) != before.key:
                other = await self.store.by_name(changes["name"], session=session)
                if other is not None and other.id != tag_id:
                    raise TagTaken(other.name)
            await self.store.update(tag_id, changes, session=session)
            if "name" in changes:
                await self.store.begin_renaming(tag_id, session=session)
            told = {
                name: {"before": getattr(before, name), "after": value}
                for name, value in changes.items()
                if name != "key"
            }
            await self._record(actor, "tag_edited", before, told, session)
            await self.store.tell_catalogue(session)
            return await self._tag(tag_id, session)

        tag = await self._mongo.transaction(work)
        self.store.due.wake()
        return tag

    async def order(self, ids: list[str], actor: Actor) -> list[Tag]:
        """Put the catalogue in this order.

        Raises:
            InvalidInput: the ids are not those of the catalogue, each once.
        """

        async def work(session: Session) -> list[Tag]:
            before = await self.store.all(session=session)
            if sorted(ids) != sorted(tag.id for tag in before):
                errors = FieldErrors()
                errors.add(
                    "ids",
                    "not_all_tags",
                    vi="Cần gửi đủ mọi thẻ, mỗi thẻ một lần.",
                    en="Send every tag, each once.",
                )
                errors.raise_if_any()
            if ids == [tag.id for tag in before]:
                return before
            await self.store.order(ids, session=session)
            await self._audit.record(
                actor, "tags_ordered", ("tags", "all"), at=self._clock.now(), session=session
            )
            await self.store.tell_catalogue(session)
            return await self.store.all(session=session)

        return await self._mongo.transaction(work)

    async def delete(self, tag_id: str, usage: int, actor: Actor) -> None:
        """Delete a tag from the catalogue and, as due work, from every customer.

        Raises:
            NotFound: no such tag.
            TagInUse: more customers have it than `usage`, which the actor has confirmed.
        """

        async def work(session: Session) -> None:
            tag = await self._tag(tag_id, session)
            count = await self.store.usage_of(tag_id, session=session)
            if count > usage:
                raise TagInUse(count)
            await self.store.begin_removal(tag, actor.id, session=session)
            told = {"name": {"before": tag.name}, "usage": {"before": count}}
            await self._record(actor, "tag_deleted", tag, told, session)

        await self._mongo.transaction(work)
        self.store.due.wake()

    async def _tag(self, tag_id: str, session: Session) -> Tag:
        tag = await self.store.get(tag_id, session=session)
        if tag is None:
            raise NotFound
        return tag

    async def _record(
        self, actor: Actor, action: str, tag: Tag, changes: dict[str, Any], session: Session
    ) -> None:
        await self._audit.record(
            actor, action, ("tag", tag.id), at=self._clock.now(), changes=changes, session=session
        )


def _changes(before: Tag, edit: TagEdit, now: datetime) -> dict[str, Any]:
    """The stored fields that the edit changes; None unsets."""
    wanted: dict[str, Any] = {}
    if edit.name is not None:
        wanted |= {"name": shown_name(edit.name), "key": tag_key(edit.name)}
    if edit.colour is not None:
        wanted["colour"] = edit.colour
    if edit.retired is not None and edit.retired != before.is_retired:
        wanted["retired_at"] = now if edit.retired else None
    return {name: value for name, value in wanted.items() if getattr(before, name) != value}


def _can_be_tag(name: str) -> bool:
    """What people may name a tag, for names that nobody here has typed."""
    shown = shown_name(name)
    return bool(tag_key(name)) and len(shown) <= LONGEST_NAME and shown.strip(_UNSEEN) != ""
