"""Routers in the shape of aiogram's, but typed: an event goes to the first handler that matches.

    router = Router("greeting")

    @router.message(F.text.lower().contains("giá"))
    def note_price_question(event: InboundMessage, batch: Batch) -> None:
        batch.keep(...)

`router.message` is an `Observer[InboundMessage]`: a handler for another event type does not pass
the type check. Handlers do no I/O; they add changes to the batch.
"""

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from magic_filter import MagicFilter

from channels import events
from inbox.conversations.changes import Batch

Event = TypeVar("Event", bound=events.PlatformEvent)
Handler = Callable[[Event, Batch], None]
Filter = MagicFilter | Callable[[Event], Any]
Middleware = Callable[[Handler[Any], Any, Batch], None]
"""Gets the next handler, the event and the batch; calls the handler, or not."""


class Observer(Generic[Event]):
    """The handlers of one event type, in the order in which they were registered."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._handlers: list[tuple[tuple[Filter[Event], ...], Handler[Event]]] = []

    def __call__(self, *filters: Filter[Event]) -> Callable[[Handler[Event]], Handler[Event]]:
        """Register a handler that runs when every filter accepts the event."""

        def register(handler: Handler[Event]) -> Handler[Event]:
            self._handlers.append((filters, handler))
            return handler

        return register

    def find(self, event: Event) -> Handler[Event] | None:
        """The first handler whose filters all accept the event."""
        for filters, handler in self._handlers:
            if all(_accepts(one, event) for one in filters):
                return handler
        return None

    def __iter__(self) -> Iterator[tuple[tuple[Filter[Event], ...], Handler[Event]]]:
        return iter(self._handlers)


class Router:
    """Observers for every event type, routers included below, and middlewares around handlers."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.message = Observer[events.InboundMessage]("message")
        self.echo = Observer[events.MessageEcho]("echo")
        self.postback = Observer[events.Postback]("postback")
        self.comment = Observer[events.Comment]("comment")
        self.edit = Observer[events.MessageEdited]("edit")
        self.removal = Observer[events.MessageRemoved]("removal")
        self.hiding = Observer[events.MessageHidden]("hiding")
        self.reaction = Observer[events.Reaction]("reaction")
        self.delivery = Observer[events.Delivered]("delivery")
        self.seen = Observer[events.Seen]("seen")
        self.follow = Observer[events.Followed]("follow")
        self.referral = Observer[events.Referred]("referral")
        self.optin = Observer[events.OptedIn]("optin")
        self.submitted_info = Observer[events.InfoSubmitted]("submitted_info")
        self.handover = Observer[events.ThreadControlChanged]("handover")
        self.noted = Observer[events.CustomerNoted]("noted")
        self.withdrawal = Observer[events.DataWithdrawn]("withdrawal")
        self.group = Observer[events.GroupChanged]("group")
        self.account = Observer[events.AccountNoted]("account")
        self.unknown = Observer[events.Unknown]("unknown")
        self._observers: dict[str, Observer[Any]] = {
            one.name: one for one in vars(self).values() if isinstance(one, Observer)
        }
        self._children: list[Router] = []
        self._middlewares: list[Middleware] = []

    def include(self, *routers: "Router") -> None:
        """Add routers below this one; they are asked in this order, after its own handlers."""
        self._children.extend(routers)

    def middleware(self, middleware: Middleware) -> Middleware:
        """Wrap every handler of this router and of those below; the first one is outermost."""
        self._middlewares.append(middleware)
        return middleware

    def find(self, event: events.PlatformEvent) -> Handler[Any] | None:
        """The first matching handler here or below, wrapped in the middlewares on the way."""
        handler = self._observers[event.type].find(event)  # type: ignore[attr-defined]
        if handler is None:
            for child in self._children:
                if (handler := child.find(event)) is not None:
                    break
        if handler is None:
            return None
        for middleware in reversed(self._middlewares):
            handler = _wrapped(middleware, handler)
        return handler

    def dispatch(self, event: events.PlatformEvent, batch: Batch) -> bool:
        """Hand the event to its handler. False when nobody wants it."""
        handler = self.find(event)
        if handler is None:
            return False
        handler(event, batch)
        return True

    def order(self) -> list[str]:
        """Every handler as "event: function (router)", in the order in which they are asked."""
        own = [
            f"{observer.name}: {handler.__name__} ({self.name})"
            for observer in self._observers.values()
            for _, handler in observer
        ]
        return own + [line for child in self._children for line in child.order()]


def _accepts(filter_: Filter[Any], event: Any) -> bool:
    if isinstance(filter_, MagicFilter):
        return bool(filter_.resolve(event))
    return bool(filter_(event))


def _wrapped(middleware: Middleware, handler: Handler[Any]) -> Handler[Any]:
    def run(event: Any, batch: Batch) -> None:
        middleware(handler, event, batch)

    return run
