"""How long after its 200 a message can be read through the API, while other load runs."""

import hashlib
import hmac
import http.client
import json
import secrets
import time

from benchmarks.measuring import (
    APP_SECRET,
    FIRST_PAGE,
    Http,
    Load,
    OurServer,
    result_of,
    start_wrk,
)
from inbox.ids import conversation_key

_SENDERS = 100
_FIRST_SENDER = 9_000_000_000_000_000
_BETWEEN_S = 0.02
_VISIBLE_WITHIN_S = 30.0


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def visible_ms(server: OurServer, load: Load) -> list[float]:
    """For one message after another: from its 200 to the first page of its thread that has it."""
    wrk = start_wrk(server.port, OurServer.PATH, load)
    probe, waits = _Probe(server), list[float]()
    ends = time.monotonic() + load.seconds
    while time.monotonic() < ends:
        waits.append(probe.send_and_see(len(waits) % _SENDERS) * 1000)
        time.sleep(_BETWEEN_S)
    result_of(wrk)
    server.until_applied()
    return waits


def new_message(sender: str, text: str) -> tuple[bytes, dict[str, str]]:
    """A webhook with one message to the first page, and its signature; `text` is like no other."""
    page = str(FIRST_PAGE)
    message = {
        "sender": {"id": sender},
        "recipient": {"id": page},
        "timestamp": time.time_ns() // 1_000_000,
        "message": {"mid": f"m_{text}", "text": text},
    }
    entry = {"id": page, "time": message["timestamp"], "messaging": [message]}
    body = json.dumps({"object": "page", "entry": [entry]}).encode()
    signature = hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
    return body, {"X-Hub-Signature-256": f"sha256={signature}"}


class _Probe:
    def __init__(self, server: OurServer) -> None:
        self._sending, self._reading = Http(server.port), Http(server.port)
        self._cookies = server.cookies

    def send_and_see(self, number: int) -> float:
        """Seconds from the answer to the webhook until the message is read."""
        text = secrets.token_hex(12)
        sender, page = str(_FIRST_SENDER + number), str(FIRST_PAGE)
        body, headers = new_message(sender, text)
        status, _ = self._sending.ask("POST", OurServer.PATH, body, headers)
        if status != http.client.OK:
            raise SystemExit(f"a webhook was answered {status}")
        answered = time.monotonic()
        thread = conversation_key("facebook", page, "inbox", sender)
        path, wanted = f"/api/v1/conversations/{thread}/messages?limit=5", text.encode()
        while wanted not in self._reading.ask("GET", path, None, self._cookies)[1]:
            if time.monotonic() > answered + _VISIBLE_WITHIN_S:
                raise SystemExit("a message never became visible")
            time.sleep(0.002)
        return time.monotonic() - answered
