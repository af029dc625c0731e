"""API tokens: made, listed and revoked; the secret is shown once."""

from dataclasses import dataclass
from datetime import timedelta

from inbox.clock import Clock
from inbox.errors import NotAllowed, NotFound
from inbox.mongo.client import Mongo, Session
from inbox.staff.audit.store import AuditStore
from inbox.staff.authenticator import ActorCache
from inbox.staff.errors import ScopeTooWide, unknown_automation, unknown_bot
from inbox.staff.model import Actor, Scope, Token
from inbox.staff.secrets import new_token_secret, secret_id
from inbox.staff.store import StaffStore, TokenStore


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """What a new token is to be: the actor's own, or a bot's."""

    name: str
    scopes: frozenset[Scope]
    bot_id: str | None = None
    automation_id: str | None = None
    lifetime: timedelta | None = None


class Tokens:
    """Makes and revokes tokens; a person's own, and for admins everybody's and bots'."""

    def __init__(self, mongo: Mongo, actors: ActorCache, clock: Clock) -> None:
        self._mongo = mongo
        self._tokens = TokenStore(mongo)
        self._staff = StaffStore(mongo)
        self._audit = AuditStore(mongo)
        self._actors = actors
        self._clock = clock

    async def page(self, actor: Actor, *, after: str | None, limit: int) -> list[Token]:
        mine_only = None if actor.at_least("admin") else actor.id
        return await self._tokens.page(staff_id=mine_only, after=after, limit=limit)

    async def create(self, actor: Actor, wanted: TokenRequest) -> tuple[Token, str]:
        """A new token and its secret, which nobody can read again.

        Raises:
            ScopeTooWide: the actor has not these scopes itself.
            NotAllowed: a token of a bot asked for by less than an admin, or by a bot.
            InvalidInput: there is no such bot, or no such automation in it.
        """
        if not wanted.scopes <= actor.scopes:
            raise ScopeTooWide
        if actor.kind == "automation" or (
            wanted.bot_id is not None and not actor.at_least("admin")
        ):
            raise NotAllowed
        if wanted.bot_id is not None and not await self._staff.bot_names([wanted.bot_id]):
            raise unknown_bot()
        if wanted.automation_id is not None and not await self._staff.has_automation(
            wanted.bot_id, wanted.automation_id
        ):
            raise unknown_automation()
        secret = new_token_secret()
        now = self._clock.now()
        token = Token(
            id=secret_id(secret),
            name=wanted.name,
            staff_id=actor.id if wanted.bot_id is None else None,
            bot_id=wanted.bot_id,
            scopes=wanted.scopes,
            created_at=now,
            expires_at=now + wanted.lifetime if wanted.lifetime is not None else None,
            automation_id=wanted.automation_id,
        )

        async def work(session: Session) -> None:
            await self._tokens.insert(token, session=session)
            scopes = {"scopes": sorted(token.scopes), "bot_id": token.bot_id}
            await self._audit.record(
                actor, "token_created", ("token", token.id), at=now, changes=scopes, session=session
            )

        await self._mongo.transaction(work)
        return token, secret

    async def revoke(self, actor: Actor, token_id: str) -> None:
        """End a token at once; its sockets are closed.

        Raises:
            NotFound: there is none, or it is somebody else's and the actor is no admin.
        """
        token = await self._tokens.get(token_id)
        if token is None or not (actor.at_least("admin") or token.staff_id == actor.id):
            raise NotFound
        now = self._clock.now()

        async def work(session: Session) -> None:
            await self._tokens.delete(token_id, now=now, session=session)
            await self._audit.record(
                actor, "token_revoked", ("token", token_id), at=now, session=session
            )

        await self._mongo.transaction(work)
        self._actors.clear()
