"""Steps go out when they are due, once, in order, and in the hours that the script allows."""

from datetime import UTC, datetime, timedelta

from inbox.conversations.model import Author
from inbox.conversations.replying.model import Writer
from inbox.ports import SendRefused
from tests.scheduler.script_world import ScriptWorld, delay, step

LAN = Writer(Author("staff", "lan", "Lan"), is_human=True)
EVERY_DAY = {
    day: [{"from": "13:00", "to": "20:00"}]
    for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
}


async def test_each_step_appears_once_at_its_time_and_in_order(world: ScriptWorld) -> None:
    """S0.20: each step's message appears once, at its due time, in order."""
    hoa = await world.writes("hoa")
    start = world.clock.now()
    script = await world.script(step(10, "second"), step(5, "minute"), step(2, "hour"))
    started = world.clock.now()
    await world.attached(hoa, script)

    await world.pass_time(hours=4)

    due = [timedelta(seconds=10), timedelta(minutes=5, seconds=10)]
    due.append(due[1] + timedelta(hours=2))
    assert await world.said_at() == [
        ("+10 second", started + due[0]),
        ("+5 minute", started + due[1]),
        ("+2 hour", started + due[2]),
    ]
    assert world.got() == ["+10 second", "+5 minute", "+2 hour"]
    assert start < started
    one = await world.enrolment(hoa)
    assert one["status"] == "done"
    assert [entry["result"] for entry in one["log"]] == ["sent"] * 3
    assert one["progress"] == {"done": 3, "total": 3}


async def test_a_disabled_step_is_passed_over_and_delays_count_from_the_one_that_was_sent(
    world: ScriptWorld,
) -> None:
    """X.SCR.01: steps of 1 h (on), 1 h (off), 2 h (on) go out at +1 h and +3 h."""
    hoa = await world.writes("hoa")
    script = await world.script(
        step(1, text="một"), step(1, text="hai", enabled=False), step(2, text="ba")
    )
    started = world.clock.now()
    await world.attached(hoa, script)

    await world.pass_time(hours=5)

    hour = timedelta(hours=1)
    assert await world.said_at() == [("một", started + hour), ("ba", started + 3 * hour)]


async def test_a_step_outside_the_send_window_waits_for_the_next_opening(
    world: ScriptWorld,
) -> None:
    """X.SCR.02: enrolled at 10:00, +15 h, window 13-20: sent at 13:00 the next day."""
    hoa = await world.writes("hoa", channel="zalo")  # seven days to answer in
    script = await world.script(step(15), window={"weekdays": EVERY_DAY})
    await world.attached(hoa, script)

    await world.pass_time(hours=40)

    ((_, at),) = await world.said_at()
    assert at == datetime(2026, 11, 23, 6, 0, tzinfo=UTC)  # 13:00 in Vietnam


async def test_of_two_steps_at_the_same_moment_that_of_the_older_script_goes_first(
    world: ScriptWorld,
) -> None:
    """X.SCR.05: due at the same moment, steps go in order of script creation."""
    hoa = await world.writes("hoa")
    older = await world.script(step(1, text="cũ"), step(1, text="cũ 2"))
    newer = await world.script(step(1, text="mới"), step(1, text="mới 2"))
    await world.attach(hoa, newer, older)

    await world.pass_time(hours=3)

    assert world.got() == ["cũ", "mới", "cũ 2", "mới 2"]


async def test_overdue_steps_after_an_outage_go_out_once_in_order_and_in_the_window(
    world: ScriptWorld,
) -> None:
    """X.SCR.13: steps overdue after an outage go out once, in order, respecting windows."""
    hoa = await world.writes("hoa", channel="zalo")
    early = await world.script(
        step(1, text="một"), step(30, "minute", text="hai"), window={"weekdays": EVERY_DAY}
    )
    late = await world.script(step(2, text="ba"))
    await world.attach(hoa, late, early)

    world.clock.advance(timedelta(hours=12))  # nobody runs; it is 22:00, the window is closed
    first, second = world.another_process(), world.another_process()
    await world.settle(first, second)
    assert world.got() == ["ba"]
    await world.pass_time(hours=24)

    assert world.got() == ["ba", "một", "hai"]
    times = dict(await world.said_at())
    assert times["một"] == datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
    assert times["hai"] == times["một"] + timedelta(minutes=30)


async def test_a_step_during_the_pause_after_an_answer_goes_out_after_it(
    world: ScriptWorld,
) -> None:
    """X.SCR.10: a due step waits for 30 min after the last answer of a person."""
    hoa = await world.writes("hoa")
    script = await world.script(step(40, "minute"))
    await world.attached(hoa, script)
    thread = await world.thread_of(hoa)
    await world.pass_time(minutes=30)
    await world.say(thread, "Dạ em chào chị")
    await world.pass_time(minutes=20)
    await world.say(thread, "Chị cần gì ạ?")
    answered = world.clock.now()

    await world.pass_time(hours=2)

    ((_, at),) = await world.said_at()
    assert at >= answered + timedelta(minutes=30)
    assert at <= answered + timedelta(minutes=30, seconds=1)


async def test_an_answer_in_the_tool_of_the_platform_pauses_too(world: ScriptWorld) -> None:
    """X.SCR.10: so does an answer that was written elsewhere."""
    hoa = await world.writes("hoa")
    await world.attached(hoa, await world.script(step(5, "minute")))
    await world.echoes("hoa")
    answered = world.clock.now()

    await world.pass_time(hours=2)

    ((_, at),) = await world.said_at()
    assert answered + timedelta(minutes=30) <= at <= answered + timedelta(minutes=31)


async def test_giving_the_conversation_back_ends_the_pause_early(world: ScriptWorld) -> None:
    """X.SCR.10: a step that waits for the end of the pause goes out as soon as it is over."""
    hoa = await world.writes("hoa")
    await world.attached(hoa, await world.script(step(5, "minute")))
    thread = await world.thread_of(hoa)
    await world.say(thread, "Em đây ạ")
    await world.pass_time(minutes=10)
    assert await world.said_at() == []

    path = f"/conversations/{thread}/automation"
    answer = await world.api.call("PUT", path, "lan", json={"state": "active"})
    assert answer.status == 200, answer.json
    await world.pass_time(seconds=1)

    assert [text for text, _ in await world.said_at()] == ["+5 minute"]


async def test_silence_without_an_end_holds_the_step_until_it_is_ended(world: ScriptWorld) -> None:
    hoa = await world.writes("hoa")
    await world.attached(hoa, await world.script(step(5, "minute")))
    path = f"/conversations/{await world.thread_of(hoa)}/automation"
    assert (await world.api.call("PUT", path, "lan", json={"state": "human"})).status == 200

    await world.pass_time(hours=5)
    assert await world.said_at() == []
    assert (await world.enrolment(hoa))["waiting"]["code"] == "human"
    assert (await world.api.call("PUT", path, "lan", json={"state": "active"})).status == 200
    await world.pass_time(seconds=1)

    assert [text for text, _ in await world.said_at()] == ["+5 minute"]


async def test_outside_the_channel_window_a_step_is_skipped_with_its_reason(
    world: ScriptWorld,
) -> None:
    """X.SCR.11: due outside, no call to the channel, "skipped: window", visible in the sidebar."""
    hoa = await world.writes("hoa")
    script = await world.script(step(23, text="trong hạn"), step(2, text="quá hạn"))
    await world.attached(hoa, script)

    await world.pass_time(hours=30)

    assert world.got() == ["trong hạn"]
    assert world.platform.calls == 1
    (one,) = (await world.block(hoa))["data"]["enrolments"]
    assert one["status"] == "done"
    assert [(e["result"], (e["reason"] or {}).get("code")) for e in one["log"]] == [
        ("sent", None),
        ("skipped", "window"),
    ]
    assert one["log"][1]["reason"]["vi"]


async def test_the_human_agent_extension_is_never_used_by_scripts(world: ScriptWorld) -> None:
    """X.SCR.11: within Meta's seven days for people, a script still may not write."""
    hoa = await world.writes("hoa")
    await world.attached(hoa, await world.script(step(3, "day")))

    await world.pass_time(days=4)

    assert world.platform.calls == 0
    assert (await world.enrolment(hoa))["last"]["reason"]["code"] == "window"


async def test_zalo_lets_scripts_write_for_seven_days(world: ScriptWorld) -> None:
    """X.SCR.11: on Zalo within 7 days (billed after 48 h), outside it is skipped."""
    hoa = await world.writes("hoa", channel="zalo")
    script = await world.script(step(6, "day", text="kịp"), step(2, "day", text="muộn"))
    await world.attached(hoa, script)

    await world.pass_time(days=9)

    assert world.got() == ["kịp"]


async def test_a_script_may_hold_its_step_until_the_customer_writes(world: ScriptWorld) -> None:
    hoa = await world.writes("hoa")
    await world.attached(hoa, await world.script(step(2, "day"), outside="hold"))
    await world.pass_time(days=3)
    held = await world.enrolment(hoa)
    assert (held["status"], held["waiting"]["code"]) == ("active", "window")
    assert held["next"]["at"] is None

    await world.writes("hoa", "Còn hàng không?")
    await world.pass_time(minutes=1)

    assert world.got() == ["+2 day"]
    assert (await world.enrolment(hoa))["waiting"] is None


async def test_a_script_may_leave_its_step_to_people(world: ScriptWorld) -> None:
    hoa = await world.writes("hoa")
    script = await world.script(
        step(2, "day", text="Mời {{name, bạn}} quay lại"), outside="hand_over"
    )
    await world.attached(hoa, script)
    await world.mongo["conversations"].update_one(
        {"customer_id": hoa}, {"$set": {"assignee_id": "lan"}}
    )

    await world.pass_time(days=3)

    assert world.platform.calls == 0
    note = await world.mongo["messages"].find_one({"internal": True})
    assert note is not None
    assert "Mời bạn quay lại" in note["text"]
    assert await world.mongo["messages"].count_documents({"internal": True}) == 1
    assert (await world.enrolment(hoa))["last"]["reason"]["code"] == "handed_over"
    told = await world.mongo["notices"].find().to_list()
    assert [(one["staff_id"], one["kind"]) for one in told] == [("lan", "script_step")]


async def test_placeholders_are_filled_in_with_the_customer_or_the_default(
    world: ScriptWorld,
) -> None:
    """X.SCR.12: a missing value becomes the default; an unknown placeholder refuses to save."""
    hoa = await world.writes("hoa")
    text = "Chào {{name, bạn}}, {{phone, chưa có số}}"
    script = await world.script(step(1, text=text), step(1, text=text))
    await world.attached(hoa, script)
    await world.pass_time(hours=1)
    await world.mongo["customers"].update_one(
        {"_id": hoa}, {"$set": {"name": "Ánh", "phones": ["+84912345678"]}}
    )

    await world.pass_time(hours=1)

    assert world.got() == ["Chào bạn, chưa có số", "Chào Ánh, +84912345678"]
    body = {"name": "Sai", "steps": [step(1, text="{{ten}}")]}
    answer = await world.api.call("POST", "/bots/bot1/scripts", "lead", json=body)
    assert answer.status == 422
    assert answer.json["errors"][0]["field"] == "steps.0.content.text"


async def test_what_the_channel_refuses_is_told_and_the_next_step_goes_out(
    world: ScriptWorld,
) -> None:
    hoa = await world.writes("hoa")
    script = await world.script(step(1, text="{{phone}}"), step(1, text="hai"))
    await world.attached(hoa, script)

    await world.pass_time(hours=3)

    one = await world.enrolment(hoa)
    assert [(e["result"], (e["reason"] or {}).get("code")) for e in one["log"]] == [
        ("failed", "empty_message"),
        ("sent", None),
    ]
    assert world.got() == ["hai"]


async def test_a_date_of_the_customer_counts_at_the_time_of_the_bot(world: ScriptWorld) -> None:
    """X.SCR.03: relative to a date attribute of the customer."""
    hoa = await world.writes("hoa", channel="zalo")
    await world.mongo["customers"].update_one(
        {"_id": hoa}, {"$set": {"attributes.birthday": "1990-11-24"}}
    )
    when = {"kind": "attribute", "attribute": "birthday", "days": 0, "at": "09:00", "yearly": True}
    script = await world.script({"when": when, "content": {"text": "Chúc mừng sinh nhật!"}})
    await world.attached(hoa, script)

    await world.pass_time(days=3)

    assert await world.said_at() == [
        ("Chúc mừng sinh nhật!", datetime(2026, 11, 24, 2, 0, tzinfo=UTC))
    ]


async def test_a_moment_that_is_over_stops_or_goes_on_at_once(world: ScriptWorld) -> None:
    """X.SCR.03: with the flag off it stops, with the flag on it continues at once."""
    hoa, mai = await world.writes("hoa"), await world.writes("mai")
    over = {"kind": "fixed", "at": "2026-11-20T09:00"}
    stops = await world.script(
        step(1, "minute", text="a"), {"when": {**over, "past": "stop"}, "content": {"text": "b"}}
    )
    goes = await world.script(
        step(1, "minute", text="c"), {"when": {**over, "past": "go_on"}, "content": {"text": "d"}}
    )
    await world.attached(hoa, stops)
    await world.attached(mai, goes)

    await world.pass_time(hours=1)

    assert sorted(str(one) for one in world.got()) == ["a", "c", "d"]
    ended = await world.enrolment(hoa)
    assert (ended["status"], ended["reason"]["code"]) == ("stopped", "past")
    assert (await world.enrolment(mai))["status"] == "done"


async def test_the_sidebar_tells_what_the_store_has(world: ScriptWorld) -> None:
    """X.SCR.14: next step, next time and last result match the store; pause and resume."""
    hoa = await world.writes("hoa")
    script = await world.script(step(1, text="một"), step(1, text="hai"), step(1, text="ba"))
    enrolment = await world.attached(hoa, script)
    await world.pass_time(minutes=61)

    (shown,) = (await world.block(hoa))["data"]["enrolments"]
    stored = await world.store.get(enrolment)
    assert stored is not None
    assert shown["next"]["step_id"] == stored["next_step_id"]
    assert datetime.fromisoformat(shown["next"]["at"]) == stored["next_at"]
    assert shown["next"]["text"] == "hai"
    assert (shown["last"]["result"], shown["last"]["place"]) == ("sent", 0)
    assert shown["last"]["message_id"] == stored["log"][0]["message_id"]
    assert shown["progress"] == {"done": 1, "total": 3}
    upcoming = (await world.block(hoa))["data"]["upcoming"]
    assert [one["text"] for one in upcoming] == ["hai", "ba"]

    paused = await world.change(hoa, enrolment, "pause")
    assert (paused.status, paused.json["status"]) == (200, "paused")
    assert (await world.change(hoa, enrolment, "pause")).status == 409
    await world.pass_time(hours=5)
    assert world.got() == ["một"]
    assert (await world.block(hoa))["data"]["upcoming"] == []
    resumed = await world.change(hoa, enrolment, "resume")
    assert resumed.json["status"] == "active"
    await world.pass_time(hours=2)
    assert world.got() == ["một", "hai", "ba"]


async def test_skipping_passes_over_the_next_step_alone(world: ScriptWorld) -> None:
    hoa = await world.writes("hoa")
    script = await world.script(step(1, text="một"), step(1, text="hai"))
    enrolment = await world.attached(hoa, script)

    skipped = await world.change(hoa, enrolment, "skip")

    assert skipped.json["last"]["reason"]["code"] == "by_hand"
    assert skipped.json["next"]["place"] == 1
    await world.pass_time(hours=3)
    assert world.got() == ["hai"]
    assert (await world.change(hoa, enrolment, "skip")).status == 409


async def test_a_failed_send_is_the_result_of_its_step(world: ScriptWorld) -> None:
    hoa = await world.writes("hoa")
    await world.attached(hoa, await world.script(step(1), step(1, text="hai")))
    world.platform.faults.append(SendRefused("no"))

    await world.pass_time(hours=3)

    one = await world.enrolment(hoa)
    assert [entry["result"] for entry in one["log"]] == ["failed", "sent"]
    assert one["log"][0]["reason"]["code"] == "send_refused"


async def test_buttons_and_files_go_out_with_their_step(world: ScriptWorld) -> None:
    hoa = await world.writes("hoa")
    upload = await world.upload(b"gia", "gia.txt")
    content = {
        "text": "Bảng giá",
        "upload_ids": [upload.id],
        "buttons": [{"title": "Đặt hàng", "payload": "ORDER"}],
    }
    await world.attached(hoa, await world.script({"when": delay(1), "content": content}))

    await world.pass_time(hours=2)

    assert [one.file for one in world.platform.taken if one.file] == ["gia.txt"]
    message = await world.mongo["messages"].find_one({"author.kind": "script"})
    assert message is not None
    assert message["content"]["buttons"] == [{"title": "Đặt hàng", "payload": "ORDER"}]
