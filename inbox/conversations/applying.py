"""One batch of changes in one transaction: load, fold, settle, write, mark the journal."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from inbox.clock import Clock
from inbox.conversations.changes import (
    Acknowledge,
    Change,
    ChangeFollow,
    EditMessage,
    HideMessage,
    KeepMessage,
    KeepSent,
    React,
    RefusePrivateAnswer,
    RemoveMessage,
    ShareInfo,
    subjects,
    thread_of,
)
from inbox.conversations.correcting import recount
from inbox.conversations.folding import fold, refresh_last, settle
from inbox.conversations.lateness import is_late
from inbox.conversations.meeting import referred
from inbox.conversations.naming import looks_at_profile
from inbox.conversations.parts import part_at
from inbox.conversations.previewing import preview
from inbox.conversations.sheet import Document, Sheet, Terms, Tracked
from inbox.conversations.store import ApplyStore
from inbox.conversations.view import conversation_view, customer_brief, message_view
from inbox.conversations.visibility import people_of
from inbox.conversations.window import DEFAULT_RULES, WindowRules
from inbox.conversations.withholding import is_withheld
from inbox.ids import message_key
from inbox.live.model import live_event
from inbox.media.copying.marking import Copies
from inbox.media.garbage.store import StoredObjects
from inbox.mongo.client import Mongo, Session
from inbox.mongo.journal import EntryId, JournalEntries, Outcome, ParkedEvent
from inbox.signals.store import SignalStore


@dataclass(frozen=True, slots=True)
class EndedEntry:
    """A journal entry whose last changes are in a batch.

    `spoken_of` are the people and messages that it speaks of, each with when it happened.
    """

    entry_id: EntryId
    spoken_of: frozenset[tuple[str, datetime]] = frozenset()
    parked: tuple[ParkedEvent, ...] = ()


class Applier:
    """Applies changes exactly once in effect, however often they come."""

    def __init__(
        self,
        mongo: Mongo,
        clock: Clock,
        journal: JournalEntries,
        rules: WindowRules = DEFAULT_RULES,
        *,
        terms: Terms | None = None,
        signals: SignalStore | None = None,
    ) -> None:
        self._mongo = mongo
        self._terms = terms or Terms()
        self._signals = signals or SignalStore(mongo, clock)
        self.on_withheld: Callable[[], None] = lambda: None
        """Called after a batch in which a conversation came that is to be split."""
        self.on_answers: Callable[[], None] = lambda: None
        """Called after a batch in which programs of this process have answered."""
        self._clock = clock
        self._journal = journal
        self._rules = rules
        self._store = ApplyStore(mongo)
        self._objects = StoredObjects(mongo)

    async def apply(
        self,
        changes: Sequence[Change],
        *,
        bots: Mapping[str, str],
        ended: Sequence[EndedEntry] = (),
    ) -> None:
        """Apply `changes` and mark the journal entries that end with them, all or nothing.

        `bots` maps the keys of the accounts that occur to their bots.
        """
        in_order = sorted(changes, key=lambda change: change.at)

        async def work(session: Session) -> Sheet:
            erased = await self._erased(in_order, ended, session)
            kept = [change for change in in_order if not _is_erased(change, erased)]
            sheet = Sheet(self._clock.now(), bots, self._terms)
            if kept:
                await self._apply(sheet, kept, session)
            outcomes = [_outcome(one, erased) for one in ended]
            await self._journal.mark(outcomes, session=session)
            return sheet

        sheet = await self._mongo.transaction(work)
        if any(is_withheld(thread) for thread in sheet.threads.values()):
            self.on_withheld()
        if sheet.answers:
            self.on_answers()
        if sheet.signals:
            self._signals.due.wake()

    async def _erased(
        self, changes: Sequence[Change], ended: Sequence[EndedEntry], session: Session
    ) -> dict[str, datetime]:
        """Tombstones of the people and messages that are spoken of."""
        spoken_of = {subject for change in changes for subject in subjects(change)}
        spoken_of.update(subject for one in ended for subject, _ in one.spoken_of)
        return await self._store.tombstones(spoken_of, session) if spoken_of else {}

    async def _apply(self, sheet: Sheet, changes: Sequence[Change], session: Session) -> None:
        changes = await self._store.in_their_threads(changes, session)
        await self._load(sheet, changes, session)
        copies = Copies(sheet)
        for change in changes:
            fold(sheet, change)
        for message in sheet.messages.values():
            if message.changed and (thread := sheet.threads.get(message.get("conversation_id"))):
                refresh_last(thread, message)
        for thread_id in sheet.unsettled:
            await self._settle(sheet, thread_id, session)
        for thread_id in sheet.recount:
            await recount(sheet, thread_id, self._store, session)
        for thread_id in sheet.without_last:
            await self._read_last(sheet, sheet.threads[thread_id], session)
        loose = copies.settle(sheet)
        await self._store.write(sheet, _live_events(sheet, self._rules), session)
        await self._objects.let_go(loose, sheet.now, session=session)
        await self._signals.add(sheet.signals, session=session)

    async def _load(self, sheet: Sheet, changes: Sequence[Change], session: Session) -> None:
        sheet.load_messages(await self._store.messages(_message_ids(changes), session))
        await self._load_ours(sheet, changes, session)
        thread_ids = {ref.id for change in changes if (ref := thread_of(change)) is not None}
        thread_ids |= {
            change.home.id for change in changes if isinstance(change, KeepSent) and change.home
        }
        for message in sheet.messages.values():
            if message.get("conversation_id") is not None:
                thread_ids.add(message.get("conversation_id"))
        sheet.load_threads(await self._store.threads(thread_ids, session))
        sheet.load_people(await self._store.people(_identity_ids(sheet, changes), session))

    async def _load_ours(self, sheet: Sheet, changes: Sequence[Change], session: Session) -> None:
        """Messages of ours that the changes speak of, by whichever id."""
        sheet.load_aliases(await self._store.aliases(_alias_ids(sheet, changes), session))
        ours = {alias.get("message_id") for alias in sheet.aliases.values()} | _our_ids(changes)
        sheet.load_messages(await self._store.messages(ours - sheet.messages.keys(), session))
        sheet.load_messages(await self._store.pending(_guessing(sheet, changes), session))
        privately = (one.get("private") for one in sheet.messages.values())
        comments = {str(private["message_id"]) for private in privately if private}
        missing = comments - sheet.messages.keys()
        sheet.load_messages(await self._store.messages(missing, session))
        if other := _other_alias_ids(sheet, changes) - sheet.aliases.keys():
            sheet.load_aliases(await self._store.aliases(other, session))

    async def _read_last(self, sheet: Sheet, thread: Tracked, session: Session) -> None:
        """What the thread shows as its last message, after one of its messages went."""
        known = {*sheet.messages, *sheet.gone}
        candidates = [
            message
            for message in sheet.messages.values()
            if message.get("conversation_id") == thread.id
            and message.get("at") is not None
            and not message.get("internal")
        ]
        stored = await self._store.newest(thread.id, but=known, session=session)
        if stored is not None:
            candidates.append(Tracked(stored["_id"], stored, stored=True))
        if candidates:
            newest = max(candidates, key=lambda message: (message.get("at"), message.id))
            thread.put("last", preview(newest))

    async def _settle(self, sheet: Sheet, thread_id: str, session: Session) -> None:
        thread = sheet.threads[thread_id]
        replied_at: datetime = thread.get("last_out_at")
        candidates = [
            message.get("at")
            for message in sheet.fresh_messages
            if message.get("conversation_id") == thread_id
            and message.get("direction") == "in"
            and message.get("at") > replied_at
        ]
        stored = await self._store.first_inbound_after(thread_id, replied_at, session)
        if stored is not None:
            candidates.append(stored)
        settle(thread, min(candidates, default=None))


def _is_erased(change: Change, erased: Mapping[str, datetime]) -> bool:
    """Whether it speaks of an erased person and happened before the erasure."""
    if not erased:
        return False
    return any(one in erased and change.at <= erased[one] for one in subjects(change))


def _outcome(ended: EndedEntry, erased: Mapping[str, datetime]) -> Outcome:
    """The mark; a body that speaks of what was erased does not stay in the journal either."""
    return Outcome(
        ended.entry_id,
        frozenset(subject for subject, _ in ended.spoken_of),
        ended.parked,
        redact=any(one in erased and at <= erased[one] for one, at in ended.spoken_of),
    )


def _message_ids(changes: Iterable[Change]) -> set[str]:
    ids: set[str] = set()
    for change in changes:
        match change:
            case KeepMessage() | EditMessage() | RemoveMessage() | HideMessage() | React():
                ids.add(change.message.id)
            case RefusePrivateAnswer():
                ids.add(change.message.id)
            case KeepSent():
                ids.update((change.message.id, change.message_id))
            case Acknowledge():
                ids.update(ref.id for ref in change.messages)
            case _:
                pass
    return ids


def _alias_ids(sheet: Sheet, changes: Iterable[Change]) -> set[str]:
    """Platform ids that may be parts of ours: all but those of messages kept under them."""
    ids: set[str] = set()
    for change in changes:
        match change:
            case KeepMessage():
                if change.direction == "out":
                    ids.add(change.message.id)
                if change.reply_to is not None:
                    ids.add(change.reply_to.id)
            case KeepSent() | EditMessage() | RemoveMessage() | HideMessage() | React():
                ids.add(change.message.id)
            case Acknowledge():
                ids.update(ref.id for ref in change.messages)
            case _:
                pass
    shown = {id_ for id_, message in sheet.messages.items() if message.get("at") is not None}
    sent = {change.message.id for change in changes if isinstance(change, KeepSent)}
    return ids - shown | sent


def _our_ids(changes: Iterable[Change]) -> set[str]:
    """Messages of ours that answers and echoes name."""
    ids: set[str] = set()
    for change in changes:
        if isinstance(change, KeepSent):
            ids.add(change.message_id)
        elif isinstance(change, KeepMessage):
            named = referred(change.extra.get("metadata"))
            ids.update(named[:1] if named else ())
    return ids


def _guessing(sheet: Sheet, changes: Iterable[Change]) -> set[str]:
    """Threads of echoes of which only the content can tell whose they are, also of one that was
    taken for a part whose answer now says otherwise.
    """
    corrected = {
        change.thread.id
        for change in changes
        if isinstance(change, KeepSent) and not change.read_back and _corrects(sheet, change)
    }
    return corrected | {
        change.thread.id
        for change in changes
        if isinstance(change, KeepMessage)
        and change.own
        and change.message.id not in sheet.aliases
        and referred(change.extra.get("metadata")) is None
    }


def _corrects(sheet: Sheet, change: KeepSent) -> bool:
    """Whether the part that was answered is known by another platform id so far."""
    message = sheet.messages.get(change.message_id)
    part = part_at(message, change.part) if message is not None else None
    known = part.get("external_id") if part is not None else None
    return known is not None and known != change.message.external_id


def _other_alias_ids(sheet: Sheet, changes: Iterable[Change]) -> set[str]:
    """Platform ids that the parts of messages, answered or named by an echo, have so far."""
    return {
        message_key(change.message.channel, change.message.account_id, part["external_id"])
        for change in changes
        for id_ in _our_ids([change])
        if id_ in sheet.messages and isinstance(change, KeepSent | KeepMessage)
        for part in sheet.messages[id_].get("parts") or ()
        if "external_id" in part
    }


def _identity_ids(sheet: Sheet, changes: Iterable[Change]) -> set[str]:
    """Whose customer must be loaded: new threads need theirs, others only when it changes."""
    ids: set[str] = set()
    for change in changes:
        customer = getattr(change, "customer", None)
        if customer is None:
            continue
        ref = change.home if isinstance(change, KeepSent) else thread_of(change)
        thread = sheet.threads.get(ref.id) if ref is not None else None
        unknown = thread is None or thread.get("customer_id") is None
        named = isinstance(change, KeepMessage) and (
            change.customer_name is not None or looks_at_profile(thread, change, sheet.now)
        )
        if unknown or named or isinstance(change, ChangeFollow | ShareInfo | KeepSent):
            ids.add(customer.id)
    return ids


def _live_events(sheet: Sheet, rules: WindowRules) -> list[Document]:
    """What watching clients are told: a frame per message, or one per changed thread."""
    fresh = {message.id for message in sheet.fresh_messages}
    events: list[Document] = []
    told: set[str] = set()
    for message in sheet.messages.values():
        thread = sheet.threads.get(message.get("conversation_id"))
        if thread is None or message.get("at") is None or not message.changed:
            continue  # nothing to see: unchanged, or a fact that waits for its message
        type_ = "message_received" if message.id in fresh else "message_changed"
        told.add(thread.id)
        if is_withheld(thread, message):
            continue
        view = message_view(message.document, conversation=thread.document)
        data: Document = {"message": view}
        if message.id in fresh and is_late(message.get("at"), sheet.now):
            data["late"] = True
        if replaced := sheet.replaced.get(message.id):
            data["replaces"] = replaced
        events.append(_event(sheet, thread, type_, data, rules))
    events.extend(
        _event(sheet, thread, "conversation_changed", {}, rules)
        for thread in sheet.threads.values()
        if thread.id not in told and thread.changed and thread.get("last") is not None
        if not is_withheld(thread)
    )
    events.extend(_notes(sheet))
    return events


def _notes(sheet: Sheet) -> Iterator[Document]:
    """What platforms told of customers, such as that they follow the account; not what of long
    ago.
    """
    for id_, row in sheet.interactions.items():
        thread = sheet.threads.get(row["conversation_id"])
        if thread is None or is_late(row["at"], sheet.now):
            continue
        yield live_event(
            type="customer_noted",
            at=sheet.now,
            bot_id=thread.get("bot_id"),
            conversation_id=thread.id,
            customer_id=row["customer_id"],
            people=people_of(thread.document),
            data={"kind": row["type"], "interaction_id": id_},
        )


def _event(
    sheet: Sheet, thread: Tracked, type_: str, data: Document, rules: WindowRules
) -> Document:
    return live_event(
        type=type_,  # type: ignore[arg-type]
        at=sheet.now,
        bot_id=thread.get("bot_id"),
        conversation_id=thread.id,
        customer_id=thread.get("customer_id"),
        people=people_of(thread.document),
        data={**data, "conversation": _partial_view(sheet, thread, rules)},
    )


def _partial_view(sheet: Sheet, thread: Tracked, rules: WindowRules) -> Document:
    """The conversation without its customer, unless the customer is at hand anyway."""
    view = conversation_view(thread.document, customer=None, now=sheet.now, rules=rules)
    del view["customer"], view["tags"]
    customer = sheet.customers.get(thread.get("customer_id"))
    if customer is not None:
        view["customer"] = customer_brief(customer.document, thread.document)
    return view
