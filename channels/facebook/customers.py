"""What a person does besides writing: referrals, opt-ins, forms, orders; and thread control."""

from typing import Any, Literal

from channels.events import (
    CustomerNoted,
    InfoSubmitted,
    OptedIn,
    Person,
    Referred,
    ThreadControlChanged,
)
from channels.facebook.exchange import Exchange, person, reference, thread_with
from channels.facebook.times import epoch_ms
from channels.facebook.values import (
    Broken,
    JsonObject,
    identifier,
    kept,
    mapping,
    optional_identifier,
    text,
)

_AFTER_THE_STREET = (
    "neighborhood",
    "ward",
    "locality",
    "district",
    "city",
    "administrative_area",
    "state",
    "province",
    "postal_code",
    "zip_code",
)
_ACTIONS: dict[str, Literal["pass", "take", "request"]] = {
    "pass_thread_control": "pass",
    "take_thread_control": "take",
    "request_thread_control": "request",
}


def referral(exchange: Exchange, value: JsonObject) -> Referred:
    """Came back through a link or an ad; the answers of a lead form are its sibling."""
    somebody = exchange.customer()
    data = kept(value)
    if (lead := exchange.element.get("lead")) is not None:
        data["lead"] = kept(lead)
    return Referred(**exchange.common, thread=thread_with(somebody), person=somebody, referral=data)


def optin(exchange: Exchange, value: JsonObject) -> OptedIn:
    """A plugin or a topic of messages; the checkbox plugin names no sender."""
    if exchange.sender_id is None and value.get("user_ref") is not None:
        exchange.sender_id = reference(value["user_ref"])
    somebody = exchange.customer()
    return OptedIn(
        **exchange.common,
        thread=thread_with(somebody),
        person=somebody,
        status=_optin_status(value.get("notification_messages_status")),
        data=kept(value),
    )


def account_linking(exchange: Exchange, value: JsonObject) -> CustomerNoted:
    status = value.get("status")
    if status not in ("linked", "unlinked"):
        raise Broken("status_invalid")
    return _noted(exchange, f"account_{status}", (_ms(exchange),), value)


def feedback(exchange: Exchange, value: JsonObject) -> CustomerNoted:
    """Answers to a form that we sent; the event has no time of its own."""
    return _noted(exchange, "feedback", (_ms(exchange),), value)


def response_feedback(exchange: Exchange, value: JsonObject) -> CustomerNoted:
    """A thumb under one of our messages."""
    return _noted(exchange, "response_feedback", (identifier(value.get("mid"), "mid"),), value)


def order(exchange: Exchange, value: JsonObject) -> CustomerNoted:
    """A cart that the customer sent into the thread, which opens the window as a message does."""
    return _noted(exchange, "order", (_ms(exchange),), value, opens_window=True)


def customer_information(exchange: Exchange, value: JsonObject) -> InfoSubmitted:
    """The address form, all its screens together."""
    somebody = exchange.customer()
    answers = _answers(value)
    street = sorted(key for key in answers if key.startswith("address_line"))
    lines = [answers[key] for key in (*street, *_AFTER_THE_STREET) if answers.get(key)]
    return InfoSubmitted(
        **exchange.common,
        thread=thread_with(somebody),
        person=somebody,
        name=answers.get("name"),
        phone=answers.get("phone"),
        email=answers.get("email"),
        address=", ".join(lines) or None,
        data=kept(answers),
    )


def thread_control(exchange: Exchange, value: JsonObject, kind: str) -> ThreadControlChanged:
    """Another app passed, took or asked for the thread; of a request, the owner-to-be is named."""
    somebody = exchange.customer()
    action = _ACTIONS[kind]
    owner = value.get("requested_owner_app_id" if action == "request" else "new_owner_app_id")
    return ThreadControlChanged(
        **exchange.common,
        thread=thread_with(somebody),
        person=somebody,
        action=action,
        owner_app_id=optional_identifier(owner, "owner_app_id"),
        previous_app_id=optional_identifier(value.get("previous_owner_app_id"), "previous_app_id"),
        metadata=text(value.get("metadata"), "metadata"),
    )


def label(common: dict[str, Any], value: JsonObject) -> CustomerNoted | None:
    """A label was put on a person or taken off; None when this is about no person."""
    action = {"add": "label_added", "remove": "label_removed"}.get(str(value.get("action")))
    if action is None or value.get("user") is None:
        return None
    somebody = person(identifier(mapping(value["user"], "user").get("id"), "user"))
    label_id = identifier(mapping(value.get("label"), "label").get("id"), "label")
    return CustomerNoted(
        **common,
        thread=thread_with(somebody),
        person=somebody,
        name=action,
        key=f"{action}:{somebody.id}:{label_id}:{epoch_ms(common['at'])}",
        data=kept(value["label"]),
    )


def _noted(
    exchange: Exchange,
    name: str,
    key: tuple[str, ...],
    value: JsonObject,
    *,
    opens_window: bool = False,
) -> CustomerNoted:
    somebody: Person = exchange.customer()
    return CustomerNoted(
        **exchange.common,
        thread=thread_with(somebody),
        person=somebody,
        name=name,
        key=":".join((name, somebody.id, *key)),
        data=kept(value),
        opens_window=opens_window,
    )


def _ms(exchange: Exchange) -> str:
    return str(epoch_ms(exchange.at))


def _optin_status(given: Any) -> Literal["in", "stop", "resume"]:
    words = given.upper() if type(given) is str else ""
    if words.startswith("STOP"):
        return "stop"
    return "resume" if words.startswith("RESUME") else "in"


def _answers(value: JsonObject) -> dict[str, str]:
    """What was filled in, by the key of its field."""
    answers: dict[str, str] = {}
    screens = value.get("screens")
    if type(screens) is not list:
        raise Broken("screens_invalid")
    for screen in screens:
        responses = mapping(screen, "screen").get("responses") or []
        if type(responses) is not list:
            raise Broken("responses_invalid")
        for response in responses:
            key = text(mapping(response, "response").get("key"), "key")
            answer = text(response.get("value"), "answer")
            if key and answer:
                answers[key] = answer
    return answers
