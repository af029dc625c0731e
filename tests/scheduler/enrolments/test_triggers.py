"""Scripts that attach themselves: by a tag, the first message, a keyword, a calendar."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.scheduler.script_world import ScriptWorld, step


async def _tags(world: ScriptWorld, *ids: str) -> None:
    await world.mongo["tags"].insert_many(
        [
            {"_id": id_, "name": id_, "key": id_, "position": n, "colour": "red"}
            | {"created_at": world.clock.now()}
            for n, id_ in enumerate(ids)
        ]
    )


async def _triggered(world: ScriptWorld, *triggers: dict[str, Any], **fields: Any) -> str:
    """A script with triggers; the applier has taken note of it, as it does every two seconds."""
    script = await world.script(step(1, "minute", text="tự động"), triggers=triggers, **fields)
    found = world.mongo["bots"].find({"script_triggers": True}, {"_id": 1})
    world.triggering.update([one["_id"] async for one in found])
    return script


async def test_a_tag_attaches_a_script(world: ScriptWorld) -> None:
    """X.SCR.17: attached by trigger (tag added), once per customer while it runs."""
    await _tags(world, "vip", "khac")
    hoa = await world.writes("hoa")
    await _triggered(world, {"kind": "tag_added", "tag_ids": ["vip"]})

    await world.api.call("POST", f"/customers/{hoa}/tags", "lan", json={"tag_id": "khac"})
    await world.settle()
    assert (await world.enrolments(hoa))["items"] == []
    await world.api.call("POST", f"/customers/{hoa}/tags", "lan", json={"tag_id": "vip"})
    await world.settle()

    one = await world.enrolment(hoa)
    assert (one["via"], one["by"], one["status"]) == ("tag_added", None, "active")
    await world.pass_time(minutes=2)
    assert world.got() == ["tự động"]


async def test_the_first_message_attaches_a_script(world: ScriptWorld) -> None:
    """X.SCR.17: attached by trigger (first message), and by that alone."""
    old = await world.writes("cũ")
    await _triggered(world, {"kind": "first_message"}, stops={"on": ["customer_replies"]})

    new = await world.writes("mới")
    await world.writes("cũ", "Lại là em")
    await world.settle()

    assert [e["via"] for e in (await world.enrolments(new))["items"]] == ["first_message"]
    assert (await world.enrolments(old))["items"] == []
    await world.pass_time(minutes=2)
    assert world.got() == ["tự động"]


async def test_a_keyword_attaches_a_script_without_accents_too(world: ScriptWorld) -> None:
    hoa, mai = await world.writes("hoa"), await world.writes("mai")
    await _triggered(world, {"kind": "keyword", "words": ["bảng giá"]})

    await world.writes("hoa", "cho xin BANG GIA với ạ")
    await world.writes("mai", "giá bảng nào?")
    await world.settle()

    assert (await world.enrolment(hoa))["via"] == "keyword"
    assert (await world.enrolments(mai))["items"] == []


async def test_what_the_customer_has_ended_is_not_begun_anew_by_a_trigger(
    world: ScriptWorld,
) -> None:
    hoa = await world.writes("hoa")
    await _triggered(
        world, {"kind": "keyword", "words": ["giá"]}, stops={"on": ["customer_replies"]}
    )
    await world.writes("hoa", "giá?")
    await world.settle()
    world.clock.advance(timedelta(seconds=5))
    await world.writes("hoa", "giá bao nhiêu?")
    await world.settle()

    (one,) = (await world.enrolments(hoa))["items"]
    assert one["reason"]["code"] == "customer_replied"


async def test_messages_of_long_ago_attach_nothing(world: ScriptWorld) -> None:
    await _triggered(world, {"kind": "first_message"})

    late = await world.writes("hoa", ago=timedelta(hours=3))
    await world.settle()

    assert (await world.enrolments(late))["items"] == []


async def test_a_calendar_attaches_those_with_its_tag(world: ScriptWorld) -> None:
    await _tags(world, "vip")
    people = [await world.writes(f"khách {n}", channel="zalo") for n in range(3)]
    for one in people[:2]:
        await world.api.call("POST", f"/customers/{one}/tags", "lan", json={"tag_id": "vip"})
    trigger = {"kind": "cron", "crontab": "0 9 * * mon", "tag_ids": ["vip"]}
    await _triggered(world, trigger, repeat=True)

    await world.pass_time(days=2)  # from Sunday, 10:00, to Tuesday

    at = datetime(2026, 11, 23, 2, 1, tzinfo=UTC)  # Monday, 9:01 in Vietnam
    assert await world.said_at() == [("tự động", at)] * 2
    assert (await world.enrolments(people[2]))["items"] == []
    await world.pass_time(days=5)
    assert len(world.got()) == 2  # and again, but outside of seven days it is skipped


async def test_a_calendar_run_that_was_missed_is_made_up_for_once(world: ScriptWorld) -> None:
    await _tags(world, "vip")
    hoa = await world.writes("hoa", channel="zalo")
    await world.api.call("POST", f"/customers/{hoa}/tags", "lan", json={"tag_id": "vip"})
    trigger = {"kind": "cron", "crontab": "0 9 * * *", "tag_ids": ["vip"]}
    await _triggered(world, trigger, repeat=True)

    world.clock.advance(timedelta(days=3))
    await world.pass_time(minutes=5)

    assert len(world.got()) == 1


async def test_a_calendar_run_that_dies_goes_on_and_attaches_nobody_twice(
    world: ScriptWorld,
) -> None:
    await _tags(world, "vip")
    people = [await world.writes(f"khách {n}", channel="zalo") for n in range(5)]
    for one in people:
        await world.api.call("POST", f"/customers/{one}/tags", "lan", json={"tag_id": "vip"})
    trigger = {"kind": "cron", "crontab": "0 9 * * *", "tag_ids": ["vip"]}
    script = await _triggered(world, trigger, repeat=True)
    await world.pass_time(until=datetime(2026, 11, 23, 2, 2, tzinfo=UTC))
    assert len(world.got()) == 5
    # as if the run had died after its customers were attached and before it was marked as made
    ran_at = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    work = {"due_at": ran_at, "run_at": ran_at, "fence": 0, "attempts": 0}
    await world.mongo["scripts"].update_one({"_id": script}, {"$set": {"calendar": work}})

    await world.pass_time(hours=2)

    assert len(world.got()) == 5


async def test_a_trigger_needs_a_script_that_is_on(world: ScriptWorld) -> None:
    script = await _triggered(world, {"kind": "keyword", "words": ["giá"]})
    hoa = await world.writes("hoa")
    assert (await world.edit(script, enabled=False)).status == 200

    await world.writes("hoa", "giá?")
    await world.settle()

    assert (await world.enrolments(hoa))["items"] == []
