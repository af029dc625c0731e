"""Faults of the database, made by mongod itself: `failCommand`, and transactions that end."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pymongo import MongoClient

from inbox.mongo.client import Document


@contextmanager
def failing(
    mongo_uri: str, commands: Sequence[str], *, app_name: str, times: int | None = None, **how: Any
) -> Iterator[None]:
    """Let these commands of the clients named `app_name` fail, `times` times or until the end.

    `how` is the data of the fail point: errorCode, errorLabels, closeConnection,
    writeConcernError, blockConnection with blockTimeMS, namespace. One at a time per mongod.
    """
    data = {"failCommands": list(commands), "appName": app_name, **how}
    mode = "alwaysOn" if times is None else {"times": times}
    with MongoClient[Document](mongo_uri) as client:
        client.admin.command("configureFailPoint", "failCommand", mode=mode, data=data)
        try:
            yield
        finally:
            client.admin.command("configureFailPoint", "failCommand", mode="off")


@contextmanager
def reads_standing_still(mongo_uri: str) -> Iterator[Callable[[], None]]:
    """What majority reads show stays as it is until the given function is called, or the end.

    A loaded server lags like this by itself, and majority writes are answered no sooner.
    """
    with MongoClient[Document](mongo_uri) as client:

        def let(mode: str) -> None:
            client.admin.command("configureFailPoint", "disableSnapshotting", mode=mode)
            if mode == "off":  # the next write moves them on
                client.admin.command("appendOplogNote", 1, data={"reads": "go on"})

        let("alwaysOn")
        try:
            yield lambda: let("off")
        finally:
            let("off")


def end_open_transactions(mongo_uri: str) -> None:
    """What mongod does by itself after transactionLifetimeLimitSeconds: a killed process leaves
    its transactions open, and they block whoever writes the same documents.
    """
    with MongoClient[Document](mongo_uri) as client:
        client.admin.command("killAllSessions", [])


@contextmanager
def transactions_ending_after(mongo_uri: str, seconds: int) -> Iterator[None]:
    """Set how long mongod lets a transaction stay open."""
    name = "transactionLifetimeLimitSeconds"
    with MongoClient[Document](mongo_uri) as client:
        before = client.admin.command({"getParameter": 1, name: 1})[name]
        client.admin.command({"setParameter": 1, name: seconds})
        try:
            yield
        finally:
            client.admin.command({"setParameter": 1, name: before})
