"""What must be true of timed scripts after any crash, read from the database and the platform."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inbox.mongo.client import Document, Mongo
from tests.fake_messenger import Taken


@dataclass(slots=True)
class Verdict:
    """How the steps ended (failed messages by their code), and what nobody got."""

    ended: Counter[str] = field(default_factory=Counter)
    lost: int = 0


async def judge(mongo: Mongo, taken: Sequence[Taken]) -> Verdict:
    """Hold enrolments, messages, and what the customers got against each other.

    No two steps of a test say the same: by their words, and not only by our ids, is known what
    came twice.

    Raises:
        AssertionError: a step was said twice or has no end, an order is wrong, or one of the
            three tells something else than the others.
    """
    references = [one.reference for one in taken]
    _check_once(taken)
    await _assert_nothing_waits(mongo)
    messages = await _messages(mongo)
    verdict, logged = Verdict(), Counter[str]()
    async for enrolment in mongo["enrolments"].find():
        script = await mongo["scripts"].find_one({"_id": enrolment["script_id"]})
        assert script is not None
        _check_log(enrolment, script, messages)
        for entry in enrolment["log"]:
            verdict.ended[_end_of(entry, messages)] += 1
            logged.update([entry["message_id"]] if "message_id" in entry else [])
    assert logged == Counter(messages.keys()), "the logs tell of other messages than there are"
    verdict.lost = _check_parts(messages, set(references))
    _check_order(messages, references)
    return verdict


def _check_once(taken: Sequence[Taken]) -> None:
    said = Counter((one.recipient, one.text) for one in taken)
    said.update(("reference", one.reference) for one in taken)
    twice = [one for one, count in said.items() if count > 1]
    assert not twice, f"got twice: {twice}"


async def _assert_nothing_waits(mongo: Mongo) -> None:
    """Every enrolment has ended, every message was brought out, every signal was heeded."""
    waiting: Mapping[str, Document] = {
        "enrolments": {"$or": [{"open": True}, {"work": {"$exists": True}}]},
        "conversations": {"delivery": {"$exists": True}},
        "signals": {},
    }
    for collection, query in waiting.items():
        found = await mongo[collection].find_one(query)
        assert found is None, f"{collection}: something is left to be done: {found}"


async def _messages(mongo: Mongo) -> dict[str, Document]:
    """Those of scripts, in the order in which they were stored."""
    found = mongo["messages"].find({"author.kind": "script", "internal": False})
    return {one["_id"]: one async for one in found.sort([("conversation_id", 1), ("seq", 1)])}


def _check_log(enrolment: Document, script: Document, messages: Mapping[str, Document]) -> None:
    """Every step has one end, in the order of the script, and so were their messages stored."""
    steps = [step["id"] for step in script["steps"]]
    log = [entry["step_id"] for entry in enrolment["log"]]
    if enrolment["status"] == "done":
        assert log == steps, "a step has no end, or two"
    else:
        assert enrolment["status"] == "stopped"
        assert enrolment["reason"]
        assert log == steps[: len(log)]
    places = [messages[one["message_id"]]["seq"] for one in enrolment["log"] if "message_id" in one]
    assert places == sorted(places), "out of order"


def _end_of(entry: Document, messages: Mapping[str, Document]) -> str:
    """How a step has ended: a word, or its reason."""
    if entry["result"] != "sent":
        assert entry["reason"], "skipped or failed for no reason"
        return f"{entry['result']}: {entry['reason']}"
    message = messages[entry["message_id"]]
    assert message["status"] in ("sent", "failed"), message["status"]
    return "sent" if message["status"] == "sent" else _codes_of(message)


def _codes_of(message: Document) -> str:
    errors = {part["error"]["code"] for part in message["parts"] if part["state"] == "failed"}
    return ", ".join(sorted(errors))


def _check_parts(messages: Mapping[str, Document], taken: set[str]) -> int:
    """What is said to be sent has arrived, what has arrived is said to be sent; how many failed."""
    parts = [(one, part) for one in messages.values() for part in one["parts"]]
    known = {_reference(one, part) for one, part in parts}
    assert taken <= known, "the customers got what is nowhere"
    lost = 0
    for message, part in parts:
        has_arrived = _reference(message, part) in taken
        if part["state"] == "sent":
            assert has_arrived, "it is shown as sent, and nobody got it"
        else:
            assert (part["state"], part["error"]["code"]) == ("failed", "not_received")
            assert not has_arrived, "it arrived, and is shown as failed"
            lost += 1
    return lost


def _check_order(messages: Mapping[str, Document], references: Sequence[str]) -> None:
    """In every conversation messages came in the order in which they were stored."""
    came: dict[str, list[str]] = {}
    stored: dict[str, list[str]] = {}
    place: dict[str, str] = {}
    for message in messages.values():
        for part in message["parts"]:
            reference = _reference(message, part)
            place[reference] = message["conversation_id"]
            if reference in set(references):
                stored.setdefault(message["conversation_id"], []).append(reference)
    for reference in references:
        came.setdefault(place[reference], []).append(reference)
    assert came == stored, "out of order"


def _reference(message: Document, part: Mapping[str, Any]) -> str:
    return f"out:{message['_id']}:{part['n']}"
