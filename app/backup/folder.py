"""The folder of a backup on disk: made aside, for our eyes only, and shown when it is whole."""

import hashlib
import os
from pathlib import Path
from typing import BinaryIO

from app.backup.errors import FolderInUse


def begin(folder: Path) -> Path:
    """An empty folder beside `folder`; what a backup that was cut short has left is deleted.

    Raises:
        FolderInUse: `folder` is there and not empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderInUse(folder=folder)
    part = folder.with_name(folder.name + ".part")
    if part.exists():
        for path in sorted(part.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        part.rmdir()
    part.mkdir(mode=0o700, parents=True)
    (part / "collections").mkdir(mode=0o700)
    return part


def publish(part: Path, folder: Path) -> None:
    """Now it is whole, and on the disk."""
    os.sync()
    if folder.exists():
        folder.rmdir()
    part.rename(folder)


def collection_path(folder: Path, name: str) -> Path:
    return folder / "collections" / f"{name}.bson.gz"


def object_path(folder: Path, sha256: str) -> Path:
    return folder / "media" / sha256[:2] / sha256


def create(path: Path) -> BinaryIO:
    """A new file for our eyes only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def delete(path: Path) -> None:
    path.unlink(missing_ok=True)


def is_intact(path: Path, sha256: str) -> bool:
    """Whether the file is there and holds what it held when it was written."""
    return path.is_file() and sha256_of(path) == sha256


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
