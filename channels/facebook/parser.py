"""A verified webhook body of Facebook or Instagram, as typed events."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from channels.events import AccountNoted, AnyEvent, BadEvent, Parsed
from channels.facebook import customers, messages
from channels.facebook.changes import account_noted, read_change
from channels.facebook.comments import feed_comment
from channels.facebook.envelope import CONSOLE_ACCOUNT, Element, Place, elements, load
from channels.facebook.exchange import Exchange, read_exchange
from channels.facebook.times import epoch_ms
from channels.facebook.values import Broken, JsonObject, json_text, kept, mapping, word
from inbox.ids import hash_id

_ENVELOPE = frozenset({"sender", "recipient", "timestamp", "hop_context", "lead", "seq"})

Reader = Callable[[Exchange, JsonObject], AnyEvent]


def _about_account(name: str) -> Reader:
    """A reader of events that have no sender: they concern the page."""

    def read(exchange: Exchange, value: JsonObject) -> AccountNoted:
        if exchange.recipient_id not in (None, exchange.place.account_id):
            raise Broken("account_mismatch")
        return AccountNoted(
            **exchange.common,
            name=name,
            key=f"{name}:{epoch_ms(exchange.at)}:{word(value.get('action'), '')}",
            data=kept(value),
        )

    return read


_READERS: dict[str, Reader] = {
    "message": messages.message,
    "message_edit": messages.edit,
    "reaction": messages.reaction,
    "delivery": messages.delivery,
    "read": messages.read,
    "postback": messages.postback,
    "referral": customers.referral,
    "optin": customers.optin,
    "account_linking": customers.account_linking,
    "messaging_feedback": customers.feedback,
    "response_feedback": customers.response_feedback,
    "order": customers.order,
    "messaging_customer_information": customers.customer_information,
    "pass_thread_control": partial(customers.thread_control, kind="pass_thread_control"),
    "take_thread_control": partial(customers.thread_control, kind="take_thread_control"),
    "request_thread_control": partial(customers.thread_control, kind="request_thread_control"),
    "app_roles": _about_account("app_roles"),
    "policy_enforcement": _about_account("policy_enforcement"),
}


def parse(body: bytes, *, own_app_id: str | None, received_at: datetime) -> Parsed:
    """What one webhook body says, in its order; pure.

    Args:
        body: the verified bytes.
        own_app_id: our app's id at Meta; echoes that carry it are our own sends.
        received_at: an aware time, for events of which Meta tells none.

    Raises:
        MalformedBody: the body is no JSON object with a list `entry`. Whatever is broken
            below that is a BadEvent or an Unknown beside the other events.
    """
    found: list[AnyEvent] = []
    indices: list[int] = []
    bad: list[BadEvent] = []
    document = load(body)
    listed = elements(document, own_app_id=own_app_id, received_at=received_at)
    for index, element in enumerate(listed):
        try:
            events = _read(element)
        except Broken as broken:
            bad.append(_bad_event(index, broken.reason, element))
        except Exception as error:  # noqa: BLE001 - a bug of ours must not cost the neighbours
            bad.append(_bad_event(index, f"parser_error_{type(error).__name__}", element))
        else:
            found.extend(events)
            indices.extend([index] * len(events))
    return Parsed(events=tuple(found), indices=tuple(indices), bad=tuple(bad))


def _bad_event(index: int, reason: str, element: Element) -> BadEvent:
    return BadEvent(index=index, reason=reason, account_id=element.place.account_id or None)


def _read(element: Element) -> Sequence[AnyEvent]:
    place, source, value = element
    if place.problem is not None:
        raise Broken(place.problem)
    if place.account_id == CONSOLE_ACCOUNT:
        return [_note(place, "console_test", value)]
    match source:
        case "messaging" | "standby":
            return _read_messaging(place, mapping(value, "event"), standby=source == "standby")
        case "changes":
            change = mapping(value, "event")
            inner = change.get("value")
            if type(inner) is dict and "recipient" in inner:  # as Instagram's console sends them
                return _read_messaging(place, inner, standby=False)
            return [read_change(place, change)]
        case "changed_fields":  # "Include values" is off in the app's dashboard
            return [account_noted(place, "changed_fields", {"fields": value})]
        case "other":
            return [place.unknown("entry", mapping(value, "entry"))]


def _read_messaging(place: Place, element: JsonObject, *, standby: bool) -> Sequence[AnyEvent]:
    """One event per known key; an element without any is kept as unknown."""
    if "group_id" in element and "comment_id" in element:
        comment = feed_comment(place, element)
        return [comment or place.unknown("group_feed", element)]
    exchange = read_exchange(place, element, standby=standby)
    if exchange.is_to_itself:
        return [_note(place, "self_message", element)]
    events: list[AnyEvent] = []
    for name, value in element.items():
        if (reader := _READERS.get(name)) is not None:
            events.append(reader(exchange, mapping(value, name)))
    if events:
        return events
    names = (word(name, "unnamed") for name in element if name not in _ENVELOPE)
    return [place.unknown(next(names, "nothing"), element, exchange.common)]


def _note(place: Place, name: str, value: Any) -> AccountNoted:
    return AccountNoted(
        **place.common(), name=name, key=hash_id(name, json_text(value)), data={"raw": kept(value)}
    )
