"""Messages that were read back from the platform's history, and what their webhooks correct.

The history is the poorer teller: Facebook's has whole seconds, neither platform's says who wrote
for the account, what a button carried, or where somebody came from. So the webhook of the same
message counts, whichever comes first, and the result is as if it had come alone.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from inbox.conversations.facts import GONE_WITH_REMOVAL
from inbox.conversations.heeding import heed_reply
from inbox.conversations.sheet import Document, Sheet, Tracked
from inbox.conversations.store import ApplyStore
from inbox.mongo.client import Session


def correct(sheet: Sheet, message: Tracked, told: Document) -> None:
    """Take what the webhook says (`told`, the fields of a message) over what was read back."""
    fields = dict(told)
    fields["attachments"] = _with_copies(told["attachments"], message.get("attachments") or ())
    if message.get("removed_at") is not None:
        fields |= dict.fromkeys(GONE_WITH_REMOVAL) | {"attachments": []}
    for name, value in fields.items():
        message.put(name, value)
    sheet.recount.add(told["conversation_id"])
    sheet.without_last.add(told["conversation_id"])


def _with_copies(told: Sequence[Document], known: Sequence[Document]) -> list[Document]:
    """The attachments that were told; what was copied of the same ones stays copied."""
    kept = [
        {"copy": before["copy"]} if before["kind"] == one["kind"] and "copy" in before else {}
        for one, before in zip(told, known, strict=False)
    ]
    kept += [{}] * (len(told) - len(kept))
    return [{**one, **copy} for one, copy in zip(told, kept, strict=True)]


async def recount(sheet: Sheet, thread_id: str, store: ApplyStore, session: Session) -> None:
    """Who wrote last and who waits since when, from the messages themselves.

    A time or an author has changed, so what was derived from it may be too late or too early.
    """
    thread = sheet.threads[thread_id]
    here = [
        message
        for message in sheet.messages.values()
        if message.get("conversation_id") == thread_id and message.get("at") is not None
    ]
    known = {*sheet.messages, *sheet.gone}
    replied_at = max(
        _moments(
            (one.get("at") for one in here if _is_human_reply(one)),
            await store.replied_at(thread_id, but=known, session=session),
        ),
        default=None,
    )
    written = [one.get("at") for one in here if one.get("direction") == "in"]
    stored = await store.written_at(thread_id, but=known, after=replied_at, session=session)
    waiting = [at for at in written if replied_at is None or at > replied_at]
    thread.put("last_out_at", replied_at)
    heed_reply(sheet, thread)
    thread.put("last_in_at", max(_moments(written, stored.last), default=None))
    thread.put("waiting_since", min(_moments(waiting, stored.first), default=None))


def _is_human_reply(message: Tracked) -> bool:
    by_staff = (message.get("author") or {}).get("kind") == "staff"
    given = not message.get("internal") and not message.get("cancelled")
    return bool(message.get("direction") == "out" and by_staff and given)


def _moments(moments: Iterable[Any], stored: datetime | None) -> list[datetime]:
    return [*moments, *([stored] if stored is not None else [])]
