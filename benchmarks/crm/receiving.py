"""A CRM that costs next to nothing: a receiver of webhooks, as a process of its own.

`python -m benchmarks.crm.receiving LATENCY_S`; prints its port, ends with its standard input. It
is only written to, and answers every write after so long.
"""

import asyncio
import sys
from http import HTTPStatus

import uvloop
from aiohttp import web

_WRITES = (b"customer.created", b"customer.updated", b"customer.note")
_HEAD = 60
"""The kind of a call stands at the beginning of its body."""


async def _serve(latency_s: float) -> None:
    async def receive(request: web.Request) -> web.Response:
        head = (await request.read())[:_HEAD]
        if not any(kind in head for kind in _WRITES):
            return web.json_response({"code": "unsupported"}, status=HTTPStatus.NOT_IMPLEMENTED)
        if latency_s:
            await asyncio.sleep(latency_s)
        return web.Response(status=HTTPStatus.NO_CONTENT)

    application = web.Application()
    application.router.add_post("/", receive)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(_serve(float(sys.argv[1])))
