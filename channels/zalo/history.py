"""Reads the conversations of an OA back: implements MessageSource of inbox/ports.py.

Source: https://developers.zalo.me/docs/official-account/tin-nhan/quan-ly-tin-nhan
"""

import hashlib
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from channels.zalo.client import ZaloClient
from channels.zalo.limits import CONVERSATION_PAGE_MOST
from channels.zalo.retelling import Row, person_of, retold, time_of
from channels.zalo.wire import optional_id
from inbox.ports import AccountRef, HistoryStep, SendRefused, ToldMessage

MOST_PAGES = 500
"""Of one conversation; beyond it something is wrong with how Zalo counts."""
_KEPT_BYTES = 5


class ZaloHistory:
    """The latest messages tell who has written; then each of their conversations is read.

    Groups and anonymous visitors cannot be read back.
    """

    def __init__(self, client: ZaloClient) -> None:
        self._client = client

    async def history(
        self,
        account: AccountRef,
        since: datetime,
        until: datetime,
        *,
        resume: Mapping[str, Any] | None = None,
    ) -> AsyncGenerator[HistoryStep, None]:
        """See MessageSource. How far back Zalo tells is not documented.

        Pages count from the newest message: what is written meanwhile moves the rest further
        back, where it is met a second time; nothing is passed over.
        """
        place = resume or {}
        offset, done = place.get("offset", 0), dict.fromkeys(place.get("done", ()))
        before: Sequence[str | None] = ()
        while not place.get("over", False):
            try:
                rows = await self._client.recent_chats(account.key, offset)
            except SendRefused:
                if offset == 0:
                    raise
                yield HistoryStep((), _place(offset, done, over=True), incomplete="platform_limit")
                return
            ids = [optional_id(row.get("message_id")) for row in rows]
            if rows and ids == before:
                yield HistoryStep(
                    (), _place(offset, done, over=True), incomplete="platform_repeats"
                )
                return
            before = ids
            for person_id in _people(rows, account.account_id, since):
                if (mark := _mark(person_id)) in done:
                    continue
                async for step in self._conversation(account, person_id, rows, since, until):
                    yield HistoryStep(
                        step.messages, _place(offset, done), incomplete=step.incomplete
                    )
                done[mark] = None
            over = len(rows) < CONVERSATION_PAGE_MOST or _reaches(rows, since)
            offset += len(rows)
            place = _place(offset, done, over=over)
            yield HistoryStep((), place)

    async def _conversation(
        self,
        account: AccountRef,
        person_id: str,
        recent: Sequence[Row],
        since: datetime,
        until: datetime,
    ) -> AsyncGenerator[HistoryStep, None]:
        """The messages with one user; where their conversation is refused, those seen already."""
        before: Sequence[str | None] = ()
        for page in range(MOST_PAGES):
            try:
                rows = await self._client.conversation(
                    account.key, person_id, page * CONVERSATION_PAGE_MOST
                )
            except SendRefused:
                theirs = [row for row in recent if person_of(row, account.account_id) == person_id]
                told = _told(account, theirs, since, until)
                yield HistoryStep(told, {}, incomplete="conversation_refused")
                return
            ids = [optional_id(row.get("message_id")) for row in rows]
            if rows and ids == before:
                yield HistoryStep((), {}, incomplete="platform_repeats")
                return
            before = ids
            yield HistoryStep(_told(account, rows, since, until), {})
            if len(rows) < CONVERSATION_PAGE_MOST or _reaches(rows, since):
                return
        yield HistoryStep((), {}, incomplete="long_conversation")


def _told(
    account: AccountRef, rows: Sequence[Row], since: datetime, until: datetime
) -> tuple[ToldMessage, ...]:
    """Those of the rows that were written in [since, until), oldest first."""
    found = [message for row in reversed(rows) if (message := retold(account, row)) is not None]
    wanted = [message for message in found if since <= message.at < until]
    return tuple(sorted(wanted, key=lambda message: message.at))


def _people(rows: Sequence[Row], oa_id: str, since: datetime) -> list[str]:
    """Who is in these rows with a message at `since` or later, each once."""
    people = [
        person_id
        for row in rows
        if (at := time_of(row)) is not None
        and at >= since
        and (person_id := person_of(row, oa_id)) is not None
    ]
    return list(dict.fromkeys(people))


def _reaches(rows: Sequence[Row], since: datetime) -> bool:
    return any((at := time_of(row)) is not None and at < since for row in rows)


def _mark(person_id: str) -> str:
    """Whose conversation is done, without naming them."""
    return hashlib.blake2b(person_id.encode(), digest_size=_KEPT_BYTES).hexdigest()


def _place(offset: int, done: Iterable[str], *, over: bool = False) -> dict[str, Any]:
    return {"offset": offset, "done": list(done), "over": over}
