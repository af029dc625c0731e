"""Who has a conversation, the program or people, and the calls of the handover protocol.

Source: https://developers.facebook.com/docs/messenger-platform/handover-protocol
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from channels.messenger_gateway.errors import invalid, no_such_user, taken_over
from channels.messenger_gateway.model import PAGE_INBOX_APP, GraphCall, ThreadControl, app_id_of
from channels.messenger_gateway.store import GatewayStore, Party
from inbox.clock import Clock
from inbox.conversations.automation import person_has

Json = dict[str, Any]
_DONE: Json = {"success": True}


class Handovers:
    """Passing a thread to people, asking for it, taking it, and who has it."""

    def __init__(self, store: GatewayStore, control: ThreadControl, clock: Clock) -> None:
        self._store = store
        self._control = control
        self._clock = clock

    @property
    def edges(self) -> dict[str, Callable[[GraphCall], Awaitable[Json]]]:
        """What each POST edge of a page does."""
        return {
            "pass_thread_control": self.give,
            "release_thread_control": self.give,
            "request_thread_control": self.ask,
            "take_thread_control": self.take,
        }

    async def give(self, call: GraphCall) -> Json:
        """To people, whatever app is named: there is nobody else."""
        party = await self._party(call)
        if not self._is_with_people(call, party):
            note = call.text("metadata")
            await self._control.by_request(call.actor, party.conversation_id, note)
        return _DONE

    async def ask(self, call: GraphCall) -> Json:
        """Nobody is asked: people give a conversation back when they are done."""
        await self._party(call)
        return _DONE

    async def take(self, call: GraphCall) -> Json:
        """Refused while people have it; otherwise it is the program's already."""
        party = await self._party(call)
        if self._is_with_people(call, party):
            raise taken_over()
        return _DONE

    async def owner(self, call: GraphCall) -> Json:
        """GET thread_owner: the app that has the thread."""
        party = await self._party(call)
        people = self._is_with_people(call, party)
        app_id = PAGE_INBOX_APP if people else app_id_of(call.automation)
        return {"data": [{"thread_owner": {"app_id": app_id}}]}

    def _is_with_people(self, call: GraphCall, party: Party) -> bool:
        back = call.automation.hand_back_after
        return person_has(party.control, self._clock.now(), back)

    async def _party(self, call: GraphCall) -> Party:
        given = call.given("recipient")
        person = given.get("id") if isinstance(given, Mapping) else given
        if not person:
            raise invalid("The parameter recipient is required")
        party = await self._store.thread(call.automation.bot_id, str(person))
        if party is None:
            raise no_such_user()
        return party
