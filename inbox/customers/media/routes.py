"""The media block over HTTP: its pages, and a zip of what was chosen from it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from inbox.clock import Clock
from inbox.conversations.attachments import copy_state
from inbox.conversations.reading.media import BlockKind, MediaPlace
from inbox.conversations.reading.model import Limit, place
from inbox.conversations.reading.store import ConversationReads
from inbox.customers.media.archive import Archive, Entry, Missing
from inbox.customers.media.model import (
    LARGEST_ARCHIVE_BYTES,
    ArchiveTooLarge,
    ChosenItem,
    ChosenItems,
    MediaItem,
)
from inbox.customers.store import CustomerStore
from inbox.errors import InboxError, NotAllowed, NotFound
from inbox.http.paging import Cursor, Page, encode_cursor
from inbox.http.problems import language_of
from inbox.http.routing import Routes, route
from inbox.media.links import MediaLinks
from inbox.media.naming import content_disposition
from inbox.media.serving.stored import MediaGone, Stored, StoredMedia
from inbox.staff.model import Actor

Kind = Annotated[BlockKind | None, Field(description="absent: all of them")]

_MOST_BODY_BYTES = 64 * 1024
_ARCHIVE_NAMES = {"vi": "Tệp của {name}.zip", "en": "Files of {name}.zip"}
_NAMELESS = {"vi": "khách hàng", "en": "customer"}


class CustomerMediaRoutes(Routes):
    """What a customer and the shop have sent each other."""

    def __init__(
        self,
        customers: CustomerStore,
        conversations: ConversationReads,
        stored: StoredMedia,
        links: MediaLinks,
        clock: Clock,
    ) -> None:
        self._customers = customers
        self._conversations = conversations
        self._stored = stored
        self._links = links
        self._clock = clock

    @route(
        "GET",
        "/api/v1/customers/{customer_id}/media",
        access="staff",
        tag="customers",
        problems=(NotAllowed, NotFound),
    )
    async def media(
        self,
        actor: Actor,
        customer_id: str,
        kind: Kind = None,
        *,
        limit: Limit = 30,
        cursor: Cursor = None,
    ) -> Page[MediaItem]:
        """Images, videos, audio, files and links of all conversations, either way, newest first."""
        customer = await self._customers.get(customer_id, actor)
        threads = await self._conversations.visible_ids(customer["_id"], actor)
        found = await self._conversations.media(
            threads, kind, after=_media_place(cursor), limit=limit + 1
        )
        shown = found[:limit]
        return Page(
            items=[MediaItem.model_validate(self._links.item(item)) for _, item in shown],
            next_cursor=_media_cursor(shown[-1][0]) if len(found) > limit else None,
        )

    @route(
        "POST",
        "/api/v1/customers/{customer_id}/media/archive",
        access="staff",
        tag="customers",
        status=200,
        media_type="application/zip",
        max_body=_MOST_BODY_BYTES,
        problems=(NotAllowed, NotFound, ArchiveTooLarge),
    )
    async def archive(
        self, request: web.Request, actor: Actor, customer_id: str, body: ChosenItems
    ) -> web.StreamResponse:
        """A zip of up to 200 items, 1 GiB in all.

        What cannot be put in (not copied yet, taken back, not there or not yours to see) is
        listed in a text file inside.
        """
        customer = await self._customers.get(customer_id, actor)
        threads = await self._conversations.visible_ids(customer["_id"], actor)
        chosen = list(dict.fromkeys(body.items))
        messages = await self._conversations.with_media({one.message_id for one in chosen}, threads)
        entries, missing = await self._entries(chosen, messages)
        language = language_of(request)
        zipped = Archive(entries, missing, language=language, now=self._clock.now())
        name = customer.get("name") or _NAMELESS[language]
        response = web.StreamResponse(
            headers={
                "Cache-Control": "no-store",
                "Content-Disposition": content_disposition(
                    _ARCHIVE_NAMES[language].format(name=name), inline=False
                ),
                "X-Content-Type-Options": "nosniff",
            }
        )
        response.content_type = "application/zip"
        await response.prepare(request)
        async with aclosing(zipped.chunks()) as chunks:
            async for chunk in chunks:
                await response.write(chunk)
        await response.write_eof()
        return response

    async def _entries(
        self, chosen: list[ChosenItem], messages: Mapping[str, Mapping[str, Any]]
    ) -> tuple[list[Entry], list[tuple[str, Missing]]]:
        """What can be put in, and what cannot. Raises ArchiveTooLarge."""
        entries: list[Entry] = []
        missing: list[tuple[str, Missing]] = []
        size = 0
        for one in chosen:
            message = messages.get(one.message_id)
            try:
                if message is None:
                    raise NotFound
                stored = await self._stored.of(message, one.position)
            except InboxError as error:
                missing.append(_missing(one, message, error))
                continue
            size += stored.size
            entries.append(Entry(stored.name, stored.size, message["at"], self._opener(stored)))
        if size > LARGEST_ARCHIVE_BYTES:
            raise ArchiveTooLarge
        return entries, missing

    def _opener(self, stored: Stored) -> Callable[[], Awaitable[AsyncIterator[bytes]]]:
        return partial(self._stored.open, stored, 0, stored.size)


def _missing(
    one: ChosenItem, message: Mapping[str, Any] | None, error: InboxError
) -> tuple[str, Missing]:
    """How it is called in the list, and why it is there."""
    attachments = (message or {}).get("attachments") or ()
    if isinstance(error, MediaGone):
        return _label(one), "gone"
    if not one.position < len(attachments):
        return _label(one), "not_found"
    attachment = attachments[one.position]
    state = copy_state(attachment)
    return attachment.get("name") or _label(one), "not_found" if state == "copied" else state


def _label(one: ChosenItem) -> str:
    return f"{one.message_id} #{one.position + 1}"


def _media_place(cursor: str | None) -> MediaPlace | None:
    if cursor is None:
        return None
    at, message_id, number = place(cursor, datetime, str, int)
    return MediaPlace(at, message_id, number)  # type: ignore[arg-type]


def _media_cursor(spot: MediaPlace) -> str:
    return encode_cursor(spot.at, spot.message_id, spot.number)
