"""Builds what the sidebar does with customers: tags, suggestions, merging, canned replies."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from inbox.canned.routes import CannedRoutes
from inbox.canned.service import CannedReplies
from inbox.clock import Clock
from inbox.config import InboxConfig
from inbox.conversations.reading.store import ConversationReads
from inbox.customers.attributes.routes import AttributeRoutes
from inbox.customers.attributes.service import AttributeService
from inbox.customers.locating.routes import LocatingRoutes
from inbox.customers.locating.store import LocatingStore
from inbox.customers.masking import Masking
from inbox.customers.merging.routes import MergeRoutes
from inbox.customers.merging.settling import MergeSettling
from inbox.customers.merging.store import MergeStore
from inbox.customers.revealing.routes import RevealRoutes
from inbox.customers.revealing.store import RevealStore
from inbox.customers.store import CustomerStore
from inbox.customers.suggesting.routes import SuggestionRoutes
from inbox.customers.suggesting.store import SuggestionStore
from inbox.http.routing import Routes
from inbox.live.viewing.keeping import ViewerEnding, ViewerKeeping
from inbox.live.viewing.store import ViewerStore
from inbox.media.links import MediaLinks
from inbox.mongo.client import Mongo
from inbox.panels import Panel, Panels
from inbox.search.routes import SearchRoutes
from inbox.search.store import SearchStore
from inbox.sidebar.blocks import (
    CrmPanel,
    CustomerPanel,
    DuplicatesPanel,
    MediaPanel,
    PeoplePanel,
    SuggestionsPanel,
    TagsPanel,
)
from inbox.sidebar.routes import SidebarRoutes
from inbox.signals.store import SignalStore
from inbox.tags.removing import TagRemoving
from inbox.tags.routes import TagRoutes
from inbox.tags.service import TagService

Loop = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


class Customers:
    """One process's share of looking after customers."""

    def __init__(
        self,
        mongo: Mongo,
        clock: Clock,
        config: InboxConfig,
        links: MediaLinks,
        *,
        signals: SignalStore | None = None,
        panels: Sequence[Panel] = (),
    ) -> None:
        """`panels` are the sidebar's blocks of packages above, shown after the tags."""
        self.store = CustomerStore(mongo, clock)
        self.tags = TagService(mongo, self.store, clock, config.tags, signals=signals)
        self.viewers = ViewerStore(mongo, clock)
        self.viewing = ViewerKeeping(self.viewers)
        self.merges = MergeStore(mongo, self.store, clock)
        reads = ConversationReads(mongo)
        suggestions = SuggestionStore(mongo, self.store)
        self.masking = masking = Masking(config.customers.unmasked_from)
        self._tables: Sequence[Routes] = (
            TagRoutes(self.tags),
            AttributeRoutes(AttributeService(mongo, clock)),
            LocatingRoutes(LocatingStore(mongo)),
            RevealRoutes(RevealStore(mongo, self.store, clock)),
            SuggestionRoutes(suggestions, self.store, reads, links, masking),
            MergeRoutes(self.merges, self.store, links, masking),
            CannedRoutes(CannedReplies(mongo, reads, clock, masking)),
            SearchRoutes(SearchStore(mongo), masking),
            SidebarRoutes(Panels(self._panels(mongo, reads, suggestions, links, panels)), reads),
        )

    def _panels(
        self,
        mongo: Mongo,
        reads: ConversationReads,
        suggestions: SuggestionStore,
        links: MediaLinks,
        beside: Sequence[Panel],
    ) -> Sequence[Panel]:
        return (
            CustomerPanel(links, self.masking),
            PeoplePanel(mongo, self.viewers),
            TagsPanel(self.tags),
            *beside,
            MediaPanel(reads, links),
            CrmPanel(self.store.mirrors, self.masking),
            DuplicatesPanel(self.merges, self.store, self.masking),
            SuggestionsPanel(suggestions, reads, self.masking),
        )

    def tables(self) -> Sequence[Routes]:
        return self._tables

    def loops(self) -> Sequence[Loop]:
        return (
            TagRemoving(self.tags.store).run,
            MergeSettling(self.merges).run,
            ViewerEnding(self.viewers).run,
        )
