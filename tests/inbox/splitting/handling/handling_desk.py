"""A bot whose people change who has its conversations: the real API for real tokens."""

from collections.abc import Sequence
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from inbox.clock import FixedClock
from inbox.config import StaffConfig
from inbox.http.application import build_application
from inbox.http.routing import Routes
from inbox.mongo.client import Document, Mongo
from inbox.splitting.configuring import SplitConfiguring
from inbox.splitting.handling.people import People
from inbox.splitting.handling.routes import HandlingRoutes
from inbox.splitting.handling.service import Handling
from inbox.splitting.handling.store import HandlingStore
from inbox.splitting.presence.store import PresenceStore
from inbox.splitting.routes import SplitRoutes
from inbox.splitting.store import SplitStore
from inbox.staff.authenticator import ActorCache, StaffAuthenticator
from inbox.staff.model import ALL_SCOPES, Role, Token
from inbox.staff.notices.routes import PersonalNoticeRoutes
from inbox.staff.notices.store import PersonalNotices
from inbox.staff.secrets import secret_id
from inbox.staff.store import SessionStore, StaffStore, TokenStore
from tests.inbox.inbox_world import Answer, Api, World, inbox_routes, media_links

BOT = "bot1"
ROLES: dict[str, Role] = {
    "lan": "sale",
    "minh": "sale",
    "hoa": "manager",
    "boss": "admin",
    "stranger": "sale",
}
"""Everybody but the stranger and the admin is a member of the bot."""


class HandlingDesk(World):
    """`api` answers each person whose name is their token."""

    def __init__(self, mongo: Mongo, clock: FixedClock) -> None:
        super().__init__(mongo)
        self.clock = clock
        self.presence = PresenceStore(mongo, clock)
        self.store = HandlingStore(mongo, clock)
        self.woken = 0
        self._tokens = TokenStore(mongo)
        self._staff = StaffStore(mongo)
        self._actors = ActorCache(StaffConfig().actor_kept, clock)
        self.authenticator = StaffAuthenticator(
            self._staff,
            SessionStore(mongo),
            self._tokens,
            self._actors,
            StaffConfig(),
            clock,
        )

    async def open(self, **settings: Any) -> Api:
        """The bot splits unless `enabled` is False; `settings` are those of its splitting."""
        members = [one for one in ROLES if one not in ("boss", "stranger")]
        split = {"enabled": True, "visibility": "own_unassigned", **settings}
        await self.mongo["bots"].insert_one(
            {"_id": BOT, "name": "Shop", "member_ids": members, "version": 1, "split": split}
        )
        for name, role in ROLES.items():
            await self.hire(name, role)
        client = TestClient(
            TestServer(build_application(self._tables(), self.authenticator, static=None))
        )
        await client.start_server()
        return Api(client)

    async def hire(self, name: str, role: Role = "sale", *, bot: str | None = None) -> None:
        await self.mongo["staff"].insert_one(
            {
                "_id": name,
                "name": name.title(),
                "initials": name[0].upper(),
                "email": f"{name}@shop.vn",
                "role": role,
                "active": True,
                "receiving": True,
                "created_at": self.clock.now(),
            }
        )
        token = Token(
            id=secret_id(name),
            name="test",
            staff_id=name,
            bot_id=None,
            scopes=ALL_SCOPES,
            created_at=self.clock.now(),
            expires_at=None,
        )
        await self._tokens.insert(token)
        if bot is not None:
            await self.mongo["bots"].update_one({"_id": bot}, {"$push": {"member_ids": name}})

    def _tables(self) -> Sequence[Routes]:
        mongo, clock, links = self.mongo, self.clock, media_links(self.clock)
        split = SplitStore(mongo)
        return [
            *inbox_routes(mongo, clock),
            HandlingRoutes(
                Handling(self.store, clock, self._wake),
                People(self.store, split, self.presence),
                links,
            ),
            SplitRoutes(SplitConfiguring(mongo, clock, on_changed=self._actors.clear)),
            PersonalNoticeRoutes(PersonalNotices(mongo)),
        ]

    def _wake(self) -> None:
        self.woken += 1

    async def thread(
        self, assignee: str | None = None, *participants: str, state: str | None = None
    ) -> str:
        """A conversation with these people; its id."""
        customer = await self.customer("Khách")
        known = state or ("assigned" if assignee else "claimable")
        return await self.conversation(
            customer,
            bot=BOT,
            assignee_id=assignee,
            participant_ids=[one for one in (assignee, *participants) if one],
            waiting_since=self.clock.now(),
            split={"state": known, "rule_id": "rule1", "round": 2, "tried": ["x"]},
        )

    async def stored(self, conversation_id: str) -> Document:
        found = await self.mongo["conversations"].find_one({"_id": conversation_id})
        assert found is not None
        return found

    async def all_of(self, collection: str, **query: Any) -> list[Document]:
        return await self.mongo[collection].find(query).to_list()


async def assign(api: Api, conversation_id: str, as_: str, **body: Any) -> Answer:
    return await api.call("POST", f"/conversations/{conversation_id}/assignee", as_, json=body)


async def claim(api: Api, conversation_id: str, as_: str) -> Answer:
    return await api.call("POST", f"/conversations/{conversation_id}/claim", as_)
