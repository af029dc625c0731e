"""The simulated platforms in a process of their own: `python -m app.demo.servers`."""

import argparse
import asyncio
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.data_lock import write_private
from app.demo.accounts import ACCOUNTS, DemoAccount
from app.demo.answering import CHATTY, SILENT
from app.demo.apps import Apps
from app.demo.courier import Pace
from app.demo.servers import PlatformUrls, Setting, SimulatedPlatforms
from inbox.clock import SystemClock


def main() -> None:
    """Serve until a signal, or until the standard input ends (with --until-eof)."""
    options = _options()
    apps = Apps.for_tests(options.seed)
    accounts: tuple[DemoAccount, ...] = ACCOUNTS
    if options.accounts:
        accounts = tuple(DemoAccount(**one) for one in json.loads(options.accounts))
    setting = Setting(
        apps=apps,
        clock=SystemClock(),
        accounts=accounts,
        seed=options.seed,
        pace=_pace(options.speed),
        habits=CHATTY if options.answering else SILENT,
    )
    asyncio.run(_run(setting, options))


def ready_line(platforms: SimulatedPlatforms, urls: PlatformUrls) -> dict[str, Any]:
    """What a test needs to know: addresses, apps, accounts with their credentials."""
    accounts = [
        {
            "channel": account.channel,
            "account_id": account.account_id,
            "name": account.name,
            "credentials": platforms.credentials(account),
        }
        for account in platforms.world.accounts.values()
    ]
    return {**asdict(urls), "apps": asdict(platforms.apps), "accounts": accounts}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m app.demo.servers", description=__doc__)
    parser.add_argument("--port-file", type=Path, help="where the line with the addresses goes")
    parser.add_argument("--seed", type=int, default=1, help="decides apps, tokens and chance")
    parser.add_argument("--inbox", help="address of the server that webhooks are posted to")
    parser.add_argument("--speed", type=float, default=1, help="waits are divided by it")
    parser.add_argument("--answering", action="store_true", help="customers read and answer")
    parser.add_argument("--accounts", help='JSON: [{"channel", "account_id", "name"}, ...]')
    parser.add_argument(
        "--until-eof", action="store_true", help="end with the standard input (a pipe)"
    )
    return parser.parse_args()


async def _run(setting: Setting, options: argparse.Namespace) -> None:
    async with SimulatedPlatforms(setting) as platforms:
        if options.inbox:
            await platforms.deliver_to(options.inbox)
        line = json.dumps(ready_line(platforms, platforms.urls))
        if options.port_file is not None:
            write_private(options.port_file, line)
        print(line, flush=True)  # noqa: T201 - what the parent process reads
        await _until_told(until_eof=options.until_eof)


async def _until_told(*, until_eof: bool) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    if until_eof:
        loop.add_reader(sys.stdin.fileno(), told.set)
    await told.wait()


def _pace(speed: float) -> Pace:
    async def pace(seconds: float) -> None:
        await asyncio.sleep(seconds / speed)

    return pace
