"""What is said in a storm of sends, and what must be true of it: the platforms' ledger decides."""

import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from app.demo.accounts import FACEBOOK_PAGE, INSTAGRAM_ACCOUNT, ZALO_OA, DemoAccount
from app.demo.ledger import Ledger, Received
from app.demo.media import media_content
from inbox.ids import conversation_key
from tests.crash.agents import Json, Say, UploadFile

ACCOUNTS = (FACEBOOK_PAGE, FACEBOOK_PAGE, INSTAGRAM_ACCOUNT, ZALO_OA, ZALO_OA, ZALO_OA)
SAME = "Dạ vâng ạ"
"""Said again and again to the same customers."""
_LONG_WORDS = 420
"""Three messages of Instagram, two of the others."""
_FILES_FROM = 100_000


@dataclass(frozen=True, slots=True)
class Person:
    """A customer; who `refuses` cannot be written to."""

    account: DemoAccount
    id: str
    refuses: bool = False

    @property
    def conversation_id(self) -> str:
        account = self.account
        return conversation_key(account.channel, account.account_id, "inbox", self.id)


def people(count: int) -> list[Person]:
    return [
        Person(ACCOUNTS[number % len(ACCOUNTS)], str(6_000_000_000 + number), number % 19 == 7)
        for number in range(count)
    ]


def plan(everybody: Sequence[Person], size: int, chance: random.Random) -> list[list[Say]]:
    """`size` messages to these people, each as a list in its order: words, files, long texts."""
    threads: list[list[Say]] = [[] for _ in everybody]
    for number in range(size):
        place = chance.randrange(len(everybody)) if number >= len(everybody) else number
        threads[place].append(_say(everybody[place], number, chance))
    return threads


def _say(person: Person, number: int, chance: random.Random) -> Say:
    kind = chance.random()
    text: str | None = " ".join(_words(number, chance.randrange(1, 8)))
    files: tuple[UploadFile, ...] = ()
    if kind < 0.1:
        text = SAME
    elif kind < 0.2:
        text = " ".join(_words(number, _LONG_WORDS))
    elif kind < 0.35:
        files = _files(number, chance.randrange(1, 3))
        text = text if chance.random() < 0.5 else None
    return Say(person.conversation_id, person.id, number, f"say-{number}", text, files)


def _words(number: int, count: int) -> list[str]:
    return [f"m{number}w{word}" for word in range(count)]


def _files(number: int, count: int) -> tuple[UploadFile, ...]:
    """A picture, and a PDF as the second; no two are alike."""
    own = b"%d" % number
    files = (
        UploadFile(f"m{number}f0.png", "image/png", media_content("ao.png") + own),
        UploadFile(f"m{number}f1.pdf", "application/pdf", b"%PDF-1.7\n" + own),
    )
    return files[:count]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How it ended: messages by status (failed ones by code), and how much is in doubt.

    `unknown` are messages of unknown fate, `arrived_unknown` those of them of which something
    that is said to be unknown has arrived.
    """

    ended: Counter[str]
    unknown: int
    arrived_unknown: int
    received: int


def judge(
    threads: Sequence[Sequence[Say]],
    shown: Mapping[str, Json],
    stored: Mapping[str, Json],
    ledger: Ledger,
) -> Verdict:
    """Hold what the API shows, and what is stored, against what the customers received.

    Raises:
        AssertionError: something came twice, in the wrong order, or other than it is shown.
    """
    ended: Counter[str] = Counter()
    unknown = arrived_unknown = 0
    for thread in (one for one in threads if one):
        received = ledger.of(thread[0].customer_id)
        _check_once_and_in_order(received)
        _check_the_same(thread, shown, received)
        arrived = {place for one in received for place in _places(one)}
        for say in thread:
            message, kept = shown[say.message_id], stored[say.message_id]
            error = message["error"]
            ended[message["status"] if error is None else error["code"]] += 1
            assert message["status"] in ("sent", "delivered", "read", "failed"), message["status"]
            if message["status"] != "failed":
                assert {part["state"] for part in kept["parts"]} == {"sent"}
                assert say.text == SAME or _is_whole(say, arrived), f"lost: {say.number}"
                continue
            assert error["vi"], "why it failed is shown"
            for part in kept["parts"]:
                if part["state"] == "sent":
                    continue
                in_doubt = part["error"]["code"] == "fate_unknown"
                has_arrived = bool(_wanted(part, kept) & arrived)
                unknown += in_doubt
                arrived_unknown += in_doubt and has_arrived
                assert in_doubt or not has_arrived, f"received though it failed: {say.number}"
    return Verdict(ended, unknown, arrived_unknown, len(ledger.received))


def _check_once_and_in_order(received: Sequence[Received]) -> None:
    """Every word and every file has a number of its own."""
    said = [place for one in received for place in _places(one)]
    twice = [place for place, count in Counter(said).items() if count > 1]
    assert not twice, f"received twice: {twice}"
    assert said == sorted(said), f"out of order: {said}"


Place = tuple[int, int]
"""Number of the message, and place in it; files come after the words that they go with."""


def _places(received: Received) -> list[Place]:
    names = [file.name or "" for file in received.files]
    return [_place(one) for one in (*_words_of(received.text), *names)]


def _words_of(text: str | None) -> list[str]:
    return [] if text is None or text == SAME else text.split()


def _place(name: str) -> Place:
    """Of a word such as m12w3, or a file such as m12f0.png."""
    kind = "f" if "f" in name.partition(".")[0] else "w"
    number, _, place = name.removeprefix("m").partition(".")[0].partition(kind)
    return int(number), int(place) + (_FILES_FROM if kind == "f" else 0)


def _wanted(part: Json, message: Json) -> set[Place]:
    """What the customer has if they have this part, which was not sent as far as we know."""
    names = _words_of(part["content"].get("text"))
    if (file := part["content"].get("file")) is not None:
        names.append(message["attachments"][file]["name"])
    return {_place(name) for name in names}


def _check_the_same(
    thread: Sequence[Say], shown: Mapping[str, Json], received: Sequence[Received]
) -> None:
    """Equal messages can only be counted: those that are shown as sent, perhaps some in doubt."""
    same = [shown[say.message_id] for say in thread if say.text == SAME]
    sent = sum(one["status"] != "failed" for one in same)
    doubtful = sum((one["error"] or {}).get("code") == "fate_unknown" for one in same)
    arrived = sum(one.text == SAME for one in received)
    assert sent <= arrived <= sent + doubtful


def _is_whole(say: Say, arrived: Collection[Place]) -> bool:
    names = [*_words_of(say.text), *(file.name for file in say.files)]
    return {place for place in arrived if place[0] == say.number} == set(map(_place, names))
