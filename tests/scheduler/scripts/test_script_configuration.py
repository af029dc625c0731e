"""Writing scripts over HTTP: who may, what is refused, and what editing does to the steps."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from obstore.store import MemoryStore

from inbox.clock import FixedClock
from inbox.config import MediaConfig
from inbox.conversations.model import Channel
from inbox.customers.erasure.files import ErasedFiles
from inbox.ids import account_key
from inbox.media.files import MediaFiles
from inbox.media.store import UploadStore
from inbox.media.uploads import Uploads
from inbox.mongo.client import Mongo, Session
from inbox.ports import Draft, Messenger, Part
from scheduler.enrolments.retiming import Retiming
from scheduler.enrolments.store import EnrolmentStore
from scheduler.enrolments.surroundings import AroundReader
from scheduler.scripts.configuring import ScriptConfiguring
from scheduler.scripts.routes import ScriptRoutes
from scheduler.scripts.surroundings import Surroundings
from tests.fake_messenger import FakeMessenger, FakePlatform, TooBig
from tests.inbox.inbox_world import Answer, Api, World, an_actor, serve

HOUR = {"kind": "delay", "n": 1, "unit": "hour"}
DAY = {"kind": "delay", "n": 1, "unit": "day"}
HELLO = {"text": "Chào {{name, bạn}}"}
STEP = {"when": HOUR, "content": HELLO}


class NoFiles(FakeMessenger):
    """A channel that takes texts alone."""

    def plan(self, draft: Draft) -> tuple[Part, ...]:
        if draft.files:
            raise TooBig
        return super().plan(draft)


@pytest.fixture
async def uploads(mongo: Mongo, clock: FixedClock) -> Uploads:
    return Uploads(UploadStore(mongo), MediaFiles(MemoryStore()), clock, MediaConfig())


@pytest.fixture
async def api(mongo: Mongo, clock: FixedClock, uploads: Uploads) -> AsyncIterator[Api]:
    await mongo["bots"].insert_many(
        [
            {"_id": "bot1", "name": "A", "member_ids": ["lan", "lead"], "version": 1},
            {"_id": "bot2", "name": "B", "member_ids": ["hoa", "lead2"], "version": 1},
        ]
    )
    await mongo["accounts"].insert_many(
        [
            {"_id": account_key(channel, "1"), "channel": channel, "bot_id": "bot1"}
            for channel in ("facebook", "zalo")
        ]
    )
    await mongo["tags"].insert_many(
        [{"_id": "vip"}, {"_id": "old", "retired_at": clock.now()}, {"_id": "bad"}]
    )
    platform = FakePlatform()
    messengers: dict[Channel, Messenger] = {
        "facebook": FakeMessenger(platform),
        "zalo": NoFiles(platform),
    }
    around = Surroundings(mongo, uploads, messengers, clock)
    actors = [
        an_actor("lan", "bot1"),
        an_actor("lead", "bot1", role="manager"),
        an_actor("lead2", "bot2", role="manager"),
        an_actor("boss", role="admin"),
    ]
    api = await serve([ScriptRoutes(ScriptConfiguring(mongo, around, clock))], *actors)
    yield api
    await api.close()


async def add(api: Api, as_: str = "lead", **body: Any) -> Answer:
    wanted = {"name": "Chăm sóc", "steps": [STEP], **body}
    return await api.call("POST", "/bots/bot1/scripts", as_, json=wanted)


async def edit(
    api: Api, script_id: str, as_: str = "lead", version: int | None = None, **body: Any
) -> Answer:
    headers = {} if version is None else {"If-Match": str(version)}
    path = f"/bots/bot1/scripts/{script_id}"
    return await api.call("PATCH", path, as_, json=body, headers=headers)


def wrong(answer: Answer) -> dict[str, str]:
    assert answer.status == 422, answer.json
    return {one["field"]: one["code"] for one in answer.json["errors"]}


async def a_file(uploads: Uploads, content: bytes = b"ao len 250k") -> str:
    async def chunks() -> AsyncIterator[bytes]:
        yield content

    return (await uploads.keep(chunks(), name="gia.txt", staff_id="lead")).id


async def enrol(mongo: Mongo, script_id: str, customer: str, **fields: Any) -> str:
    document = {
        "_id": f"{script_id}-{customer}",
        "script_id": script_id,
        "bot_id": "bot1",
        "customer_id": customer,
        "status": "active",
        "open": True,
        "log": [],
        **fields,
    }
    if document["status"] not in ("active", "paused"):
        del document["open"]
    await mongo["enrolments"].insert_one(document)
    return str(document["_id"])


async def test_a_script_is_made_and_read_back_as_it_was_written(api: Api, mongo: Mongo) -> None:
    """X.SCR.01 and X.SCR.02: steps in their order, each with its time, content and switch."""
    window = {"weekdays": {"mon": [{"from": "13:00", "to": "20:00"}]}}
    steps = [
        STEP,
        {"when": {"kind": "clock", "days": 1, "at": "09:30"}, "content": HELLO, "enabled": False},
        {
            "when": {"kind": "attribute", "attribute": "birthday", "days": -1, "at": "08:00"},
            "content": {"text": "Mai sinh nhật", "buttons": [{"title": "Mua", "payload": "BUY"}]},
        },
    ]
    made = await add(
        api,
        steps=steps,
        window=window,
        enabled=True,
        outside="hold",
        repeat=True,
        stops={"on": ["customer_replies"], "tags_added": ["bad"]},
        triggers=[{"kind": "tag_added", "tag_ids": ["vip"]}],
    )
    assert made.status == 201, made.json

    shown = (await api.get(f"/bots/bot1/scripts/{made.json['id']}", "lan")).json

    assert shown == made.json
    assert [one["enabled"] for one in shown["steps"]] == [True, False, True]
    assert shown["steps"][1]["when"]["at"] == "09:30"
    assert shown["steps"][2]["content"]["buttons"][0]["payload"] == "BUY"
    assert shown["window"]["weekdays"]["mon"] == window["weekdays"]["mon"]
    assert (shown["outside"], shown["repeat"], shown["version"]) == ("hold", True, 1)
    assert shown["stops"]["tags_added"] == ["bad"]
    assert shown["triggers"][0]["tag_ids"] == ["vip"]
    audited = await mongo["audit"].find_one({"action": "script_created"})
    assert audited is not None
    assert audited["actor"]["id"] == "lead"
    assert audited["target"] == {"kind": "script", "id": shown["id"]}


async def test_every_mistake_is_told_at_once_with_its_place(api: Api) -> None:
    """X.SCR.12: nothing is saved, and each step says what is wrong with it in both languages."""
    answer = await add(
        api,
        steps=[
            STEP,
            {"when": {"kind": "delay", "n": 1, "unit": "month"}, "content": HELLO},
        ],
    )
    assert wrong(answer) == {"steps.1.when.unit": "not_a_choice"}
    answer = await add(
        api,
        steps=[
            STEP,
            {"when": {"kind": "clock", "days": 1, "at": "9h"}, "content": {"text": "{{tên}}"}},
            {"when": HOUR},
        ],
        window={"weekdays": {}},
        stops={"tags_added": ["old"], "tags_removed": ["vip", "gone"]},
        triggers=[{"kind": "cron", "crontab": "0 9 * * 1", "tag_ids": ["vip"]}],
    )
    assert wrong(answer) == {
        "steps.1.when.at": "no_clock_time",
        "steps.1.content.text": "unknown_placeholder",
        "steps.2.content": "empty_content",
        "window.weekdays": "never_open",
        "stops.tags_added.0": "unknown_tag",
        "stops.tags_removed.1": "unknown_tag",
        "triggers.0.crontab": "bad_crontab",
    }
    assert (await api.get("/bots/bot1/scripts", "lead")).json["items"] == []
    for steps, field in (
        ([STEP] * 51, "steps"),
        ([{**STEP, "content": {"text": "x" * 2001}}], "steps.0.content.text"),
    ):
        assert wrong(await add(api, steps=steps)) == {field: "too_long"}


async def test_a_script_without_anything_to_send_can_be_kept_but_not_switched_on(
    api: Api,
) -> None:
    """X.SCR.06: it is not offered either."""
    assert wrong(await add(api, steps=[], enabled=True)) == {"steps": "nothing_to_send"}
    draft = (await add(api, steps=[])).json
    assert wrong(await edit(api, draft["id"], enabled=True)) == {"steps": "nothing_to_send"}
    assert (await api.get("/bots/bot1/scripts", "lan")).json["items"] == []
    off = {**STEP, "enabled": False}
    assert wrong(await edit(api, draft["id"], steps=[off], enabled=True)) == {
        "steps": "nothing_to_send"
    }

    on = await edit(api, draft["id"], steps=[STEP], enabled=True)

    assert on.json["enabled"] is True
    assert wrong(await edit(api, draft["id"], steps=[off])) == {"steps": "nothing_to_send"}
    (offered,) = (await api.get("/bots/bot1/scripts", "lan")).json["items"]
    assert (offered["id"], offered["attachable"], offered["steps"]) == (draft["id"], True, 1)


async def test_what_broke_since_it_was_written_is_found_when_it_is_switched_on(
    api: Api, mongo: Mongo
) -> None:
    script = (await add(api, stops={"tags_added": ["bad"]}, enabled=True)).json
    await mongo["tags"].delete_one({"_id": "bad"})

    assert (await edit(api, script["id"], name="Tên khác")).status == 200
    assert (await edit(api, script["id"], enabled=False)).status == 200
    assert wrong(await edit(api, script["id"], enabled=True)) == {
        "stops.tags_added.0": "unknown_tag"
    }
    assert (await edit(api, script["id"], enabled=True, stops={})).json["enabled"] is True


async def test_sales_see_what_is_on_and_change_nothing(api: Api) -> None:
    """S0.17: the picker is the bot's own enabled scripts."""
    on = (await add(api, name="Bật", enabled=True)).json["id"]
    off = (await add(api, name="Tắt")).json["id"]

    assert (await api.get("/bots/bot1/scripts", "lan", enabled="false")).ids == [on]
    assert set((await api.get("/bots/bot1/scripts", "lead")).ids) == {on, off}
    assert (await api.get("/bots/bot1/scripts", "lead", enabled="true")).ids == [on]
    assert (await api.get(f"/bots/bot1/scripts/{off}", "lan")).status == 404
    assert (await add(api, "lan")).status == 403
    path = f"/bots/bot1/scripts/{on}"
    assert (await edit(api, on, "lan", enabled=False)).status == 403
    assert (await api.call("DELETE", path, "lan")).status == 403
    assert (await api.call("POST", f"{path}/clone", "lan")).status == 403
    assert (await api.get(f"{path}/report", "lan")).status == 403
    preview = {"script": {"name": "S"}}
    assert (await api.call("POST", "/bots/bot1/scripts/preview", "lan", json=preview)).status == 403


async def test_another_bots_script_is_not_found(api: Api) -> None:
    """S0.17: neither through one's own bot, nor through theirs."""
    script = (await add(api, enabled=True)).json["id"]
    for method, tail in (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/clone"),
        ("GET", "/report"),
    ):
        options = {"json": {"name": "x"}} if method == "PATCH" else {}
        theirs = await api.call(method, f"/bots/bot1/scripts/{script}{tail}", "lead2", **options)
        assert theirs.status == 403, (method, tail)
        for who in ("lead2", "boss"):
            path = f"/bots/bot2/scripts/{script}{tail}"
            assert (await api.call(method, path, who, **options)).status == 404, (method, tail)
    assert (await api.get("/bots/bot2/scripts", "lan")).status == 403
    nowhere = await api.call("POST", "/bots/nowhere/scripts", "boss", json={"name": "x"})
    assert nowhere.status == 404
    assert (await api.get(f"/bots/bot1/scripts/{script}", "lan")).status == 200


async def test_steps_keep_their_ids_through_edits_and_never_come_back(api: Api) -> None:
    """X.SCR.15: what is sent goes by the id of its step."""
    script = (await add(api, steps=[STEP, STEP, STEP])).json
    first, second, third = (one["id"] for one in script["steps"])
    steps = [{"id": third, **STEP}, STEP, {"id": first, "when": DAY, "content": {"text": "Mới"}}]

    edited = (await edit(api, script["id"], version=1, steps=steps)).json

    ids = [one["id"] for one in edited["steps"]]
    assert (ids[0], ids[2]) == (third, first)
    assert ids[1] not in (first, second, third)
    assert edited["steps"][2]["content"]["text"] == "Mới"
    back = await edit(api, script["id"], steps=[{"id": second, **STEP}])
    assert wrong(back) == {"steps.0.id": "unknown_step"}


async def test_two_who_edit_at_once_do_not_overwrite_each_other(api: Api, mongo: Mongo) -> None:
    script = (await add(api)).json["id"]
    answers = await asyncio.gather(
        *(edit(api, script, version=1, name=f"Tên {n}") for n in range(5))
    )
    assert sorted(one.status for one in answers) == [200, 412, 412, 412, 412]
    clash = next(one for one in answers if one.status == 412)
    assert clash.json["fields"] == ["name"]
    assert await mongo["audit"].count_documents({"action": "script_changed"}) == 1
    shown = (await api.get(f"/bots/bot1/scripts/{script}", "lead")).json
    assert shown["version"] == 2
    same = await edit(api, script, version=2, name=shown["name"])
    assert (same.status, same.json["version"]) == (200, 2), "nothing changed"


async def test_a_clone_is_off_and_has_steps_of_its_own(api: Api) -> None:
    """X.SCR.16."""
    window = {"weekdays": {"mon": [{"from": "13:00", "to": "20:00"}]}}
    script = (await add(api, name="N" * 200, enabled=True, window=window)).json

    clone = await api.call("POST", f"/bots/bot1/scripts/{script['id']}/clone", "lead")

    assert clone.status == 201
    copied = clone.json
    assert (copied["enabled"], copied["running"]) == (False, 0)
    assert copied["name"] == "N" * 190 + " (bản sao)"
    assert copied["id"] != script["id"]
    assert copied["steps"][0]["id"] != script["steps"][0]["id"]
    same = ("window", "stops", "repeat", "outside", "triggers", "bot_id")
    assert {name: copied[name] for name in same} == {name: script[name] for name in same}
    assert copied["steps"][0]["content"] == script["steps"][0]["content"]


async def test_a_deleted_script_stops_for_everybody_on_it(
    api: Api, mongo: Mongo, clock: FixedClock
) -> None:
    """X.SCR.15: deleting a script stops its enrolments; those that had ended stay as they are."""
    script = (await add(api, enabled=True)).json["id"]
    other = (await add(api, enabled=True)).json["id"]
    for customer in range(1005):
        work = {"due_at": None, "token": "a worker's"}
        await enrol(mongo, script, f"c{customer}", work=work, next_at=1, next_step_id="s")
    await enrol(mongo, script, "done", status="done")
    await enrol(mongo, other, "c1", work={"token": "kept"})
    assert (await api.get(f"/bots/bot1/scripts/{script}", "lead")).json["running"] == 1005

    assert (await api.call("DELETE", f"/bots/bot1/scripts/{script}", "lead")).status == 204

    assert (await api.get("/bots/bot1/scripts", "lead")).ids == [other]
    assert (await api.get(f"/bots/bot1/scripts/{script}", "lead")).status == 404
    assert (await api.call("DELETE", f"/bots/bot1/scripts/{script}", "lead")).status == 404
    retiming = Retiming(mongo, EnrolmentStore(mongo, clock), AroundReader(mongo), clock)
    assert await retiming.step() == 1
    assert await retiming.step() == 0
    stopped = {"script_id": script, "status": "stopped", "reason": "script_deleted"}
    assert await mongo["enrolments"].count_documents(stopped) == 1005
    gone = {**stopped, "$or": [{"work": {"$exists": True}}, {"open": {"$exists": True}}]}
    assert await mongo["enrolments"].count_documents(gone) == 0
    assert await mongo["enrolments"].count_documents({"status": "done"}) == 1
    kept = await mongo["enrolments"].find_one({"script_id": other})
    assert kept is not None
    assert kept["work"]["token"] == "kept"


async def test_the_list_comes_in_pages_in_the_order_of_making(api: Api, clock: FixedClock) -> None:
    ids = []
    for number in range(5):
        if number != 3:
            clock.advance(timedelta(milliseconds=1))
        ids.append((await add(api, name=f"K{number}")).json["id"])
    pages = await api.pages("/bots/bot1/scripts", "lead", limit=2)
    found = [id_ for page in pages for id_ in page.ids]
    assert sorted(found) == sorted(ids)
    assert found[:2] == ids[:2]
    assert found[4] == ids[4]


async def test_warnings_come_with_the_answer_and_do_not_refuse(api: Api, uploads: Uploads) -> None:
    """X.SCR.11: told per step and channel, also what a channel does not take."""
    file = await a_file(uploads)
    steps = [
        {"when": DAY, "content": {"text": "Chào"}},
        {"when": DAY, "content": {"text": "Giá", "upload_ids": [file]}},
    ]
    made = await add(api, steps=steps, enabled=True)
    assert made.status == 201
    told = [(one["place"], one["code"], one["channel"]) for one in made.json["warnings"]]
    assert told == [
        (0, "outside_window", "facebook"),
        (1, "outside_window", "facebook"),
        (1, "billed", "zalo"),
        (1, "channel_refuses", "zalo"),
    ]
    assert made.json["warnings"][3]["text"]["vi"] == "Zalo không gửi được: Tệp quá lớn."
    assert made.json["files"][0]["name"] == "gia.txt"


async def test_what_no_channel_of_the_bot_takes_is_refused(
    api: Api, uploads: Uploads, mongo: Mongo
) -> None:
    await mongo["accounts"].delete_one({"channel": "facebook"})
    step = {"when": HOUR, "content": {"upload_ids": [await a_file(uploads)]}}
    assert wrong(await add(api, steps=[STEP, step])) == {"steps.1.content": "no_channel_takes_it"}


async def preview(api: Api, script: dict[str, Any], **body: Any) -> Answer:
    wanted = {"script": {"name": "S", **script}, **body}
    return await api.call("POST", "/bots/bot1/scripts/preview", "lead", json=wanted)


async def test_the_times_of_a_script_are_shown_before_it_is_saved(api: Api, mongo: Mongo) -> None:
    """X.SCR.01: 1 h (on), 1 h (off), 2 h (on) go out at +1 h and +3 h; nothing is stored."""
    two_hours = {"when": {"kind": "delay", "n": 2, "unit": "hour"}, "content": HELLO}
    steps = [{"id": "of the editor", **STEP}, {**STEP, "enabled": False}, two_hours]

    shown = await preview(api, {"steps": steps}, start_at="2026-11-22T10:00:00+07:00")

    assert shown.status == 200, shown.json
    assert shown.json["time_zone"] == "Asia/Ho_Chi_Minh"
    assert [(one["place"], one["at"]) for one in shown.json["steps"]] == [
        (0, "2026-11-22T04:00:00Z"),
        (2, "2026-11-22T06:00:00Z"),
    ]
    assert await mongo["scripts"].count_documents({}) == 0


async def test_a_preview_waits_for_the_opening_and_knows_the_customers_dates(
    api: Api, mongo: Mongo
) -> None:
    """X.SCR.02: enrolled at 10:00, +15 h, hours of 13-20: sent at 13:00 on the next day."""
    hours = [{"from": "13:00", "to": "20:00"}]
    window = {"weekdays": dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), hours)}
    steps = [
        {"when": {"kind": "delay", "n": 15, "unit": "hour"}, "content": HELLO},
        {
            "when": {
                "kind": "attribute",
                "attribute": "birthday",
                "days": 0,
                "at": "14:00",
                "yearly": True,
            },
            "content": HELLO,
        },
        STEP,
    ]
    script = {"steps": steps, "window": window}
    start = "2026-11-22T10:00:00+07:00"
    nobody = (await preview(api, script, start_at=start)).json["steps"]
    assert nobody == [
        {"place": 0, "at": "2026-11-23T06:00:00Z", "reason": None},
        {"place": 1, "at": None, "reason": "no_date"},
        {"place": 2, "at": None, "reason": None},
    ]
    world = World(mongo)
    lan = await world.customer("Lan", attributes={"birthday": "1990-12-01"})
    assert (await preview(api, script, start_at=start, customer_id=lan)).status == 404
    await world.conversation(lan, bot="bot2")
    assert (await preview(api, script, start_at=start, customer_id=lan)).status == 404
    await world.conversation(lan, bot="bot1")
    hers = (await preview(api, script, start_at=start, customer_id=lan)).json["steps"]
    assert [one["at"] for one in hers[1:]] == ["2026-12-01T07:00:00Z", "2026-12-01T08:00:00Z"]


async def test_a_preview_refuses_what_could_not_be_saved(api: Api) -> None:
    assert wrong(await preview(api, {"steps": [{"when": HOUR}]})) == {
        "steps.0.content": "empty_content"
    }
    for start in ("2026-11-22T10:00:00", "9999-11-22T10:00:00Z"):
        assert wrong(await preview(api, {"steps": [STEP]}, start_at=start)) == {
            "start_at": "no_start"
        }


async def test_the_report_adds_up(api: Api, mongo: Mongo, clock: FixedClock) -> None:
    """X.SCR.18: enrolled is the sum of the states; a step is what became of its messages."""
    script = (await add(api, steps=[STEP, STEP], enabled=True)).json
    first, second = (one["id"] for one in script["steps"])
    at = clock.now()

    def log(*entries: tuple[str, str, str | None]) -> list[dict[str, Any]]:
        return [
            {"step_id": step, "result": result, "at": at}
            | ({} if reason is None else {"reason": reason})
            for step, result, reason in entries
        ]

    id_ = script["id"]
    sent, skipped = (first, "sent", None), (second, "skipped", "window")
    await enrol(mongo, id_, "c1", log=log(sent))
    await enrol(mongo, id_, "c2", status="paused", log=log(sent))
    await enrol(mongo, id_, "c3", status="done", log=log(sent, skipped))
    await enrol(mongo, id_, "c4", status="done", log=log(sent, (second, "failed", "no_account")))
    await enrol(mongo, id_, "c5", status="stopped", reason="customer_replied", log=log(sent))
    await enrol(mongo, id_, "c6", status="stopped", reason="customer_replied")
    await enrol(
        mongo, id_, "c7", status="stopped", reason="opted_out", log=log(("gone", "sent", None))
    )
    await enrol(mongo, "another", "c1", log=log(sent))
    for number, (author, status) in enumerate(
        [(id_, "failed"), (id_, "uncertain"), (id_, "queued"), (id_, "sent"), ("other", "failed")]
    ):
        await mongo["messages"].insert_one(
            {
                "_id": f"m{number}",
                "author": {"kind": "script", "id": author},
                "client_id": f"enrolment{number}:{first}",
                "status": status,
                "internal": False,
            }
        )

    report = (await api.get(f"/bots/bot1/scripts/{id_}/report", "lead")).json

    assert report["stopped"] == {"customer_replied": 2, "opted_out": 1}
    states = [report[name] for name in ("active", "paused", "done")]
    assert states == [1, 1, 2]
    assert report["enrolled"] == sum(states) + sum(report["stopped"].values()) == 7
    assert report["steps"] == [
        {"step_id": first, "removed": False, "sent": 2, "waiting": 1, "uncertain": 1, "failed": 1, "skipped": {}},  # noqa: E501 - a table
        {"step_id": second, "removed": False, "sent": 0, "waiting": 0, "uncertain": 0, "failed": 1, "skipped": {"window": 1}},  # noqa: E501 - a table
        {"step_id": "gone", "removed": True, "sent": 1, "waiting": 0, "uncertain": 0, "failed": 0, "skipped": {}},  # noqa: E501 - a table
    ]  # fmt: skip


async def test_the_counts_come_from_an_index(api: Api, mongo: Mongo) -> None:
    script = (await add(api, enabled=True)).json["id"]
    await enrol(mongo, script, "c1")
    running = await mongo.db.command(
        "explain",
        {
            "aggregate": "enrolments",
            "pipeline": [{"$match": {"script_id": {"$in": [script]}, "open": True}}],
            "cursor": {},
        },
        verbosity="queryPlanner",
    )
    assert "script_id_customer_id" in str(running)


async def test_a_file_that_a_script_sends_outlives_the_customers_who_got_it(
    mongo: Mongo, clock: FixedClock, api: Api, uploads: Uploads
) -> None:
    kept, loose = await a_file(uploads), await a_file(uploads, b"rieng mot nguoi")
    step = {"when": HOUR, "content": {"upload_ids": [kept]}}
    assert (await add(api, steps=[step])).status == 201
    world = World(mongo)
    thread = await world.conversation(await world.customer("Lan"))
    files = [{"kind": "file", "upload_id": id_} for id_ in (kept, loose)]
    message = await world.message(thread, direction="out", attachments=files)

    async def remove(session: Session) -> None:
        await mongo["messages"].delete_one({"_id": message}, session=session)

    await ErasedFiles(mongo, clock.now()).go_with([message], remove)

    assert [one["_id"] async for one in mongo["uploads"].find()] == [kept]
