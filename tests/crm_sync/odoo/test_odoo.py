"""What is Odoo's own: rights of the connection's user, salespeople, links, outages, fields."""

import asyncio
import urllib.error
import urllib.request
from http.client import HTTPMessage
from typing import IO

import pytest

from crm_sync.connectors.errors import AuthRefused, CrmAway, CrmUncertain, InvalidValue
from crm_sync.connectors.model import Asked, Edit
from crm_sync.connectors.odoo.client import OdooAccount
from crm_sync.connectors.odoo.connector import OdooConnector
from tests.crm_sync.contract import NOON, a_record, named, read
from tests.crm_sync.odoo.odoo_harness import BOT, BOT_SECRET, NAMES, PARTNER, OdooHarness
from tests.crm_sync.odoo.server import ADMIN, DATABASE, OdooServer


async def test_link_leads_a_person_to_the_record(harness: OdooHarness, odoo: OdooServer) -> None:
    made = await harness.connector.create("c1", named(harness, "c1"))
    assert made.url is not None
    path = made.url.removeprefix(harness.proxy.url)

    status, place = await asyncio.to_thread(_without_following, f"{odoo.url}{path}")

    assert status in (302, 303)
    assert "/web" in place


def _without_following(url: str) -> tuple[int, str]:
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(
            self,
            req: urllib.request.Request,
            fp: IO[bytes],
            code: int,
            msg: str,
            headers: HTTPMessage,
            newurl: str,
        ) -> None:
            return None

    try:
        urllib.request.build_opener(urllib.request.ProxyHandler({}), Stay()).open(url)
    except urllib.error.HTTPError as answer:
        answer.close()
        return answer.code, answer.headers["Location"]
    raise AssertionError("no redirect")


async def test_salesperson_is_found_by_sign_in_and_told_by_it(harness: OdooHarness) -> None:
    record_id = await a_record(harness)

    await harness.connector.update(record_id, Edit({"user_id": BOT.upper()}))
    assert (await read(harness, record_id, "user_id"))["user_id"] == BOT

    await harness.connector.update(record_id, Edit({"user_id": None}))
    assert (await read(harness, record_id, "user_id"))["user_id"] is None


@pytest.mark.parametrize("email", ["ai.do@shop.vn", "%", "inbox_bot@shop.vn"])
async def test_person_without_a_user_is_no_salesperson(harness: OdooHarness, email: str) -> None:
    record_id = await a_record(harness)

    with pytest.raises(InvalidValue) as refused:
        await harness.connector.update(record_id, Edit({"user_id": email}))

    assert refused.value.fields == {"user_id"}


async def test_new_record_may_have_a_salesperson_a_date_and_a_number(harness: OdooHarness) -> None:
    values = {"user_id": ADMIN, "date": "2026-11-22", "credit_limit": "1500000.5", "color": "3"}
    connector = harness.connect(login=ADMIN, secret=ADMIN)

    made = await connector.create("c1", named(harness, "c1", **values))

    assert (await connector.get(made.record_id, values)).values == values


@pytest.mark.parametrize("number", ["0", "-3", "12.5", "15000000", "0.1"])
async def test_number_comes_back_as_it_was(harness: OdooHarness, number: str) -> None:
    admin = harness.connect(login=ADMIN, secret=ADMIN)  # the field is for accountants
    record_id = await a_record(harness)

    await admin.update(record_id, Edit({"credit_limit": number}))

    found = await admin.get(record_id, ["credit_limit"])
    assert found.values["credit_limit"] == number


async def test_number_that_is_none_names_its_field(harness: OdooHarness) -> None:
    record_id = await a_record(harness)

    with pytest.raises(InvalidValue) as refused:
        await harness.connector.update(record_id, Edit({"color": "đỏ"}))

    assert refused.value.fields == {"color"}


async def test_record_without_a_name_is_refused_and_not_made(harness: OdooHarness) -> None:
    with pytest.raises(InvalidValue) as refused:
        await harness.connector.create("c1", Edit({NAMES.phone: harness.new_phone()}))

    assert refused.value.fields == {"name"}
    assert list(await harness.connector.find(Asked("c1"), ())) == []


async def test_field_removed_while_we_write_is_told_as_dropped(harness: OdooHarness) -> None:
    model = await harness.admin.call("ir.model", "search", args=[["model", "=", PARTNER]])
    field = {"name": "x_tam", "model_id": model[0], "ttype": "char", "field_description": "Tạm"}
    made = await harness.admin.call("ir.model.fields", "create", vals=field)
    record_id = await a_record(harness, x_tam="còn")
    await harness.admin.call("ir.model.fields", "unlink", ids=[made])

    written = await harness.connector.update(record_id, Edit({"x_tam": "mất", NAMES.text: "giữ"}))

    assert written.dropped == ("x_tam",)
    assert (await read(harness, record_id, NAMES.text))[NAMES.text] == "giữ"
    assert "x_tam" not in await harness.connector.fields()


async def test_choice_added_by_an_administrator_is_taken_without_a_restart(
    harness: OdooHarness,
) -> None:
    record_id = await a_record(harness, x_loyalty="gold")
    domain = [["name", "=", "x_loyalty"], ["model", "=", PARTNER]]
    ids = await harness.admin.call("ir.model.fields", "search", args=domain)
    more = "[('gold', 'Vàng'), ('silver', 'Bạc'), ('bronze', 'Đồng')]"
    await harness.admin.call("ir.model.fields", "write", ids=ids, vals={"selection": more})

    await harness.connector.update(record_id, Edit({"x_loyalty": "bronze"}))

    assert (await read(harness, record_id, "x_loyalty"))["x_loyalty"] == "bronze"


async def test_two_inboxes_in_one_odoo_do_not_share_customers(
    harness: OdooHarness, odoo: OdooServer
) -> None:
    other = OdooConnector(OdooAccount(odoo.url, DATABASE, BOT, BOT_SECRET), "another inbox")
    ours = await harness.connector.create("c1", named(harness, "c1"))

    theirs = await other.create("c1", named(harness, "c1"))

    assert theirs.record_id != ours.record_id
    assert [one.id for one in await other.find(Asked("c1"), ())] == [theirs.record_id]
    await other.close()


async def test_external_id_is_told_to_who_may_read_it(harness: OdooHarness) -> None:
    made = await harness.connector.create("c1", named(harness, "c1"))

    seen = await harness.connect(login=ADMIN, secret=ADMIN).get(made.record_id, ())

    assert seen.external_id == "c1"


async def test_password_that_is_changed_stops_us_until_it_is_told(harness: OdooHarness) -> None:
    record_id = await a_record(harness)
    users = await harness.admin.call("res.users", "search", args=[["login", "=", BOT]])
    await harness.admin.call("res.users", "write", ids=users, vals={"password": "khác"})
    try:
        with pytest.raises(AuthRefused):
            await harness.connector.update(record_id, Edit({NAMES.text: "x"}))
        with pytest.raises(AuthRefused):
            await harness.connector.check()
        await harness.connect(secret="khác").check()
    finally:
        await harness.admin.call("res.users", "write", ids=users, vals={"password": BOT_SECRET})

    await harness.connector.update(record_id, Edit({NAMES.text: "lại được"}))


async def test_database_that_is_not_there_waits_for_a_person(
    harness: OdooHarness, odoo: OdooServer
) -> None:
    lost = OdooConnector(OdooAccount(odoo.url, "khong_co", ADMIN, ADMIN), "x")

    with pytest.raises(AuthRefused):
        await lost.check()

    await lost.close()


async def test_user_who_may_not_write_partners_is_refused_at_once(harness: OdooHarness) -> None:
    login = f"{harness.new_id()}@shop.vn"
    user = {"name": "Chỉ xem", "login": login, "email": login, "password": "xem"}
    group = await harness.admin.call("ir.model.data", "xmlid_to_res_id", xmlid="base.group_user")
    vals = {**user, "groups_id": [[6, 0, [group]]]}
    await harness.admin.call("res.users", "create", vals=vals, context={"no_reset_password": True})

    with pytest.raises(AuthRefused):
        await harness.connect(login=login, secret="xem").check()


async def test_odoo_that_stops_is_away_and_nothing_is_lost_when_it_is_back(
    harness: OdooHarness, odoo: OdooServer
) -> None:
    record_id = await a_record(harness)
    direct = OdooConnector(OdooAccount(odoo.url, DATABASE, BOT, BOT_SECRET), harness.instance)
    await direct.check()
    odoo.stop()
    try:
        for _ in range(2):
            with pytest.raises((CrmAway, CrmUncertain)):
                await direct.update(record_id, Edit({NAMES.text: "sau khi sống lại"}))
    finally:
        odoo.start()  # in this thread: with another one it would end

    await direct.update(record_id, Edit({NAMES.text: "sau khi sống lại"}))

    assert (await read(harness, record_id, NAMES.text))[NAMES.text] == "sau khi sống lại"
    await direct.close()


async def test_note_has_its_own_time_and_runs_no_script(harness: OdooHarness) -> None:
    record_id = await a_record(harness)

    note = await harness.connector.note(record_id, "n1", "<script>x</script>\nhai", NOON)

    rows = await harness.admin.call(
        "mail.message", "read", ids=[int(note)], fields=["body", "date"]
    )
    assert rows[0]["date"] == "2026-11-22 05:00:00"
    assert "<script" not in rows[0]["body"]
    assert "&lt;script&gt;" in rows[0]["body"]


async def test_workers_who_lose_a_race_find_the_record_without_being_called_again(
    harness: OdooHarness,
) -> None:
    edit = named(harness, "c1", comment="một")
    workers = [harness.connect() for _ in range(6)]

    made = await asyncio.gather(*(one.create("c1", edit) for one in workers))

    assert len({one.record_id for one in made}) == 1
