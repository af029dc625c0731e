"""From a cookie's or a token's secret to the actor, remembered for a moment."""

from dataclasses import replace
from datetime import datetime, timedelta

from inbox.clock import Clock
from inbox.config import StaffConfig
from inbox.staff.model import Actor, Staff, Token
from inbox.staff.secrets import secret_id
from inbox.staff.store import SessionStore, StaffStore, TokenStore

_MOST_REMEMBERED = 10_000
_NOTED_EVERY = timedelta(minutes=5)
"""That a session is used is written this often, not with every request; it lives on then."""


class ActorCache:
    """Actors by session or token id. This process clears it whenever it changes rights."""

    def __init__(self, kept: timedelta, clock: Clock) -> None:
        self._kept = kept
        self._clock = clock
        self._actors: dict[str, tuple[Actor, datetime]] = {}
        self.generation = 0
        """Grows with every clearing: what was read before it must not be remembered after."""

    def get(self, secret_hash: str) -> Actor | None:
        found = self._actors.get(secret_hash)
        if found is None or found[1] <= self._clock.now():
            return None
        return found[0]

    def remember(self, secret_hash: str, actor: Actor, generation: int) -> None:
        if generation != self.generation:
            return
        if len(self._actors) >= _MOST_REMEMBERED:
            self._actors.clear()
        self._actors[secret_hash] = (actor, self._clock.now() + self._kept)

    def clear(self) -> None:
        self._actors.clear()
        self.generation += 1


class StaffAuthenticator:
    """Knows who a secret belongs to."""

    def __init__(
        self,
        staff: StaffStore,
        sessions: SessionStore,
        tokens: TokenStore,
        actors: ActorCache,
        config: StaffConfig,
        clock: Clock,
    ) -> None:
        self._staff = staff
        self._sessions = sessions
        self._tokens = tokens
        self._actors = actors
        self._lifetime = config.session_lifetime
        self._clock = clock

    async def by_session(self, secret: str) -> Actor | None:
        """Who is signed in with this cookie; None when nobody is (any more)."""
        session_id = secret_id(secret)
        generation = self._actors.generation
        actor = self._actors.get(session_id) or await self._of_session(session_id)
        if actor is not None:
            self._actors.remember(session_id, actor, generation)
        return actor

    async def by_token(self, secret: str) -> Actor | None:
        """Whose API token this is; None when it is nobody's (any more)."""
        token_id = secret_id(secret)
        generation = self._actors.generation
        actor = self._actors.get(token_id) or await self._of_token(token_id)
        if actor is not None:
            self._actors.remember(token_id, actor, generation)
        return actor

    async def refresh(self, actor: Actor) -> Actor | None:
        """`actor` as they are now, read anew; None when their session or token has ended."""
        if actor.session_id is not None:
            return await self._of_session(actor.session_id)
        return await self._of_token(actor.token_id) if actor.token_id is not None else None

    async def _of_session(self, session_id: str) -> Actor | None:
        now = self._clock.now()
        record = await self._sessions.get(session_id, now=now)
        person = await self._staff.get(record.staff_id) if record is not None else None
        if record is None or person is None or not person.active:
            return None
        if record.used_at < now - _NOTED_EVERY:
            await self._sessions.use(session_id, now=now, until=now + self._lifetime)
        return await self._actor(person, session_id=session_id)

    async def _of_token(self, token_id: str) -> Actor | None:
        token = await self._tokens.get(token_id)
        if token is None or (token.expires_at and token.expires_at <= self._clock.now()):
            return None
        if token.bot_id is not None:
            return await self._bot_actor(token, token.bot_id)
        person = await self._staff.get(token.staff_id or "")
        if person is None or not person.active:
            return None
        return await self._actor(person, token=token)

    async def _bot_actor(self, token: Token, bot_id: str) -> Actor | None:
        """An automation acts with the rights of a sale of its one bot.

        A token that is of none in particular acts under the name of the bot.
        """
        automation = None
        if token.automation_id is not None:
            automation = await self._staff.automation_name(token.automation_id)
            if automation is None:
                return None
        for bot in await self._staff.bot_names([bot_id]):
            return Actor(
                id=bot.id if automation is None else automation.id,
                name=bot.name if automation is None else automation.name,
                role="sale",
                bot_ids=frozenset({bot.id}),
                token_id=token.id,
                scopes=token.scopes,
                kind="automation",
                hand_back_after=None if automation is None else automation.hand_back_after,
            )
        return None

    async def _actor(
        self, person: Staff, *, session_id: str | None = None, token: Token | None = None
    ) -> Actor:
        bots = await self._staff.memberships(person.id)
        narrowed = bots if person.role == "sale" else ()
        everything = Actor(
            id=person.id,
            name=person.name,
            role=person.role,
            bot_ids=frozenset(bot.bot_id for bot in bots),
            own_bot_ids=frozenset(bot.bot_id for bot in narrowed if bot.sight == "own"),
            own_unassigned_bot_ids=frozenset(
                bot.bot_id for bot in narrowed if bot.sight == "own_unassigned"
            ),
            session_id=session_id,
        )
        if token is None:
            return everything
        return replace(everything, token_id=token.id, scopes=token.scopes)
