"""Configuring how a bot splits, over HTTP: checked as a whole, audited, never half."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.ids import account_key
from inbox.mongo.client import Mongo
from inbox.splitting.configuring import SplitConfiguring
from inbox.splitting.routes import SplitRoutes
from tests.inbox.inbox_world import NOON, Answer, Api, an_actor, serve

PAGE, OTHER_PAGE = account_key("facebook", "page1"), account_key("facebook", "page2")
CONDITION = {"field": "channel", "op": "is", "value": "zalo"}


@pytest.fixture
async def api(mongo: Mongo, clock: FixedClock) -> AsyncIterator[Api]:
    await mongo["bots"].insert_many(
        [
            {"_id": "bot1", "name": "A", "member_ids": ["lan", "minh", "gone"], "version": 1},
            {"_id": "bot2", "name": "B", "member_ids": ["hoa"], "version": 1},
        ]
    )
    await mongo["staff"].insert_many(
        [
            {"_id": name, "name": name, "role": "sale", "active": name != "gone", "email": name}
            for name in ("lan", "minh", "hoa", "gone")
        ]
    )
    await mongo["accounts"].insert_many(
        [{"_id": PAGE, "bot_id": "bot1"}, {"_id": OTHER_PAGE, "bot_id": "bot2"}]
    )
    actors = [
        an_actor("lan", "bot1"),
        an_actor("lead", "bot1", role="manager"),
        an_actor("lead2", "bot2", role="manager"),
        an_actor("boss", role="admin"),
    ]
    api = await serve([SplitRoutes(SplitConfiguring(mongo, clock))], *actors)
    yield api
    await api.close()


async def put(api: Api, as_: str = "boss", version: str | None = None, **body: Any) -> Answer:
    headers = {} if version is None else {"If-Match": version}
    return await api.call("PUT", "/bots/bot1/split", as_, json=body, headers=headers)


async def add(api: Api, name: str = "Zalo", when: Any = CONDITION, **body: Any) -> Answer:
    wanted = {"name": name, "when": when, **body}
    return await api.call("POST", "/bots/bot1/split/rules", "boss", json=wanted)


async def names(api: Api) -> list[str]:
    return [one["name"] for one in (await api.get("/bots/bot1/split", "boss")).json["rules"]]


def wrong(answer: Answer) -> dict[str, str]:
    assert answer.status == 422, answer.json
    return {one["field"]: one["code"] for one in answer.json["errors"]}


async def test_every_bot_has_sane_settings_and_a_catch_all_from_the_start(api: Api) -> None:
    shown = (await api.get("/bots/bot1/split", "lead")).json
    assert (shown["enabled"], shown["time_zone"]) == (False, "Asia/Ho_Chi_Minh")
    assert shown["working_hours"]["weekdays"]["sun"] == [{"from": "08:00", "to": "23:00"}]
    (rule,) = shown["rules"]
    assert (rule["catch_all"], rule["mode"], rule["pool"]) == (True, "even", [])


async def test_configure_first_switch_on_later(api: Api, mongo: Mongo) -> None:
    hours = {
        "weekdays": {"mon": [{"from": "08:00", "to": "12:00"}, {"from": "13:30", "to": "02:00"}]}
    }
    holidays = [{"from": "2027-02-05", "to": "2027-02-11", "name": "Tết"}]
    first = await put(api, working_hours=hours, holidays=holidays, replier_takes_over=True)
    assert (first.status, first.json["enabled"], first.json["version"]) == (200, False, 2)
    assert first.json["working_hours"]["weekdays"]["mon"][1] == {"from": "13:30", "to": "02:00"}
    on = await put(api, enabled=True, alert={"after_min": 15, "staff_ids": ["lan"]})
    assert on.json["holidays"][0]["name"] == "Tết"
    assert on.json["replier_takes_over"] is True
    off = await put(api, alert=None)
    assert (off.json["alert"], off.json["enabled"]) == (None, True)
    assert (await put(api, alert=None)).json["version"] == off.json["version"], "nothing changed"
    audited = [one async for one in mongo["audit"].find().sort("_id", 1)]
    assert [one["action"] for one in audited] == ["split_settings_changed"] * 3
    assert audited[1]["changes"]["enabled"] == {"before": False, "after": True}


async def test_two_admins_who_edit_at_once_do_not_overwrite_each_other(api: Api) -> None:
    version = str((await api.get("/bots/bot1/split", "boss")).json["version"])
    assert (await put(api, version=version, enabled=True)).status == 200
    assert (await put(api, version=version, enabled=False)).status == 412
    rule = (await add(api)).json
    path = f"/bots/bot1/split/rules/{rule['id']}"
    body = {"name": "Khác", "when": CONDITION}
    for expected in (200, 412):
        changed = await api.call("PUT", path, "boss", json=body, headers={"If-Match": "1"})
        assert changed.status == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"time_zone": "Asia/Saigonn"}, {"time_zone": "unknown_time_zone"}),
        (
            {"working_hours": {"weekdays": {"mon": [{"from": "08:00", "to": "12:00"}] * 2}}},
            {"working_hours.weekdays.mon": "overlapping"},
        ),
        (
            {
                "working_hours": {
                    "weekdays": {
                        "tue": [{"from": "20:00", "to": "04:00"}, {"from": "21:00", "to": "22:00"}]
                    }
                }
            },
            {"working_hours.weekdays.tue": "overlapping"},
        ),
        (
            {"holidays": [{"from": "2027-02-11", "to": "2027-02-05"}]},
            {"holidays.0.to": "ends_before_it_begins"},
        ),
        (
            {"alert": {"after_min": 5, "staff_ids": ["lan", "hoa", "gone"]}},
            {"alert.staff_ids.1": "unknown_staff", "alert.staff_ids.2": "unknown_staff"},
        ),
    ],
)
async def test_wrong_settings_are_refused_with_the_field_and_the_reason(
    api: Api, body: dict[str, Any], expected: dict[str, str]
) -> None:
    assert wrong(await put(api, **body)) == expected
    assert (await api.get("/bots/bot1/split", "boss")).json["version"] == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"when": None}, {"when": "condition_needed"}),
        ({"when": {"field": "moon", "op": "is", "value": 1}}, {"when.field": "unknown_field"}),
        (
            {
                "when": {
                    "all": [
                        CONDITION,
                        {"field": "account", "op": "in", "value": [PAGE, OTHER_PAGE]},
                    ]
                }
            },
            {"when.all.1.value": "unknown_account"},
        ),
        ({"pool": [{"staff_id": "hoa"}]}, {"pool.0.staff_id": "unknown_staff"}),
        ({"pool": [{"staff_id": "lan"}, {"staff_id": "lan"}]}, {"pool.1.staff_id": "twice"}),
        ({"pool": [{"staff_id": "lan", "weight": 0}]}, {"pool": "no_weight"}),
        ({"mode": "fixed"}, {"pool": "one_person"}),
        ({"fallback_staff_id": "gone"}, {"fallback_staff_id": "unknown_staff"}),
    ],
)
async def test_wrong_rules_are_refused_with_the_field_and_the_reason(
    api: Api, body: dict[str, Any], expected: dict[str, str]
) -> None:
    assert wrong(await add(api, **body)) == expected
    assert await names(api) == ["Mặc định"]


async def test_an_account_is_under_the_configuration_of_its_own_bot_only(api: Api) -> None:
    """X.SPL.01: naming the account in a second bot's configuration is refused."""
    of_ours = {"field": "account", "op": "is", "value": PAGE}
    of_theirs = {"field": "account", "op": "is", "value": OTHER_PAGE}
    assert (await add(api, when=of_ours)).status == 201
    assert wrong(await add(api, when=of_theirs)) == {"when.value": "unknown_account"}


async def test_rules_keep_the_order_that_admins_give_and_the_catch_all_stays_last(
    api: Api, mongo: Mongo
) -> None:
    """X.SPL.02, as configured."""
    first, second = (await add(api, "Một")).json["id"], (await add(api, "Hai")).json["id"]
    assert await names(api) == ["Một", "Hai", "Mặc định"]
    order = {"ids": [second, first]}
    path = "/bots/bot1/split/rules"
    assert (await api.call("POST", f"{path}/order", "boss", json=order)).status == 200
    assert await names(api) == ["Hai", "Một", "Mặc định"]
    for ids in ([first], [first, second, "default-bot1"], [first, first]):
        refused = await api.call("POST", f"{path}/order", "boss", json={"ids": ids})
        assert wrong(refused) == {"ids": "not_all_rules"}

    changed = {"name": "Còn lại", "mode": "claim"}
    assert (await api.call("PUT", f"{path}/default-bot1", "boss", json=changed)).status == 200
    stays = await api.call("DELETE", f"{path}/default-bot1", "boss")
    assert (stays.status, stays.json["code"]) == (409, "catch_all_stays")
    await mongo["split_ledger"].insert_one(
        {"_id": {"rule_id": first, "staff_id": "lan"}, "bot_id": "bot1"}
    )
    assert (await api.call("DELETE", f"{path}/{first}", "boss")).status == 204
    assert await names(api) == ["Hai", "Còn lại"]
    assert await mongo["split_ledger"].count_documents({}) == 0
    actions = await mongo["audit"].distinct("action")
    assert {"split_rule_added", "split_rule_deleted", "split_rules_ordered"} <= set(actions)


async def test_the_books_are_open(api: Api, mongo: Mongo) -> None:
    pool = [{"staff_id": "lan", "weight": 3}, {"staff_id": "minh", "weight": 1}]
    rule = (await add(api, pool=pool)).json["id"]
    await mongo["split_ledger"].insert_one(
        {
            "_id": {"rule_id": rule, "staff_id": "lan"},
            "bot_id": "bot1",
            "given": 2,
            "sticky": 1,
            "last_given_at": NOON,
        }
    )
    ledger = (await api.get("/bots/bot1/split/ledger", "lead")).json["rules"]
    shares = {one["staff_id"]: one for one in ledger[0]["shares"]}
    assert (shares["lan"]["wanted"], shares["lan"]["got"], shares["lan"]["sticky"]) == (0.75, 1, 1)
    assert (shares["minh"]["wanted"], shares["minh"]["given"]) == (0.25, 0)
    everybody = {one["staff_id"] for one in ledger[1]["shares"]}
    assert everybody == {"lan", "minh", "gone"}, "an empty pool is every member"


async def test_only_admins_change_and_only_leaders_of_the_bot_read(api: Api) -> None:
    path = "/bots/bot1/split"
    reads = {
        who: (await api.get(path, who)).status for who in ("boss", "lead", "lead2", "lan", None)
    }
    assert reads == {"boss": 200, "lead": 200, "lead2": 403, "lan": 403, None: 401}
    assert (await put(api, "lead", enabled=True)).status == 403
    assert (await api.get("/bots/nobody/split", "boss")).status == 404


async def test_a_person_may_have_hours_of_their_own(api: Api, mongo: Mongo) -> None:
    """X.SPL.15, shifts of a person."""
    night = {"weekdays": {"fri": [{"from": "22:00", "to": "06:00"}]}}
    path = "/staff/lan/shift"
    saved = await api.call("PUT", path, "lead", json={"schedule": night})
    assert saved.json["schedule"]["weekdays"]["fri"] == [{"from": "22:00", "to": "06:00"}]
    assert (await api.get(path, "lan")).json == saved.json
    assert (await api.call("PUT", path, "lan", json={"schedule": None})).status == 403
    assert (await api.call("PUT", "/staff/x/shift", "lead", json={"schedule": None})).status == 404
    assert (await api.call("PUT", path, "lead", json={"schedule": None})).json["schedule"] is None
    assert await mongo["audit"].count_documents({"action": "shift_changed"}) == 2
