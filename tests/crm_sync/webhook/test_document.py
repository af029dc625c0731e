"""docs/crm-webhook.md: its receiver works as it stands there, its known values are right."""

import json
import re
import threading
from collections.abc import AsyncIterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crm_sync.connectors.errors import AuthRefused, RecordGone
from crm_sync.connectors.model import Asked, Edit
from crm_sync.connectors.webhook.client import WebhookAccount
from crm_sync.connectors.webhook.connector import (
    CHANGES,
    CREATED,
    DECLARED,
    FIELDS,
    FIND,
    GET,
    NOTE,
    UPDATED,
    WebhookConnector,
)
from crm_sync.connectors.webhook.edits import said_of
from crm_sync.connectors.webhook.failures import RECORD_GONE, UNSUPPORTED
from crm_sync.connectors.webhook.inbound import read_hints
from crm_sync.connectors.webhook.wire import ToldRecord
from inbox.clock import FixedClock
from inbox.standard_webhooks import keys_of, sign
from tests.crm_sync.webhook.webhook_harness import NOON
from tests.inbox.test_standard_webhooks import BODY, CALL_ID, SECRET, SIGNATURE, TIMESTAMP

DOCUMENT = (Path(__file__).parents[3] / "docs/crm-webhook.md").read_text()
OTHER = "whsec_" + "b3RoZXI" * 8


class Example:
    """The receiver of the document, served from a thread."""

    def __init__(self) -> None:
        (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
        self.names: dict[str, Any] = {"__name__": "receiver"}
        exec(compile(code, "docs/crm-webhook.md", "exec"), self.names)
        self.names["SECRETS"] += [SECRET]
        self.names["time"] = SimpleNamespace(time=NOON.timestamp)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.names["Receiver"])
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def connector(self, secret: str = SECRET) -> WebhookConnector:
        account = WebhookAccount(self.url, keys_of(secret), allow_private=True)
        return WebhookConnector(account, FixedClock(NOON))


@pytest.fixture
async def example() -> AsyncIterator[Example]:
    example = Example()
    thread = threading.Thread(target=example.server.serve_forever, args=(0.01,))
    thread.start()
    yield example
    example.server.shutdown()
    thread.join()
    example.server.server_close()


async def test_receiver_of_the_document_keeps_what_it_is_told(example: Example) -> None:
    connector = example.connector(f"{OTHER} {SECRET}")
    await connector.check()
    edit = Edit({"name": "Lan", "phone": "+84912345678"}, {"chat_tags": ("VIP", "Sỉ")}, revision=1)

    made = await connector.create("hoa", edit)
    again = await connector.create("hoa", Edit({"name": "Chị Lan", "email": "lan@shop.vn"}))
    change = Edit({"phone": None}, {}, {"chat_tags": ("Sỉ",)}, revision=2)
    await connector.update(made.record_id, change)
    for text in ("nháp", "bản cuối"):
        await connector.note(made.record_id, "n1", text, NOON)
    found = await connector.find(Asked("hoa"), ())
    await connector.close()

    assert (made.record_id, again.record_id, found) == ("hoa", "hoa", ())
    assert example.names["RECORDS"] == {
        "hoa": {
            "values": {"name": "Lan", "phone": None, "email": "lan@shop.vn"},
            "tags": {"chat_tags": {"VIP"}},
            "notes": {"n1": "bản cuối"},
        }
    }


async def test_receiver_of_the_document_refuses_what_it_should(example: Example) -> None:
    connector, stranger = example.connector(), example.connector(OTHER)

    with pytest.raises(AuthRefused):
        await stranger.check()
    with pytest.raises(RecordGone):
        await connector.update("nobody", Edit())
    with pytest.raises(RecordGone):
        await connector.note("nobody", "n1", "x", NOON)
    example.names["time"].time = lambda: NOON.timestamp() + 301
    with pytest.raises(AuthRefused):
        await connector.check()
    await connector.close()
    await stranger.close()


def test_every_word_of_the_contract_is_in_the_document() -> None:
    kinds = (CREATED, UPDATED, NOTE, FIND, GET, FIELDS, CHANGES)
    hints = ("customer.changed", "customer.deleted")
    fields = [one.name for one in DECLARED]
    known = (SECRET, CALL_ID, str(TIMESTAMP), BODY.decode(), SIGNATURE)

    for word in (*kinds, *hints, *fields, *known, UNSUPPORTED, RECORD_GONE, "allow_private"):
        assert word in DOCUMENT


def test_examples_of_the_document_are_what_is_read_and_sent() -> None:
    blocks = re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    created, updated, note, record, hint = [json.loads(one) for one in blocks]

    assert [one["type"] for one in (created, updated, note)] == [CREATED, UPDATED, NOTE]
    assert ToldRecord.model_validate(record).archived is False
    assert said_of(Edit({"email": None}, {}, {"chat_tags": ("VIP",)}, revision=7)) == {
        name: updated[name] for name in ("values", "add_tags", "remove_tags", "revision")
    }
    body = json.dumps(hint).encode()
    headers = {
        "Webhook-Id": "hint-1",
        "Webhook-Timestamp": str(int(NOON.timestamp())),
        "Webhook-Signature": sign(keys_of(SECRET), "hint-1", int(NOON.timestamp()), body),
    }
    assert read_hints(headers, body, keys=keys_of(SECRET), now=NOON).hints[0].crm_id == "4711"
