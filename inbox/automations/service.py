"""Looking after automations: made, changed, given new secrets, tried, deleted; all audited."""

import secrets as random_secrets
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from inbox.addresses import is_public, parse
from inbox.automations.delivering.store import DeliveryStore, sealed_secrets, secrets_from
from inbox.automations.errors import (
    AutomationNotFound,
    AutomationOff,
    another_answers,
    messenger_incomplete,
    wrong_url,
)
from inbox.automations.model import Automation, AutomationKind, EventType, OffReason, Secrets
from inbox.automations.store import AutomationStore
from inbox.bots.secrets import SecretBox
from inbox.clock import Clock
from inbox.errors import NotFound, VersionClash
from inbox.ids import random_id
from inbox.mongo.client import Mongo, Session
from inbox.staff.audit.store import AuditStore
from inbox.staff.model import Actor
from inbox.standard_webhooks import PREFIX

_KEY_BYTES = 32
_KEPT_SECRETS = 2
"""The new one and the one before it, until everybody has the new one."""
MOST_REPLAYED = 1000
_AUDITED = ("name", "kind", "url", "answers", "enabled", "page_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAutomation:
    """An automation that is to be made."""

    name: str
    kind: AutomationKind
    url: str
    events: frozenset[EventType]
    answers: bool
    answer_within: timedelta
    hand_back_after: timedelta | None
    page_id: str | None = None
    app_secret: str | None = None
    verify_token: str | None = None


class AutomationService:
    """Reads and changes automations; that the actor is an admin is checked by the routes."""

    def __init__(
        self,
        mongo: Mongo,
        deliveries: DeliveryStore,
        box: SecretBox,
        clock: Clock,
        *,
        allow_private: bool,
        wake: Callable[[], None],
    ) -> None:
        """`allow_private`: receivers may stand in our own network, and speak http."""
        self._mongo = mongo
        self.store = AutomationStore(mongo, clock)
        self._deliveries = deliveries
        self._audit = AuditStore(mongo)
        self._box = box
        self._clock = clock
        self._allow_private = allow_private
        self._wake = wake

    async def all(self, bot_id: str) -> list[Automation]:
        """Raises NotFound: of the bot."""
        if not await self.store.has_bot(bot_id):
            raise NotFound
        return await self.store.of_bot(bot_id)

    async def get(
        self, bot_id: str, automation_id: str, session: Session | None = None
    ) -> Automation:
        """Raises AutomationNotFound."""
        found = await self.store.get(bot_id, automation_id, session=session)
        if found is None:
            raise AutomationNotFound
        return found

    async def create(
        self, actor: Actor, bot_id: str, wanted: NewAutomation
    ) -> tuple[Automation, str]:
        """A new automation and its secret, which nobody can read again.

        Raises:
            NotFound: of the bot. InvalidInput: see errors.py.
        """
        secret = _new_secret()
        automation = Automation(
            id=random_id(),
            bot_id=bot_id,
            name=wanted.name,
            kind=wanted.kind,
            url=wanted.url,
            events=wanted.events,
            answers=wanted.answers,
            answer_within=wanted.answer_within,
            hand_back_after=wanted.hand_back_after,
            enabled=True,
            created_at=self._clock.now(),
            page_id=wanted.page_id,
        )
        known = Secrets((secret,), wanted.app_secret, wanted.verify_token)

        async def work(session: Session) -> None:
            if not await self.store.has_bot(bot_id, session):
                raise NotFound
            await self._check(automation, known, session)
            await self.store.insert(automation, sealed_secrets(known, self._box), session)
            await self._record(actor, "automation_created", None, automation, session)

        await self._mongo.transaction(work)
        self._wake()
        return automation, secret

    async def edit(
        self,
        actor: Actor,
        bot_id: str,
        automation_id: str,
        changes: Mapping[str, Any],
        version: int | None,
    ) -> Automation:
        """Change fields of Automation, `app_secret` and `verify_token`; absent ones stay.

        Raises:
            AutomationNotFound. InvalidInput. VersionClash: somebody else changed it since.
        """

        async def work(session: Session) -> Automation:
            before = await self.get(bot_id, automation_id, session)
            if version is not None and before.version != version:
                raise VersionClash(fields=sorted(changes), current={"version": before.version})
            fields = {name: value for name, value in changes.items() if name not in _SECRET}
            after = replace(before, **fields)
            if after.enabled != before.enabled:
                off: OffReason | None = None if after.enabled else "by_hand"
                off_at = None if after.enabled else self._clock.now()
                after = replace(after, off_reason=off, off_at=off_at)
            known = secrets_from(self._box.open(await self.store.sealed(automation_id, session)))
            secrets = replace(known, **{k: v for k, v in changes.items() if k in _SECRET})
            await self._check(after, secrets, session)
            if after == before and secrets == known:
                return before
            after = replace(after, version=before.version + 1)
            await self.store.replace(after, sealed_secrets(secrets, self._box), session)
            await self._record(actor, "automation_edited", before, after, session)
            return after

        edited = await self._mongo.transaction(work)
        self._wake()
        return edited

    async def new_secret(self, actor: Actor, bot_id: str, automation_id: str) -> str:
        """Sign with a new secret from now on, and with the one before as well.

        Raises AutomationNotFound.
        """
        secret = _new_secret()
        await self._change_secrets(
            actor,
            bot_id,
            automation_id,
            "automation_secret_added",
            lambda before: (secret, *before)[:_KEPT_SECRETS],
        )
        return secret

    async def retire_secrets(self, actor: Actor, bot_id: str, automation_id: str) -> None:
        """Sign with the newest secret alone. Raises AutomationNotFound."""
        await self._change_secrets(
            actor, bot_id, automation_id, "automation_secret_retired", lambda before: before[:1]
        )

    async def _change_secrets(
        self,
        actor: Actor,
        bot_id: str,
        automation_id: str,
        action: str,
        change: Callable[[tuple[str, ...]], tuple[str, ...]],
    ) -> None:
        async def work(session: Session) -> None:
            automation = await self.get(bot_id, automation_id, session)
            known = secrets_from(self._box.open(await self.store.sealed(automation_id, session)))
            fresh = replace(known, signing=change(known.signing))
            await self.store.replace(automation, sealed_secrets(fresh, self._box), session)
            await self._audit.record(
                actor,
                action,
                ("automation", automation_id),
                at=self._clock.now(),
                session=session,
            )

        await self._mongo.transaction(work)

    async def delete(self, actor: Actor, bot_id: str, automation_id: str) -> None:
        """Its tokens end with it; customers who wait for it are handed to people.

        Raises AutomationNotFound.
        """

        async def work(session: Session) -> None:
            before = await self.get(bot_id, automation_id, session)
            await self.store.delete(automation_id, session)
            await self._record(actor, "automation_deleted", before, None, session)

        await self._mongo.transaction(work)

    async def replay(self, bot_id: str, automation_id: str, event_ids: Sequence[str] | None) -> int:
        """Tell events once more; None: what is parked. How many will be told.

        Raises AutomationNotFound, AutomationOff.
        """
        automation = await self.get(bot_id, automation_id)
        if not automation.enabled:
            raise AutomationOff
        if event_ids is None:
            event_ids = await self.store.parked_ids(automation_id, MOST_REPLAYED)
        replayed = await self._deliveries.replay(automation_id, bot_id, event_ids)
        self._wake()
        return replayed

    async def _check(self, automation: Automation, secrets: Secrets, session: Session) -> None:
        if not _may_be_called(automation.url, allow_private=self._allow_private):
            raise wrong_url()
        if automation.kind == "messenger":
            if automation.page_id is None:
                raise messenger_incomplete("page_id")
            if secrets.app_secret is None:
                raise messenger_incomplete("app_secret")
        if automation.answers:
            other = await self.store.answering(automation.bot_id, session)
            if other not in (None, automation.id):
                raise another_answers()

    async def _record(
        self,
        actor: Actor,
        action: str,
        before: Automation | None,
        after: Automation | None,
        session: Session,
    ) -> None:
        either = after or before
        assert either is not None
        now = self._clock.now()
        changes = {
            name: {"before": getattr(before, name, None), "after": getattr(after, name, None)}
            for name in _AUDITED
            if getattr(before, name, None) != getattr(after, name, None)
        }
        await self._audit.record(
            actor, action, ("automation", either.id), at=now, changes=changes, session=session
        )
        await self.store.tell(either.bot_id, now, session)


_SECRET = frozenset({"app_secret", "verify_token"})


def _new_secret() -> str:
    return PREFIX + b64encode(random_secrets.token_bytes(_KEY_BYTES)).decode()


def _may_be_called(url: str, *, allow_private: bool) -> bool:
    """What a name leads to is looked at when it is called; an address can be looked at now."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.password is not None:
        return False
    if allow_private:
        return parts.scheme in ("http", "https")
    is_address = parse(host) is not None
    return parts.scheme == "https" and host != "localhost" and (not is_address or is_public(host))
