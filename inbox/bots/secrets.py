"""Credentials of channel accounts, encrypted before they are kept."""

from collections.abc import Mapping, Sequence

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class WrongSecretKey(Exception):
    """What was sealed cannot be opened with any of the keys: one has been lost, or it is forged."""


class SecretBox:
    """Seals with the newest key and opens with any, so that keys can be rotated.

    Source: https://cryptography.io/en/latest/fernet/#cryptography.fernet.MultiFernet
    """

    def __init__(self, keys: Sequence[str]) -> None:
        """`keys`: 32 bytes each as url-safe base64, the newest first.

        Raises:
            ValueError: a key has another form, or there is none.
        """
        if not keys:
            raise ValueError("at least one secret key is needed")
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, credentials: Mapping[str, str]) -> bytes:
        return self._fernet.encrypt(orjson.dumps(dict(credentials)))

    def open(self, sealed: bytes) -> dict[str, str]:
        """Raises WrongSecretKey."""
        try:
            credentials: dict[str, str] = orjson.loads(self._fernet.decrypt(sealed))
        except InvalidToken:
            raise WrongSecretKey from None
        return credentials

    def renew(self, sealed: bytes) -> bytes:
        """The same, sealed with the newest key. Raises WrongSecretKey."""
        try:
            return self._fernet.rotate(sealed)
        except InvalidToken:
            raise WrongSecretKey from None
