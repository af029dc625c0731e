"""Secrets of sessions and tokens: random, and only their hash is kept."""

import hashlib
import secrets

TOKEN_PREFIX = "cit_"  # noqa: S105 - not a secret: it tells secret scanners what a token is


def new_session_secret() -> str:
    return secrets.token_urlsafe(32)


def new_token_secret() -> str:
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def secret_id(secret: str) -> str:
    """The id under which a secret is kept; nobody gets from it back to the secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
