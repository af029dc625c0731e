"""The people block of a conversation, and the history of who had it."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from inbox.conversations.view import iso
from inbox.conversations.visibility import may_see, people_of
from inbox.errors import NotAllowed
from inbox.splitting.explaining import explain
from inbox.splitting.handling.permitting import actions_of
from inbox.splitting.handling.store import Case, HandlingStore
from inbox.splitting.handling.view import (
    ColleaguesView,
    PeopleView,
    PersonView,
    ReceiptView,
    SplitPeopleView,
)
from inbox.splitting.model import DEFAULT_TIME_ZONE, Receipt
from inbox.splitting.presence.model import Presence
from inbox.splitting.presence.store import PresenceStore
from inbox.splitting.store import SplitStore
from inbox.staff.model import Actor


class People:
    """Reads for whoever sees the conversation."""

    def __init__(self, store: HandlingStore, split: SplitStore, presence: PresenceStore) -> None:
        self._store = store
        self._split = split
        self._presence = presence

    async def of(self, actor: Actor, conversation_id: str) -> PeopleView | SplitPeopleView:
        """Raises NotFound, NotAllowed."""
        case = await self._case(actor, conversation_id)
        conversation = case.conversation
        assignee, carer = conversation.get("assignee_id"), conversation.get("last_carer_id")
        participants = conversation.get("participant_ids", ())
        asked = [one for one in {assignee, carer, *participants} if one is not None]
        presence = await self._presence.of(asked)
        shown = [_person(case, presence, one) for one in participants]
        last_carer = None if carer is None else _person(case, presence, carer)
        may = sorted(actions_of(actor, conversation, case.config))
        if not case.config.enabled:
            return PeopleView(
                splits=False,
                participants=shown,
                last_carer=last_carer,
                shows_last_carer=False,
                may=may,
            )
        absent = assignee is not None and presence[assignee].state == "offline"
        return SplitPeopleView(
            splits=True,
            assignee=None if assignee is None else _person(case, presence, assignee),
            participants=shown,
            last_carer=last_carer,
            shows_last_carer=absent and carer is not None and carer != assignee,
            state=people_of(conversation).split,
            last_receipt=await self._receipt(conversation.get("split", {}), case),
            may=may,
        )

    async def colleagues(self, actor: Actor, conversation_id: str) -> ColleaguesView:
        """Who could have it; those who are here first. Raises NotFound, NotAllowed."""
        case = await self._case(actor, conversation_id)
        presence = await self._presence.of(list(case.colleagues))
        people = [_person(case, presence, one) for one in case.colleagues]
        order = ("online", "away", "offline")
        return ColleaguesView(items=sorted(people, key=lambda one: order.index(one.presence)))

    async def history(
        self,
        actor: Actor,
        conversation_id: str,
        *,
        after: tuple[datetime, str] | None,
        limit: int,
    ) -> list[tuple[datetime, ReceiptView]]:
        """Every change, newest first, with its moment. Raises NotFound, NotAllowed."""
        case = await self._case(actor, conversation_id)
        found = await self._split.receipts(conversation_id, after=after, limit=limit)
        views = await self._views(found, case.config.time_zone)
        return [(receipt.at, view) for (_, receipt), view in zip(found, views, strict=True)]

    async def _case(self, actor: Actor, conversation_id: str) -> Case:
        case = await self._store.read(conversation_id)
        conversation = case.conversation
        if not may_see(actor, conversation.get("bot_id") or "", people_of(conversation)):
            raise NotAllowed
        return case

    async def _receipt(self, split: dict[str, Any], case: Case) -> ReceiptView | None:
        receipt_id = split.get("receipt_id")
        found = await self._split.receipts_by_id([receipt_id]) if receipt_id else {}
        views = await self._views(list(found.items()), case.config.time_zone)
        return views[0] if views else None

    async def _views(
        self, receipts: Sequence[tuple[str, Receipt]], time_zone: str = DEFAULT_TIME_ZONE
    ) -> list[ReceiptView]:
        names = await self._store.names(_named_in(receipt for _, receipt in receipts))
        return [_receipt_view(id_, one, names, time_zone) for id_, one in receipts]


def _named_in(receipts: Iterable[Receipt]) -> Collection[str]:
    named: set[str | None] = set()
    for one in receipts:
        named |= {one.chosen, one.before, one.actor.id}
        named |= {other.staff_id for other in one.candidates}
        named |= {other.staff_id for other in one.excluded}
    return named - {None}  # type: ignore[return-value]


def _person(case: Case, presence: dict[str, Presence], staff_id: str) -> PersonView:
    colleague = case.colleagues.get(staff_id)
    return PersonView(
        id=staff_id,
        name=case.names.get(staff_id),
        presence=presence[staff_id].state,
        receiving=colleague is not None and colleague.receiving,
    )


def _receipt_view(id_: str, receipt: Receipt, names: dict[str, str], time_zone: str) -> ReceiptView:
    return ReceiptView(
        id=id_,
        kind=receipt.kind,
        at=iso(receipt.at),
        rule_id=receipt.rule_id,
        rule_name=receipt.rule_name,
        round=receipt.round,
        chosen=receipt.chosen,
        before=receipt.before,
        actor_id=receipt.actor.id,
        reason=receipt.reason,
        vi=explain(receipt, names, "vi", time_zone),
        en=explain(receipt, names, "en", time_zone),
        candidates=[
            {
                "staff_id": one.staff_id,
                "weight": one.weight,
                "lag": one.lag,
                "load": one.load,
                "last_given_at": _plain(one.last_given_at),
            }
            for one in receipt.candidates
        ],
        excluded=[
            {
                "staff_id": one.staff_id,
                "reason": one.reason,
                "numbers": {name: _plain(value) for name, value in one.numbers.items()},
            }
            for one in receipt.excluded
        ],
        numbers={name: _plain(value) for name, value in receipt.numbers.items()},
    )


def _plain(value: Any) -> Any:
    return iso(value) if isinstance(value, datetime) else value
