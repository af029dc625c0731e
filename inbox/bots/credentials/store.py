"""Credentials in `accounts`: read opened, replaced only where they still are what was read."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from inbox.bots.credentials.model import (
    AccountCredentials,
    AfterRefresh,
    Health,
    Refresh,
)
from inbox.bots.health.store import to_health
from inbox.bots.secrets import SecretBox
from inbox.conversations.model import Channel
from inbox.live.model import live_event
from inbox.mongo.client import Document, Mongo, Session
from inbox.mongo.due import due


class CredentialStore:
    """Collection `accounts`: `credentials` (sealed), `refresh`, `token` (due work), `health`.

    Implements `Credentials` of inbox/ports.py.
    """

    def __init__(self, mongo: Mongo, box: SecretBox) -> None:
        self._accounts = mongo["accounts"]
        self._live = mongo["live_events"]
        self._box = box

    async def of(self, account_key: str) -> dict[str, str]:
        """The credentials of an account, opened; empty when it has none.

        Raises:
            WrongSecretKey: they were sealed with a key that is not among ours any more.
        """
        found = await self.read(account_key)
        return dict(found.values) if found is not None else {}

    async def read(self, account_key: str) -> AccountCredentials | None:
        """What an account has and what is under way; None when there is no such account.

        Raises:
            WrongSecretKey: see `of`.
        """
        fields = {"credentials": 1, "refresh": 1, "health": 1}
        document = await self._accounts.find_one({"_id": account_key}, fields)
        if document is None:
            return None
        sealed: bytes | None = document.get("credentials")
        return AccountCredentials(
            account_key,
            self._box.open(sealed) if sealed is not None else {},
            sealed,
            _to_refresh(document.get("refresh")),
            to_health(document.get("health", {})),
        )

    async def replace(
        self,
        account_key: str,
        values: Mapping[str, str],
        *,
        now: datetime,
        session: Session | None = None,
    ) -> bool:
        """Give an account new secrets, whatever it had: somebody connected it again.

        The answer to a refresh of the old ones that is still under way is dropped. False when
        there is no such account. `Healing.account_works` comes next.
        """
        changes = {
            "credentials": self._box.seal(values),
            "health": {"state": "ok", "at": now},
            "token": due(now),
        }
        before = await self._accounts.find_one_and_update(
            {"_id": account_key}, {"$set": changes, "$unset": {"refresh": 1}}, session=session
        )
        if before is not None and before.get("health", {}).get("state") != "ok":
            await self._tell(before, now, session)
        return before is not None

    async def begin_refresh(self, found: AccountCredentials, refresh: Refresh) -> bool:
        """Note, before the call, that a refresh token is handed out.

        Only where the credentials are still those that were read; False otherwise.
        """
        done = await self._accounts.update_one(
            {"_id": found.account_key, "credentials": found.sealed},
            {"$set": {"refresh": _from_refresh(refresh)}},
        )
        return done.matched_count == 1

    async def finish_refresh(
        self,
        account_key: str,
        refresh: Refresh,
        values: Mapping[str, str],
        *,
        plan: AfterRefresh,
    ) -> bool:
        """Keep the new pair, if the account still waits for the outcome of this refresh token.

        The condition is the old token's hash and not the attempt: a token works once, so an
        answer that comes late, after somebody else took over, is the only pair that is alive.
        False when it was kept already, or somebody replaced the credentials meanwhile.
        """
        healed = {"$in": [{"$ifNull": ["$health.reason", ""]}, list(plan.heals)]}
        ok = {"state": "ok", "at": plan.now}
        changes = {
            "credentials": self._box.seal(values),
            "token": {"$literal": due(plan.next_at)},
            "health": {"$cond": [healed, ok, "$health"]},
        }
        before = await self._accounts.find_one_and_update(
            {"_id": account_key, "refresh.token_hash": refresh.token_hash},
            [{"$unset": ["refresh", "token"]}, {"$set": changes}],
        )
        if before is not None and before.get("health", {}).get("reason") in plan.heals:
            await self._tell(before, plan.now)
        return before is not None

    async def drop_refresh(self, account_key: str, refresh: Refresh) -> None:
        """The call never reached the platform: the refresh token is as good as before."""
        await self._accounts.update_one(
            _this_attempt(account_key, refresh), {"$unset": {"refresh": 1}}
        )

    async def refuse_refresh(
        self, account_key: str, refresh: Refresh, health: Health, *, now: datetime
    ) -> bool:
        """The platform refused the refresh token: the account waits for an admin.

        False when somebody else's newer call or pair is there: theirs counts, not ours.
        """
        changes = {"refresh.state": "refused", "health": _from_health(health, now)}
        before = await self._accounts.find_one_and_update(
            _this_attempt(account_key, refresh), {"$set": changes}
        )
        if before is not None:
            await self._tell(before, now)
        return before is not None

    async def _tell(self, account: Document, now: datetime, session: Session | None = None) -> None:
        """Open inboxes show how the account is; one that misses this reads it at its next load."""
        bot_id = account["bot_id"]
        event = live_event(type="bot_changed", at=now, bot_id=bot_id, data={"bot_id": bot_id})
        await self._live.insert_one(event, session=session)

    async def plan_refreshes(self, channel: Channel, *, now: datetime) -> None:
        """Make the first refresh due of accounts that have credentials and no plan yet."""
        await self._accounts.update_many(
            {"channel": channel, "credentials": {"$exists": True}, "token": {"$exists": False}},
            {"$set": {"token": due(now)}},
        )

    async def resume_refreshes(self, channel: Channel, *, now: datetime) -> None:
        """Make due now what a process began and did not end; call it at a start."""
        await self._accounts.update_many(
            {"channel": channel, "refresh.state": "started", "token.due_at": {"$gt": now}},
            {"$set": {"token.due_at": now}},
        )


def _this_attempt(account_key: str, refresh: Refresh) -> Document:
    return {
        "_id": account_key,
        "refresh.token_hash": refresh.token_hash,
        "refresh.attempt": refresh.attempt,
    }


def _from_refresh(refresh: Refresh) -> Document:
    return {
        "token_hash": refresh.token_hash,
        "attempt": refresh.attempt,
        "state": refresh.state,
        "at": refresh.at,
    }


def _to_refresh(document: Any) -> Refresh | None:
    if not isinstance(document, dict):
        return None
    return Refresh(document["token_hash"], document["attempt"], document["state"], document["at"])


def _from_health(health: Health, now: datetime) -> Document:
    reason = {"reason": health.reason} if health.reason is not None else {}
    return {"state": health.state, **reason, "at": now}
