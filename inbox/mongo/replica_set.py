"""Make a lone server a writable one-node replica set: initiate, first user, heal a moved port."""

import time
from datetime import timedelta
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from inbox.errors import Unavailable

_NAME = "inbox"
_HOST = "127.0.0.1"
_AUTHENTICATION_FAILED = 18
_PAUSE_S = 0.05

Client = MongoClient[dict[str, Any]]


class ReplicaSetNotReady(Unavailable):
    """The server did not become writable in time."""

    code = "replica_set_not_ready"
    vi = "MongoDB nhúng chưa sẵn sàng ghi sau {waited_s:g} giây: {reason}."
    en = "The embedded MongoDB was not writable after {waited_s:g} seconds: {reason}."


def server_uri(port: int, user: str, password: str) -> str:
    """How clients reach the server; `user` and `password` must be URL-safe."""
    return f"mongodb://{user}:{password}@{_HOST}:{port}/?authSource=admin&directConnection=true"


def is_writable(port: int, user: str, password: str) -> bool:
    """Whether the server lets this user in and is the primary of its own replica set."""
    try:
        with _signed_in(port, user, password) as client:
            client.admin.command("listDatabases", nameOnly=True)  # asks for the password
            return bool(client.admin.command("hello")["isWritablePrimary"])
    except PyMongoError:
        return False


def make_writable(port: int, user: str, password: str, *, within: timedelta) -> None:
    """Bring the server at `port` to the point where `user` can write to it.

    Safe to repeat, and to continue where a killed process left off: a set that is not initiated
    is initiated, a missing user is made (the localhost exception allows the first one), and a
    set that knows itself under another port is reconfigured by force.

    Raises:
        ReplicaSetNotReady: it took longer than `within`.
    """
    deadline = time.monotonic() + within.total_seconds()
    reason = "no answer"
    while time.monotonic() < deadline:
        try:
            if _step(port, user, password):
                return
            reason = "no primary yet"
        except PyMongoError as error:  # starting, electing, or about to be reconfigured
            reason = str(error)
        time.sleep(_PAUSE_S)
    raise ReplicaSetNotReady(waited_s=within.total_seconds(), reason=reason)


def _step(port: int, user: str, password: str) -> bool:
    """Do what is missing next; True when nothing is."""
    with _signed_in(port, user, password) as client:
        try:
            config = client.admin.command("replSetGetConfig")["config"]
        except OperationFailure as error:
            if error.code != _AUTHENTICATION_FAILED:
                raise
            _initiate_or_create_user(port, user, password)
            return False
        if config["members"][0]["host"] != f"{_HOST}:{port}":
            config["members"][0]["host"] = f"{_HOST}:{port}"
            client.admin.command("replSetReconfig", config, force=True)
            return False
        return bool(client.admin.command("hello")["isWritablePrimary"])


def _initiate_or_create_user(port: int, user: str, password: str) -> None:
    """The only user gets root, because it also moves the set to another port.

    Allowed without a password only as long as there is no user (the localhost exception).
    """
    with _anonymous(port) as client:
        hello = client.admin.command("hello")
        if "setName" not in hello:
            members = [{"_id": 0, "host": f"{_HOST}:{port}"}]
            client.admin.command("replSetInitiate", {"_id": _NAME, "members": members})
        elif hello["isWritablePrimary"]:
            client.admin.command("createUser", user, pwd=password, roles=["root"])


def _anonymous(port: int) -> Client:
    return MongoClient(
        _HOST,
        port,
        directConnection=True,
        serverSelectionTimeoutMS=500,
        timeoutMS=5000,
    )


def _signed_in(port: int, user: str, password: str) -> Client:
    return MongoClient(
        server_uri(port, user, password), serverSelectionTimeoutMS=500, timeoutMS=5000
    )


def replica_set_name() -> str:
    """The name that the server must be started with."""
    return _NAME
