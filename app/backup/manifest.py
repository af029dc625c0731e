"""What a backup says of itself: manifest.json, written last, read first."""

import base64
import hmac
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import BaseModel, ConfigDict, ValidationError

from app.backup.errors import BackupTooNew, NoBackup

FORMAT = 1
FILE = "manifest.json"
_PURPOSE = b"chat inbox: which key a backup was made with, version 1"
_LENGTH = 16


class CollectionFile(BaseModel):
    """One collection: `documents` in a gzipped file of BSON, and the hash of that file."""

    model_config = ConfigDict(frozen=True)

    name: str
    documents: int
    sha256: str


class Manifest(BaseModel):
    """`media` are the hashes of the stored objects, None where they were left out.

    `keys` tell secret keys apart and give nothing away about them. `missing` are objects that
    were deleted while the backup was being made.
    """

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    made_at: datetime
    migrations: list[int]
    keys: list[str]
    collections: list[CollectionFile]
    media: list[str] | None = None
    missing: int = 0

    def is_of(self, secret_keys: Sequence[bytes]) -> bool:
        """Whether one of these keys opens what is sealed in the backup."""
        ours = [key_mark(key) for key in secret_keys]
        return any(hmac.compare_digest(mark, one) for mark in self.keys for one in ours)


def key_mark(secret_key: bytes) -> str:
    """A short text that only this key has."""
    derived = HKDF(SHA256(), _LENGTH, salt=None, info=_PURPOSE).derive(secret_key)
    return base64.urlsafe_b64encode(derived).decode()


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup.

    Raises:
        NoBackup: there is none, or it cannot be read; BackupTooNew: of a later version.
    """
    try:
        text = (folder / FILE).read_bytes()
        manifest = Manifest.model_validate_json(text)
    except (OSError, ValidationError):
        raise NoBackup(folder=folder) from None
    if manifest.format > FORMAT:
        raise BackupTooNew
    return manifest
