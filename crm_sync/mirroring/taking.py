"""Takes what people changed in the CRM over into the inbox, with what the loser had."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crm_sync.mapping.incoming import Incoming, Outcome
from crm_sync.mapping.model import TAGS
from crm_sync.mapping.reasons import NOT_TAKEN
from crm_sync.mapping.synced import Synced
from crm_sync.mirroring.model import Parked
from crm_sync.mirroring.store import MirrorStore
from inbox.clock import Clock
from inbox.customers.adopting.store import Adopted, Adopting, Conflict, News
from inbox.customers.fields import shown_name, value_at
from inbox.errors import InvalidInput
from inbox.mongo.client import Session
from inbox.mongo.due import Claimed

Customer = Mapping[str, Any]


class LostLease(Exception):
    """Another worker has the customer now: nothing more may be written by this one."""


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
        synced: Mapping[str, Synced],
    ) -> tuple[Customer, Mapping[str, Synced], list[Parked]]:
        """The customer after it, how both sides agree then, and what could not be taken.

        Raises:
            LostLease: nothing was taken.
            VersionClash: somebody has just edited the same field: compare anew.
        """
        parked = [
            Parked("invalid", self._clock.now(), (one.pair.map.ours,), one.reason.code)
            for one in incoming.outcomes
            if one.reason is not None
        ]
        news = self._news(customer, incoming)
        if not news:
            return customer, synced, parked
        try:
            return *await self._adopt(claimed, customer, news, incoming, synced), parked
        except InvalidInput as refused:
            wrong = {error.field for error in refused.errors}
            fields = {path: v for path, v in news.fields.items() if not _is_of(path, wrong)}
            left = tuple(sorted(news.fields.keys() - fields.keys()))
            if not left:
                raise
            parked.append(Parked("invalid", self._clock.now(), left, NOT_TAKEN))
            kept = {name: one for name, one in synced.items() if not _takes(incoming, name, left)}
            news = replace(news, fields=fields)
            return *await self._adopt(claimed, customer, news, incoming, kept), parked

    async def _adopt(
        self,
        claimed: Claimed,
        customer: Customer,
        news: News,
        incoming: Incoming,
        synced: Mapping[str, Synced],
    ) -> tuple[Customer, Mapping[str, Synced]]:
        agreed: dict[str, Synced] = {}

        async def keep(adopted: Adopted, session: Session) -> None:
            agreed.clear()
            agreed.update(_without(synced, incoming, adopted.left_out))
            if not await self._store.taken(claimed, agreed, session=session):
                raise LostLease

        adopted = await self._adopting.adopt(claimed.id, customer.get("version", 1), news, keep)
        return adopted.customer, agreed

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


def _is_of(path: str, wrong: set[str]) -> bool:
    """Whether one of the errors is about the field."""
    shown = shown_name(path)
    return any(name == shown or name.startswith(f"{shown}.") for name in wrong)


def _takes(incoming: Incoming, theirs: str, paths: tuple[str, ...]) -> bool:
    return any(
        one.pair.theirs == theirs and one.take is not None and one.pair.map.ours in paths
        for one in incoming.outcomes
    )


def _without(
    synced: Mapping[str, Synced], incoming: Incoming, left_out: tuple[str, ...]
) -> dict[str, Synced]:
    """Tags that could not be attached here are the CRM's alone: they are not taken away there."""
    of_tags = {one.pair.theirs for one in incoming.outcomes if one.pair.map.ours == TAGS}
    return {
        name: replace(one, tags=tuple(tag for tag in one.tags if tag not in left_out))
        if name in of_tags
        else one
        for name, one in synced.items()
    }
