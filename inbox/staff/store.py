"""The collections of people: staff, sessions, API tokens and sign-in tries."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from pymongo import ReturnDocument

from inbox.ids import hash_id
from inbox.live.model import live_event
from inbox.mongo.client import Document, Mongo, Session
from inbox.staff.model import (
    AutomationName,
    BotName,
    Membership,
    Role,
    SessionRecord,
    Staff,
    Token,
    Tries,
)

MOST_SESSIONS = 100
"""Sessions of one person that are shown."""


class StaffStore:
    """Staff, and which bots they are members of."""

    def __init__(self, mongo: Mongo) -> None:
        self._staff = mongo["staff"]
        self._bots = mongo["bots"]
        self._automations = mongo["automations"]

    async def insert(
        self, person: Staff, password_hash: str, *, session: Session | None = None
    ) -> None:
        document = {"_id": person.id, **asdict(person), "password_hash": password_hash}
        del document["id"]
        await self._staff.insert_one(document, session=session)

    async def get(self, staff_id: str, *, session: Session | None = None) -> Staff | None:
        return _staff(await self._staff.find_one({"_id": staff_id}, session=session))

    async def by_email(self, email: str, *, session: Session | None = None) -> Staff | None:
        return _staff(await self._staff.find_one({"email": email}, session=session))

    async def password_hash(self, staff_id: str) -> str | None:
        found = await self._staff.find_one({"_id": staff_id}, {"password_hash": 1})
        return found["password_hash"] if found else None

    async def update(
        self, staff_id: str, values: Mapping[str, Any], *, session: Session | None = None
    ) -> Staff | None:
        """Set fields; returns the person as they are now, None when there is none."""
        document = await self._staff.find_one_and_update(
            {"_id": staff_id},
            {"$set": dict(values)},
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        return _staff(document)

    async def touch(
        self, staff_id: str, *, password_hash: str | None = None, session: Session
    ) -> bool:
        """Whether the person is active (and has this password hash); true until `session` commits.

        The write makes transactions that change either of them collide with this one.
        """
        query: Document = {"_id": staff_id, "active": True}
        if password_hash is not None:
            query["password_hash"] = password_hash
        touched = await self._staff.update_one(query, {"$inc": {"counted": 1}}, session=session)
        return touched.matched_count == 1

    async def replace_password(
        self, staff_id: str, before: str, after: str, *, session: Session | None = None
    ) -> bool:
        """Set another password hash; False when `before` is not the hash that is there."""
        written = await self._staff.update_one(
            {"_id": staff_id, "password_hash": before},
            {"$set": {"password_hash": after}},
            session=session,
        )
        return written.matched_count == 1

    async def is_empty(self, *, session: Session | None = None) -> bool:
        return await self._staff.find_one({}, {"_id": 1}, session=session) is None

    async def count_owners(self, *, session: Session) -> int:
        """How many active owners there are.

        Each of them is touched, so that two transactions that count at the same time collide
        and one is repeated: otherwise each could remove the other's last owner.
        """
        query = {"role": "owner", "active": True}
        touched = await self._staff.update_many(query, {"$inc": {"counted": 1}}, session=session)
        return touched.matched_count

    async def page(self, *, after: tuple[str, str] | None, limit: int) -> list[Staff]:
        """By name, then id; `after` is (name, id) of the last one seen. Staff are few: no index."""
        query: Document = {}
        if after is not None:
            name, staff_id = after
            query = {"$or": [{"name": {"$gt": name}}, {"name": name, "_id": {"$gt": staff_id}}]}
        cursor = self._staff.find(query).sort([("name", 1), ("_id", 1)]).limit(limit)
        return [_to_staff(document) async for document in cursor]

    async def active_ids(
        self, ids: Iterable[str], *, session: Session | None = None
    ) -> frozenset[str]:
        """Those of `ids` that are active staff."""
        query = {"_id": {"$in": list(ids)}, "active": True}
        cursor = self._staff.find(query, {"_id": 1}, session=session)
        return frozenset([document["_id"] async for document in cursor])

    async def emails(self) -> dict[str, str]:
        """The addresses of everybody who works here, by id."""
        found = self._staff.find({"active": True}, {"email": 1})
        return {one["_id"]: one["email"] async for one in found}

    async def memberships(self, staff_id: str) -> list[Membership]:
        """The bots that a person is a member of. Bots are few: no index."""
        fields = {"split.enabled": 1, "split.visibility": 1}
        cursor = self._bots.find({"member_ids": staff_id}, fields)
        return [_membership(document) async for document in cursor]

    async def bot_names(self, ids: Iterable[str] | None = None) -> list[BotName]:
        """These bots (None: all of them), by name."""
        return await self._bot_names({} if ids is None else {"_id": {"$in": sorted(ids)}})

    async def automation_name(self, automation_id: str) -> AutomationName | None:
        """Who acts with the token of an automation; None when there is none any more."""
        found = await self._automations.find_one(
            {"_id": automation_id}, {"name": 1, "hand_back_after_s": 1}
        )
        if found is None:
            return None
        seconds = found.get("hand_back_after_s")
        back = None if seconds is None else timedelta(seconds=seconds)
        return AutomationName(found["_id"], found["name"], back)

    async def has_automation(self, bot_id: str | None, automation_id: str) -> bool:
        query = {"_id": automation_id, "bot_id": bot_id}
        return await self._automations.find_one(query, {"_id": 1}) is not None

    async def _bot_names(self, query: Document) -> list[BotName]:
        cursor = self._bots.find(query, {"name": 1}).sort([("name", 1), ("_id", 1)])
        return [BotName(document["_id"], document["name"]) async for document in cursor]


class SessionStore:
    """Sessions by the hash of their secret. Ending one tells the live feed to close its sockets."""

    def __init__(self, mongo: Mongo) -> None:
        self._sessions = mongo["sessions"]
        self._events = mongo["live_events"]

    async def insert(self, record: SessionRecord, *, session: Session | None = None) -> None:
        document = {"_id": record.id, **asdict(record)}
        del document["id"]
        await self._sessions.insert_one(document, session=session)

    async def get(self, session_id: str, *, now: datetime) -> SessionRecord | None:
        """The session, unless it has expired (TTL deletes up to a minute late)."""
        found = await self._sessions.find_one({"_id": session_id, "expires_at": {"$gt": now}})
        return None if found is None else _to_session(found)

    async def of_person(self, staff_id: str, *, now: datetime) -> list[SessionRecord]:
        """Sessions that have not ended, the last used first; index (staff_id)."""
        query = {"staff_id": staff_id, "expires_at": {"$gt": now}}
        cursor = self._sessions.find(query).sort("used_at", -1).limit(MOST_SESSIONS)
        return [_to_session(document) async for document in cursor]

    async def use(self, session_id: str, *, now: datetime, until: datetime) -> None:
        """It is used now; let it live until `until`, unless it lives longer or has ended."""
        await self._sessions.update_one(
            {"_id": session_id}, {"$max": {"expires_at": until, "used_at": now}}
        )

    async def touch(self, session_id: str, *, session: Session) -> bool:
        """Whether the session is there; ending it collides with this until `session` commits."""
        touched = await self._sessions.update_one(
            {"_id": session_id}, {"$inc": {"joined": 1}}, session=session
        )
        return touched.matched_count == 1

    async def has_any(self, staff_id: str, *, now: datetime) -> bool:
        """Whether a person is signed in anywhere; index (staff_id)."""
        query = {"staff_id": staff_id, "expires_at": {"$gt": now}}
        return await self._sessions.find_one(query, {"_id": 1}) is not None

    async def end(self, session_id: str, *, now: datetime) -> None:
        await self._sessions.delete_one({"_id": session_id})
        await self._tell({"session_id": session_id}, now, None)

    async def end_all(
        self,
        staff_id: str,
        *,
        now: datetime,
        but: str | None = None,
        session: Session | None = None,
    ) -> None:
        """End every session of a person, `but` one; index (staff_id)."""
        if but is None:
            await self._sessions.delete_many({"staff_id": staff_id}, session=session)
            await self._tell({"staff_id": staff_id}, now, session)
            return
        others = {"staff_id": staff_id, "_id": {"$ne": but}}
        found = self._sessions.find(others, {"_id": 1}, session=session)
        ids = [document["_id"] async for document in found]
        await self._sessions.delete_many({"_id": {"$in": ids}}, session=session)
        for session_id in ids:
            await self._tell({"session_id": session_id}, now, session)

    async def _tell(self, data: Document, now: datetime, session: Session | None) -> None:
        event = live_event(type="session_ended", at=now, data=data)
        await self._events.insert_one(event, session=session)


class TokenStore:
    """API tokens by the hash of their secret."""

    def __init__(self, mongo: Mongo) -> None:
        self._tokens = mongo["tokens"]
        self._events = mongo["live_events"]

    async def insert(self, token: Token, *, session: Session | None = None) -> None:
        document = {"_id": token.id, **asdict(token), "scopes": sorted(token.scopes)}
        del document["id"]
        if token.expires_at is None:
            del document["expires_at"]
        if token.automation_id is None:
            del document["automation_id"]
        await self._tokens.insert_one(document, session=session)

    async def get(self, token_id: str) -> Token | None:
        found = await self._tokens.find_one({"_id": token_id})
        return _to_token(found) if found else None

    async def page(self, *, staff_id: str | None, after: str | None, limit: int) -> list[Token]:
        """By id; those of one person, or everybody's (None), bots' included."""
        query: Document = {} if staff_id is None else {"staff_id": staff_id}
        if after is not None:
            query["_id"] = {"$gt": after}
        cursor = self._tokens.find(query).sort("_id", 1).limit(limit)
        return [_to_token(document) async for document in cursor]

    async def delete(self, token_id: str, *, now: datetime, session: Session) -> None:
        """Forget a token; sockets that were opened with it close."""
        await self._tokens.delete_one({"_id": token_id}, session=session)
        event = live_event(type="session_ended", at=now, data={"token_id": token_id})
        await self._events.insert_one(event, session=session)

    async def delete_all(self, staff_id: str, *, session: Session) -> int:
        """Forget every token of a person, and how many; index (staff_id).

        The end of all their sessions is told besides, which closes the sockets of tokens too.
        """
        deleted = await self._tokens.delete_many({"staff_id": staff_id}, session=session)
        return deleted.deleted_count


class TryStore:
    """Sign-in tries by e-mail and address, counted in the database that all processes share."""

    def __init__(self, mongo: Mongo) -> None:
        self._tries = mongo["sign_in_tries"]

    async def count(
        self, email: str, address: str, *, rule: Tries, now: datetime
    ) -> timedelta | None:
        """Count a try before the password is looked at; None lets it through.

        Otherwise how long to wait: tries during a wait are refused and not counted. One command,
        so that tries at the same moment cannot share one free place. `rule` says after how many
        wrong ones a wait begins, and how long it is.
        """
        waiting = {"$gt": [{"$ifNull": ["$blocked_until", now]}, now]}
        failures = {"$add": [{"$ifNull": ["$failures", 0]}, 1]}
        kept = await self._tries.find_one_and_update(
            {"_id": _tries_id(email, address)},
            [
                {"$set": {"refused": waiting}},
                {"$set": {"failures": {"$cond": ["$refused", "$failures", failures]}}},
                {"$set": {"wait_ms": _wait_ms(rule)}},
                {
                    "$set": {
                        "blocked_until": {
                            "$cond": ["$refused", "$blocked_until", {"$add": [now, "$wait_ms"]}]
                        },
                        "expires_at": now + rule.forgotten_after,
                    }
                },
            ],
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        if kept is None or not kept["refused"]:
            return None
        wait: timedelta = kept["blocked_until"] - now
        return wait

    async def forget(self, email: str, address: str) -> None:
        """The password was right: count from zero again."""
        await self._tries.delete_one({"_id": _tries_id(email, address)})


def _tries_id(email: str, address: str) -> str:
    return hash_id("sign_in", email, address)


def _wait_ms(rule: Tries) -> Document:
    """0 while tries are free, then doubling from the first wait up to the longest."""
    beyond = {"$subtract": ["$failures", rule.free]}
    exponent = {"$min": [beyond, 30]}  # 2**30 s is longer than any wait, and no overflow
    doubled = {"$multiply": [_milliseconds(rule.first_wait), {"$pow": [2, exponent]}]}
    longest = _milliseconds(rule.longest_wait)
    return {"$cond": [{"$lt": [beyond, 0]}, 0, {"$min": [doubled, longest]}]}


def _milliseconds(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)


def _membership(bot: Document) -> Membership:
    split = bot.get("split") or {}
    if not split.get("enabled"):
        return Membership(bot["_id"], "all")
    return Membership(bot["_id"], split.get("visibility") or "own_unassigned")


def _staff(document: Document | None) -> Staff | None:
    return _to_staff(document) if document is not None else None


def _to_staff(document: Document) -> Staff:
    role: Role = document["role"]
    return Staff(
        id=document["_id"],
        name=document["name"],
        initials=document["initials"],
        email=document["email"],
        role=role,
        active=document["active"],
        receiving=document["receiving"],
        created_at=document["created_at"],
    )


def _to_session(document: Document) -> SessionRecord:
    """Sessions of before had neither device nor address, and no time of use."""
    return SessionRecord(
        id=document["_id"],
        staff_id=document["staff_id"],
        created_at=document["created_at"],
        used_at=document.get("used_at") or document["created_at"],
        expires_at=document["expires_at"],
        device=document.get("device", ""),
        address=document.get("address", ""),
    )


def _to_token(document: Document) -> Token:
    return Token(
        id=document["_id"],
        name=document["name"],
        staff_id=document.get("staff_id"),
        bot_id=document.get("bot_id"),
        scopes=frozenset(document["scopes"]),
        created_at=document["created_at"],
        expires_at=document.get("expires_at"),
        automation_id=document.get("automation_id"),
    )
