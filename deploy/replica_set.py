"""Initiates a MongoDB replica set, adds members that are missing, and makes the inbox's user.

    python deploy/replica_set.py --member mongo1:27017 --member mongo2:27017 \
        --root-password-file … --password-file …

Safe to repeat: what is there already stays as it is; members are added one at a time, never
removed. Each must run with the same --replSet and --keyFile; the first holds the root user.
"""
# ruff: noqa: INP001 - a program of its own, in no package

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

_NOT_YET_INITIALIZED = 94
_PATIENCE_S = 120.0
_PAUSE_S = 0.5

Client = MongoClient[dict[str, Any]]


def main() -> None:
    asked = _arguments()
    root_password = _secret(asked.root_password_file)
    password = _secret(asked.password_file)
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            with _direct(asked.member[0], asked.root_user, root_password) as first:
                initiate(first, asked.name, asked.member[0])
            with _set(asked.name, asked.member[0], asked.root_user, root_password) as whole:
                add_missing(whole, asked.member)
                ensure_user(whole, asked.user, password, asked.database)
        except PyMongoError as error:  # starting, electing
            if time.monotonic() > deadline:
                sys.exit(f"replica set is not ready: {type(error).__name__}")
            time.sleep(_PAUSE_S)
        else:
            return


def initiate(first: Client, name: str, member: str) -> None:
    """A set of this one member, unless it is in one."""
    try:
        first.admin.command("replSetGetStatus")
    except OperationFailure as error:
        if error.code != _NOT_YET_INITIALIZED:
            raise
        config = {"_id": name, "members": [{"_id": 0, "host": member}]}
        first.admin.command("replSetInitiate", config)


def add_missing(whole: Client, members: list[str]) -> None:
    """One change at a time, as MongoDB wants it; the next when the set has agreed on it."""
    for member in members:
        config = whole.admin.command("replSetGetConfig", commitmentStatus=True)
        if not config["commitmentStatus"]:
            raise OperationFailure("the last change is not agreed on yet")
        known = config["config"]
        if member in {one["host"] for one in known["members"]}:
            continue
        number = max(one["_id"] for one in known["members"]) + 1
        known["members"].append({"_id": number, "host": member})
        known["version"] += 1
        whole.admin.command("replSetReconfig", known)


def ensure_user(whole: Client, user: str, password: str, database: str) -> None:
    """A user for one database, and for looking after snapshots; its password is renewed."""
    roles: list[Any] = [
        {"role": "readWrite", "db": database},
        {"role": "dbAdmin", "db": database},
        {"role": "clusterMonitor", "db": "admin"},
    ]
    found = whole.admin.command("usersInfo", user)["users"]
    whole.admin.command("updateUser" if found else "createUser", user, pwd=password, roles=roles)


def _direct(member: str, user: str, password: str) -> Client:
    return MongoClient(
        f"mongodb://{member}/",
        username=user,
        password=password,
        directConnection=True,
        serverSelectionTimeoutMS=3000,
    )


def _set(name: str, member: str, user: str, password: str) -> Client:
    return MongoClient(
        f"mongodb://{member}/",
        username=user,
        password=password,
        replicaSet=name,
        serverSelectionTimeoutMS=5000,
    )


def _secret(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--member", action="append", required=True, help="host:port, the first first"
    )
    parser.add_argument("--name", default="inbox", help="of the set, as in --replSet")
    parser.add_argument("--root-user", default="root")
    parser.add_argument("--root-password-file", type=Path, required=True)
    parser.add_argument("--user", default="inbox")
    parser.add_argument("--password-file", type=Path, required=True)
    parser.add_argument("--database", default="inbox")
    return parser.parse_args()


if __name__ == "__main__":
    main()
