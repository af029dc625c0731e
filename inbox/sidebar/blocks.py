"""The blocks that `inbox` itself shows; scripts and the CRM card come from above."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from inbox.conversations.reading.store import ConversationReads
from inbox.customers.masking import Masking
from inbox.customers.media.model import MediaItem
from inbox.customers.merging.store import MergeStore
from inbox.customers.merging.view import DuplicatesView, duplicates_view
from inbox.customers.mirroring.marking import Mirrors
from inbox.customers.mirroring.view import CrmView, crm_view
from inbox.customers.model import CustomerView, customer_view
from inbox.customers.store import CustomerStore
from inbox.customers.suggesting.routes import SuggestionsView, suggestions_view
from inbox.customers.suggesting.store import SuggestionStore
from inbox.live.viewing.store import ViewerStore
from inbox.media.links import MediaLinks
from inbox.mongo.client import Mongo
from inbox.panels import PanelContext, PanelOff
from inbox.tags.routes import TagView, tag_view
from inbox.tags.service import TagService

MEDIA_SHOWN = 12
"""Items of the media block's first page; more are read from the customer's media."""


def _customer(context: PanelContext) -> Mapping[str, Any]:
    if context.customer is None:
        raise PanelOff(
            "no_customer",
            vi="Cuộc trò chuyện này chưa gắn với khách hàng nào.",
            en="Nobody knows yet who this conversation is with.",
        )
    return context.customer


class CustomerPanel:
    """Who it is. The name is the channel's: nobody edits it here."""

    name = "customer"

    def __init__(self, links: MediaLinks, masking: Masking) -> None:
        self._links = links
        self._masking = masking

    async def show(self, context: PanelContext) -> CustomerView:
        shown = self._masking.customer(_customer(context), context.actor)
        return customer_view(shown, self._links)


class PersonView(BaseModel):
    """A member of staff, as far as a small avatar with a name needs it."""

    id: str
    name: str
    initials: str
    active: bool


class PeopleView(BaseModel):
    """Who looks after the customer.

    `assignee` is there only where the bot splits its conversations; then it is among the
    participants. `last_carer` answered last, `owner` and `followers` belong to the customer.
    `viewers` have the conversation open right now, whoever asks included.
    """

    split: bool
    participants: list[PersonView]
    last_carer: PersonView | None
    owner: PersonView | None
    followers: list[PersonView]
    viewers: list[PersonView]


class SplitPeopleView(PeopleView):
    """The same where the bot splits."""

    assignee: PersonView | None


class PeoplePanel:
    """Participants, and with splitting the sale that the conversation was given to."""

    name = "people"

    def __init__(self, mongo: Mongo, viewers: ViewerStore) -> None:
        self._mongo = mongo
        self._viewers = viewers

    async def show(self, context: PanelContext) -> PeopleView:
        conversation, customer = context.conversation, context.customer or {}
        participants = list(conversation.get("participant_ids", ()))
        assignee, carer = conversation.get("assignee_id"), conversation.get("last_carer_id")
        followers = list(customer.get("follower_ids", ()))
        owner = customer.get("owner_id")
        viewers = await self._viewers.of(conversation["_id"])
        people = await self._people({*participants, *followers, *viewers, assignee, carer, owner})
        bot = await self._mongo["bots"].find_one({"_id": conversation["bot_id"]}, {"split": 1})
        splits = bool((bot or {}).get("split", {}).get("enabled"))
        fields: dict[str, Any] = {
            "split": splits,
            "participants": [people[id_] for id_ in participants if id_ in people],
            "last_carer": people.get(carer),
            "owner": people.get(owner),
            "followers": [people[id_] for id_ in followers if id_ in people],
            "viewers": [people[id_] for id_ in viewers if id_ in people],
        }
        if not splits:
            return PeopleView(**fields)
        return SplitPeopleView(**fields, assignee=people.get(assignee))

    async def _people(self, ids: set[str | None]) -> dict[str | None, PersonView]:
        wanted = [id_ for id_ in ids if id_ is not None]
        if not wanted:
            return {}
        found = self._mongo["staff"].find(
            {"_id": {"$in": wanted}}, {"name": 1, "initials": 1, "active": 1}
        )
        return {
            one["_id"]: PersonView(
                id=one["_id"], name=one["name"], initials=one["initials"], active=one["active"]
            )
            async for one in found
        }


class TagsBlock(BaseModel):
    """The customer's tags in the order in which they were attached."""

    items: list[TagView]
    may_create: bool


class TagsPanel:
    """The tags of the customer."""

    name = "tags"

    def __init__(self, tags: TagService) -> None:
        self._tags = tags

    async def show(self, context: PanelContext) -> TagsBlock:
        known = {tag.id: tag for tag in await self._tags.store.all()}
        ids = _customer(context).get("tag_ids", ())
        return TagsBlock(
            items=[tag_view(known[id_]) for id_ in ids if id_ in known],
            may_create=self._tags.may_create(context.actor),
        )


class MediaBlock(BaseModel):
    """The newest images and files; `more` when the customer's media hold others."""

    items: list[MediaItem]
    more: bool


class MediaPanel:
    """The first page of the customer's media."""

    name = "media"

    def __init__(self, reads: ConversationReads, links: MediaLinks) -> None:
        self._reads = reads
        self._links = links

    async def show(self, context: PanelContext) -> MediaBlock:
        threads = await _threads(self._reads, context)
        found = await self._reads.media(threads, None, after=None, limit=MEDIA_SHOWN + 1)
        items = [MediaItem.model_validate(self._links.item(item)) for _, item in found]
        return MediaBlock(items=items[:MEDIA_SHOWN], more=len(items) > MEDIA_SHOWN)


class DuplicatesPanel:
    """Other records with the same phone or e-mail address."""

    name = "duplicates"

    def __init__(self, merges: MergeStore, customers: CustomerStore, masking: Masking) -> None:
        self._merges = merges
        self._customers = customers
        self._masking = masking

    async def show(self, context: PanelContext) -> DuplicatesView:
        customer = dict(_customer(context))
        return await duplicates_view(
            self._merges, self._customers, customer, context.actor, masking=self._masking
        )


class SuggestionsPanel:
    """What the customer told of themselves and nobody has saved."""

    name = "suggestions"

    def __init__(
        self, suggestions: SuggestionStore, reads: ConversationReads, masking: Masking
    ) -> None:
        self._suggestions = suggestions
        self._reads = reads
        self._masking = masking

    async def show(self, context: PanelContext) -> SuggestionsView:
        customer = dict(_customer(context))
        found = await self._suggestions.of(customer, await _threads(self._reads, context))
        return suggestions_view(found, context.actor, self._masking)


class CrmPanel:
    """The customer's CRM record at a glance, or why there is none."""

    name = "crm"

    def __init__(self, mirrors: Mirrors, masking: Masking) -> None:
        self._mirrors = mirrors
        self._masking = masking

    async def show(self, context: PanelContext) -> CrmView:
        customer = _customer(context)
        if not self._mirrors.are_set_up:
            raise PanelOff("not_set_up", vi="Chưa kết nối CRM.", en="No CRM is connected.")
        if not await self._mirrors.are_wanted(customer["_id"]):
            raise PanelOff(
                "sync_off",
                vi="Bot chưa bật đồng bộ dữ liệu sang CRM.",
                en="The bot does not mirror its customers into the CRM.",
            )
        card = await self._mirrors.card(customer)
        if card is None or card.id is None:
            why = card.reason if card is not None else None
            raise PanelOff(
                "not_linked",
                vi=why.vi if why is not None else "Khách hàng chưa có trong CRM.",
                en=why.en if why is not None else "The customer is not in the CRM yet.",
            )
        return crm_view(card, self._masking, context.actor)


async def _threads(reads: ConversationReads, context: PanelContext) -> list[str]:
    """The customer's conversations that the actor may see; without a customer this one."""
    if context.customer is None:
        return [context.conversation["_id"]]
    return await reads.visible_ids(context.customer["_id"], context.actor)
