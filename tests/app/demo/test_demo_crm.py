"""The demo's customers and its simulated CRM: who meets whom, edits both ways, a restart."""

from functools import partial
from pathlib import Path

import pytest

from app.demo.crm_customers import KNOWN_THERE, NOTED_HERE
from app.settings import crm_variables, names_crms
from inbox.mongo.client import Mongo
from tests.app.demo.demo_house import House, demo_house
from tests.waiting import until

LAN_ANH, GIA_HUY, CONG_DANH, NHU_Y, AI_VY = 1, 7, 22, 24, 30


async def all_told(house: House) -> None:
    """Wait until everybody who can be mirrored is."""
    for one in NOTED_HERE:
        if one.number not in (GIA_HUY, AI_VY):
            await until(partial(house.is_in, "synced", one.number))


async def test_customers_meet_their_records_and_the_others_get_one(
    mongo: Mongo, mongo_uri: str, tmp_path: Path
) -> None:
    async with demo_house(mongo_uri, mongo.db.name, tmp_path) as house:
        await all_told(house)
        await until(partial(house.is_in, "failed", AI_VY))

        met, made = await house.card(LAN_ANH), await house.card(CONG_DANH)
        assert (met.id, met.name) == ("1", "Chị Lan Anh (sỉ Q.5)")
        assert set(met.chat_tags) == {"Khách sỉ", "VIP"}
        lan_anh = await house.customer(LAN_ANH)
        assert lan_anh["emails"] == ["lananh.shop@example.com"]
        assert lan_anh["note"].startswith("Lấy sỉ")
        assert made.name == "Đinh Công Danh"
        assert set((await house.card(NHU_Y)).chat_tags) == {"Đã chốt đơn", "VIP"}
        unclear = await house.card(AI_VY)
        assert (unclear.id, len(unclear.candidates)) == (None, 2)


async def test_customers_of_the_bot_that_is_switched_off_stay_here(
    mongo: Mongo, mongo_uri: str, tmp_path: Path
) -> None:
    async with demo_house(mongo_uri, mongo.db.name, tmp_path) as house:
        await all_told(house)

        bots = await house.service.bots.page(house.access.owner, after=None, limit=10)
        assert sorted(one.bot.crm_sync for one in bots) == [False, True]
        assert (await house.customer(GIA_HUY))["phones"] == ["+84900000107"]
        assert (await house.card(GIA_HUY)).state == "unlinked"


async def test_edits_go_both_ways(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> None:
    async with demo_house(mongo_uri, mongo.db.name, tmp_path) as house:
        await all_told(house)
        card = await house.card(CONG_DANH)
        assert card.id is not None
        account = house.crm.getfly.account(int(card.id))

        await house.edit(CONG_DANH, note="Gọi lại <sáng> mai", emails=["danh@example.com"])
        await until(lambda: account.texts["description"] == "Gọi lại <sáng> mai")
        assert account.texts["email"] == "danh@example.com"

        form = {"phone_office": "0900 000 555", "email": "", "description": "Đổi\r\nsố"}
        assert card.url is not None
        assert "0900 000 555" in await house.save_form(card.url, **form)

        async def came_back() -> bool:
            customer = await house.customer(CONG_DANH)
            return bool(customer["note"] == "Đổi\nsố")

        await until(came_back)
        customer = await house.customer(CONG_DANH)
        assert (customer["phones"], customer["emails"]) == (["+84900000555"], [])
        assert account.texts["phone_office"] == "0900 000 555"


async def test_restart_keeps_the_records_and_what_was_changed_since(
    mongo: Mongo, mongo_uri: str, tmp_path: Path
) -> None:
    async with demo_house(mongo_uri, mongo.db.name, tmp_path) as house:
        await all_told(house)
        before, url = house.crm.getfly.book.dump(), house.crm.url
        first = await house.card(CONG_DANH)
        await house.edit(LAN_ANH, note="")
        await until(lambda: not house.crm.getfly.account(1).texts["description"])

    async with demo_house(mongo_uri, mongo.db.name, tmp_path) as house:
        account = house.crm.getfly.account(int(first.id or 0))
        await house.edit(CONG_DANH, note="Sau khi khởi động lại")
        await until(lambda: account.texts["description"] == "Sau khi khởi động lại")

        assert house.crm.url == url
        assert [one.code for one in house.crm.getfly.book.dump().accounts] == [
            one.code for one in before.accounts
        ]
        assert (await house.card(CONG_DANH)).id == first.id
        assert (await house.customer(LAN_ANH))["note"] == ""


async def test_start_that_was_cut_short_is_completed_and_nobody_is_there_twice(
    mongo: Mongo, mongo_uri: str, tmp_path: Path
) -> None:
    async with demo_house(mongo_uri, mongo.db.name, tmp_path) as house:
        await all_told(house)
        before = len(house.crm.getfly.accounts())
    path = tmp_path / "demo" / "getfly.json"
    kept = path.read_text()
    assert '"introduced":true' in kept
    path.write_text(kept.replace('"introduced":true', '"introduced":false'))

    async with demo_house(mongo_uri, mongo.db.name, tmp_path) as house:
        await all_told(house)

        assert len(house.crm.getfly.accounts()) == before > len(KNOWN_THERE)
    assert '"introduced":true' in path.read_text()


@pytest.mark.parametrize(
    ("text", "own"),
    [
        pytest.param("crm_sync:\n  connections: {}\n", False, id="as delivered"),
        pytest.param("crm_sync:\n", False, id="nothing in it"),
        pytest.param("inbox:\n", False, id="no section"),
        pytest.param("crm_sync:\n  connections:\n    shop: {}\n", True, id="the user's own"),
    ],
)
def test_crms_of_the_user_are_seen(tmp_path: Path, text: str, own: bool) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)

    assert names_crms(path) is own


def test_only_secrets_of_crms_are_taken_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CRM_SYNC__SECRETS", "shop=s")
    monkeypatch.setenv("INBOX__SECRET_KEY", "not for a demo")

    assert crm_variables() == {"CRM_SYNC__SECRETS": "shop=s"}
