"""Two bots with three accounts each: whatever happens on one account stays on that account."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.demo.accounts import DemoAccount
from app.demo.faults import Fault
from channels.zalo.limits import RATE_PAUSE
from inbox.bots.moving.moving import SETTLES_AFTER
from inbox.clock import FixedClock
from inbox.conversations.delivery.store import TRIED_EVERY
from inbox.mongo.client import Mongo
from tests.app.two_bots import (
    ACCOUNTS,
    BOTS,
    TwoBots,
    bot_of,
    key_of,
    other_bot,
    thread_of,
    two_bots,
)
from tests.waiting import until

EACH = pytest.mark.parametrize(
    "account", ACCOUNTS, ids=[f"{bot_of(one)}-{one.channel}-{one.account_id}" for one in ACCOUNTS]
)


@pytest.fixture
async def shops(
    mongo: Mongo, mongo_uri: str, tmp_path: Path, clock: FixedClock
) -> AsyncIterator[TwoBots]:
    async with two_bots(mongo, mongo_uri, tmp_path, clock) as made:
        yield made


def others_than(account: DemoAccount) -> list[DemoAccount]:
    return [one for one in ACCOUNTS if one != account]


async def untouched(shops: TwoBots, account: DemoAccount) -> None:
    """The other five have their one message each, and sent nothing."""
    for other in others_than(account):
        assert await shops.texts(other) == [f"Chào {other.name}"]
        assert shops.received(other) == []


@EACH
async def test_what_comes_in_is_in_its_own_account_and_seen_by_its_own_bot(
    shops: TwoBots, account: DemoAccount
) -> None:
    await shops.customer_writes(account, "Áo này còn không?")

    assert await shops.texts(account) == [f"Chào {account.name}", "Áo này còn không?"]
    await untouched(shops, account)
    for name, accounts in BOTS.items():
        assert await shops.visible_to(name) == {one.account_id for one in accounts}
    assert await shops.visible_to("owner") == {one.account_id for one in ACCOUNTS}
    path = f"conversations/{thread_of(account)}"
    assert (await shops.call(bot_of(account), "GET", path))[0] == 200
    assert (await shops.call(other_bot(account), "GET", path))[0] in (403, 404)


@EACH
async def test_what_goes_out_leaves_through_its_own_account(
    shops: TwoBots, account: DemoAccount
) -> None:
    assert await shops.reply(account, "Dạ còn", as_=other_bot(account)) in (403, 404)
    assert await shops.reply(account, "Dạ còn ạ") == 201
    await shops.becomes(account, "Dạ còn ạ", "sent")

    assert shops.received(account) == ["Dạ còn ạ"]
    await untouched(shops, account)


@EACH
async def test_an_echo_belongs_to_the_message_of_its_own_account(
    shops: TwoBots, account: DemoAccount
) -> None:
    """All six say the same to the same person, so only the account can tell the echoes apart."""
    shops.platforms.webhooks.echoes = "before"
    for one in (account, *others_than(account)):
        assert await shops.reply(one, "Shop chào bạn") == 201
    for one in ACCOUNTS:
        await shops.becomes(one, "Shop chào bạn", "sent")
    await shops.platforms.settle()
    await until(lambda: journal_is_empty(shops))

    for one in ACCOUNTS:
        assert await shops.texts(one) == [f"Chào {one.name}", "Shop chào bạn"]
        assert shops.received(one) == ["Shop chào bạn"]


async def journal_is_empty(shops: TwoBots) -> bool:
    query = {"apply": {"$exists": True}}
    return await shops.mongo["webhook_journal"].count_documents(query) == 0


@EACH
async def test_a_dead_token_stops_its_own_account_and_heals_it_alone(
    shops: TwoBots, account: DemoAccount
) -> None:
    shops.kill_token(account)
    assert await shops.reply(account, "Chờ một chút") == 201

    async def is_dead() -> bool:
        return await shops.health(account) == "reauth"

    await until(is_dead)
    for other in others_than(account):
        assert await shops.reply(other, "Dạ") == 201
        await shops.becomes(other, "Dạ", "sent")
        assert await shops.health(other) == "ok"
    assert await shops.states(account, "Chờ một chút") == ["queued"]
    ours = [("account_reauth", account.account_id)]
    assert await shops.notices(bot_of(account)) == await shops.notices("owner") == ours
    assert await shops.notices(other_bot(account)) == []
    await shops.customer_writes(account, "Alo?")  # receiving goes on

    await revive(shops, account)
    await shops.becomes(account, "Chờ một chút", "sent")

    assert shops.received(account) == ["Chờ một chút"]
    assert await shops.notices("owner") == []


async def revive(shops: TwoBots, account: DemoAccount) -> None:
    """An admin has connected the account again."""
    if account.channel == "zalo":
        shops.platforms.zalo.tokens.revive(account.account_id)
    else:
        shops.platforms.graph.pages.accounts()
    path = f"bots/{shops.bot_ids[bot_of(account)]}/accounts/{key_of(account)}/credentials"
    body = {"credentials": shops.platforms.credentials(account)}
    status, answer = await shops.call("owner", "POST", path, body)
    assert status < 300, answer


@EACH
async def test_a_limited_account_waits_and_the_others_go_on(
    shops: TwoBots, account: DemoAccount
) -> None:
    """Zalo counts calls per app, and says no more than that: its other OAs wait with it."""
    shops.platforms.faults.script("send", Fault.RATE_LIMITED)
    assert await shops.reply(account, "Từ từ") == 201
    await until(lambda: shops.platforms.faults.happened["rate_limited"] == 1)

    free = [
        other
        for other in others_than(account)
        if account.channel != "zalo" or other.channel != "zalo"
    ]
    for other in free:
        assert await shops.reply(other, "Dạ") == 201
        await shops.becomes(other, "Dạ", "sent")
    assert await shops.states(account, "Từ từ") == ["queued"]
    assert shops.received(account) == []
    assert await shops.health(account) == "ok"

    shops.clock.advance(max(RATE_PAUSE, timedelta(minutes=2)))
    await shops.becomes(account, "Từ từ", "sent")
    assert shops.received(account) == ["Từ từ"]
    assert TRIED_EVERY > RATE_PAUSE


async def test_an_account_that_moves_is_seen_by_the_other_bot_and_goes_on(
    shops: TwoBots,
) -> None:
    account = BOTS["north"][0]
    path = f"accounts/{key_of(account)}/move"
    status, _ = await shops.call("owner", "POST", path, {"bot_id": shops.bot_ids["south"]})
    assert status == 202
    north = {one.account_id for one in BOTS["north"]} - {account.account_id}
    south = {one.account_id for one in BOTS["south"]} | {account.account_id}

    async def has_moved() -> bool:
        return await shops.visible_to("south") == south

    await until(has_moved)
    assert await shops.visible_to("north") == north
    await shops.customer_writes(account, "Vẫn còn bán chứ?")
    assert await shops.reply(account, "Dạ còn", as_="north") in (403, 404)
    assert await shops.reply(account, "Dạ còn ạ", as_="south") == 201
    await shops.becomes(account, "Dạ còn ạ", "sent")
    assert shops.received(account) == ["Dạ còn ạ"]

    shops.clock.advance(SETTLES_AFTER)

    async def is_over() -> bool:
        return "move" not in await shops.account(account)

    await until(is_over)
