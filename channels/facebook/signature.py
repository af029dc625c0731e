"""Who is calling: Meta's signature over a webhook body, and the handshake of the callback URL."""

import hmac
from collections.abc import Mapping, Sequence

from channels.errors import BadSignature, BadVerifyToken, NoSecret


def check_signature(body: bytes, header: str | None, app_secrets: Sequence[bytes]) -> None:
    r"""Check that `body` was signed with one of our app secrets.

    Args:
        body: the request body as received, byte for byte. Parsing and re-dumping the
            JSON changes it (Meta escapes non-ASCII as \u00e0) and the check fails.
        header: value of X-Hub-Signature-256: "sha256=" and 64 lower-case hex digits.
            Upper-case digits and the older SHA-1 are refused: Meta sends neither there.
        app_secrets: the app secrets, not page tokens; several while one is being replaced.
            Empty ones are passed over, because anybody can sign with an empty key.

    Raises:
        NoSecret: there is no secret to check with (a BadSignature, so it fails closed).
        BadSignature: the header is missing, malformed or does not match.

    Source: https://developers.facebook.com/docs/messenger-platform/webhooks#validate-payloads
    """
    secrets = [secret for secret in app_secrets if secret]
    if not secrets:
        raise NoSecret
    given = (header or "").encode("ascii", "replace")
    matches = False
    for secret in secrets:  # all of them, so that the time does not tell which one is in use
        expected = b"sha256=" + hmac.digest(secret, body, "sha256").hex().encode()
        matches |= hmac.compare_digest(given, expected)
    if not matches:
        raise BadSignature


def check_verify_token(query: Mapping[str, str], verify_token: bytes | None) -> str:
    """The challenge to answer with, exactly as received, as the whole plain-text body.

    Args:
        query: the query of the GET request: hub.mode, hub.verify_token and hub.challenge.
        verify_token: the token that was typed into the app's dashboard.

    Raises:
        BadVerifyToken: a parameter is missing or wrong, or no token is configured.

    Source: https://developers.facebook.com/docs/graph-api/webhooks/getting-started
    """
    given = query.get("hub.verify_token", "").encode("utf-8", "replace")
    challenge = query.get("hub.challenge")
    if not verify_token or not hmac.compare_digest(given, verify_token):
        raise BadVerifyToken
    if query.get("hub.mode") != "subscribe" or not challenge:
        raise BadVerifyToken
    return challenge
