"""The collection `connect_flows`, and what connecting reads and keeps of `accounts`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from channels.connecting.model import Flow, FoundAccount, Grant, Place, Result
from inbox.bots.secrets import SecretBox, WrongSecretKey
from inbox.conversations.model import Channel
from inbox.mongo.client import Document, Mongo, Session


class FlowStore:
    """Flows by id and by the hash of their state. What they hold of tokens is sealed.

    MongoDB deletes them at `expires_at`.
    """

    def __init__(self, mongo: Mongo, box: SecretBox) -> None:
        self._flows = mongo["connect_flows"]
        self._box = box

    async def insert(self, flow: Flow, state_hash: str, *, session: Session) -> None:
        document: Document = {
            "_id": flow.id,
            "state_hash": state_hash,
            "channel": flow.channel,
            "bot_id": flow.bot_id,
            "staff_id": flow.staff_id,
            "session_id": flow.session_id,
            "redirect_uri": flow.redirect_uri,
            "stage": flow.stage,
            "expires_at": flow.expires_at,
        }
        if flow.verifier is not None:
            document["verifier"] = self._box.seal({"verifier": flow.verifier})
        await self._flows.insert_one(document, session=session)

    async def by_state(self, state_hash: str) -> Flow | None:
        """Index (state_hash)."""
        return self._to_flow(await self._flows.find_one({"state_hash": state_hash}))

    async def get(self, flow_id: str) -> Flow | None:
        return self._to_flow(await self._flows.find_one({"_id": flow_id}))

    async def begin_exchange(self, flow_id: str, until: datetime) -> bool:
        """Take the one right to exchange the code; False when somebody has it, or had it."""
        done = await self._flows.update_one(
            {"_id": flow_id, "stage": "started"},
            {"$set": {"stage": "exchanging", "exchange_until": until}},
        )
        return done.matched_count == 1

    async def keep_grant(self, flow_id: str, grant: Grant, *, expires_at: datetime) -> None:
        """Keep what was found, sealed. Repeating it is harmless."""
        await self._flows.update_one(
            {"_id": flow_id, "stage": {"$in": ["exchanging", "ready"]}},
            {
                "$set": {"stage": "ready", "grant": self._seal(grant), "expires_at": expires_at},
                "$unset": {"verifier": 1},
            },
        )

    async def fail(self, flow_id: str, reason: str) -> None:
        """End a flow that has not found anything; the first reason stays."""
        await self._flows.update_one(
            {"_id": flow_id, "stage": {"$in": ["started", "exchanging"]}},
            {"$set": {"stage": "failed", "reason": reason}, "$unset": {"verifier": 1}},
        )

    async def note_result(self, flow_id: str, account_key: str, result: Result) -> None:
        kept = {"outcome": result.outcome, "reason": result.reason}
        await self._flows.update_one({"_id": flow_id}, {"$set": {f"results.{account_key}": kept}})

    def _seal(self, grant: Grant) -> bytes:
        found = {
            "accounts": [
                {
                    "channel": one.channel,
                    "account_id": one.account_id,
                    "name": one.name,
                    "credentials": dict(one.credentials),
                }
                for one in grant.accounts
            ],
            "granted_by": grant.granted_by,
            "missing": list(grant.missing),
        }
        return self._box.seal({"grant": orjson.dumps(found).decode()})

    def _opened(self, sealed: bytes) -> Grant:
        found = orjson.loads(self._box.open(sealed)["grant"])
        accounts = tuple(FoundAccount(**one) for one in found["accounts"])
        return Grant(accounts, found["granted_by"], tuple(found["missing"]))

    def _to_flow(self, document: Document | None) -> Flow | None:
        """None also for what was sealed with a key that is not ours any more."""
        try:
            return self._readable(document) if document is not None else None
        except WrongSecretKey:
            return None

    def _readable(self, document: Document) -> Flow:
        verifier, grant = document.get("verifier"), document.get("grant")
        return Flow(
            id=document["_id"],
            channel=document["channel"],
            bot_id=document["bot_id"],
            staff_id=document["staff_id"],
            session_id=document["session_id"],
            redirect_uri=document["redirect_uri"],
            stage=document["stage"],
            expires_at=document["expires_at"],
            exchange_until=document.get("exchange_until"),
            reason=document.get("reason"),
            verifier=self._box.open(verifier)["verifier"] if verifier is not None else None,
            grant=self._opened(grant) if grant is not None else None,
            results={
                key: Result(one["outcome"], one["reason"])
                for key, one in document.get("results", {}).items()
            },
        )


@dataclass(frozen=True, slots=True)
class AccountState:
    """A connected account as admins see it; `health` and `subscription` as they are kept."""

    id: str
    channel: Channel
    account_id: str
    name: str
    bot_id: str
    bot_name: str
    health: Mapping[str, Any]
    subscription: Mapping[str, Any] | None
    has_credentials: bool
    connected_at: datetime


class ConnectedAccounts:
    """Collection `accounts`, read with the names of their bots; `granted_by`, written."""

    def __init__(self, mongo: Mongo) -> None:
        self._accounts = mongo["accounts"]
        self._bots = mongo["bots"]

    async def places(self, keys: Collection[str]) -> dict[str, Place]:
        """Where those of `keys` are that are connected."""
        query = {"_id": {"$in": list(keys)}, "bot_id": {"$type": "string"}}
        found = {
            one["_id"]: one["bot_id"] async for one in self._accounts.find(query, {"bot_id": 1})
        }
        names = await self._bot_names(set(found.values()))
        return {key: Place(bot_id, names.get(bot_id, "")) for key, bot_id in found.items()}

    async def get(self, key: str) -> AccountState | None:
        states = await self._states({"_id": key}, 1)
        return states[0] if states else None

    async def page(self, *, after: str | None, limit: int) -> list[AccountState]:
        """All of them, by id."""
        query: Document = {"bot_id": {"$type": "string"}}
        if after is not None:
            query["_id"] = {"$gt": after}
        return await self._states(query, limit)

    async def granted_by(self, granter: str) -> list[str]:
        """Keys of the accounts that this user of Meta has given permission for."""
        query = {"granted_by": granter}
        return [one["_id"] async for one in self._accounts.find(query, {"_id": 1})]

    async def keep_granter(self, key: str, granter: str | None) -> None:
        change = {"$set": {"granted_by": granter}} if granter else {"$unset": {"granted_by": 1}}
        await self._accounts.update_one({"_id": key}, change)

    async def of_channels(self, channels: Collection[str]) -> list[tuple[str, str]]:
        """(channel, account id) of the accounts of these channels."""
        query = {"channel": {"$in": list(channels)}}
        cursor = self._accounts.find(query, {"channel": 1, "account_id": 1})
        return [(one["channel"], one["account_id"]) async for one in cursor]

    async def _states(self, query: Document, limit: int) -> list[AccountState]:
        documents = await self._accounts.find(query).sort("_id", 1).limit(limit).to_list()
        names = await self._bot_names({one["bot_id"] for one in documents})
        return [_to_state(one, names) for one in documents]

    async def _bot_names(self, ids: Collection[str]) -> dict[str, str]:
        cursor = self._bots.find({"_id": {"$in": list(ids)}}, {"name": 1})
        return {one["_id"]: one["name"] async for one in cursor}


def _to_state(document: Document, names: Mapping[str, str]) -> AccountState:
    return AccountState(
        id=document["_id"],
        channel=document["channel"],
        account_id=document["account_id"],
        name=document["name"],
        bot_id=document["bot_id"],
        bot_name=names.get(document["bot_id"], ""),
        health=document["health"],
        subscription=document.get("subscription"),
        has_credentials="credentials" in document,
        connected_at=document["created_at"],
    )
