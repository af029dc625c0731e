"""What customers received, and what the inbox is told of it: echoes, receipts, answers."""

import asyncio
import json
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession

from app.demo.accounts import ZALO_OA
from app.demo.answering import SILENT, Habits
from app.demo.cast import Cast
from app.demo.conversations.story import Writes
from app.demo.faults import Fault, FaultPlan
from app.demo.people import PEOPLE
from app.demo.servers import Setting, SimulatedPlatforms
from app.demo.words import answer_to
from inbox.clock import FixedClock
from tests.demo_bodies import actor_of, media_url
from tests.simulated import (
    APPS,
    INSTAGRAM,
    OA,
    OTHER_PSID,
    PAGE,
    PSID,
    ZALO_USER,
    no_wait,
    simulated,
)

EVERYTHING = Habits(receive=1, see=1, answer=1)


@pytest.mark.parametrize(
    ("echoes", "order"), [("before", ["echo", "answer"]), ("after", ["answer", "echo"])]
)
async def test_the_echo_comes_before_or_after_the_answer(
    clock: FixedClock, echoes: Any, order: list[str]
) -> None:
    async with simulated(clock) as both:
        both.platforms.webhooks.echoes = echoes
        for send in (both.send, both.zalo_send):
            await send("Dạ")
            await both.platforms.settle()
        assert both.inbox.log == order * 2


async def test_echoes_by_chance_come_both_ways_and_lost_ones_never(clock: FixedClock) -> None:
    async with simulated(clock) as both:
        both.platforms.webhooks.echoes = "random"
        for number in range(30):
            await both.send(f"tin {number}")
            await both.platforms.settle()
        pairs = Counter(zip(both.inbox.log[::2], both.inbox.log[1::2], strict=True))
        assert pairs.keys() == {("echo", "answer"), ("answer", "echo")}
        both.platforms.webhooks.echoes = "never"
        await both.send("không ai nghe")
        await both.platforms.settle()
        assert len(both.inbox.of("echo")) == 30
        assert len(both.platforms.ledger.received) == 31


async def test_the_ledger_tells_a_blind_repeat_from_a_careful_one(clock: FixedClock) -> None:
    async with simulated(clock) as both:
        rates = {Fault.RATE_LIMITED: 0.2, Fault.RESET_BEFORE: 0.2, Fault.RESET_AFTER: 0.2}
        both.platforms.faults.follow(FaultPlan(seed=2, rates=rates))

        async def deliver(text: str, to: str, *, blind: bool) -> None:
            for _ in range(20):
                try:
                    status, _ = await both.send(text, to)
                except ClientError:
                    if not blind:
                        return
                    continue
                if status == 200:
                    return

        texts = [f"tin {number}" for number in range(40)]
        for text in texts:
            await deliver(text, PSID, blind=True)
            await deliver(text, OTHER_PSID, blind=False)
        counts = both.platforms.ledger.counts()
        blind = [counts[PAGE, PSID, text] for text in texts]
        careful = [counts[PAGE, OTHER_PSID, text] for text in texts]
        assert min(blind) == 1
        assert max(blind) > 1
        assert set(careful) == {0, 1}
        happened = both.platforms.faults.happened
        assert happened.keys() == {"rate_limited", "reset_before", "reset_after"}
        await both.platforms.settle()
        echoes = Counter(event.message_id for event in both.inbox.of("echo"))
        assert echoes.keys() == {one.platform_id for one in both.platforms.ledger.received}


async def test_messages_arrive_are_read_and_answered_on_every_channel(
    clock: FixedClock,
) -> None:
    async with simulated(clock, habits=EVERYTHING) as both:
        both.platforms.meet(INSTAGRAM, "991")
        both.platforms.customer_writes(INSTAGRAM, "991")
        for to in (PSID, "991"):
            await both.send("Mình cao nặng bao nhiêu để em tư vấn size ạ?", to=to)
        await both.zalo_send("Mình cao nặng bao nhiêu để em tư vấn size ạ?")
        await both.platforms.settle()
        accounts = {PAGE, INSTAGRAM, OA}
        assert {one.account_id for one in both.inbox.of("delivery")} == accounts - {INSTAGRAM}
        assert {one.account_id for one in both.inbox.of("seen")} == accounts
        answers = both.inbox.of("message")
        assert {one.account_id for one in answers} == accounts
        assert all(one.text for one in answers)
        thread = both.platforms.world.thread(PAGE, PSID)
        assert [said.by_account for said in thread.said] == [True, False]


async def test_who_does_not_read_does_not_answer(clock: FixedClock) -> None:
    async with simulated(clock, habits=Habits(receive=1, see=0, answer=1)) as both:
        await both.send("Dạ")
        await both.platforms.settle()
        assert [event.type for event in both.inbox.events] == ["echo", "delivery"]
        both.platforms.answering.habits = SILENT
        await both.send("Dạ")
        await both.platforms.settle()
        assert len(both.inbox.events) == 3


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("Cho em xin địa chỉ với số điện thoại ạ", "nha"),
        ("Mình mặc size gì ạ", "size"),
        (None, "shop"),
        ("Dạ", ""),
    ],
)
def test_customers_answer_naturally_and_never_the_same_twice(text: str | None, about: str) -> None:
    random = Random(1)
    said: list[str | None] = []
    while (answer := answer_to(text, said, random)) is not None:
        said.append(answer)
    assert len(said) == len(set(said)) > 5
    assert any(about in one for one in said if one is not None)
    assert answer_to(text, [], Random(3)) == answer_to(text, [], Random(3))


async def test_whoever_wrote_by_webhook_can_be_answered_and_read_back(clock: FixedClock) -> None:
    cast = Cast("ledger", Random(4), media_url)
    acts = cast.history(clock.now(), 26)
    async with simulated(clock) as both:
        for act in acts:
            deliveries = actor_of(act.scene.person.channel).act(act.move, act.scene, act.at)
            for delivery in deliveries:  # signed for others: only remembered here
                both.platforms.remember(delivery)
        wrote = {
            act.scene.person: act.at
            for act in acts
            if isinstance(act.move, Writes) and clock.now() - act.at < timedelta(hours=23)
        }
        assert len(wrote) > 5
        for person in wrote:
            if person.channel == "zalo":
                assert (await both.zalo_send("Dạ", to=person.external_id))["error"] == 0
            else:
                assert (await both.send("Dạ", to=person.external_id))[0] == 200
        silent = [one for one in PEOPLE if one.channel == "facebook"]
        silent = [one for one in silent if one not in {act.scene.person for act in acts}]
        _, answer = await both.send("Dạ", to=silent[0].external_id)
        assert answer["error"]["error_subcode"] == 2018278


async def test_tokens_and_windows_outlive_a_restart(clock: FixedClock, tmp_path: Path) -> None:
    setting = Setting(apps=APPS, clock=clock, pace=no_wait, memory=tmp_path / "platforms.json")
    async with SimulatedPlatforms(setting) as platforms:
        first = platforms.credentials(ZALO_OA)
        platforms.zalo.tokens.revive(OA)
        pair = platforms.credentials(ZALO_OA)
        platforms.customer_writes(OA, ZALO_USER)
    assert (tmp_path / "platforms.json").stat().st_mode & 0o777 == 0o600
    async with SimulatedPlatforms(setting) as platforms, ClientSession() as session:
        assert platforms.credentials(ZALO_OA) == pair != first
        body = {"recipient": {"user_id": ZALO_USER}, "message": {"text": "Dạ"}}
        url = f"{platforms.urls.zalo_url}/v3.0/oa/message/cs"
        for token, number in ((pair["access_token"], 0), (first["access_token"], -220)):
            async with session.post(url, json=body, headers={"access_token": token}) as answer:
                assert (await answer.json())["error"] == number


async def test_they_run_in_a_process_of_their_own(tmp_path: Path) -> None:
    port_file = tmp_path / "platforms.json"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "app.demo.servers", "--seed", "7", "--until-eof"),
        *("--port-file", str(port_file), "--speed", "1000"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    async with asyncio.timeout(30):
        told = json.loads(await process.stdout.readline())
        assert told == json.loads(port_file.read_text())
        assert told["apps"]["facebook_app_id"] == APPS.facebook_app_id
        [account] = [one for one in told["accounts"] if one["channel"] == "zalo"]
        body = {"recipient": {"user_id": ZALO_USER}, "message": {"text": "Dạ"}}
        order = {"account_id": OA, "customer_id": ZALO_USER, "opens_window": True}
        headers = {"access_token": account["credentials"]["access_token"]}
        async with ClientSession() as session:
            async with session.post(f"{told['graph_url']}/_customers", json=order) as answer:
                assert answer.status == 200
            url = f"{told['zalo_url']}/v3.0/oa/message/cs"
            async with session.post(url, json=body, headers=headers) as answer:
                message_id = (await answer.json())["data"]["message_id"]
            async with session.get(f"{told['zalo_url']}/_ledger") as answer:
                [received] = (await answer.json())["received"]
        assert received["platform_id"] == message_id
        process.stdin.close()
        assert await process.wait() == 0
