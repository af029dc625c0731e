"""Where bytes are kept: a folder and an S3-compatible server keep the same promises."""

import hashlib
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread
from urllib.request import Request, urlopen

import pytest
from pydantic import SecretStr, ValidationError

from inbox.clock import SystemClock
from inbox.config import StorageConfig
from inbox.media.files import MediaFiles
from inbox.media.storage import media_files

KEY = "AKIAEXAMPLE"
CHUNK = 100_000
TOMORROW = SystemClock().now() + timedelta(days=1)
"""Storages stamp objects with the machine's time."""


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    """A server that speaks S3, with a bucket `shop`; its address."""
    with subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stderr is not None
        lines = iter(server.stderr.readline, "")
        running = next(line for line in lines if "Running on" in line)
        url = running.rpartition(" ")[2].strip()
        draining = Thread(target=lambda: [*lines])  # or it would stop when the pipe is full
        draining.start()
        signed = f"AWS4-HMAC-SHA256 Credential={KEY}/20261122/us-east-1/s3/aws4_request"
        bucket = Request(f"{url}/shop", method="PUT", headers={"Authorization": signed})
        with urlopen(bucket) as answer:
            assert answer.status == 200
        yield url
        server.terminate()
        draining.join()


@pytest.fixture(params=["folder", "s3"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> MediaFiles:
    if request.param == "folder":
        return media_files(StorageConfig(), tmp_path / "media")
    config = StorageConfig(
        kind="s3",
        bucket="shop",
        endpoint=request.getfixturevalue("s3_endpoint"),
        prefix=f"inbox/{tmp_path.name}",
        access_key_id=KEY,
        secret_access_key=SecretStr("secret"),
    )
    return media_files(config, tmp_path / "unused")


async def chunks(count: int, *, breaks_at: int | None = None) -> AsyncIterator[bytes]:
    for n in range(count):
        if n == breaks_at:
            raise ValueError("broke off")
        yield bytes([n % 256]) * CHUNK


async def everything(files: MediaFiles) -> tuple[list[str], list[str]]:
    """What was left aside, and the objects."""
    aside = [one async for page in files.left_aside(TOMORROW) for one in page]
    return aside, [one async for page in files.objects(TOMORROW) for one in page]


async def read(files: MediaFiles, sha256: str, start: int, end: int) -> bytes:
    return b"".join([chunk async for chunk in await files.open(sha256, start, end)])


@pytest.mark.parametrize("count", [1, 130])
async def test_what_is_written_is_read_whole_and_in_part(files: MediaFiles, count: int) -> None:
    """X.INB.07: own storage, in a folder or on S3; 13 MB need several parts."""
    aside, stored = await files.write_aside(chunks(count))
    assert await everything(files) == ([aside], [])

    await files.settle(aside, stored)

    assert await everything(files) == ([], [stored.sha256])
    whole = b"".join([chunk async for chunk in chunks(count)])
    assert stored.sha256 == hashlib.sha256(whole).hexdigest()
    assert stored.size == len(whole)
    assert await read(files, stored.sha256, 0, len(whole)) == whole
    assert await read(files, stored.sha256, CHUNK - 2, CHUNK + 2) == whole[CHUNK - 2 : CHUNK + 2]


async def test_equal_content_is_kept_once(files: MediaFiles) -> None:
    for _ in range(2):
        await files.settle(*await files.write_aside(chunks(2)))

    aside, objects = await everything(files)
    assert (aside, len(objects)) == ([], 1)


@pytest.mark.parametrize("breaks_at", [0, 1, 120])
async def test_what_breaks_off_leaves_nothing(files: MediaFiles, breaks_at: int) -> None:
    with pytest.raises(ValueError, match="broke off"):
        await files.write_aside(chunks(130, breaks_at=breaks_at))

    assert await everything(files) == ([], [])


async def test_what_is_deleted_is_gone_and_deleting_again_is_harmless(files: MediaFiles) -> None:
    aside, stored = await files.write_aside(chunks(2))
    await files.settle(aside, stored)
    await files.discard(aside)

    for _ in range(2):
        await files.delete(stored.sha256)

    with pytest.raises(FileNotFoundError):
        await files.open(stored.sha256, 0, 1)
    assert await everything(files) == ([], [])


async def test_what_is_younger_is_not_listed(files: MediaFiles) -> None:
    await files.settle(*await files.write_aside(chunks(1)))
    await files.write_aside(chunks(2))

    yesterday = TOMORROW - timedelta(days=2)

    assert not any([page async for page in files.objects(yesterday)])
    assert not any([page async for page in files.left_aside(yesterday)])


def test_s3_without_its_keys_stops_the_start() -> None:
    with pytest.raises(ValidationError, match="INBOX__MEDIA__STORAGE__"):
        StorageConfig(kind="s3", bucket="shop")
