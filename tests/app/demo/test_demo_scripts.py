"""The demo shop has timed scripts that can be attached, written once."""

from pathlib import Path

from app.demo.scripts import SCRIPTS, write_scripts
from app.demo.setup import DemoAccess
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from inbox.staff.model import Actor
from tests.scheduler.script_world import BOT, script_world


async def test_they_are_written_once_and_stay_deleted(
    mongo: Mongo, clock: FixedClock, tmp_path: Path
) -> None:
    owner = Actor(id="boss", name="Boss", role="owner")
    access = DemoAccess("owner@demo.local", "x", owner, BOT)
    async with script_world(mongo, clock, tmp_path) as world:
        configuring = world.scripts.configuring
        await write_scripts(mongo, configuring, access)
        listed = await world.api.get(f"/bots/{BOT}/scripts", "lead")
        assert {one["name"] for one in listed.json["items"]} == {one["name"] for one in SCRIPTS}
        assert all(one["attachable"] for one in listed.json["items"])

        gone = listed.ids[0]
        assert (await world.api.call("DELETE", f"/bots/{BOT}/scripts/{gone}", "lead")).status == 204
        await write_scripts(mongo, configuring, access)

        assert (await world.api.get(f"/bots/{BOT}/scripts", "lead")).ids == listed.ids[1:]
