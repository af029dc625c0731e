"""Make a lone server a writable one-node replica set: initiate, first user, heal a moved port."""

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from inbox.errors import Unavailable

_NAME = "inbox"
_HOST = "127.0.0.1"
_AUTHENTICATION_FAILED = 18
_PAUSE_S = 0.05
_SELECTION_MS = 500
_TIMEOUT_MS = 5000

Client = MongoClient[dict[str, Any]]


class ReplicaSetNotReady(Unavailable):
    """The server did not become writable in time."""

    code = "replica_set_not_ready"
    vi = "MongoDB nhúng chưa sẵn sàng ghi sau {waited_s:g} giây: {reason}."
    en = "The embedded MongoDB was not writable after {waited_s:g} seconds: {reason}."


def replica_set_name() -> str:
    """The name that the server must be started with (`--replSet`)."""
    return _NAME


@dataclass(frozen=True, slots=True)
class Server:
    """A server on loopback and its only user; user and password are URL-safe."""

    port: int
    user: str
    password: str = field(repr=False)

    @property
    def uri(self) -> str:
        """Holds the password: never log it."""
        who = f"{self.user}:{self.password}"
        return f"mongodb://{who}@{_HOST}:{self.port}/?authSource=admin&directConnection=true"

    def is_writable(self) -> bool:
        """Whether it lets our user in and is the primary of its own replica set."""
        try:
            with self._signed_in() as client:
                client.admin.command("listDatabases", nameOnly=True)  # asks for the password
                return bool(client.admin.command("hello")["isWritablePrimary"])
        except PyMongoError:
            return False

    def make_writable(self, *, within: timedelta) -> None:
        """Bring the server to the point where our user can write to it.

        Safe to repeat, and to continue where a killed process left off: a set that is not
        initiated is initiated, a missing user is made, and a set that knows itself under
        another port is reconfigured by force.

        Raises:
            ReplicaSetNotReady: it took longer than `within`.
        """
        deadline = time.monotonic() + within.total_seconds()
        reason = "no answer"
        while time.monotonic() < deadline:
            try:
                if self._do_what_is_missing():
                    return
                reason = "no primary yet"
            except PyMongoError as error:  # starting, electing, or about to be reconfigured
                reason = str(error)
            time.sleep(_PAUSE_S)
        raise ReplicaSetNotReady(waited_s=within.total_seconds(), reason=reason)

    def _do_what_is_missing(self) -> bool:
        """One step; True when nothing is missing."""
        with self._signed_in() as client:
            try:
                config = client.admin.command("replSetGetConfig")["config"]
            except OperationFailure as error:
                if error.code != _AUTHENTICATION_FAILED:
                    raise
                self._initiate_or_create_user()
                return False
            if config["members"][0]["host"] != self._address:
                config["members"][0]["host"] = self._address
                client.admin.command("replSetReconfig", config, force=True)
                return False
            return bool(client.admin.command("hello")["isWritablePrimary"])

    def _initiate_or_create_user(self) -> None:
        """The user gets root, because it also moves the set to another port.

        Allowed without a password only while there is no user (the localhost exception).
        """
        with self._anonymous() as client:
            hello = client.admin.command("hello")
            if "setName" not in hello:
                members = [{"_id": 0, "host": self._address}]
                client.admin.command("replSetInitiate", {"_id": _NAME, "members": members})
            elif hello["isWritablePrimary"]:
                client.admin.command("createUser", self.user, pwd=self.password, roles=["root"])

    @property
    def _address(self) -> str:
        return f"{_HOST}:{self.port}"

    def _anonymous(self) -> Client:
        return MongoClient(
            _HOST,
            self.port,
            directConnection=True,
            serverSelectionTimeoutMS=_SELECTION_MS,
            timeoutMS=_TIMEOUT_MS,
        )

    def _signed_in(self) -> Client:
        return MongoClient(self.uri, serverSelectionTimeoutMS=_SELECTION_MS, timeoutMS=_TIMEOUT_MS)
