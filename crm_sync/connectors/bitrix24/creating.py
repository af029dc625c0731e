"""Making a contact of one of our customers once, where nothing is unique and nothing is upserted.

Look by our own id; else add, and look again: whoever made it at the same time did the same. All
keep the oldest and delete what is theirs of the others. What a crash leaves is found next time.
"""

from collections.abc import Mapping
from contextlib import suppress

from crm_sync.connectors.bitrix24.metadata import NAME, Described
from crm_sync.connectors.bitrix24.records import Item, Records
from crm_sync.connectors.errors import CrmUncertain, InvalidValue, RecordGone
from crm_sync.connectors.model import Edit


class Creator:
    """`user_id` is who we are there: what people have touched is never deleted."""

    def __init__(self, records: Records, user_id: int | None) -> None:
        self._records = records
        self._user_id = user_id

    async def find_or_make(
        self, external_id: str, edit: Edit, known: Mapping[str, Described]
    ) -> Item:
        """The one record, as it is then. Of one that was there the name is left alone."""
        found = await self._records.of_origin(external_id)
        made = None
        if not found:
            made = await self._records.add(external_id, edit, known)
            found = await self._records.of_origin(external_id)
        if not found:
            raise CrmUncertain("made_and_not_found")
        oldest, *others = sorted(found, key=_id)
        for one in others:
            await self._discard(one)
        if made is not None and _id(oldest) == _id(made):
            return made
        values = {name: value for name, value in edit.values.items() if name != NAME}
        rest = Edit(values, edit.add_tags, edit.remove_tags)
        origin = self._records.origin(external_id)
        return await self._records.write(_id(oldest), rest, known, origin)

    async def _discard(self, item: Item) -> None:
        """One that people edited, or that we may not delete, is theirs to merge."""
        if {item.get("createdBy"), item.get("updatedBy")} != {self._user_id}:
            return
        with suppress(RecordGone, InvalidValue):
            await self._records.delete(_id(item))


def _id(item: Item) -> int:
    return int(item["id"])
