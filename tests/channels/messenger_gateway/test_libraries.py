"""Programs written for Messenger with libraries of others talk with a customer of Zalo, unmodified.

Their Graph address is set by the libraries' own option; nothing else knows that it is not Meta.
"""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from scripts.web import node_folder
from tests.channels.messenger_gateway.libraries import (
    LAN,
    MessengerShop,
    Program,
    a_messenger_shop,
    program_of,
)
from tests.channels.messenger_gateway.phones import Shown
from tests.waiting import until

HERE = Path(__file__).parent
CARD = [
    Shown(LAN, None, file="ao.png"),
    Shown(LAN, "Áo khoác dạ\n450.000 ₫", buttons=("Mua ngay",)),
]


def bottender() -> Program:
    """A bot of Bottender (npm), started by Bottender's own command."""
    folder = HERE / "node"
    command = folder / "node_modules" / "bottender" / "bin" / "cli.js"
    assert command.exists(), "run make libraries"
    return Program([str(node_folder() / "bin" / "node"), str(command), "start"], folder, HOOK)


HOOK = "/webhooks/messenger"


def python_facebook_api() -> Program:
    """A bot of python-facebook-api (PyPI) behind Flask."""
    return Program([sys.executable, "shop_bot.py"], HERE / "python", "/webhook")


@pytest.fixture
async def shop(
    mongo: Mongo, mongo_uri: str, tmp_path: Path, clock: FixedClock
) -> AsyncIterator[MessengerShop]:
    async with a_messenger_shop(mongo, mongo_uri, tmp_path, clock) as running:
        yield running


async def test_a_bot_of_bottender_sells_a_coat_to_a_customer_of_zalo(shop: MessengerShop) -> None:
    async with program_of(shop, bottender()):
        checked = await shop.check()
        await shop.customer_says("Chào shop")
        greeting = (await shop.shown(1))[0]
        await shop.customer_presses("Xem áo")
        card = (await shop.shown(3))[1:]
        await shop.customer_presses("Mua ngay")
        receipt = (await shop.shown(4))[3]
        await shop.customer_presses("Gặp nhân viên")
        farewell = (await shop.shown(5))[4]
        await until(lambda: _is_handed_over(shop))

    assert (checked["ok"], checked["error"]) == (True, None)
    assert greeting == Shown(LAN, "Chào Lan, bạn cần gì ạ?", buttons=("Xem áo", "Gặp nhân viên"))
    assert card == CARD
    assert receipt.text is not None
    assert receipt.text.startswith("Đơn hàng DH-1\n")
    assert "Tổng cộng: 450.000 ₫" in receipt.text
    assert farewell == Shown(LAN, "Dạ, nhân viên sẽ trả lời ngay ạ.")
    note = await shop.mongo["messages"].find_one({"internal": True})
    assert note is not None
    assert note["text"] == "muốn gặp nhân viên"


async def test_a_bot_of_python_facebook_api_sells_a_coat_to_a_customer_of_zalo(
    shop: MessengerShop,
) -> None:
    async with program_of(shop, python_facebook_api()):
        await shop.customer_says("Chào shop")
        greeting = (await shop.shown(1))[0]
        await shop.customer_presses("Xem áo")
        card = (await shop.shown(3))[1:]
        await shop.customer_presses("Mua ngay")
        thanks = (await shop.shown(4))[3]
        await until(lambda: _is_handed_over(shop))
        await shop.customer_says("Có ai không?")
        reply = {"client_id": "s1", "text": "Dạ em đây ạ"}
        await shop.staff("POST", f"/conversations/{shop.thread}/messages", reply)
        human = (await shop.shown(5))[4]
        await shop.customer_says("Cảm ơn em")
        await until(lambda: _is_passed(shop, "Cảm ơn em"))
        active = {"state": "active"}
        await shop.staff("PUT", f"/conversations/{shop.thread}/automation", active)
        await shop.customer_says("Còn áo khác không?")
        again = (await shop.shown(6))[5]

    assert greeting == Shown(LAN, "Chào Lan, bạn cần gì ạ?", buttons=("Xem áo",))
    assert card == [CARD[0], Shown(LAN, "Áo khoác dạ", buttons=("Mua ngay",))]
    assert thanks == Shown(LAN, "Shop đã nhận đơn của bạn.")
    assert human == Shown(LAN, "Dạ em đây ạ")
    assert again == greeting


async def test_who_follows_the_oa_is_greeted_as_who_presses_get_started(
    shop: MessengerShop,
) -> None:
    async with program_of(shop, python_facebook_api()):
        await shop.customer_follows()
        greeting = (await shop.shown(1))[0]

    assert greeting == Shown(LAN, "Chào Lan, bạn cần gì ạ?", buttons=("Xem áo",))


async def _is_handed_over(shop: MessengerShop) -> bool:
    automation = (await shop.conversation())["automation"]
    return bool(automation["state"] == "handoff_requested")


async def _is_passed(shop: MessengerShop, text: str) -> bool:
    """Whether it was relayed, and nothing is left that the program is still to be told."""
    event = await shop.mongo["automation_events"].find_one({"data.message.text": text})
    waiting = await shop.mongo["automation_queues"].find_one({"work": {"$exists": True}})
    return event is not None and waiting is None
