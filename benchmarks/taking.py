"""A receiver of events that costs next to nothing: `python -m benchmarks.taking`, a process.

Prints its port, ends with its standard input. What is posted to `/{ms}` is taken after so long;
`GET /` answers the milliseconds from when each event happened until it was here, and forgets them.
"""

import asyncio
import sys
import time
from datetime import datetime
from http import HTTPStatus

import orjson
import uvloop
from aiohttp import web


async def _serve() -> None:
    late: list[float] = []

    async def take(request: web.Request) -> web.Response:
        happened = datetime.fromisoformat(orjson.loads(await request.read())["at"])
        late.append((time.time() - happened.timestamp()) * 1000)
        if latency_ms := int(request.match_info["ms"]):
            await asyncio.sleep(latency_ms / 1000)
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def tell(_request: web.Request) -> web.Response:
        told = web.json_response(late)
        late.clear()
        return told

    application = web.Application()
    application.router.add_post("/{ms}", take)
    application.router.add_get("/", tell)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(_serve())
