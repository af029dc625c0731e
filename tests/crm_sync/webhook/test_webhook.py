"""What the contract of connectors does not ask: ids of calls, rotation, half a receiver."""

import logging
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest
from aiohttp import web

from crm_sync.connectors.errors import AuthRefused, CrmAway, CrmUncertain
from crm_sync.connectors.http import ADDRESS_REFUSED, MAX_ANSWER_BYTES
from crm_sync.connectors.model import Asked, Edit, Place, RemoteRecord
from crm_sync.connectors.webhook.client import WebhookAccount
from crm_sync.connectors.webhook.connector import ASKED_AGAIN_AFTER, DECLARED
from crm_sync.mapping.checking import check
from crm_sync.mapping.model import FieldMapping
from crm_sync.mapping.presets import default_fields
from tests.crm_sync.faults import DropAnswer, Reset
from tests.crm_sync.webhook.webhook_harness import KEY, NOON, WebhookHarness

PHONE = "+84912345678"
SECOND = timedelta(seconds=1)
NEW_KEY, STRANGE_KEY = b"the key of next year, 24 bytes", b"a key that nobody has told it"


def ids(harness: WebhookHarness, kind: str) -> list[str]:
    return [call_id for name, call_id in harness.receiver.calls if name == kind]


async def made(harness: WebhookHarness, **values: str) -> str:
    written = await harness.connector.create("hoa", Edit({"name": "Hoa", **values}, revision=1))
    return written.record_id


async def test_repeat_of_an_edit_has_its_id_whoever_sends_it(harness: WebhookHarness) -> None:
    record_id = await made(harness)
    edit = Edit({"note": "gọi lại"}, {"chat_tags": ("VIP",)}, revision=2)
    harness.proxy.will(DropAnswer())
    with pytest.raises(CrmUncertain):
        await harness.connector.update(record_id, edit)
    harness.clock.advance(timedelta(minutes=3))  # signed anew, for another time

    written = await harness.connect().update(record_id, edit)

    first, second = ids(harness, "customer.updated")
    assert first == second
    assert harness.receiver.carried_out.count("customer.updated") == 1
    assert written.record_id == record_id


async def test_later_edit_of_the_same_content_is_another_call(harness: WebhookHarness) -> None:
    record_id = await made(harness)

    for revision, note in enumerate(("a", "b", "a"), start=2):
        await harness.connector.update(record_id, Edit({"note": note}, revision=revision))

    assert len(set(ids(harness, "customer.updated"))) == 3
    assert harness.crm.row(record_id).values["note"] == "a"


async def test_edits_without_a_revision_are_never_taken_for_repeats(
    harness: WebhookHarness,
) -> None:
    record_id = await made(harness)

    for note in ("a", "b", "a"):
        await harness.connector.update(record_id, Edit({"note": note}))

    assert harness.crm.row(record_id).values["note"] == "a"


async def test_creation_and_note_are_repeated_under_their_ids(harness: WebhookHarness) -> None:
    edit = Edit({"name": "Hoa"}, revision=1)
    harness.proxy.will(DropAnswer(), Reset())
    with pytest.raises(CrmUncertain):
        await harness.connector.create("hoa", edit)
    with pytest.raises(CrmUncertain):
        await harness.connector.create("hoa", edit)
    record_id = (await harness.connector.create("hoa", edit)).record_id
    for _ in range(2):
        await harness.connector.note(record_id, "n1", "gọi lại", NOON)

    assert len(set(ids(harness, "customer.created"))) == 1
    assert len(set(ids(harness, "customer.note"))) == 1
    assert harness.receiver.carried_out == ["customer.created", "customer.note"]


async def test_read_is_never_answered_from_an_older_one(harness: WebhookHarness) -> None:
    record_id = await made(harness)
    before = await harness.connector.get(record_id, ["note"])
    await harness.edit(record_id, {"note": "mới"})

    assert (before.values, (await harness.connector.get(record_id, ["note"])).values) == (
        {"note": None},
        {"note": "mới"},
    )


async def test_secret_is_exchanged_without_a_call_refused(harness: WebhookHarness) -> None:
    both, new, strange = (
        harness.connect(keys=keys) for keys in ((NEW_KEY, KEY), (NEW_KEY,), (STRANGE_KEY,))
    )

    await both.check()
    harness.receiver.keys = [NEW_KEY, KEY]
    await both.check()
    harness.receiver.keys = [NEW_KEY]
    await both.check()
    await new.check()
    with pytest.raises(AuthRefused):
        await harness.connector.check()
    with pytest.raises(AuthRefused):
        await strange.check()


async def test_call_that_was_recorded_is_refused_later(harness: WebhookHarness) -> None:
    connector = harness.connect()
    await connector.check()

    harness.receiver.clock = harness.crm.clock  # stands still, while ours goes on
    harness.clock.advance(timedelta(minutes=6))

    with pytest.raises(AuthRefused):
        await connector.check()


async def test_receiver_that_only_writes_is_written_to(harness: WebhookHarness) -> None:
    harness.receiver.only_writes()
    connector = harness.connector
    await connector.check()
    record_id = await made(harness, phone=PHONE)
    await connector.update(record_id, Edit({"note": "mới"}, {"chat_tags": ("VIP",)}))
    await connector.note(record_id, "n1", "gọi lại", NOON)

    row = harness.crm.row(record_id)
    assert (row.values["note"], row.values["phone"]) == ("mới", PHONE)
    assert await harness.notes(record_id) == ["gọi lại"]
    assert await connector.find(Asked("hoa", (PHONE,)), ["phone"]) == ()
    assert await connector.get(record_id, ["phone"]) == RemoteRecord(record_id, {})
    changes = await connector.changed_since(Place(NOON, "3"), ["phone"])
    assert (changes.records, changes.place, changes.more) == ((), Place(NOON, "3"), False)


async def test_receiver_that_only_writes_has_the_fields_of_the_preset(
    harness: WebhookHarness,
) -> None:
    harness.receiver.only_writes()

    fields = await harness.connector.fields()

    assert tuple(fields.values()) == DECLARED
    assert not check(FieldMapping(fields=default_fields("webhook")), fields).off


async def test_what_a_receiver_does_not_do_is_asked_again_after_an_hour(
    harness: WebhookHarness,
) -> None:
    harness.receiver.only_writes()
    record_id = await made(harness)
    for _ in range(3):
        await harness.connector.find(Asked("hoa"), ())
    assert len(ids(harness, "customer.find")) == 1
    harness.receiver.unsupported.clear()

    harness.clock.advance(ASKED_AGAIN_AFTER)

    assert [one.id for one in await harness.connector.find(Asked("hoa"), ())] == [record_id]


async def test_check_asks_for_everything_anew(harness: WebhookHarness) -> None:
    harness.receiver.only_writes()
    await harness.connector.find(Asked("hoa"), ())
    harness.receiver.unsupported.clear()
    await harness.connector.check()

    await made(harness)

    assert len(await harness.connector.find(Asked("hoa"), ())) == 1


async def test_receiver_that_tells_nothing_goes_by_our_ids(harness: WebhookHarness) -> None:
    harness.receiver.answer_instead = lambda: web.Response(status=204)

    created = await harness.connector.create("hoa", Edit({"name": "Hoa"}))
    updated = await harness.connector.update("hoa", Edit({"note": "x"}))
    note_id = await harness.connector.note("hoa", "n1", "x", NOON)

    assert (created.record_id, updated.record_id, note_id) == ("hoa", "hoa", "n1")
    assert (created.url, created.changed_at, created.dropped) == (None, None, ())


async def test_success_without_a_word_is_one_however_its_end_is_told(
    harness: WebhookHarness,
) -> None:
    def chunked() -> web.StreamResponse:
        response = web.Response(status=201)
        response.enable_chunked_encoding()
        return response

    harness.receiver.answer_instead = chunked

    assert (await harness.connector.update("hoa", Edit({"note": "x"}))).record_id == "hoa"


async def test_fields_that_it_does_not_keep_are_told(harness: WebhookHarness) -> None:
    body = orjson.dumps({"crm_id": 7, "dropped": ["note", "never sent"], "version": 3})
    harness.receiver.answer_instead = lambda: web.Response(body=body)

    written = await harness.connector.update("7", Edit({"note": "x", "phone": PHONE}))

    assert (written.record_id, written.dropped) == ("7", ("note",))


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "//evil.example", "https://a b", "https://a/" + "x" * 2000, 7]
)
async def test_link_that_nobody_should_open_is_left_out(harness: WebhookHarness, url: str) -> None:
    body = orjson.dumps({"crm_id": "7", "url": url})
    harness.receiver.answer_instead = lambda: web.Response(body=body)

    assert (await harness.connector.update("7", Edit())).url is None


async def test_fields_of_kinds_that_nobody_can_map_are_not_told(harness: WebhookHarness) -> None:
    fields = await harness.connector.fields()

    assert "photo" not in fields
    assert fields["debt"].read_only


async def test_values_come_as_texts_whatever_they_are_there(harness: WebhookHarness) -> None:
    values = {"a": 7, "b": 7.0, "c": 7.5, "d": True, "e": "", "f": ["x", 7, ""]}
    values |= {"odd": {"x": 1}, "odder": [None], "not asked for": "x"}
    body = orjson.dumps({"record": {"crm_id": 7, "external_id": "", "values": values}})
    harness.receiver.answer_instead = lambda: web.Response(body=body)

    found = await harness.connector.get("7", [*"abcdef", "odd", "odder", "missing"])

    expected = {"a": "7", "b": "7", "c": "7.5", "d": "true", "e": None, "f": ("x", "7")}
    assert (found.id, found.external_id, found.values) == ("7", None, expected)


@pytest.mark.parametrize(
    ("records", "more"),
    [
        pytest.param([("2", 1), ("1", 0)], False, id="not in order"),
        pytest.param([("1", -1)], False, id="from before"),
        pytest.param([("1", None)], False, id="without a time"),
        pytest.param([("0", 0)], True, id="where it was asked from"),
    ],
)
async def test_changes_that_would_be_missed_or_never_end_are_refused(
    harness: WebhookHarness, records: list[tuple[str, int | None]], more: bool
) -> None:
    rows = [
        {"crm_id": id_, "changed_at": None if at is None else NOON + timedelta(seconds=at)}
        for id_, at in records
    ]
    body = orjson.dumps({"records": rows, "more": more})
    harness.receiver.answer_instead = lambda: web.Response(body=body)

    with pytest.raises(CrmAway):
        await harness.connector.changed_since(Place(NOON, "0"), ())


async def test_page_that_is_too_long_is_cut_and_goes_on_there(harness: WebhookHarness) -> None:
    rows = [{"crm_id": str(id_), "changed_at": NOON} for id_ in range(3)]
    body = orjson.dumps({"records": rows})
    harness.receiver.answer_instead = lambda: web.Response(body=body)

    changes = await harness.connector.changed_since(Place(NOON), (), limit=2)

    assert [one.id for one in changes.records] == ["0", "1"]
    assert (changes.place, changes.more) == (Place(NOON, "1"), True)


async def test_changes_go_on_as_time_does(harness: WebhookHarness) -> None:
    connector, clock = harness.connector, harness.crm.clock
    (first,) = await harness.make_at_once(1)
    clock.advance(SECOND)
    await harness.make_at_once(2)
    page = await connector.changed_since(Place(NOON), ())
    assert (len(page.records), page.place, page.more) == (3, Place(NOON + SECOND), False)

    clock.advance(SECOND)
    await harness.edit(first, {"note": "mới"})
    page = await connector.changed_since(page.place, ["note"])

    assert [one.values["note"] for one in page.records] == [None, None, "mới"]
    assert page.place == Place(NOON + SECOND * 2)


async def test_inside_is_reached_only_where_it_is_allowed(harness: WebhookHarness) -> None:
    guarded = harness.connect(allow_private=False)

    with pytest.raises(CrmAway) as refused:
        await guarded.check()

    assert refused.value.detail == ADDRESS_REFUSED
    assert harness.receiver.calls == []


async def test_answer_without_an_end_is_not_read_to_its_end(harness: WebhookHarness) -> None:
    harness.receiver.answer_instead = lambda: web.Response(body=b" " * (MAX_ANSWER_BYTES + 1))

    with pytest.raises(CrmUncertain) as failed:
        await harness.connector.update("1", Edit({"note": "x"}))

    assert failed.value.detail == "answer_too_large"


async def test_nothing_personal_and_no_secret_is_logged_or_shown(
    harness: WebhookHarness, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    record_id = await made(harness, phone=PHONE)
    harness.proxy.will(Reset())
    with pytest.raises(CrmUncertain):
        await harness.connector.update(record_id, Edit({"phone": PHONE}))

    account = WebhookAccount("https://bridge.shop.vn/inbox", (KEY,))
    shown = f"{caplog.text} {capsys.readouterr()} {account!r} {replace(account)!r}"
    assert PHONE not in shown
    assert KEY.decode() not in shown
