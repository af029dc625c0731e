"""Agents who answer through the API, nervously: they repeat what was not answered, and more."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, FormData

from tests.waiting import until

_PATIENCE_S = 120.0
_LONGEST_S = 10.0
_ASKS_AGAIN = 0.1
"""Share of messages that are posted once more although they were answered."""
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class UploadFile:
    """A file that goes with a message; its name is like no other."""

    name: str
    mime: str
    content: bytes


@dataclass(slots=True)
class Say:
    """One message: `number` of its conversation, and what the API said of it."""

    conversation_id: str
    customer_id: str
    number: int
    client_id: str
    text: str | None
    files: tuple[UploadFile, ...] = ()
    message_id: str = ""


@dataclass(slots=True)
class Agents:
    """`secrets` are API tokens, one per agent; `urls` are the servers that live.

    `posted` counts messages that are stored, `answers` all answers by status, 0 for none.
    """

    urls: Callable[[], Sequence[str]]
    secrets: Sequence[str]
    chance: random.Random
    posted: int = 0
    answers: Counter[int] = field(default_factory=Counter)

    async def say_all(self, threads: Sequence[Sequence[Say]], *, at_once: int) -> None:
        """Say everything: one thing after the other in each conversation, many of them at once."""
        waiting = iter(threads)
        async with ClientSession(timeout=ClientTimeout(total=_LONGEST_S)) as session:

            async def desk() -> None:
                for thread in waiting:
                    for say in thread:
                        await self._say(session, say)

            await asyncio.gather(*(desk() for _ in range(at_once)))

    async def _say(self, session: ClientSession, say: Say) -> None:
        secret = self.chance.choice(self.secrets)
        uploads = [await self._upload(session, secret, file) for file in say.files]
        body = {
            "client_id": say.client_id,
            "text": say.text,
            "attachments": [{"upload_id": one} for one in uploads],
        }
        path = f"/api/v1/conversations/{say.conversation_id}/messages"
        times = self.chance.choices((1, 2, 3), (8, 1, 1))[0]  # double clicks
        answers = await asyncio.gather(
            *(self._ask(session, "POST", path, secret, json=body) for _ in range(times))
        )
        if self.chance.random() < _ASKS_AGAIN:
            answers.append(await self._ask(session, "POST", path, secret, json=body))
        first = answers[0]
        assert all(one["id"] == first["id"] for one in answers)
        say.message_id = first["id"]
        self.posted += 1

    async def _upload(self, session: ClientSession, secret: str, file: UploadFile) -> str:
        def form() -> FormData:
            form = FormData()
            form.add_field("file", file.content, filename=file.name, content_type=file.mime)
            return form

        kept = await self._ask(session, "POST", "/api/v1/uploads", secret, data=form)
        upload_id: str = kept["id"]
        return upload_id

    async def read(self, conversation_id: str) -> list[Json]:
        """Every message of a conversation as the API shows it, oldest first."""
        found: list[Json] = []
        cursor = ""
        async with ClientSession(timeout=ClientTimeout(total=_LONGEST_S)) as session:
            while True:
                path = f"/api/v1/conversations/{conversation_id}/messages?limit=50{cursor}"
                page = await self._ask(session, "GET", path, self.secrets[0])
                found += page["items"]
                if page["next_cursor"] is None:
                    return found[::-1]
                cursor = f"&cursor={page['next_cursor']}"

    async def _ask(
        self, session: ClientSession, method: str, path: str, secret: str, **more: Any
    ) -> Json:
        """The JSON of the answer, asked for until there is one.

        Raises:
            AssertionError: it was refused.
        """
        answered: list[Json] = []

        async def ask() -> bool:
            urls = self.urls()
            if not urls:
                return False
            asked = {name: value() if callable(value) else value for name, value in more.items()}
            url = f"{self.chance.choice(urls)}{path}"
            headers = {"Authorization": f"Bearer {secret}"}
            try:
                async with session.request(method, url, headers=headers, **asked) as answer:
                    self.answers[answer.status] += 1
                    if answer.status in (200, 201):
                        answered.append(await answer.json())
                        return True
                    assert answer.status in (409, 429, 500, 503), await answer.text()
                    assert answer.status not in (409, 500), await answer.text()
            except (ClientError, TimeoutError):
                self.answers[0] += 1
            return False

        await until(ask, within_s=_PATIENCE_S)
        return answered[0]
