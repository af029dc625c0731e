"""Quick search over HTTP."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from inbox.conversations.model import AuthorKind, Channel
from inbox.conversations.reading.model import Time
from inbox.conversations.view import iso
from inbox.customers.masking import Masking
from inbox.http.paging import Cursor, encode_cursor, time_and_id
from inbox.http.routing import Routes, route
from inbox.mongo.client import Document
from inbox.search.highlighting import highlights, snippet
from inbox.search.store import Found, SearchStore
from inbox.search.tokens import Term, asked, customer_texts, shown_text
from inbox.staff.model import Actor

LONGEST_QUERY = 200

Query = Annotated[
    str,
    Field(
        max_length=LONGEST_QUERY,
        description="words that must all be there, the last one perhaps only begun (3 letters "
        "or more); accents and đ do not matter, a phone number may be written in any way",
    ),
]
Limit = Annotated[int, Field(ge=1, le=50, description="how many items at most")]


class Highlight(BaseModel):
    """From `start` to before `end`, in UTF-16 code units of the text."""

    start: int
    end: int


class SnippetView(BaseModel):
    """The part of a text that matched, in one line."""

    text: str
    highlights: list[Highlight]


class CustomerFound(BaseModel):
    """A customer; `conversation_id` is the newest of theirs that one may see.

    `snippet` shows where the words were found: the name, a phone number, an address or the note.
    """

    kind: Literal["customer"]
    id: str
    name: str | None
    channels: list[Channel]
    conversation_id: str | None
    snippet: SnippetView | None


class MessageFound(BaseModel):
    """A message; the thread opens at it with `around=` of the messages of its conversation."""

    kind: Literal["message"]
    id: str
    conversation_id: str
    bot_id: str | None
    channel: Channel
    customer_id: str | None
    customer_name: str | None
    author: AuthorKind
    at: Time
    snippet: SnippetView


class SearchPage(BaseModel):
    """A page of results, newest first. `partial`: older ones were not looked through, for the
    words are too common; `next_cursor` goes on there.
    """

    items: list[Annotated[CustomerFound | MessageFound, Field(discriminator="kind")]]
    next_cursor: str | None
    partial: bool


class SearchRoutes(Routes):
    """Search over all customers and messages that one may see."""

    def __init__(self, store: SearchStore, masking: Masking | None = None) -> None:
        """Without `masking` everybody reads phones and e-mail addresses in full."""
        self._store = store
        self._masking = masking or Masking()

    @route("GET", "/api/v1/search", access="staff", tag="search")
    async def search(
        self,
        actor: Actor,
        q: Query,
        *,
        kind: Literal["customers", "messages"] = "customers",
        bot_id: str | None = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> SearchPage:
        """Customers, or messages, with all the words of `q`, newest first."""
        after = time_and_id(cursor)
        terms = asked(q)
        if not terms:
            return SearchPage(items=[], next_cursor=None, partial=False)
        items: list[CustomerFound | MessageFound]
        if kind == "customers":
            found = await self._store.customers(
                terms, actor, bot_id=bot_id, after=after, limit=limit
            )
            items = [self._customer(one, terms, actor) for one in found.documents]
        else:
            found = await self._store.messages(
                terms, actor, bot_id=bot_id, after=after, limit=limit
            )
            items = await self._messages(found, terms)
        return SearchPage(
            items=items,
            next_cursor=encode_cursor(*found.place) if found.place else None,
            partial=found.partial,
        )

    def _customer(self, customer: Document, terms: list[Term], actor: Actor) -> CustomerFound:
        texts = customer_texts(customer)
        telling = max(texts, key=lambda text: len(highlights(text, terms)), default=None)
        shown = None if telling is None else self._masking.text(telling, actor)
        conversation = customer["conversation"]
        return CustomerFound(
            kind="customer",
            id=customer["_id"],
            name=customer.get("name"),
            channels=sorted({one["channel"] for one in customer.get("identities", [])}),
            conversation_id=conversation["_id"] if conversation else None,
            snippet=None if shown is None else _snippet(shown, terms),
        )

    async def _messages(
        self, found: Found, terms: list[Term]
    ) -> list[CustomerFound | MessageFound]:
        ids = [one["conversation"].get("customer_id") for one in found.documents]
        names = await self._store.names([id_ for id_ in ids if id_ is not None])
        return [_message(one, terms, names) for one in found.documents]


def _message(message: Document, terms: list[Term], names: dict[str, str | None]) -> MessageFound:
    conversation = message["conversation"]
    customer_id = conversation.get("customer_id")
    return MessageFound(
        kind="message",
        id=message["_id"],
        conversation_id=conversation["_id"],
        bot_id=conversation.get("bot_id"),
        channel=conversation["channel"],
        customer_id=customer_id,
        customer_name=names.get(customer_id),
        author=message["author"]["kind"],
        at=iso(message["at"]),
        snippet=_snippet(shown_text(message) or "", terms),
    )


def _snippet(text: str, terms: list[Term]) -> SnippetView:
    shown = snippet(text, terms)
    places = [Highlight(start=start, end=end) for start, end in shown.ranges]
    return SnippetView(text=shown.text, highlights=places)
