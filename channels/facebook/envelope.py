"""The envelope of a webhook body: its entries, and the single elements that each may hold."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

import orjson

from channels.events import MalformedBody, Unknown
from channels.facebook.times import moment, to_millisecond
from channels.facebook.values import Broken, JsonObject, identifier, json_text
from inbox.conversations.model import Channel
from inbox.ids import hash_id

CONSOLE_ACCOUNT = "0"
"""The page id of the sample that the app dashboard's "Test" button sends."""

Source = Literal["messaging", "standby", "changes", "changed_fields", "other"]

_BEYOND_64_BITS = re.compile(rb"[0-9]{20}")
_LONGEST_INTEGER = 64  # digits; Python refuses to convert very long ones
_LISTS: dict[str, Source] = {
    "messaging": "messaging",
    "standby": "standby",
    "changes": "changes",
}


@dataclass(slots=True)
class Place:
    """The entry that an element came in: at which account, and when Meta says it was sent.

    `problem` is set when the account cannot be told: then no element of it can be filed.
    """

    channel: Channel
    account_id: str
    own_app_id: str | None
    sent_at: datetime
    problem: str | None = None

    def common(self, at: datetime | None = None, *, standby: bool = False) -> dict[str, Any]:
        """The fields that every event has."""
        return {
            "channel": self.channel,
            "account_id": self.account_id,
            "at": at or self.sent_at,
            "standby": standby,
        }

    def unknown(self, name: str, value: Any, common: dict[str, Any] | None = None) -> Unknown:
        """An event that we do not know, kept as it came."""
        raw = json_text(value)
        return Unknown(
            **(common or self.common()),
            name=name,
            key=hash_id(name, raw),
            raw=raw,
            person_ids=people_in(value, self.account_id),
        )


class Element(NamedTuple):
    """One event as it came, before it is understood."""

    place: Place
    source: Source
    value: Any


def load(body: bytes) -> JsonObject:
    """The JSON object that a body holds.

    orjson refuses lone surrogates and NaN, and turns integers beyond 64 bits into floats;
    for those the standard parser reads the body.

    Raises:
        MalformedBody: it is no JSON object with a list `entry`.
    """
    try:
        document = _exact(body) if _BEYOND_64_BITS.search(body) else orjson.loads(body)
    except orjson.JSONDecodeError:
        document = _exact(body)
    if type(document) is not dict:
        raise MalformedBody("not a JSON object")
    if type(document.get("entry")) is not list:
        raise MalformedBody("no list of entries")
    return document


def elements(
    document: JsonObject, *, own_app_id: str | None, received_at: datetime
) -> Iterator[Element]:
    """Every element of every entry, in the order of the body."""
    received_at = to_millisecond(received_at)
    kind = document.get("object", "page")
    channel: Channel = "instagram" if kind == "instagram" else "facebook"
    for entry in document["entry"]:
        if type(entry) is not dict:
            place = Place(channel, "", own_app_id, received_at, "entry_invalid")
            yield Element(place, "other", entry)
            continue
        sent_at = moment(entry.get("time")) or received_at
        place = Place(channel, "", own_app_id, sent_at)
        try:
            place.account_id = identifier(entry.get("id"), "account")
        except Broken as broken:
            place.problem = broken.reason
        if kind in ("page", "instagram"):
            yield from _elements_of(entry, place)
        else:
            yield Element(place, "other", entry)


def people_in(value: Any, account_id: str) -> tuple[str, ...]:
    """The people whom an element names, as far as can be seen without knowing its type."""
    if type(value) is not dict:
        return ()
    found = [value.get("sender_id"), value.get("user_id")]
    for role in ("sender", "recipient", "from", "user"):
        person = value.get(role)
        if type(person) is dict:
            found.append(person.get("id"))
    people: list[str] = []
    for given in found:
        with suppress(Broken):
            people.append(identifier(given, "person"))
    return tuple(dict.fromkeys(person for person in people if person != account_id))


def _elements_of(entry: JsonObject, place: Place) -> Iterator[Element]:
    understood = False
    for name, value in entry.items():
        if name in _LISTS:
            understood = True
            if type(value) is list:
                yield from (Element(place, _LISTS[name], one) for one in value)
            else:
                yield Element(place, _LISTS[name], value)
        elif name == "changed_fields":
            understood = True
            yield Element(place, "changed_fields", value)
        elif name == "field":  # Instagram Login prints its one change flat on the entry
            understood = True
            yield Element(place, "changes", entry)
    if not understood:
        yield Element(place, "other", entry)


def _exact(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8-sig", "replace"), parse_int=_integer)
    except (ValueError, RecursionError) as error:
        raise MalformedBody("not JSON") from error


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else digits
