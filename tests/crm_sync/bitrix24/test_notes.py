"""Timeline comments have no key of ours: what keeps a note one."""

from crm_sync.connectors.bitrix24.notes import mark_of
from tests.crm_sync.bitrix24.bitrix24_harness import Bitrix24Harness
from tests.crm_sync.bitrix24.portal_contacts import PAGE
from tests.crm_sync.contract import NOON, a_record


def comment(harness: Bitrix24Harness, record_id: str, text: str) -> int:
    fields = {"ENTITY_ID": int(record_id), "ENTITY_TYPE": "contact", "COMMENT": text}
    return int(harness.portal.add_comment({"fields": fields}))


async def test_note_is_found_behind_many_comments_of_people(harness: Bitrix24Harness) -> None:
    record_id = await a_record(harness)
    for number in range(PAGE):
        comment(harness, record_id, f"sale {number}")
    first = await harness.connector.note(record_id, "n1", "bản nháp", NOON)
    for number in range(PAGE):
        comment(harness, record_id, f"sale nữa {number}")

    again = await harness.connector.note(record_id, "n1", "bản cuối", NOON)

    assert again == first
    assert len(harness.portal.comments) == 2 * PAGE + 1
    assert (await harness.notes(record_id))[PAGE] == "bản cuối"


async def test_two_workers_who_write_it_at_once_leave_the_older_one(
    harness: Bitrix24Harness,
) -> None:
    record_id = await a_record(harness)
    body = mark_of("inbox-shop", "n1") + "của worker kia"
    theirs: list[int] = []
    harness.server.before["crm.timeline.comment.add"] = lambda: theirs.append(
        comment(harness, record_id, body)
    )

    written = await harness.connector.note(record_id, "n1", "gọi lại", NOON)

    assert [written] == [str(id_) for id_ in theirs]
    assert list(harness.portal.comments) == theirs


async def test_same_words_of_people_are_not_ours(harness: Bitrix24Harness) -> None:
    record_id = await a_record(harness)
    comment(harness, record_id, "gọi lại")

    await harness.connector.note(record_id, "n1", "gọi lại", NOON)

    assert await harness.notes(record_id) == ["gọi lại", "gọi lại"]


async def test_note_of_another_inbox_is_not_ours(harness: Bitrix24Harness) -> None:
    record_id = await a_record(harness)

    await harness.connector.note(record_id, "n1", "một", NOON)
    await harness.connect(instance="chi-nhanh").note(record_id, "n1", "hai", NOON)

    assert await harness.notes(record_id) == ["một", "hai"]


async def test_note_formats_nothing_and_calls_nobody(harness: Bitrix24Harness) -> None:
    record_id = await a_record(harness)
    text = "[b]đậm[/b] [USER=1]sếp[/USER] <b>x</b> &lt;"

    note = await harness.connector.note(record_id, "n1", text, NOON)

    kept = harness.portal.comments[int(note)]["COMMENT"]
    assert "[" not in kept
    assert "<" not in kept
    assert await harness.notes(record_id) == [text]


def test_marks_are_unseen_and_each_its_own() -> None:
    marks = {mark_of(origin, note) for origin in ("a", "b") for note in ("1", "2")}

    assert len(marks) == 4
    assert {len(one) for one in marks} == {32}
    assert all("\u2061" <= sign <= "\u2064" for one in marks for sign in one)
