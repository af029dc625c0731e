"""Both ways through the whole service: a webhook comes in, an answer goes out, its echo is ours."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from inbox.conversations.model import Channel
from inbox.mongo.client import Mongo
from inbox.ports import Messenger
from inbox.staff.model import ALL_SCOPES
from tests.fake_messenger import FakeMessenger, FakePlatform
from tests.ingest import FACEBOOK_PAGE, facebook_message
from tests.service import OWNER, RunningService, running_service
from tests.waiting import until

PERSON = "7312094485501276"


class Agent:
    """A signed-in owner."""

    def __init__(self, service: RunningService) -> None:
        self._service = service
        self._headers: dict[str, str] = {}

    async def sign_in(self) -> None:
        make = self._service.service.make_token
        secret = await make(OWNER, "test", sorted(ALL_SCOPES), timedelta(hours=1))
        self._headers = {"Authorization": f"Bearer {secret}"}

    async def call(self, method: str, path: str, **options: Any) -> Any:
        service = self._service
        url = f"{service.url}/api/v1{path}"
        async with service.session.request(method, url, headers=self._headers, **options) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()


async def test_an_answer_reaches_the_channel_and_its_echo_is_no_second_message(
    mongo: Mongo, mongo_uri: str, tmp_path: Path
) -> None:
    """S4.18: staff and customer chat both ways."""
    platform = FakePlatform()
    messengers: dict[Channel, Messenger] = {"facebook": FakeMessenger(platform)}
    async with running_service(mongo, mongo_uri, tmp_path, messengers=messengers) as service:
        agent = Agent(service)
        await agent.sign_in()
        now_ms = time.time_ns() // 1_000_000
        body = facebook_message("Áo này còn không?", mid="m_1", at=now_ms, psid=PERSON)
        assert await service.post_facebook(body) == 200

        async def thread() -> Any:
            items = (await agent.call("GET", "/conversations"))["items"]
            return items[0] if items else None

        await until(lambda: _is_there(thread))
        conversation = await thread()
        path = f"/conversations/{conversation['id']}/messages"
        await agent.call("POST", path, json={"client_id": "c1", "text": "Dạ còn ạ"})
        await until(lambda: platform.texts == ["Dạ còn ạ"])
        assert await service.post_facebook(_echo(platform, now_ms)) == 200

        async def said() -> list[tuple[str, str]]:
            items = (await agent.call("GET", path))["items"]
            return [(one["text"], one["status"]) for one in reversed(items)]

        expected = [("Áo này còn không?", "received"), ("Dạ còn ạ", "sent")]

        async def is_settled() -> bool:
            return await said() == expected

        await until(is_settled)
        journal = {"apply": {"$exists": True}}
        await until(lambda: _is_empty(mongo, journal))
        assert await said() == expected


async def _is_there(thread: Any) -> bool:
    return await thread() is not None


async def _is_empty(mongo: Mongo, query: dict[str, Any]) -> bool:
    return await mongo["webhook_journal"].find_one(query) is None


def _echo(platform: FakePlatform, at: int) -> dict[str, Any]:
    [taken] = platform.taken
    message = {
        "mid": taken.id,
        "text": taken.text,
        "is_echo": True,
        "app_id": 1,
        "metadata": taken.reference,
    }
    element = {
        "sender": {"id": FACEBOOK_PAGE},
        "recipient": {"id": PERSON},
        "timestamp": at + 1000,
        "message": message,
    }
    entry = {"id": FACEBOOK_PAGE, "time": at, "messaging": [element]}
    return {"object": "page", "entry": [entry]}
