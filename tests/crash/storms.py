"""Webhooks of busy Messenger conversations: a small storm by hand, large ones by chance."""

import json
import random
from typing import Any

from tests.crash.sender import Delivery
from tests.ingest import FACEBOOK_PAGE, SECOND_FACEBOOK_PAGE, facebook_message

T0 = 1_789_612_000_000
"""Epoch milliseconds: some time in September 2026."""
_BUSINESS_SUITE = 263902037430900
LAN, MINH, HOA = "7312094485501276", "7312094485501277", "7312094485501278"


def said(at: int, mid: str, text: str, *, psid: str = LAN, page: str = FACEBOOK_PAGE) -> Delivery:
    """A customer's message, `at` milliseconds after T0."""
    return _body(facebook_message(text, mid=mid, at=T0 + at, psid=psid, page=page))


def replied(
    at: int, mid: str, text: str, *, psid: str = LAN, page: str = FACEBOOK_PAGE
) -> Delivery:
    """The echo of what a human wrote in Business Suite."""
    message = {"mid": mid, "text": text, "is_echo": True, "app_id": _BUSINESS_SUITE}
    element = {"sender": {"id": page}, "recipient": {"id": psid}, "message": message}
    return _messaging(at, page, element)


def happened(
    at: int, event: dict[str, Any], *, psid: str = LAN, page: str = FACEBOOK_PAGE
) -> Delivery:
    """Something else that a customer did: an edit, a reaction, a read."""
    return _messaging(at, page, {"sender": {"id": psid}, "recipient": {"id": page}, **event})


def _messaging(at: int, page: str, element: dict[str, Any]) -> Delivery:
    entry = {"id": page, "time": T0 + at, "messaging": [{"timestamp": T0 + at, **element}]}
    return _body({"object": "page", "entry": [entry]})


def _body(body: dict[str, Any]) -> Delivery:
    return "facebook", json.dumps(body).encode()


SMALL_STORM: tuple[Delivery, ...] = (
    said(1_000, "m_1", "Áo này còn không shop?"),
    said(1_500, "m_2", "Cho mình hỏi giá", psid=MINH),
    happened(
        2_500, {"message_edit": {"mid": "m_1", "text": "Áo còn size M không?", "num_edit": 1}}
    ),
    replied(3_000, "m_3", "Dạ còn ạ"),
    happened(3_500, {"reaction": {"mid": "m_3", "action": "react", "emoji": "❤️"}}),
    happened(4_000, {"read": {"watermark": T0 + 3_200}}),
    said(2_000, "m_4", "Alo", psid=LAN),
    said(5_000, "m_5", "Còn màu đen không", psid=HOA, page=SECOND_FACEBOOK_PAGE),
)
"""Three conversations; m_4 was sent before the reply and comes after it."""
SMALL_STORM_MESSAGES = 5


def storm(size: int, *, seed: int) -> list[Delivery]:
    """`size` webhooks of some customers of two pages: a little out of order, some of them twice."""
    chance = random.Random(seed)
    people = [
        (str(7_000_000_000_000_000 + number), page)
        for number in range(max(4, size // 40))
        for page in (FACEBOOK_PAGE, SECOND_FACEBOOK_PAGE)
    ]
    mids: list[tuple[str, str, str]] = []
    again = size // 20
    once = [
        _something(chance, number, *chance.choice(people), mids) for number in range(size - again)
    ]
    places = [
        *((number + chance.uniform(0, 12), number) for number in range(len(once))),
        *(
            (chance.uniform(number, size), number)
            for number in chance.sample(range(len(once)), again)
        ),
    ]
    return [once[number] for _, number in sorted(places)]


def _something(
    chance: random.Random, number: int, psid: str, page: str, mids: list[tuple[str, str, str]]
) -> Delivery:
    """One webhook; facts about messages speak of one that another webhook brings."""
    at = number * 250 + chance.randrange(250)
    kind = chance.random()
    if kind < 0.6 or not mids:
        mids.append((f"m_{number}", psid, page))
        return said(at, f"m_{number}", f"Tin số {number}", psid=psid, page=page)
    if kind < 0.75:
        return replied(at, f"m_{number}", f"Trả lời số {number}", psid=psid, page=page)
    mid, psid, page = chance.choice(mids)
    event: dict[str, Any] = {"read": {"watermark": T0 + at}}
    if kind < 0.85:
        event = {"message_edit": {"mid": mid, "text": f"Sửa lần {number}", "num_edit": number}}
    elif kind < 0.95:
        emoji = chance.choice("❤😢👍")
        event = {"reaction": {"mid": mid, "action": "react", "emoji": emoji}}
    return happened(at, event, psid=psid, page=page)
