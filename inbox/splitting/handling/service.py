"""People change who has a conversation: checked, written once, told to whom it concerns."""

from collections.abc import Callable
from dataclasses import dataclass

from inbox.clock import Clock
from inbox.conversations.view import View
from inbox.conversations.visibility import may_see, people_of
from inbox.errors import NotAllowed
from inbox.mongo.client import Session
from inbox.splitting.handling.changes import (
    By,
    Handled,
    given,
    joined,
    left,
    split_again,
    unassigned,
)
from inbox.splitting.handling.errors import (
    AlreadyClaimed,
    AssigneeStays,
    AssignmentChanged,
    BeingSplit,
    SplittingOff,
    unknown_colleague,
)
from inbox.splitting.handling.permitting import Action, actions_of
from inbox.splitting.handling.store import Case, HandlingStore
from inbox.staff.model import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What is wanted: a person, nobody (None), or that it is split again.

    `seen`: the assignee that the caller saw, where they say so (`says_seen`).
    """

    staff_id: str | None = None
    resplit: bool = False
    reason: str | None = None
    seen: str | None = None
    says_seen: bool = False


class Handling:
    """`wake` is called when something goes back to the splitter."""

    def __init__(
        self, store: HandlingStore, clock: Clock, wake: Callable[[], None] = lambda: None
    ) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake

    async def claim(self, actor: Actor, conversation_id: str) -> View:
        """It is theirs who ask first.

        Raises:
            AlreadyClaimed: somebody has it: told also to those who see it no more.
            NotFound, NotAllowed, SplittingOff, BeingSplit.
        """

        async def decide(case: Case, _session: Session) -> Handled:
            conversation = case.conversation
            _check_member(actor, case)
            if case.config.enabled and (assignee := conversation.get("assignee_id")):
                raise AlreadyClaimed(case.named(assignee))
            _check_assignable(actor, case)
            _check(actor, case, "claim")
            return given(conversation, actor.id, self._by(actor), "claimed")

        return await self._store.change(conversation_id, decide)

    async def assign(self, actor: Actor, conversation_id: str, wanted: Assignment) -> View:
        """Give it to somebody, to oneself, to nobody or back to the splitter.

        Who has it already keeps it, and nothing is written.

        Raises:
            AssignmentChanged: not `seen` has it: told also to those who see it no more.
            InvalidInput: nobody active of the bot has this id.
            NotFound, NotAllowed, SplittingOff, BeingSplit.
        """

        async def decide(case: Case, session: Session) -> Handled | None:
            assignee = case.conversation.get("assignee_id")
            _check_member(actor, case)
            if wanted.says_seen and wanted.seen != assignee:
                raise AssignmentChanged(case.named(assignee))
            _check_assignable(actor, case)
            if _is_so_already(case, wanted):
                return None
            action = _action(actor, assignee, wanted)
            _check(actor, case, action)
            return await self._assigned(actor, case, action, wanted, session)

        view = await self._store.change(conversation_id, decide)
        if wanted.resplit:
            self._wake()
        return view

    async def _assigned(
        self, actor: Actor, case: Case, action: Action, wanted: Assignment, session: Session
    ) -> Handled:
        by, conversation = self._by(actor, wanted.reason), case.conversation
        if action == "resplit":
            return split_again(conversation, by)
        if action == "unassign":
            only_given = await self._store.is_given_only(conversation, session=session)
            return unassigned(conversation, by, state="manual" if only_given else "claimable")
        assert wanted.staff_id is not None, "the other actions name somebody"
        if wanted.staff_id not in case.colleagues:
            raise unknown_colleague("staff_id")
        if action == "claim":
            return given(conversation, actor.id, by, "claimed")
        if action == "take_over":
            return given(conversation, actor.id, by, "taken_over", {"how": "hand"})
        return given(conversation, wanted.staff_id, by, "transferred")

    async def add(
        self, actor: Actor, conversation_id: str, staff_id: str, reason: str | None
    ) -> View:
        """Have somebody take part; who does already, does.

        Raises:
            NotFound, NotAllowed. InvalidInput: nobody active of the bot has this id.
        """

        async def decide(case: Case, _session: Session) -> Handled | None:
            _check_member(actor, case)
            _check(actor, case, "add_participant")
            if staff_id not in case.colleagues:
                raise unknown_colleague("staff_id")
            if staff_id in case.conversation.get("participant_ids", ()):
                return None
            return joined(case.conversation, staff_id, self._by(actor, reason))

        return await self._store.change(conversation_id, decide)

    async def remove(self, actor: Actor, conversation_id: str, staff_id: str) -> View:
        """Have somebody take part no more; everybody may leave by themselves.

        Raises:
            NotFound, NotAllowed. AssigneeStays: it is theirs.
        """

        async def decide(case: Case, _session: Session) -> Handled | None:
            conversation = case.conversation
            _check_member(actor, case)
            if staff_id != actor.id or actor.kind != "staff":
                _check(actor, case, "remove_participant")
            elif not _sees(actor, case):
                raise NotAllowed
            if staff_id not in conversation.get("participant_ids", ()):
                return None
            if case.config.enabled and staff_id == conversation.get("assignee_id"):
                raise AssigneeStays
            return left(conversation, staff_id, self._by(actor))

        return await self._store.change(conversation_id, decide)

    def _by(self, actor: Actor, reason: str | None = None) -> By:
        return By(actor_id=actor.id, at=self._clock.now(), reason=(reason or "").strip() or None)


def _action(actor: Actor, assignee: str | None, wanted: Assignment) -> Action:
    """By which right this is done."""
    if wanted.resplit:
        return "resplit"
    if wanted.staff_id is None:
        return "unassign"
    if wanted.staff_id != actor.id:
        return "transfer"
    return "claim" if assignee is None else "take_over"


def _check_member(actor: Actor, case: Case) -> None:
    """Who is not in the bot learns nothing of who has its conversations."""
    if actor.kind != "staff" or not actor.sees_bot(case.conversation.get("bot_id") or ""):
        raise NotAllowed


def _check_assignable(actor: Actor, case: Case) -> None:
    if not _sees(actor, case):
        raise NotAllowed
    if not case.config.enabled:
        raise SplittingOff
    if people_of(case.conversation).split == "pending":
        raise BeingSplit


def _is_so_already(case: Case, wanted: Assignment) -> bool:
    people = people_of(case.conversation)
    if wanted.resplit:
        return people.split == "waiting" and people.assignee_id is None
    return wanted.staff_id == people.assignee_id


def _check(actor: Actor, case: Case, action: Action) -> None:
    if not _sees(actor, case) or action not in actions_of(actor, case.conversation, case.config):
        raise NotAllowed


def _sees(actor: Actor, case: Case) -> bool:
    return may_see(actor, case.conversation["bot_id"], people_of(case.conversation))
