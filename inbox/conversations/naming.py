"""Who a person is, as their channels tell: names and other facts of one identity, latest wins."""

from datetime import datetime, timedelta

from inbox.conversations.changes import KeepMessage
from inbox.conversations.model import IdentityRef
from inbox.conversations.sheet import Document, Sheet, Tracked
from inbox.mongo.due import due
from inbox.text import fold as fold_text
from inbox.text import printable

_LOOK_EVERY = timedelta(days=1)
"""How often a message makes us look whether its customer's profile is old. Looking costs a read;
this is also how often a refused profile is asked for again."""


def looks_at_profile(thread: Tracked | None, change: KeepMessage, now: datetime) -> bool:
    """Whether this message is the first in a day of a customer whom we know already."""
    if thread is None or not thread.stored or change.direction != "in":
        return False
    if change.customer is None or change.customer.temporary:
        return False
    looked_at: datetime = thread.get("profile_looked_at") or thread.get("created_at")
    return now - looked_at >= _LOOK_EVERY


def look_at_profile(sheet: Sheet, thread: Tracked, change: KeepMessage) -> None:
    """People change their names and pictures: what is old is asked for again when they write."""
    if change.customer is None or not looks_at_profile(thread, change, sheet.now):
        return
    thread.put("profile_looked_at", sheet.now)
    person = sheet.people.get(change.customer.id)
    if person is None:
        return
    asking = person.get("profile")
    if asking is not None and "due_at" in asking:
        return  # under way, or to be asked again soon
    if asking is not None:  # it was refused again and again
        if sheet.now - asking["parked_at"] >= _LOOK_EVERY:
            person.put("profile", {**due(sheet.now), "again": True})
        return
    asked_at = person.get("profile_at")
    if asked_at is None or sheet.now - asked_at >= sheet.terms.profiles_kept:
        person.put("profile", due(sheet.now))


def learn_name(person: Tracked, identity_id: str, name: str, at: datetime) -> None:
    """Take a name that the channel told: the latest telling wins, nothing is ever invented.

    The customer's own name starts as a copy and follows the identity it was copied from, until
    somebody changes it in the directory.
    """
    clean = printable(name).strip()
    if not clean:
        return
    latest = {"value": clean, "at": at}
    _put_identity(person, identity_id, "told_name", latest, ("at", "value"))
    identity = _identity(person, identity_id)
    told = identity["told_name"]["value"]
    if identity.get("name") != told:
        _set_identity(person, identity_id, {"name": told})
    if person.get("name") is None or person.get("name_from") == identity_id:
        person.put("name", told)
        person.put("name_key", fold_text(told))
        person.put("name_from", identity_id)


def put_newer(person: Tracked, ref: IdentityRef, field: str, latest: Document) -> None:
    _put_identity(person, ref.id, field, latest, ("at",))


def _put_identity(
    person: Tracked, identity_id: str, field: str, latest: Document, rank: tuple[str, ...]
) -> None:
    current = _identity(person, identity_id).get(field)
    if current is not None:
        ranks = [
            ([one[key] for key in rank], sorted(str(value) for value in one.values()))
            for one in (latest, current)
        ]
        if ranks[0] <= ranks[1]:
            return
    _set_identity(person, identity_id, {field: latest})


def _identity(person: Tracked, identity_id: str) -> Document:
    found: Document = next(one for one in person.get("identities") if one["id"] == identity_id)
    return found


def _set_identity(person: Tracked, identity_id: str, fields: Document) -> None:
    person.put(
        "identities",
        [
            {**one, **fields} if one["id"] == identity_id else one
            for one in person.get("identities")
        ],
    )
