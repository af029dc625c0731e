"""Who calls: the token of an automation, and Meta's proof that its secret is known."""

import hashlib
import hmac

from channels.messenger_gateway.errors import GraphError, bad_token, invalid
from channels.messenger_gateway.model import Automations, TokenHolders
from inbox.automations.model import Automation
from inbox.staff.model import Actor


class Admitting:
    """Knows the programs that may call."""

    def __init__(self, tokens: TokenHolders, automations: Automations) -> None:
        self._tokens = tokens
        self._automations = automations

    async def admit(self, token: str | None, proof: str | None) -> tuple[Actor, Automation]:
        """Whose token it is.

        Raises:
            GraphError: it is none of a Messenger program, or `proof` is not of its app secret.
        """
        if not token:
            raise GraphError(
                2500, "An active access token must be used to query information", status=401
            )
        actor = await self._tokens.by_token(token)
        if actor is None:
            raise bad_token()
        found = await self._automations.receiver(actor.id)
        if found is None or found.automation.kind != "messenger":
            raise bad_token("The token belongs to no automation of Messenger that is switched on")
        if proof is not None and not _proves(proof, token, found.secrets.app_secret):
            raise invalid("Invalid appsecret_proof provided in the API argument")
        return actor, found.automation


def _proves(proof: str, token: str, app_secret: str | None) -> bool:
    """https://developers.facebook.com/docs/graph-api/securing-requests#appsecret_proof"""
    if app_secret is None:
        return False
    known = hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(known.encode(), proof.encode())
