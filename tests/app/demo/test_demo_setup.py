"""The shop of the demo is made where it is missing, and only there."""

from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet

from app.demo.accounts import DemoAccount
from app.demo.setup import PASSWORD, NotDemoData, setup
from inbox.bots.model import BotEdit
from inbox.bots.secrets import SecretBox
from inbox.bots.service import BotService
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from inbox.staff.model import Actor
from inbox.staff.passwords import Passwords
from inbox.staff.service import StaffEdit
from tests.staff_api import StaffApi, staff_api

SYSTEM = Actor(id="root", name="root", role="owner")


@pytest.fixture(scope="module")
def passwords() -> Iterator[Passwords]:
    made = Passwords()
    yield made
    made.close()


@pytest.fixture
def api(mongo: Mongo, clock: FixedClock, passwords: Passwords) -> StaffApi:
    return staff_api(mongo, clock, passwords)


@pytest.fixture
def bots(mongo: Mongo, clock: FixedClock, api: StaffApi) -> BotService:
    async def on_account_connected(_: str) -> None:
        return None

    box = SecretBox([Fernet.generate_key().decode()])
    return BotService(mongo, box, api.actors, clock, on_account_connected)


async def test_the_first_start_makes_owner_sales_bots_and_accounts(
    api: StaffApi, bots: BotService, mongo: Mongo, passwords: Passwords
) -> None:
    access = await setup(api.service, bots)
    assert access.email == "admin@demo.local"
    people = await api.service.page(after=None, limit=100)
    assert sorted(person.role for person in people) == ["owner", *["sale"] * 5]
    made = await bots.page(SYSTEM, after=None, limit=10)
    assert {one.bot.name: {account.channel for account in one.accounts} for one in made} == {
        "Shop Áo Khoác An Nhiên": {"facebook", "zalo"},
        "An Nhiên trên Instagram": {"instagram"},
    }
    assert next(one for one in made if one.bot.id == access.bot_id).bot.name.startswith("Shop")
    for one in made:
        assert set(one.bot.member_ids) == {person.id for person in people}
    assert await mongo["accounts"].count_documents({"simulated": True}) == 3
    for person in people:
        assert await passwords.matches(await api.staff.password_hash(person.id), PASSWORD)


async def test_a_second_start_changes_nothing(
    api: StaffApi, bots: BotService, mongo: Mongo
) -> None:
    await setup(api.service, bots)
    people = await api.service.page(after=None, limit=100)
    made = (await bots.page(SYSTEM, after=None, limit=10))[0]
    await bots.edit(SYSTEM, made.bot.id, BotEdit(name="Tên khác"), None)
    gone = next(person for person in people if person.email == "sale3@demo.local")
    await api.service.edit(SYSTEM, gone.id, StaffEdit(active=False))
    before = {
        name: await mongo[name].find({}).sort("_id").to_list()
        for name in ("staff", "bots", "accounts")
    }
    await setup(api.service, bots)
    after = {
        name: await mongo[name].find({}).sort("_id").to_list()
        for name in ("staff", "bots", "accounts")
    }
    assert after == before


async def test_a_start_that_was_cut_short_is_completed(api: StaffApi, bots: BotService) -> None:
    await api.service.ensure_first_admin("admin@demo.local", PASSWORD)
    await setup(api.service, bots)
    assert len(await api.service.page(after=None, limit=100)) == 6
    assert len(await bots.page(SYSTEM, after=None, limit=10)) == 2


async def test_real_data_gets_no_public_password(api: StaffApi, bots: BotService) -> None:
    await api.service.ensure_first_admin("owner@cty.vn", "mật khẩu của chủ")
    with pytest.raises(NotDemoData):
        await setup(api.service, bots)
    assert len(await api.service.page(after=None, limit=100)) == 1


async def test_accounts_are_given_credentials_and_new_ones_when_the_old_are_dead(
    api: StaffApi, bots: BotService
) -> None:
    await setup(api.service, bots)
    made = await bots.page(SYSTEM, after=None, limit=10)
    for token in ("first", "first", "second"):

        def credentials_of(account: DemoAccount, token: str = token) -> dict[str, str]:
            return {"access_token": f"{token} of {account.account_id}"}

        await setup(api.service, bots, credentials_of)
        renewed = await bots.page(SYSTEM, after=None, limit=10)
        assert [one.bot.id for one in renewed] == [one.bot.id for one in made]
        accounts = [account for one in renewed for account in one.accounts]
        assert len(accounts) == 3
        for account in accounts:
            held = await bots.credentials(account.id)
            assert held == {"access_token": f"{token} of {account.account_id}"}
