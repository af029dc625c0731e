"""What admins do with the catalogue: add, edit, order, retire and delete attributes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from inbox.clock import Clock
from inbox.customers.attributes.model import (
    CHOICES,
    MOST_ATTRIBUTES,
    Attribute,
    AttributeBuiltIn,
    AttributeInUse,
    AttributeKeyTaken,
    AttributeType,
    Label,
    Option,
    TooManyAttributes,
    attribute_document,
)
from inbox.customers.attributes.store import AttributeStore
from inbox.errors import FieldErrors, NotFound
from inbox.ids import random_id
from inbox.live.model import live_event
from inbox.mongo.client import Mongo, Session
from inbox.staff.audit.store import AuditStore
from inbox.staff.model import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAttribute:
    """An attribute that is to be added, at the end."""

    key: str
    label: Label
    type: AttributeType
    required: bool = False
    options: tuple[Option, ...] = ()
    max: float | None = None


class AttributeService:
    """Every change is one transaction with its line of the audit log and its live event."""

    def __init__(self, mongo: Mongo, clock: Clock) -> None:
        self._mongo = mongo
        self._clock = clock
        self._audit = AuditStore(mongo)
        self.store = AttributeStore(mongo)

    async def create(self, new: NewAttribute, actor: Actor) -> Attribute:
        """Add an attribute.

        Raises:
            AttributeKeyTaken, TooManyAttributes: see there.
            InvalidInput: options and type do not fit.
        """

        async def work(session: Session) -> Attribute:
            catalogue = await self.store.all(session=session)
            if len(catalogue) >= MOST_ATTRIBUTES:
                raise TooManyAttributes
            if new.key in {one.key for one in catalogue}:
                raise AttributeKeyTaken
            attribute = Attribute(
                id=random_id(),
                key=new.key,
                label=new.label,
                type=new.type,
                position=max(one.position for one in catalogue) + 1,
                required=new.required,
                options=new.options,
                max=new.max,
            )
            _check(attribute)
            await self.store.save([attribute], session=session)
            await self._note("attribute_created", None, attribute, actor, session)
            return attribute

        return await self._mongo.transaction(work)

    async def edit(
        self, attribute_id: str, changes: dict[str, Any], *, retired: bool | None, actor: Actor
    ) -> Attribute:
        """Change label, required, options or max; retire it or bring it back.

        Raises:
            NotFound: no such attribute.
            InvalidInput: options and type do not fit.
        """

        async def work(session: Session) -> Attribute:
            before = _found(await self.store.all(session=session), attribute_id)
            after = replace(before, **changes)
            if retired is not None and retired != before.is_retired:
                after = replace(after, retired_at=self._clock.now() if retired else None)
            if after == before:
                return before
            _check(after)
            await self.store.save([after], session=session)
            await self._note("attribute_edited", before, after, actor, session)
            return after

        return await self._mongo.transaction(work)

    async def order(self, ids: Sequence[str], actor: Actor) -> list[Attribute]:
        """Put the catalogue in this order.

        Raises:
            InvalidInput: the ids are not those of the catalogue, each once.
        """

        async def work(session: Session) -> list[Attribute]:
            before = await self.store.all(session=session)
            by_id = {one.id: one for one in before}
            if sorted(ids) != sorted(by_id):
                errors = FieldErrors()
                errors.add(
                    "ids",
                    "not_all_attributes",
                    vi="Cần gửi đủ mọi thuộc tính, mỗi thuộc tính một lần.",
                    en="Send every attribute, each once.",
                )
                errors.raise_if_any()
            if list(ids) == [one.id for one in before]:
                return before
            after = [replace(by_id[id_], position=place) for place, id_ in enumerate(ids, start=1)]
            await self.store.save(after, session=session)
            await self._audit.record(
                actor,
                "attributes_ordered",
                ("attributes", "all"),
                at=self._clock.now(),
                session=session,
            )
            await self._tell(session)
            return after

        return await self._mongo.transaction(work)

    async def delete(self, attribute_id: str, actor: Actor) -> None:
        """Delete a retired attribute that no customer has.

        Raises:
            NotFound: no such attribute.
            AttributeBuiltIn, AttributeInUse: see there.
        """

        async def work(session: Session) -> None:
            before = _found(await self.store.all(session=session), attribute_id)
            if before.builtin:
                raise AttributeBuiltIn
            if not before.is_retired or await self.store.is_used(before, session=session):
                raise AttributeInUse
            await self.store.delete(attribute_id, session=session)
            await self._note("attribute_deleted", before, None, actor, session)

        await self._mongo.transaction(work)

    async def _note(
        self,
        action: str,
        before: Attribute | None,
        after: Attribute | None,
        actor: Actor,
        session: Session,
    ) -> None:
        old = attribute_document(before) if before else {}
        new = attribute_document(after) if after else {}
        changes = {
            name: {"before": old.get(name), "after": new.get(name)}
            for name in sorted(old.keys() | new.keys())
            if old.get(name) != new.get(name)
        }
        target = ("attribute", (old or new)["_id"])
        await self._audit.record(
            actor, action, target, at=self._clock.now(), changes=changes, session=session
        )
        await self._tell(session)

    async def _tell(self, session: Session) -> None:
        """Every open inbox reads the catalogue anew."""
        bots = self._mongo["bots"].find({}, {"_id": 1}, session=session)
        event = live_event(
            type="attributes_changed",
            at=self._clock.now(),
            bot_ids=[bot["_id"] async for bot in bots],
        )
        await self._mongo["live_events"].insert_one(event, session=session)


def _found(catalogue: Sequence[Attribute], attribute_id: str) -> Attribute:
    for one in catalogue:
        if one.id == attribute_id:
            return one
    raise NotFound


def _check(attribute: Attribute) -> None:
    """Whether options and max fit the type."""
    errors = FieldErrors()
    values = [one.value for one in attribute.options]
    if (attribute.type in CHOICES) != bool(values):
        errors.add(
            "options",
            "options_do_not_fit",
            vi="Chỉ và luôn cần lựa chọn với kiểu chọn một hoặc chọn nhiều.",
            en="A choice needs options, and nothing else has them.",
        )
    if len(values) != len(set(values)):
        errors.add(
            "options",
            "options_repeat",
            vi="Có lựa chọn bị lặp lại.",
            en="An option is there twice.",
        )
    if attribute.max is not None and attribute.type not in {"text", "number", "multi_choice"}:
        errors.add(
            "max",
            "max_does_not_fit",
            vi="Kiểu này không có giới hạn.",
            en="This type has no limit.",
        )
    errors.raise_if_any()
