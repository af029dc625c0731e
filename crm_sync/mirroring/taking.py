"""Takes what people changed in the CRM over into the inbox, with what the loser had."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crm_sync.mapping.incoming import Incoming, Lost, Outcome
from crm_sync.mapping.model import TAGS
from crm_sync.mapping.reasons import NOT_TAKEN, reason
from crm_sync.mapping.synced import Synced
from crm_sync.mirroring.model import Link, Mirrored, Parked
from crm_sync.mirroring.store import LostLease, MirrorStore
from inbox.clock import Clock
from inbox.customers.adopting.store import Adopted, Adopting, Conflict, News
from inbox.customers.fields import shown_name, value_at
from inbox.errors import InvalidInput, NotFound
from inbox.mongo.client import Session
from inbox.mongo.due import Claimed

Customer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Taken:
    """The customer after it, how both sides agree then, what could not be taken, and the paths of
    ours that the CRM must be told. `tags` are the names of the customer's tags by id, if any came.
    """

    customer: Customer
    synced: Mapping[str, Synced]
    parked: tuple[Parked, ...] = ()
    pushes: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


class Taking:
    """For one connection."""

    def __init__(self, store: MirrorStore, adopting: Adopting, clock: Clock) -> None:
        self._store = store
        self._adopting = adopting
        self._clock = clock

    async def take(
        self,
        claimed: Claimed,
        customer: Customer,
        incoming: Incoming,
        known: Mirrored,
    ) -> Taken:
        """Take what is new in the CRM. `known` is how far both sides were before.

        Raises:
            LostLease: nothing was taken; they may have been erased or merged.
            VersionClash: somebody has just edited the same field: compare anew.
            OtherRecord: they were given another record: compare with that one.
        """
        try:
            return await self._take(claimed, customer, incoming, known)
        except InvalidInput as refused:
            wrong = {error.field for error in refused.errors}
            others = tuple(_given_up(one, wrong) for one in incoming.outcomes)
            if others == incoming.outcomes:
                raise
        left = replace(incoming, outcomes=others)
        return await self._take(claimed, customer, left, known)

    async def _take(
        self,
        claimed: Claimed,
        customer: Customer,
        incoming: Incoming,
        known: Mirrored,
    ) -> Taken:
        news, synced = self._news(customer, incoming), {**known.synced, **incoming.synced}
        taken = Taken(customer, synced)
        if news:
            taken = await self._adopt(claimed, customer, news, incoming, synced, known.link)
        parked = tuple(self._parked(incoming))
        return replace(taken, pushes=incoming.pushes, parked=parked)

    def _parked(self, incoming: Incoming) -> Iterator[Parked]:
        for one in incoming.outcomes:
            if one.reason is not None and not one.push:
                path, code = one.pair.map.ours, one.reason.code
                yield Parked("invalid", self._clock.now(), (path,), code, theirs=one.theirs)

    async def _adopt(
        self,
        claimed: Claimed,
        customer: Customer,
        news: News,
        incoming: Incoming,
        synced: Mapping[str, Synced],
        link: Link | None,
    ) -> Taken:
        agreed: dict[str, Synced] = {}

        async def keep(adopted: Adopted, session: Session) -> None:
            agreed.clear()
            agreed.update(_without(synced, incoming, adopted.left_out))
            await self._store.taken(claimed, agreed, link, session=session)

        version = customer.get("version", 1)
        try:
            adopted = await self._adopting.adopt(claimed.id, version, news, keep)
        except NotFound:
            raise LostLease from None
        return Taken(adopted.customer, agreed, tags=adopted.tags)

    def _news(self, customer: Customer, incoming: Incoming) -> News:
        tags = incoming.tags
        return News(
            source=self._store.connection,
            fields=incoming.edit,
            add_tags=tags.add,
            remove_tags=tags.remove,
            conflicts=[_conflict(customer, one) for one in incoming.lost],
        )


def _conflict(customer: Customer, outcome: Outcome) -> Conflict:
    assert outcome.lost is not None, "one that has a loser"
    path = outcome.pair.map.ours
    if outcome.lost.side == "crm":
        return Conflict(path, "inbox", value_at(customer, path), outcome.lost.value)
    taken = outcome.take.value if outcome.take is not None else None
    return Conflict(path, "crm", taken, outcome.lost.value)


def _given_up(outcome: Outcome, wrong: set[str]) -> Outcome:
    """Not taken, if it is what was wrong. Where both sides have moved, ours wins then."""
    pair = outcome.pair
    if outcome.take is None or not _is_of(pair.map.ours, wrong):
        return outcome
    push = outcome.lost is not None and pair.map.pushes
    lost = Lost("crm", outcome.take.value) if push else None
    why = reason(NOT_TAKEN, field=pair.remote.label, ours=pair.map.ours)
    return replace(outcome, take=None, push=push, lost=lost, synced=None, reason=why)


def _is_of(path: str, wrong: set[str]) -> bool:
    """Whether one of the errors is about the field."""
    shown = shown_name(path)
    return any(name == shown or name.startswith(f"{shown}.") for name in wrong)


def _without(
    synced: Mapping[str, Synced], incoming: Incoming, left_out: tuple[str, ...]
) -> dict[str, Synced]:
    """Tags that could not be attached here are the CRM's alone: they are not taken away there.

    That theirs was seen with them is remembered, so that they are no news in every poll.
    """
    of_tags = {
        one.pair.theirs: one.theirs for one in incoming.outcomes if one.pair.map.ours == TAGS
    }
    if not left_out:
        return dict(synced)
    return {
        name: replace(
            one, theirs=of_tags[name], tags=tuple(tag for tag in one.tags if tag not in left_out)
        )
        if name in of_tags
        else one
        for name, one in synced.items()
    }
