"""Notes are comments in the timeline of a contact.

They have no key of ours, so each carries a mark of its own that nobody sees, and is looked for
before it is written: an answer that was lost makes no second one.
Source: https://apidocs.bitrix24.com/api-reference/crm/timeline/comments/index.html
"""

from contextlib import suppress
from hashlib import blake2b

from crm_sync.connectors.bitrix24.bbcode import note_of
from crm_sync.connectors.bitrix24.client import Webhook
from crm_sync.connectors.bitrix24.values import clean
from crm_sync.connectors.errors import InvalidValue, RecordGone

_METHODS = "crm.timeline.comment"
_SIGNS = "\u2061\u2062\u2063\u2064"
"""Invisible operators of mathematics: no text of people has them, and no font shows them."""


def mark_of(originator: str, note_id: str) -> str:
    """64 bits in 32 signs."""
    digest = blake2b(f"{originator}\n{note_id}".encode(), digest_size=8).digest()
    return "".join(_SIGNS[byte >> shift & 3] for byte in digest for shift in (6, 4, 2, 0))


class Notes:
    """Writes notes once."""

    def __init__(self, webhook: Webhook, originator: str) -> None:
        self._webhook = webhook
        self._originator = originator

    async def put(self, contact_id: int, note_id: str, text: str) -> int:
        """The id of the only comment, which says `text` now."""
        mark = mark_of(self._originator, note_id)
        body = mark + note_of(clean(text))
        known = await self._settled(contact_id, mark)
        if known is not None:
            await self._webhook.call(f"{_METHODS}.update", id=known, fields={"COMMENT": body})
            return known
        owner = {"ENTITY_ID": contact_id, "ENTITY_TYPE": "contact"}
        fields = {**owner, "COMMENT": body}
        made = int(await self._webhook.call(f"{_METHODS}.add", fields=fields))
        oldest = await self._settled(contact_id, mark)
        return made if oldest is None else oldest

    async def _settled(self, contact_id: int, mark: str) -> int | None:
        """The oldest one; what others made at the same time is deleted."""
        found = await self._marked(contact_id, mark)
        for extra in found[1:]:
            with suppress(RecordGone, InvalidValue):
                await self._webhook.call(f"{_METHODS}.delete", id=extra)
        return found[0] if found else None

    async def _marked(self, contact_id: int, mark: str) -> list[int]:
        """Every page is read: people may have written much since."""
        found: list[int] = []
        start: int | None = 0
        while start is not None:
            page = await self._webhook.page(
                f"{_METHODS}.list",
                filter={"ENTITY_ID": contact_id, "ENTITY_TYPE": "contact"},
                order={"ID": "ASC"},
                start=start,
            )
            found += [int(one["ID"]) for one in page.result if mark in (one["COMMENT"] or "")]
            start = page.next
        return found
