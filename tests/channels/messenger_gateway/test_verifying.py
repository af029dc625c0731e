"""The handshake with a program's webhook when an admin connects it."""

import pytest
from yarl import URL

from channels.messenger_gateway.errors import WebhookNotVerified
from channels.messenger_gateway.verifying import verify_webhook


class Webhook:
    """A program's server that knows the word, or misbehaves."""

    def __init__(self, answer: tuple[int, bytes] | OSError | None = None) -> None:
        self.answer = answer
        self.asked: list[URL] = []

    async def get(self, url: str) -> tuple[int, bytes]:
        asked = URL(url)
        self.asked.append(asked)
        if isinstance(self.answer, OSError):
            raise self.answer
        if self.answer is not None:
            return self.answer
        query = asked.query
        if query["hub.mode"] == "subscribe" and query["hub.verify_token"] == "một từ & hơn":
            return 200, query["hub.challenge"].encode()
        return 403, b"Forbidden"


async def test_a_webhook_that_gives_the_challenge_back_is_verified() -> None:
    webhook = Webhook()

    await verify_webhook(webhook, "https://bot.example/hook?x=1", "một từ & hơn", "1158201444")

    (asked,) = webhook.asked
    assert (asked.host, asked.path, asked.query["x"]) == ("bot.example", "/hook", "1")


@pytest.mark.parametrize(
    ("answer", "token", "reason"),
    [
        pytest.param(None, "another", "status_403", id="wrong token"),
        pytest.param((200, b"ok"), "a", "challenge", id="says ok to everything"),
        pytest.param((302, b""), "a", "status_302", id="redirect"),
        pytest.param(OSError("refused"), "a", "unreachable", id="nobody there"),
        pytest.param(TimeoutError(), "a", "unreachable", id="too slow"),
    ],
)
async def test_a_webhook_that_does_not_is_refused_with_the_reason(
    answer: tuple[int, bytes] | OSError | None, token: str, reason: str
) -> None:
    with pytest.raises(WebhookNotVerified) as refused:
        await verify_webhook(Webhook(answer), "https://bot.example/hook", token, "1158201444")

    assert refused.value.extra() == {"reason_code": reason}
