"""Attaching scripts in the sidebar: which, how many, to whom, and what is answered."""

import asyncio
from datetime import timedelta

from tests.scheduler.script_world import OTHER_BOT, OTHER_PAGE, ScriptWorld, step


async def test_a_script_is_attached_to_one_customer_alone(world: ScriptWorld) -> None:
    """S0.16: one enrolment for that customer; others are unaffected; its first time is shown."""
    hoa, mai = await world.writes("hoa"), await world.writes("mai")
    script = await world.script(step(2))

    answer = await world.attach(hoa, script)

    assert answer.status == 200
    (one,) = answer.json["items"]
    assert one["outcome"] == "created"
    due = (world.clock.now() + timedelta(hours=2)).isoformat()
    assert one["enrolment"]["next"]["at"][:19] == due[:19]
    assert one["enrolment"]["by"] == {"id": "lan", "name": "Lan"}
    assert [e["script"]["id"] for e in (await world.enrolments(hoa))["items"]] == [script]
    assert (await world.enrolments(mai))["items"] == []
    await world.pass_time(hours=3)
    assert world.got() == ["+2 hour"]


async def test_sidebar_offers_the_scripts_of_the_bot_alone(world: ScriptWorld) -> None:
    """S0.17: the picker has the enabled scripts of this bot; another bot's script is not found."""
    hoa = await world.writes("hoa")
    mine = await world.script(step(1))
    await world.script(step(1), enabled=False)
    theirs = await world.script(step(1), bot=OTHER_BOT)

    block = await world.block(hoa)

    assert block["state"] == "ok"
    assert [one["id"] for one in block["data"]["offered"]] == [mine]
    assert (await world.attach(hoa, theirs)).status == 404
    assert (await world.attach(hoa, mine, theirs)).status == 404
    assert (await world.enrolments(hoa))["items"] == []


async def test_fifty_scripts_run_for_one_customer(world: ScriptWorld) -> None:
    """S0.18: 50 different scripts attach to one customer and all stay active."""
    hoa = await world.writes("hoa")
    scripts = [await world.script(step(1, text=f"tin {n}")) for n in range(50)]

    answer = await world.attach(hoa, *scripts)

    assert [one["outcome"] for one in answer.json["items"]] == ["created"] * 50
    shown = await world.enrolments(hoa)
    assert {one["status"] for one in shown["items"]} == {"active"}
    assert len(shown["items"]) == 50
    assert len(shown["upcoming"]) == 50
    await world.pass_time(hours=2)
    assert world.got() == [f"tin {n}" for n in range(50)]


async def test_several_scripts_are_attached_at_once_each_with_its_answer(
    world: ScriptWorld,
) -> None:
    """S0.19: N script ids make N enrolments, answered per id."""
    hoa = await world.writes("hoa")
    first, second, third = [await world.script(step(n)) for n in (1, 2, 3)]
    await world.attached(hoa, second)

    answer = await world.attach(hoa, first, second, third)

    outcomes = [(one["script_id"], one["outcome"]) for one in answer.json["items"]]
    assert outcomes == [(first, "created"), (second, "already_active"), (third, "created")]
    assert len((await world.enrolments(hoa))["items"]) == 3


async def test_a_customer_runs_a_script_once_at_a_time(world: ScriptWorld) -> None:
    """X.SCR.04: a second attach while active is answered so, and nothing goes out twice."""
    hoa = await world.writes("hoa")
    script = await world.script(step(1))

    answers = await asyncio.gather(*(world.attach(hoa, script) for _ in range(20)))

    outcomes = sorted(one.json["items"][0]["outcome"] for one in answers)
    assert outcomes == ["already_active"] * 19 + ["created"]
    await world.pass_time(hours=2)
    assert world.got() == ["+1 hour"]


async def test_it_runs_again_only_if_the_script_allows_or_it_was_detached(
    world: ScriptWorld,
) -> None:
    """X.SCR.04: repeat only if the script allows or after detaching."""
    hoa = await world.writes("hoa")
    once = await world.script(step(1, text="một lần"))
    often = await world.script(step(1, text="nhiều lần"), repeat=True)
    await world.attach(hoa, once, often)
    await world.pass_time(hours=2)

    answer = await world.attach(hoa, once, often)

    assert [one["outcome"] for one in answer.json["items"]] == ["ran_already", "created"]
    other = await world.script(step(5))
    enrolment = await world.attached(hoa, other)
    assert (await world.detach(hoa, enrolment)).status == 204
    assert (await world.attach(hoa, other)).json["items"][0]["outcome"] == "created"


async def test_a_script_with_nothing_to_send_is_neither_offered_nor_attached(
    world: ScriptWorld,
) -> None:
    """X.SCR.06: an empty script is refused with 422 and not offered."""
    hoa = await world.writes("hoa")
    off = await world.script(step(1), enabled=False)
    good = await world.script(step(1))
    empty = await world.script(step(1, enabled=False), enabled=False)
    # however it came to be: no step of it is sent
    await world.mongo["scripts"].update_one({"_id": empty}, {"$set": {"enabled": True}})

    for script in (off, empty):
        answer = await world.attach(hoa, good, script)
        assert answer.status == 422
        assert answer.json["errors"][0]["field"] == "script_ids.1"
        assert answer.json["errors"][0]["code"] == "not_attachable"
    block = await world.block(hoa)
    assert [one["id"] for one in block["data"]["offered"]] == [good]
    assert (await world.enrolments(hoa))["items"] == []


async def test_a_selection_of_customers_gets_an_answer_each(world: ScriptWorld) -> None:
    """X.SCR.17: a selection of n customers has n results."""
    people = [await world.writes(f"khách {n}") for n in range(5)]
    stranger = await world.writes("xa", page=OTHER_PAGE)
    script = await world.script(step(1))
    await world.attached(people[0], script)

    answer = await world.api.call(
        "POST",
        f"/bots/bot1/scripts/{script}/enrolments",
        "lan",
        json={"customer_ids": [*people, stranger, "nobody"]},
    )

    assert answer.status == 200
    found = {one["customer_id"]: one["outcome"] for one in answer.json["items"]}
    assert found == {
        people[0]: "already_active",
        **dict.fromkeys(people[1:], "created"),
        stranger: "not_allowed",
        "nobody": "not_found",
    }


async def test_it_goes_out_where_the_customer_wrote_last(world: ScriptWorld) -> None:
    hoa = await world.writes("hoa")
    thread = await world.thread_of(hoa)
    oa = await world.writes("hoa", channel="zalo")
    await world.mongo["conversations"].update_one(
        {"customer_id": oa}, {"$set": {"customer_id": hoa}}
    )
    script, other = await world.script(step(1)), await world.script(step(1))

    newest = await world.attach(hoa, script)
    path = f"/customers/{hoa}/enrolments"
    body = {"script_ids": [other], "conversation_id": thread}
    chosen = await world.api.call("POST", path, "lan", json=body)

    assert newest.json["items"][0]["enrolment"]["conversation_id"] != thread
    assert chosen.json["items"][0]["enrolment"]["conversation_id"] == thread


async def test_guests_of_another_bot_see_and_touch_nothing(world: ScriptWorld) -> None:
    hoa = await world.writes("hoa")
    script = await world.script(step(1))
    enrolment = await world.attached(hoa, script)
    path = f"/customers/{hoa}/enrolments"

    assert (await world.api.get(path, "guest")).status == 403
    assert (await world.attach(hoa, script, by="guest")).status == 403
    assert (await world.api.call("DELETE", f"{path}/{enrolment}", "guest")).status == 403
    assert (
        await world.api.call(
            "POST", f"/bots/bot1/scripts/{script}/enrolments", "guest", json={"customer_ids": [hoa]}
        )
    ).status == 403


async def test_what_is_to_come_is_shown_as_it_will_be_said(world: ScriptWorld) -> None:
    hoa = await world.writes("hoa")
    await world.mongo["customers"].update_one(
        {"_id": hoa}, {"$set": {"name": "Nguyễn Thị Ánh", "phones": ["+84912345678"]}}
    )
    text = "Chào {{given_name, bạn}}, số {{phone}}, từ {{shop}}"
    await world.attached(hoa, await world.script(step(1, text=text)))

    shown = await world.enrolments(hoa)

    said = "Chào Ánh, số {{phone}}, từ Shop Hoa"
    assert shown["items"][0]["next"]["text"] == said
    assert shown["upcoming"][0]["text"] == said
