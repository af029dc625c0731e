"""Suggestions over HTTP: what the customer told, saved or declined with one click."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from inbox.conversations.reading.model import Time
from inbox.conversations.reading.store import ConversationReads
from inbox.conversations.view import iso
from inbox.customers.masking import Masking, is_mask, masked_text
from inbox.customers.model import CustomerView, customer_view
from inbox.customers.store import CustomerStore
from inbox.customers.suggesting.finding import Found, Kind, found_in
from inbox.customers.suggesting.store import Suggestion, SuggestionStore
from inbox.errors import FieldError, InvalidInput, NotAllowed, NotFound
from inbox.http.routing import Body, Routes, route
from inbox.media.links import MediaLinks
from inbox.staff.model import Actor


class NothingSuggested(InvalidInput):
    """The value is not what a suggestion looks like."""

    code = "nothing_suggested"
    vi = "Đây không phải là số điện thoại, email hay địa chỉ hợp lệ."
    en = "This is not a valid phone number, e-mail address or address."

    def __init__(self) -> None:
        super().__init__([FieldError("value", self.code, self.vi, self.en)])


class SuggestionView(BaseModel):
    """Something that the customer wrote and that is not saved yet.

    `message_id` is the newest message that says it; `replaces` is what saving it would replace.
    """

    kind: Kind
    value: str
    message_id: str
    conversation_id: str
    at: Time
    replaces: str | None


class SuggestionsView(BaseModel):
    """Suggestions of a customer, the latest first."""

    items: list[SuggestionView]


class DecisionBody(Body):
    """Save it, or never offer it again."""

    kind: Kind
    value: Annotated[str, Field(min_length=1, max_length=320)]
    decision: Literal["save", "decline"]


class SuggestionRoutes(Routes):
    """What a customer told of themselves."""

    def __init__(
        self,
        suggestions: SuggestionStore,
        customers: CustomerStore,
        conversations: ConversationReads,
        links: MediaLinks,
        masking: Masking | None = None,
    ) -> None:
        """Without `masking` everybody reads phones and e-mail addresses in full."""
        self._links = links
        self._masking = masking or Masking()
        self._suggestions = suggestions
        self._customers = customers
        self._conversations = conversations

    @route(
        "GET",
        "/api/v1/customers/{customer_id}/suggestions",
        access="staff",
        tag="customers",
        problems=(NotAllowed, NotFound),
    )
    async def suggestions(self, actor: Actor, customer_id: str) -> SuggestionsView:
        """Phones, e-mail and postal addresses in the customer's messages, not saved yet."""
        customer = await self._customers.get(customer_id, actor)
        threads = await self._conversations.visible_ids(customer["_id"], actor)
        found = await self._suggestions.of(customer, threads)
        return suggestions_view(found, actor, self._masking)

    @route(
        "POST",
        "/api/v1/customers/{customer_id}/suggestions",
        access="staff",
        tag="customers",
        problems=(NotAllowed, NotFound, NothingSuggested),
    )
    async def decide(self, actor: Actor, customer_id: str, body: DecisionBody) -> CustomerView:
        """Save a suggestion beside what is known, or decline it for good. Safe to repeat."""
        found = await self._meant(actor, customer_id, Found(body.kind, body.value))
        if body.kind != "address" and found not in found_in(found.value):
            raise NothingSuggested
        if body.decision == "save":
            customer = await self._suggestions.save(customer_id, found, actor)
        else:
            await self._suggestions.decline(customer_id, found, actor)
            customer = await self._customers.get(customer_id, actor)
        return customer_view(self._masking.customer(customer, actor), self._links)

    async def _meant(self, actor: Actor, customer_id: str, sent: Found) -> Found:
        """The suggestion itself where somebody who reads only its mask decides about it.

        Raises:
            NothingSuggested: no suggestion has this mask, or several do.
        """
        if not is_mask(sent.value):
            return sent
        customer = await self._customers.get(customer_id, actor)
        threads = await self._conversations.visible_ids(customer["_id"], actor)
        offered = {
            Found(one.kind, one.value)
            for one in await self._suggestions.of(customer, threads)
            if one.kind == sent.kind and masked_text(one.value) == sent.value
        }
        if len(offered) != 1:
            raise NothingSuggested
        return offered.pop()


def suggestions_view(
    found: Sequence[Suggestion], actor: Actor, masking: Masking
) -> SuggestionsView:
    """Suggestions as the actor may read them."""
    return SuggestionsView(
        items=[_suggestion_view(one, masking.text(one.value, actor)) for one in found]
    )


def _suggestion_view(one: Suggestion, value: str) -> SuggestionView:
    return SuggestionView(
        kind=one.kind,
        value=value,
        message_id=one.message_id,
        conversation_id=one.conversation_id,
        at=iso(one.at),
        replaces=one.replaces,
    )
