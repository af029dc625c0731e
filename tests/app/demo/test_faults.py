"""What can go wrong with a call: before it is taken, after it, by script and by chance."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientError, ClientTimeout

from app.demo.faults import Fault, FaultPlan, Faults, Refusal
from inbox.clock import FixedClock
from tests.simulated import OA, PAGE, PSID, ZALO_USER, Simulated, simulated
from tests.waiting import until


class Held:
    """A pace that does not let go until it is told to; remembers for how long it should wait."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.over = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await self.over.wait()


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
async def both(clock: FixedClock, held: Held) -> AsyncIterator[Simulated]:
    async with simulated(clock, fault_pace=held) as running:
        yield running


async def send(both: Simulated, platform: str, text: str = "Dạ") -> Any:
    return await (both.send(text) if platform == "facebook" else both.zalo_send(text))


def echoes(both: Simulated) -> int:
    return len(both.inbox.of("echo"))


EITHER = pytest.mark.parametrize("platform", ["facebook", "zalo"])


async def test_meta_limits_with_429_and_says_for_how_long(both: Simulated) -> None:
    both.platforms.faults.script("send", Fault.RATE_LIMITED)
    body = {"recipient": {"id": PSID}, "message": {"text": "x"}}
    headers = {"Authorization": f"Bearer {both.page_token}"}
    url = f"{both.urls.graph_url}/v26.0/{PAGE}/messages"
    async with both.session.post(url, json=body, headers=headers) as answer:
        assert answer.status == 429
        assert answer.headers["Retry-After"] == "30"
        assert "estimated_time_to_regain_access" in answer.headers["X-Business-Use-Case-Usage"]
        assert (await answer.json())["error"]["code"] == 613
    assert not both.platforms.ledger.received


async def test_zalo_limits_with_its_number(both: Simulated) -> None:
    both.platforms.faults.script("send", Fault.RATE_LIMITED)
    assert (await both.zalo_send("x"))["error"] == -32
    assert not both.platforms.ledger.received


async def test_a_server_error_takes_nothing(both: Simulated) -> None:
    both.platforms.faults.script("send", Fault.SERVER_ERROR)
    body = {"recipient": {"user_id": ZALO_USER}, "message": {"text": "x"}}
    url = f"{both.urls.zalo_url}/v3.0/oa/message/cs"
    headers = {"access_token": both.oa_token}
    async with both.session.post(url, json=body, headers=headers) as answer:
        assert answer.status in (500, 502)
    assert not both.platforms.ledger.received
    assert not echoes(both)


@EITHER
async def test_a_reset_before_takes_nothing_and_a_reset_after_took_all(
    both: Simulated, platform: str
) -> None:
    both.platforms.faults.script("send", Fault.RESET_BEFORE, Fault.RESET_AFTER)
    with pytest.raises(ClientError):
        await send(both, platform)
    assert not both.platforms.ledger.received
    with pytest.raises(ClientError):
        await send(both, platform)
    assert len(both.platforms.ledger.received) == 1
    await until(lambda: echoes(both) == 1)


@EITHER
async def test_silence_took_the_message_told_it_and_never_answers(
    both: Simulated, platform: str, held: Held
) -> None:
    both.platforms.faults.script("send", Fault.SILENT_AFTER)
    sending = asyncio.create_task(send(both, platform))
    await until(lambda: echoes(both) == 1)
    assert held.seconds == [25]
    assert not sending.done()
    assert len(both.platforms.ledger.received) == 1
    held.over.set()
    with pytest.raises(ClientError):
        await sending


@EITHER
async def test_a_stall_answers_late_and_takes_the_message_late(
    both: Simulated, platform: str, held: Held
) -> None:
    both.platforms.faults.script("send", Fault.STALL)
    sending = asyncio.create_task(send(both, platform))
    await until(lambda: held.seconds == [20])
    assert not both.platforms.ledger.received
    held.over.set()
    await sending
    assert len(both.platforms.ledger.received) == 1


async def test_who_gives_up_during_a_stall_may_have_sent_all_the_same(
    both: Simulated, held: Held
) -> None:
    both.platforms.faults.script("send", Fault.STALL)
    body = {"recipient": {"id": PSID}, "message": {"text": "x"}}
    headers = {"Authorization": f"Bearer {both.page_token}"}
    url = f"{both.urls.graph_url}/v26.0/{PAGE}/messages"
    with pytest.raises(TimeoutError):
        async with both.session.post(
            url, json=body, headers=headers, timeout=ClientTimeout(total=0.05)
        ):
            pass
    held.over.set()
    await until(lambda: echoes(both) == 1)
    assert len(both.platforms.ledger.received) == 1


async def test_tokens_die_in_the_middle(both: Simulated) -> None:
    both.platforms.faults.script("send", Fault.TOKEN_DEATH, Fault.TOKEN_DEATH)
    _, answer = await both.send("x")
    assert answer["error"]["code"] == 190
    old = both.oa_token
    assert (await both.zalo_send("x"))["error"] == -220
    refresh = both.platforms.zalo.tokens.pair(OA).refresh
    pair = await both.oauth(grant_type="refresh_token", refresh_token=refresh)
    assert pair["access_token"] != old
    assert (await both.zalo_send("x"))["error"] == 0


async def test_a_refresh_may_be_done_and_its_answer_lost(both: Simulated) -> None:
    both.platforms.faults.script("token", Fault.RESET_AFTER)
    asked = {
        "grant_type": "refresh_token",
        "refresh_token": both.platforms.zalo.tokens.pair(OA).refresh,
    }
    with pytest.raises(ClientError):
        await both.oauth(**asked)
    assert both.platforms.zalo.tokens.refreshes[OA] == 1
    assert (await both.oauth(**asked))["error"] == -14014


async def test_faults_can_be_ordered_over_http_and_the_ledger_read(both: Simulated) -> None:
    admin = f"{both.urls.zalo_url}/_faults"
    order = {
        "plan": {"seed": 3, "rates": {"server_error": 0.5}, "operations": ["profile"]},
        "script": {"send": ["rate_limited", {"code": -213}, None]},
        "echoes": "after",
    }
    async with both.session.post(admin, json=order) as answer:
        assert (await answer.json())["plan"]["rates"] == {"server_error": 0.5}
    assert [(await both.zalo_send("x"))["error"] for _ in range(3)] == [-32, -213, 0]
    async with both.session.get(admin) as answer:
        assert (await answer.json())["happened"] == {"rate_limited": 1, "refused -213": 1}
    async with both.session.get(f"{both.urls.graph_url}/_ledger") as answer:
        [received] = (await answer.json())["received"]
    assert (received["customer_id"], received["text"]) == (ZALO_USER, "x")
    async with both.session.post(admin, json={"chaos": True}) as answer:
        assert answer.status == 400


async def test_customers_and_tokens_can_be_ordered_over_http(both: Simulated) -> None:
    url = both.urls.graph_url
    order = {"account_id": PAGE, "customer_id": "77", "name": "Mai", "text": "Shop ơi"}
    async with both.session.post(f"{url}/_customers", json=order) as answer:
        message_id = (await answer.json())["message_id"]
    await until(lambda: len(both.inbox.of("message")) == 1)
    assert both.inbox.of("message")[0].message_id == message_id
    assert (await both.send("Dạ", to="77"))[0] == 200
    for account_id, do in ((PAGE, "kill"), (OA, "expire")):
        new = old = both.page_token if account_id == PAGE else both.oa_token
        for order_of in (do, "revive"):
            order = {"account_id": account_id, "do": order_of}
            async with both.session.post(f"{url}/_tokens", json=order) as answer:
                new = (await answer.json())["access_token"]
        assert new != old
    assert (await both.send("Dạ"))[0] == 200
    assert (await both.zalo_send("Dạ"))["error"] == 0


def draws(plan: FaultPlan, subjects: list[str]) -> dict[str, list[Any]]:
    faults = Faults(plan)
    drawn: dict[str, list[Any]] = {}
    for subject in subjects:
        drawn.setdefault(subject, []).append(faults.next("send", subject))
    return drawn


def test_the_same_seed_does_the_same_whatever_happens_between() -> None:
    rates = {Fault.RATE_LIMITED: 0.2, Fault.RESET_AFTER: 0.2, Fault.STALL: 0.1}
    plan = FaultPlan(seed=5, rates=rates)
    one_by_one = draws(plan, ["a"] * 200 + ["b"] * 200)
    mixed = draws(plan, ["b", "a"] * 200)
    assert one_by_one == mixed
    assert one_by_one["a"] != one_by_one["b"]
    assert draws(FaultPlan(seed=6, rates=rates), ["a"] * 200) != {"a": one_by_one["a"]}
    counts = Counter(one_by_one["a"] + one_by_one["b"])
    assert 50 < counts[Fault.RATE_LIMITED] < 110
    assert 20 < counts[Fault.STALL] < 65
    assert counts[Fault.SERVER_ERROR] == 0


def test_only_the_named_operations_suffer_and_scripts_come_first() -> None:
    faults = Faults(FaultPlan(rates={Fault.STALL: 1.0}, operations=frozenset({"upload"})))
    refusal = Refusal(code=10, subcode=2018278)
    faults.script("send", refusal)
    assert [faults.next("send", "a"), faults.next("send", "a")] == [refusal, None]
    assert faults.next("upload", "a") is Fault.STALL
    faults.follow(FaultPlan())
    assert faults.next("upload", "a") is None
