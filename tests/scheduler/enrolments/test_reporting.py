"""The report of a script agrees with what became of its enrolments."""

from datetime import timedelta

from inbox.ports import SendRefused
from tests.scheduler.script_world import ScriptWorld, step


async def test_sums_of_the_report_agree_with_the_enrolments(world: ScriptWorld) -> None:
    """X.SCR.18: enrolled = active + paused + done + stopped; per step sent, failed, skipped."""
    people = [await world.writes(f"khách {n}") for n in range(6)]
    script = await world.script(step(1, text="một"), step(25, text="hai"))
    ids = [await world.attached(one, script) for one in people]
    await world.change(people[0], ids[0], "pause")
    await world.detach(people[1], ids[1])
    world.platform.faults.append(SendRefused("no"))
    await world.pass_time(hours=2)
    await world.change(people[2], ids[2], "skip")
    await world.writes("khách 3", "Dạ")
    await world.writes("khách 3", "STOP")
    world.clock.advance(timedelta(hours=1))
    await world.pass_time(hours=40)

    report = (await world.api.get(f"/bots/bot1/scripts/{script}/report", "lead")).json

    assert report["enrolled"] == 6
    assert (
        report["active"] + report["paused"] + report["done"] + sum(report["stopped"].values()) == 6
    )
    assert (report["paused"], report["stopped"]) == (1, {"detached": 1, "opted_out": 1})
    first, second = report["steps"]
    assert (first["sent"], first["failed"], first["skipped"]) == (3, 1, {})
    assert (second["sent"], second["skipped"]) == (0, {"by_hand": 1, "window": 2})
    stored = world.mongo["enrolments"].find({"script_id": script})
    logged = [entry["step_id"] async for one in stored for entry in one["log"]]
    for shown in (first, second):
        counted = shown["sent"] + shown["failed"] + shown["waiting"] + shown["uncertain"]
        assert counted + sum(shown["skipped"].values()) == logged.count(shown["step_id"])
