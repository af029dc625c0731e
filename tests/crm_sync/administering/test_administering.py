"""Connections as admins see them over the API, what they do about them, and what jobs do."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.jobs import Duties, Jobs, table
from crm_sync.connectors.errors import AuthRefused, CrmAway, InvalidValue
from inbox import metrics
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.crm_sync.fake_crm import FIELDS, REFUSED
from tests.crm_sync.wired_shop import CRM, OTHER, PHONE, THIRD, WiredShop
from tests.inbox.inbox_world import Answer, Api

HERE = f"/crm/connections/{CRM}"


@pytest.fixture
async def shop(mongo: Mongo, clock: FixedClock) -> WiredShop:
    shop = WiredShop(mongo, clock)
    await shop.open()
    return shop


@pytest.fixture
async def api(shop: WiredShop) -> AsyncIterator[Api]:
    api = await shop.serve()
    yield api
    await api.close()


async def post(api: Api, what: str, **body: Any) -> Answer:
    options: dict[str, Any] = {} if what == "check" else {"json": body}
    return await api.call("POST", f"{HERE}/{what}", "owner", **options)


def age() -> float:
    value: float = metrics.crm_oldest_edit_seconds.labels(CRM)._value.get()
    return value


async def test_connection_is_shown_with_its_mapping_and_its_backlog(
    shop: WiredShop, api: Api
) -> None:
    await shop.linked(phones=[REFUSED])
    shop.crm.down = CrmAway("no")
    edited_at = shop.clock.now()
    await shop.customer("Lan", phones=[OTHER])

    answer = await api.get("/crm/connections", "owner")

    (shown,) = answer.json["items"]
    assert (shown["name"], shown["kind"], shown["reason"]) == (CRM, "webhook", None)
    assert shown["parked"] == {"refused": 1}
    assert shown["waiting_since"].startswith(f"{edited_at:%Y-%m-%dT%H:%M}")
    assert [one["theirs"] for one in shown["fields"]] == [
        "name",
        "phone",
        "email",
        "note",
        "chat_tags",
    ]
    assert (shown["reconciled"], shown["backfill"]) == (None, None)


async def test_check_that_works_resumes_a_connection_that_was_paused(
    shop: WiredShop, api: Api
) -> None:
    """X.SYN.01: what waited while the credentials were dead arrives."""
    shop.crm.down = AuthRefused("expired")
    await shop.customer(phones=[PHONE])
    await shop.mirror.pushing.step()
    dead = await post(api, "check")
    shop.crm.down = None

    alive, again = await post(api, "check"), await post(api, "check")

    assert (dead.json["ok"], dead.json["error"]) == (False, "crm_auth_refused")
    assert [one.json["ok"] for one in (alive, again)] == [True, True]
    assert await shop.audited() == [("crm_connection_resumed", CRM, "owner")]
    await shop.push()
    assert shop.crm.value("1", "phone") == PHONE


async def test_check_names_the_fields_that_the_crm_does_not_have(
    shop: WiredShop, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    fewer = {name: one for name, one in FIELDS.items() if name != "note"}
    monkeypatch.setattr("tests.crm_sync.fake_crm.FIELDS", fewer)

    answer = await post(api, "check")

    assert answer.json["ok"] is False
    assert [one["theirs"] for one in answer.json["off"]] == ["note"]
    assert answer.json["off"][0]["off"]["code"]


async def test_what_is_parked_is_listed_page_by_page_and_tried_again(
    shop: WiredShop, api: Api
) -> None:
    """X.SYN.01: failed, with a manual retry."""
    shop.crm.faults += [InvalidValue(f"not {number}", fields=["phone"]) for number in range(3)]
    ids = {await shop.linked("K", phones=[number]) for number in (PHONE, OTHER, THIRD)}

    pages = await api.pages(f"{HERE}/parked", "owner", limit=2)
    none = await api.get(f"{HERE}/parked", "owner", kind="gone")
    replayed = await post(api, "parked/replay", kind="refused")
    await shop.push()

    rows = [one for page in pages for one in page.json["items"]]
    assert [len(page.json["items"]) for page in pages] == [2, 1]
    assert {one["customer_id"] for one in rows} == ids
    assert {(one["kind"], *one["fields"]) for one in rows} == {("refused", "phones")}
    assert none.json["items"] == []
    assert replayed.json == {"customers": 3}
    assert (await api.get(f"{HERE}/parked", "owner")).json["items"] == []
    assert sorted(str(shop.crm.value(one, "phone")) for one in shop.crm.records) == sorted(
        [PHONE, OTHER, THIRD]
    )
    assert await shop.audited() == [("crm_parked_replayed", CRM, "owner")]


async def test_cursor_of_something_else_is_refused(api: Api) -> None:
    assert (await api.get(f"{HERE}/parked", "owner", cursor="eyJ4IjoxfQ")).status == 422


async def test_customers_whom_nobody_edits_are_filled_in(shop: WiredShop, api: Api) -> None:
    await shop.switch(on=False)
    for phone in (PHONE, OTHER):
        await shop.customer(phones=[phone])
    await shop.switch(on=True)

    asked = await post(api, "backfill", bot_id="shop")
    assert await shop.app.backfilling.step() == 1
    await shop.push()

    assert (asked.status, asked.json["marked"], asked.json["ended_at"]) == (202, 0, None)
    shown = (await api.get(HERE, "owner")).json
    assert (shown["backfill"]["marked"], shown["backfill"]["ended_at"] is not None) == (2, True)
    assert len(shop.crm.records) == 2
    assert await shop.audited() == [("crm_backfill_asked", CRM, "owner")]


@pytest.mark.parametrize("what", ["check", "parked/replay", "backfill"])
async def test_only_admins_may(shop: WiredShop, api: Api, what: str) -> None:
    options: dict[str, Any] = {} if what == "check" else {"json": {}}
    answer = await api.call("POST", f"{HERE}/{what}", "lan", **options)
    assert answer.status == 403
    assert await shop.audited() == []


async def test_nightly_jobs_check_and_compare(shop: WiredShop) -> None:
    id_ = await shop.linked(phones=[PHONE], note="a")
    shop.crm.edit_as_person("1", note="ai đó xoá")
    jobs = Jobs(shop.mongo, shop.clock, table(Duties(**shop.app.duties())), owner="p1")

    done = await jobs.run_due()
    await shop.push()

    assert done == ["check_crms", "reconcile_crms"]
    overview = await shop.app.administration.overview(CRM)
    assert overview.reconciled is not None
    assert (overview.reconciled.compared, overview.reconciled.repaired) == (1, 1)
    assert shop.crm.value("1", "note") == "a"
    assert (await shop.known(id_)).dirty == {}


async def test_nightly_jobs_leave_a_crm_that_is_away_for_the_next_night(shop: WiredShop) -> None:
    await shop.linked("Trần Thị Hoa", phones=[PHONE])
    shop.crm.down = AuthRefused(f"expired for {PHONE}")
    jobs = Jobs(shop.mongo, shop.clock, table(Duties(**shop.app.duties())), owner="p1")

    with capture_logs() as logs:
        assert await jobs.run_due() == ["check_crms", "reconcile_crms"]

    assert (await shop.app.connections.get(CRM)).paused is not None
    assert not [word for word in (PHONE, "Hoa") if word in repr(logs)]


async def test_age_of_the_oldest_edit_rises_and_falls(shop: WiredShop) -> None:
    """X.SYN.01: how far the CRM is behind is measured, not guessed."""
    id_ = await shop.linked(phones=[PHONE])
    await shop.mirror.pushing.step()
    assert age() == 0

    shop.crm.down = CrmAway("no")
    await shop.edit(id_, note="mới")
    ages = []
    for _ in range(4):
        await shop.mirror.pushing.step()
        ages.append(age())
        shop.clock.advance(shop.mirror.config.poll_every)
    assert ages == [0, 60, 120, 180]

    shop.crm.down = None
    shop.clock.advance(shop.mirror.config.poll_every * 10)
    await shop.push()
    await shop.mirror.pushing.step()
    assert age() == 0
