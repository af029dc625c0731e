"""Checks a program's webhook as Meta does when one is connected: a challenge that must come back.

Source: https://developers.facebook.com/docs/messenger-platform/webhooks#verification-requests
"""

import hmac
from http import HTTPStatus
from typing import Protocol

from yarl import URL

from channels.messenger_gateway.errors import WebhookNotVerified


class WebhookGet(Protocol):
    """Asks a program's server, with the guard that its deliveries have."""

    async def get(self, url: str) -> tuple[int, bytes]:
        """Status and body of the answer.

        Raises:
            OSError: there was no answer (TimeoutError is one).
        """
        ...


async def verify_webhook(http: WebhookGet, url: str, verify_token: str, challenge: str) -> None:
    """Ask `url` to give `challenge` back, which nobody could have guessed.

    Raises:
        WebhookNotVerified: it does not answer, not with 200, or with something else.
    """
    query = {
        "hub.mode": "subscribe",
        "hub.verify_token": verify_token,
        "hub.challenge": challenge,
    }
    try:
        status, body = await http.get(str(URL(url).update_query(query)))
    except OSError as error:
        raise WebhookNotVerified("unreachable") from error
    if status != HTTPStatus.OK:
        raise WebhookNotVerified(f"status_{status}")
    if not hmac.compare_digest(body.strip(), challenge.encode()):
        raise WebhookNotVerified("challenge")
