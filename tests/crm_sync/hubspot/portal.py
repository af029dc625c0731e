"""What an account of HubSpot holds, and how it changes; server.py tells it over HTTP.

Searches see an index, which tests may let lie: HubSpot's own is some seconds late.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.crm_sync.hubspot.properties import TEXT_MAX, Property, defaults, define, wrong
from tests.crm_sync.hubspot.refusals import (
    Refused,
    bad_request,
    exists,
    invalid_values,
    not_found,
    problem,
    taken,
)

HUB_ID = 24_680
_TICK = timedelta(milliseconds=1)
_COMMENT = re.compile(r"<!--.*?-->|<script.*?</script>", re.DOTALL)


@dataclass
class Thing:
    """A contact or a note."""

    id: int
    properties: dict[str, str]
    created: datetime
    changed: datetime
    archived: bool = False


@dataclass
class Portal:
    """Time only passes when something happens."""

    now: datetime = datetime(2026, 11, 22, 5, 0, 0, 123_000, tzinfo=UTC)
    properties: dict[str, Property] = field(default_factory=defaults)
    owners: list[dict[str, Any]] = field(default_factory=list)
    contacts: dict[int, Thing] = field(default_factory=dict)
    merged: dict[int, int] = field(default_factory=dict)
    notes: dict[int, Thing] = field(default_factory=dict)
    notes_of: dict[int, list[int]] = field(default_factory=dict)
    index: dict[int, dict[str, str]] = field(default_factory=dict)
    is_indexing: bool = True
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(101, 7))

    def contact(self, id_: str, id_property: str | None = None) -> Thing:
        """A contact, or the one that it was merged into. Raises Refused."""
        if id_property is None:
            number = int(id_) if id_.isascii() and id_.isdigit() else 0
            while number in self.merged:
                number = self.merged[number]
            found = self.contacts.get(number)
        else:
            self.unique(id_property)
            found = self.holder(id_property, id_)
        if found is None or found.archived:
            raise not_found()
        return found

    def unique(self, name: str) -> None:
        """Raises Refused: two contacts may have the same."""
        if name == "email":
            return
        definition = self.properties.get(name)
        if definition is None or not definition["hasUniqueValue"]:
            raise bad_request(f"Unable to perform update/upsert by non-unique {name} property")

    def holder(self, name: str, value: str) -> Thing | None:
        for one in self.contacts.values():
            if not one.archived and one.properties.get(name, "").lower() == value.lower():
                return one
        return None

    def make_contact(self, properties: Mapping[str, str]) -> Thing:
        """Raises Refused."""
        new = self._checked(properties, None)
        id_ = next(self.ids)
        made = Thing(id_, {}, self.now, self.now)
        self.contacts[id_] = made
        self._set(made, new)
        return made

    def write(self, contact: Thing, properties: Mapping[str, str]) -> None:
        """Raises Refused, and then nothing is written."""
        self._set(contact, self._checked(properties, contact))

    def person_writes(self, contact_id: str, properties: Mapping[str, str]) -> None:
        """In HubSpot's own pages, which take everything as it is typed."""
        self.now += _TICK
        self._set(self.contact(contact_id), properties)

    def archive(self, contact_id: str) -> None:
        contact = self.contact(contact_id)
        contact.archived = True
        self.index.pop(contact.id, None)

    def merge(self, primary: str, other: str) -> None:
        """What the first has stays; what it has not it gets from the other."""
        self.now += _TICK
        kept, gone = self.contact(primary), self.contact(other)
        del self.contacts[gone.id]
        self.index.pop(gone.id, None)
        self.merged[gone.id] = kept.id
        missing = {
            name: value for name, value in gone.properties.items() if name not in kept.properties
        }
        self._set(kept, missing)

    def reindex(self) -> None:
        for one in self.contacts.values():
            if not one.archived:
                self.index[one.id] = self._row(one)

    def _checked(self, properties: Mapping[str, str], contact: Thing | None) -> dict[str, str]:
        texts = {name: str(value).strip("\ufeff") for name, value in properties.items()}
        found = [wrong(self.properties.get(name), name, value) for name, value in texts.items()]
        found += [self._unknown_owner(texts.get("hubspot_owner_id"))]
        if problems := [one for one in found if one is not None]:
            raise invalid_values(problems)
        if "email" in texts:
            texts["email"] = texts["email"].strip().lower()
        for name, value in texts.items():
            self._check_free(name, value, contact)
        return texts

    def _unknown_owner(self, value: str | None) -> Mapping[str, Any] | None:
        if not value or any(one["id"] == value for one in self.owners):
            return None
        return problem("hubspot_owner_id", "INVALID_OWNER_ID", f"{value} is no owner")

    def _check_free(self, name: str, value: str, contact: Thing | None) -> None:
        if not value or not (name == "email" or self.properties[name]["hasUniqueValue"]):
            return
        other = self.holder(name, value)
        if other is not None and (contact is None or other.id != contact.id):
            raise exists(other.id) if name == "email" else taken(name, other.id, value)

    def _set(self, contact: Thing, properties: Mapping[str, str]) -> None:
        for name, value in properties.items():
            if value:
                contact.properties[name] = value
            else:
                contact.properties.pop(name, None)
        contact.changed = self.now
        if self.is_indexing:
            self.index[contact.id] = self._row(contact)

    def _row(self, contact: Thing) -> dict[str, str]:
        calculated = {
            f"hs_searchable_calculated_{name}_number": _local(contact.properties.get(source))
            for name, source in (("phone", "phone"), ("mobile", "mobilephone"))
        }
        return {**contact.properties, **calculated, **told_times(contact)}

    def define(self, body: Mapping[str, Any]) -> Property:
        new = define(body)
        if new["name"] in self.properties:
            message = f"A property named '{new['name']}' already exists."
            raise Refused(409, "OBJECT_ALREADY_EXISTS", message)
        self.properties[new["name"]] = new
        return new

    def write_note(self, note: Thing | None, properties: Mapping[str, str]) -> Thing:
        """A new one unless there is one. Raises Refused."""
        if note is None and not properties.get("hs_timestamp"):
            raise bad_request("hs_timestamp is required")
        if len(properties.get("hs_note_body") or "") > TEXT_MAX:
            message = "hs_note_body is too long"
            raise invalid_values([problem("hs_note_body", "VALUE_TOO_LONG", message)])
        kept = dict(properties)
        kept["hs_note_body"] = _COMMENT.sub("", properties.get("hs_note_body") or "")
        if note is None:
            note = Thing(next(self.ids), {}, self.now, self.now)
            self.notes[note.id] = note
        note.properties |= kept
        note.changed = self.now
        return note


def told_times(thing: Thing) -> dict[str, str]:
    return {
        "createdate": iso(thing.created),
        "lastmodifieddate": iso(thing.changed),
        "hs_object_id": str(thing.id),
    }


def iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _local(phone: str | None) -> str:
    """Digits without the code of the country, as HubSpot calculates them for searches."""
    digits = re.sub(r"\D", "", phone or "")
    return re.sub(r"^(84|0)", "", digits)
