"""An agent answers a customer of the demo through the real service, and the customer reacts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from pydantic import SecretStr

from app.demo.accounts import account_of
from app.demo.answering import Habits
from app.demo.apps import Apps
from app.demo.people import people_of
from app.demo.servers import Setting, SimulatedPlatforms
from app.demo.setup import setup
from app.parts import Parts
from app.serving import listening_socket, running, url_of
from app.settings import load_settings
from inbox.bots.credentials.store import CredentialStore
from inbox.bots.secrets import SecretBox
from inbox.clock import FixedClock
from inbox.conversations.model import Channel
from inbox.ids import conversation_key
from inbox.mongo.client import Mongo
from tests.demo_bodies import SECRETS
from tests.platform_clients import platform_clients
from tests.simulated import no_wait
from tests.waiting import until

CHANNELS: tuple[Channel, ...] = ("facebook", "instagram", "zalo")
EVERYTHING = Habits(receive=1, see=1, answer=1)


@dataclass
class Demo:
    """The demo with everything real, but the clock and the pace."""

    platforms: SimulatedPlatforms
    session: ClientSession
    url: str

    async def post(self, path: str, body: Any) -> Any:
        async with self.session.post(f"{self.url}/api/v1/{path}", json=body) as answer:
            assert answer.status in (200, 201), await answer.text()
            return await answer.json()

    async def thread(self, conversation_id: str) -> list[Any]:
        """The messages of a conversation, the oldest first; none while there is none."""
        path = f"{self.url}/api/v1/conversations/{conversation_id}/messages"
        async with self.session.get(path) as answer:
            items = (await answer.json())["items"] if answer.status != 404 else []
        return sorted(items, key=lambda item: item["seq"])


@asynccontextmanager
async def running_demo(
    mongo: Mongo, mongo_uri: str, data: Path, clock: FixedClock
) -> AsyncIterator[Demo]:
    secrets = SECRETS.model_copy(update={"media_port": 0})
    setting = Setting(
        apps=Apps.of(secrets), clock=clock, pace=no_wait, fault_pace=no_wait, habits=EVERYTHING
    )
    async with SimulatedPlatforms(setting) as platforms:
        urls = platforms.urls
        overrides = {
            "app.data": data,
            "inbox.mongo.uri": SecretStr(mongo_uri),
            "inbox.mongo.database": mongo.db.name,
            "channels.facebook.api_url": urls.graph_url,
            "channels.zalo.api_url": urls.zalo_url,
            "channels.zalo.oauth_url": urls.oauth_url,
        }
        settings = load_settings(Path("config.yaml"), secrets.environment(), overrides)
        store = CredentialStore(mongo, SecretBox([secrets.inbox_secret_key]))
        listening = listening_socket("127.0.0.1", 0)
        channels = settings.channels
        async with (
            platform_clients(mongo, store, clock, channels.facebook, channels.zalo) as clients,
            running(
                settings,
                Mongo.connect(mongo_uri, mongo.db.name),
                listening,
                Parts(clock=clock, messengers=clients.messengers, profiles=platforms.media),
            ) as service,
            ClientSession() as session,
        ):
            demo = Demo(platforms, session, url_of(listening))
            access = await setup(service.staff, service.bots, platforms.credentials)
            await platforms.deliver_to(demo.url)
            token = await service.make_token(access.email, "test", ["read", "write"], None)
            session.headers["Authorization"] = f"Bearer {token}"
            yield demo


@pytest.mark.parametrize("channel", CHANNELS)
async def test_an_agent_is_answered_by_a_customer_of_the_demo(
    mongo: Mongo, mongo_uri: str, tmp_path: Path, clock: FixedClock, channel: Channel
) -> None:
    """S4.18: both ways."""
    account_id = account_of(channel).account_id
    person = people_of(channel)[0]
    conversation_id = conversation_key(channel, account_id, "inbox", person.external_id)
    async with running_demo(mongo, mongo_uri, tmp_path, clock) as demo:
        demo.platforms.customer_writes(account_id, person.external_id, "Còn size L ko shop")

        async def has(count: int) -> bool:
            return len(await demo.thread(conversation_id)) == count

        await until(lambda: has(1))
        body = {"client_id": "from-the-test-1", "text": "Dạ còn ạ, mình lấy màu gì ạ?"}
        for _ in range(2):  # the second time changes nothing
            await demo.post(f"conversations/{conversation_id}/messages", body)
        await until(lambda: has(3))
        asked, ours, answered = await demo.thread(conversation_id)
        assert [asked["text"], ours["text"]] == ["Còn size L ko shop", body["text"]]
        assert [one["direction"] for one in (asked, ours, answered)] == ["in", "out", "in"]
        assert answered["text"]

        async def is_read() -> bool:
            thread = await demo.thread(conversation_id)
            return bool(thread[1]["status"] == "read")

        await until(is_read)
        [received] = demo.platforms.ledger.received
        assert (received.customer_id, received.text) == (person.external_id, body["text"])
