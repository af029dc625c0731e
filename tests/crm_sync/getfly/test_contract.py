"""The contract of connectors, kept by Getfly's against the simulated Getfly."""

import pytest

from crm_sync.connectors.errors import CrmUncertain
from tests.crm_sync.contract import NOON, ConnectorContract, Harness, a_record
from tests.crm_sync.faults import DropAnswer
from tests.crm_sync.getfly.getfly_harness import GetflyHarness

_COMMENTING = b'"content"'


def as_the_contract_wants_it(harness: GetflyHarness) -> Harness:
    """For the type checker: fixtures are handed over by name."""
    return harness


class TestGetfly(ConnectorContract):
    """`harness` comes from conftest.py. Where comments are other than notes, it says how."""

    async def test_note_written_twice_is_one_and_the_second_wins(self, harness: Harness) -> None:
        """The same text is one comment; another one says that it takes the place of the first,
        as Getfly has no way to change a comment.
        """
        record_id, note_id = await a_record(harness), harness.new_id()

        first = await harness.connector.note(record_id, note_id, "bản nháp", NOON)
        same = await harness.connect().note(record_id, note_id, "bản nháp", NOON)
        second = await harness.connector.note(record_id, note_id, "bản cuối", NOON)
        again = await harness.connect().note(record_id, note_id, "bản cuối", NOON)

        assert (same, again) == (first, second)
        assert await harness.notes(record_id) == ["bản nháp", "bản cuối"]

    async def test_note_whose_answer_was_lost_is_one(self, harness: Harness) -> None:
        """The second call finds it, and makes nothing whose answer could be lost."""
        record_id, note_id = await a_record(harness), harness.new_id()
        harness.proxy.will(DropAnswer(), on=_COMMENTING)
        with pytest.raises(CrmUncertain):
            await harness.connector.note(record_id, note_id, "gọi lại", NOON)

        for _ in range(5):
            await harness.connector.note(record_id, note_id, "gọi lại", NOON)
        await harness.connector.note(record_id, harness.new_id(), "gọi lại", NOON)

        assert await harness.notes(record_id) == ["gọi lại", "gọi lại"]
