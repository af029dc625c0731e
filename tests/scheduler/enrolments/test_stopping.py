"""What ends a script for a customer: people, tags, their own word, changes of the script."""

import asyncio
from datetime import timedelta

import pytest

from inbox.conversations.model import Author
from inbox.conversations.replying.model import Writer
from tests.scheduler.script_world import ScriptWorld, step

LAN = Writer(Author("staff", "lan", "Lan"), is_human=True)


async def test_a_detached_script_sends_nothing_more(world: ScriptWorld) -> None:
    """X.SCR.07: pending steps of a detached script never go out."""
    hoa = await world.writes("hoa")
    enrolment = await world.attached(hoa, await world.script(step(1, text="một"), step(1)))
    await world.pass_time(minutes=61)

    assert (await world.detach(hoa, enrolment)).status == 204

    await world.pass_time(hours=5)
    assert world.got() == ["một"]
    one = await world.enrolment(hoa)
    assert (one["status"], one["reason"]["code"]) == ("stopped", "detached")
    assert (await world.detach(hoa, enrolment)).status == 204  # safe to repeat


@pytest.mark.parametrize("turn", range(12))
async def test_detaching_races_with_the_sender(world: ScriptWorld, turn: int) -> None:
    """X.SCR.07: also racing with the sender at most the step already being sent goes out."""
    hoa = await world.writes("hoa")
    script = await world.script(*(step(0, "second", text=f"tin {n}") for n in range(6)))
    enrolment = await world.attached(hoa, script)

    async def send() -> None:
        for _ in range(6):
            await world.scripts.running.step()

    sending = asyncio.create_task(send())
    for _ in range(turn * 8):  # somewhere in the path of sending
        await asyncio.sleep(0)
    assert (await world.detach(hoa, enrolment)).status == 204
    said = len(await world.said_at())
    await sending
    await world.pass_time(hours=1)

    assert len(await world.said_at()) == said, "what was said after detaching had returned"
    stored = await world.store.get(enrolment)
    assert stored is not None
    assert len(stored["log"]) == said


async def test_each_stop_condition_ends_it_with_its_reason(world: ScriptWorld) -> None:
    """X.SCR.08: the customer replies, staff reply, the conversation is closed."""

    async def writes(person: str) -> None:
        await world.writes(person, "Dạ")

    async def answers(person: str) -> None:
        await world.say(threads[person], "Em chào chị")

    async def closes(person: str) -> None:
        path = f"/conversations/{threads[person]}"
        answer = await world.api.call("PATCH", path, "lan", json={"status": "closed"})
        assert answer.status == 200

    cases = {
        "a": ("customer_replies", writes, "customer_replied"),
        "b": ("staff_replies", answers, "staff_replied"),
        "c": ("staff_replies", world.echoes, "staff_replied"),
        "d": ("conversation_closed", closes, "conversation_closed"),
    }
    customers = {person: await world.writes(person) for person in cases}
    threads = {person: await world.thread_of(id_) for person, id_ in customers.items()}
    for person, (on, _, _) in cases.items():
        stops = {"on": [on]}
        await world.attached(customers[person], await world.script(step(2), stops=stops))
    keeps_on = await world.script(step(3, text="không dừng"))
    for person in cases:
        await world.attached(customers[person], keeps_on)

    for person, (_, happens, _) in cases.items():
        await happens(person)
    await world.settle()

    for person, (_, _, reason) in cases.items():
        shown = (await world.enrolments(customers[person]))["items"]
        found = {one["status"]: one["reason"] for one in shown}
        assert found["active"] is None
        assert found["stopped"]["code"] == reason
        assert found["stopped"]["vi"]
    await world.pass_time(hours=6)
    assert set(world.got()) == {"không dừng", "Em chào chị"}


async def test_a_tag_ends_it(world: ScriptWorld) -> None:
    """X.SCR.08: a tag is added or removed."""
    await world.mongo["tags"].insert_many(
        [
            {"_id": id_, "name": id_, "key": id_, "position": n, "colour": "red"}
            | {"created_at": world.clock.now()}
            for n, id_ in enumerate(("vip", "moi"))
        ]
    )
    hoa, mai = await world.writes("hoa"), await world.writes("mai")
    await world.api.call("POST", f"/customers/{mai}/tags", "lan", json={"tag_id": "moi"})
    added = await world.script(step(2), stops={"tags_added": ["vip"]})
    removed = await world.script(step(2), stops={"tags_removed": ["moi"]})
    for customer in (hoa, mai):
        await world.attach(customer, added, removed)
    world.clock.advance(timedelta(seconds=1))

    await world.api.call("POST", f"/customers/{hoa}/tags", "lan", json={"tag_id": "vip"})
    await world.api.call("DELETE", f"/customers/{mai}/tags/moi", "lan")
    await world.settle()

    async def reasons(customer: str) -> dict[str, str | None]:
        items = (await world.enrolments(customer))["items"]
        return {one["script"]["id"]: (one["reason"] or {}).get("code") for one in items}

    assert await reasons(hoa) == {added: "tag_added", removed: None}
    assert await reasons(mai) == {added: None, removed: "tag_removed"}


async def test_the_message_that_came_before_does_not_end_it(world: ScriptWorld) -> None:
    hoa = await world.writes("hoa")
    script = await world.script(step(1), stops={"on": ["customer_replies"]})
    await world.attached(hoa, script)

    await world.writes("hoa", "tin cũ đến muộn", ago=timedelta(minutes=5))
    await world.pass_time(hours=2)

    assert world.got() == ["+1 hour"]


async def test_a_reply_that_is_not_heeded_yet_keeps_the_step_back(world: ScriptWorld) -> None:
    """X.SCR.08: the step that falls due right after the reply does not slip out."""
    hoa = await world.writes("hoa")
    script = await world.script(step(1), stops={"on": ["customer_replies"]})
    await world.attached(hoa, script)
    world.clock.advance(timedelta(hours=1))
    await world.writes("hoa", "Thôi ạ")

    assert await world.scripts.running.step() == 1  # before any worker has heeded it
    assert await world.said_at() == []
    await world.pass_time(hours=1)

    assert world.got() == []
    assert (await world.enrolment(hoa))["reason"]["code"] == "customer_replied"


async def test_nothing_automatic_is_sent_after_stop_until_the_customer_wants_it_again(
    world: ScriptWorld,
) -> None:
    """X.SCR.09: after STOP nothing automatic is sent; a new attach is refused with 422."""
    hoa = await world.writes("hoa")
    script, other = await world.script(step(1)), await world.script(step(1, text="khác"))
    await world.attached(hoa, script)

    await world.writes("hoa", "Dừng nhận tin")
    await world.settle()

    one = await world.enrolment(hoa)
    assert (one["status"], one["reason"]["code"]) == ("stopped", "opted_out")
    answer = await world.attach(hoa, other)
    assert (answer.status, answer.json["code"]) == (422, "opted_out")
    assert (await world.block(hoa))["data"]["opted_out"] is True
    await world.pass_time(hours=5)
    assert world.got() == []

    await world.writes("hoa", "Nhận tin lại")
    assert (await world.attach(hoa, other)).status == 200
    await world.pass_time(hours=2)
    assert world.got() == ["khác"]


async def test_stop_counts_even_before_any_worker_has_heeded_it(world: ScriptWorld) -> None:
    """X.SCR.09: the step that falls due right after STOP does not slip out."""
    hoa = await world.writes("hoa")
    await world.attached(hoa, await world.script(step(1)))
    world.clock.advance(timedelta(hours=1))
    await world.writes("hoa", "STOP")

    await world.scripts.running.step()
    await world.pass_time(hours=1)

    assert await world.said_at() == []


async def test_editing_a_running_script_counts_for_the_steps_to_come(world: ScriptWorld) -> None:
    """X.SCR.15: future steps use the new content, removed steps are skipped."""
    hoa = await world.writes("hoa")
    script = await world.script(
        step(1, text="một"), step(1, text="hai"), step(1, text="ba"), step(1, text="bốn")
    )
    await world.attached(hoa, script)
    await world.pass_time(minutes=61)
    steps = (await world.read_script(script))["steps"]
    kept = [
        steps[0],
        {**steps[2], "content": {**steps[2]["content"], "text": "ba mới"}},
        steps[3],
    ]

    assert (await world.edit(script, steps=kept)).status == 200
    await world.pass_time(hours=5)

    assert world.got() == ["một", "ba mới", "bốn"]
    assert (await world.enrolment(hoa))["status"] == "done"


async def test_new_times_count_for_those_who_are_on_it_already(world: ScriptWorld) -> None:
    """X.SCR.15: a step that is brought forward goes out earlier, one put off later."""
    hoa, mai = await world.writes("hoa"), await world.writes("mai")
    sooner = await world.script(step(20, text="sớm"))
    later = await world.script(step(1, text="muộn"))
    await world.attached(hoa, sooner)
    await world.attached(mai, later)
    started = world.clock.now()
    for script, n in ((sooner, 2), (later, 5)):
        (one,) = (await world.read_script(script))["steps"]
        when = {"kind": "delay", "n": n, "unit": "hour"}
        assert (await world.edit(script, steps=[{**one, "when": when}])).status == 200

    await world.pass_time(hours=10)

    times = {text: at - started for text, at in await world.said_at()}
    assert timedelta(hours=1.9) < times["sớm"] <= timedelta(hours=2)
    assert timedelta(hours=4.9) < times["muộn"] <= timedelta(hours=5)


async def test_deleting_a_script_stops_it_for_everybody(world: ScriptWorld) -> None:
    """X.SCR.15: deleting a script stops its enrolments."""
    people = [await world.writes(f"khách {n}") for n in range(3)]
    script = await world.script(step(1))
    for one in people:
        await world.attached(one, script)

    answer = await world.api.call("DELETE", f"/bots/bot1/scripts/{script}", "lead")
    assert answer.status == 204
    await world.pass_time(hours=3)

    assert world.got() == []
    for one in people:
        shown = await world.enrolment(one)
        assert (shown["status"], shown["reason"]["code"]) == ("stopped", "script_deleted")
        assert shown["script"]["name"]


async def test_a_script_that_is_off_holds_its_customers_and_goes_on_when_it_is_on(
    world: ScriptWorld,
) -> None:
    hoa = await world.writes("hoa")
    script = await world.script(step(1, text="một"), step(1, text="hai"))
    await world.attached(hoa, script)
    assert (await world.edit(script, enabled=False)).status == 200
    await world.pass_time(hours=3)
    assert world.got() == []
    assert (await world.enrolment(hoa))["waiting"]["code"] == "script_off"

    assert (await world.edit(script, enabled=True)).status == 200
    await world.pass_time(hours=3)

    assert world.got() == ["một", "hai"]


async def test_a_customer_who_was_merged_goes_on_in_the_record_that_stays(
    world: ScriptWorld,
) -> None:
    hoa, mai = await world.writes("hoa"), await world.writes("mai")
    both, alone = await world.script(step(1, text="cả hai")), await world.script(step(1))
    await world.attach(hoa, both, alone)
    await world.attached(mai, both)
    # as a merge leaves it: conversations point at the survivor, the other leads to it
    await world.mongo["conversations"].update_many(
        {"customer_id": hoa}, {"$set": {"customer_id": mai}}
    )
    await world.mongo["customers"].delete_one({"_id": hoa})
    await world.mongo["redirects"].insert_one({"_id": hoa, "to": mai})
    await world.mongo["customers"].update_one({"_id": mai}, {"$set": {"merged_from": [hoa]}})

    await world.pass_time(hours=2)

    assert sorted(str(one) for one in world.got()) == ["+1 hour", "cả hai"]
    reasons = [(e["reason"] or {}).get("code") for e in (await world.enrolments(mai))["items"]]
    assert sorted(reasons, key=str) == [None, None, "merged"]


async def test_after_a_merge_was_undone_it_goes_on_with_its_own_customer(
    world: ScriptWorld,
) -> None:
    hoa, mai = await world.writes("hoa"), await world.writes("mai")
    for customer, name in ((hoa, "Hoa"), (mai, "Mai")):
        await world.mongo["customers"].update_one({"_id": customer}, {"$set": {"name": name}})
    await world.attached(hoa, await world.script(step(1, text="Chào {{name}}")))
    # as it is when a step went out between a merge and its undoing
    await world.mongo["enrolments"].update_one({}, {"$set": {"customer_id": mai}})

    await world.pass_time(hours=2)

    assert world.got() == ["Chào Hoa"]
    assert (await world.enrolment(hoa))["status"] == "done"
