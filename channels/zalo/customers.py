"""What Zalo tells about one customer: follows, forms, labels, calls, consents, orders."""

from collections.abc import Sequence
from typing import Any

from channels.events import (
    AccountNoted,
    AnyEvent,
    CustomerNoted,
    DataWithdrawn,
    Followed,
    InfoSubmitted,
    Person,
    Thread,
)
from channels.zalo.envelope import Envelope
from channels.zalo.wire import (
    BrokenEvent,
    elements,
    kept,
    mapping,
    optional_id,
    optional_text,
    required_id,
)


def followed(event: Envelope) -> Sequence[AnyEvent]:
    user_id = required_id(event.user(), "follower.id")
    return [
        Followed(
            channel="zalo",
            account_id=event.account(),
            at=event.at,
            thread=Thread(external_id=user_id),
            person=Person(id=user_id),
            following=event.name == "follow",
            source=optional_text(event.raw.get("source")),
        )
    ]


def withdrawn(event: Envelope) -> Sequence[AnyEvent]:
    user_id = required_id(event.user(), "user_id")
    return [
        DataWithdrawn(
            channel="zalo",
            account_id=event.account(),
            at=event.at,
            thread=Thread(external_id=user_id),
            person=Person(id=user_id),
        )
    ]


def submitted_info(event: Envelope) -> Sequence[AnyEvent]:
    """A form: address in `full_address`, in the older shape flat."""
    account_id, user_id = event.parties("recipient")
    info = mapping(event.raw.get("info"))
    full = mapping(info.get("full_address"))
    street = optional_text(full.get("user_address")) or optional_text(info.get("address"))
    area = {
        "ward": optional_text(full.get("user_ward")) or optional_text(info.get("ward")),
        "district": optional_text(info.get("district")),
        "city": optional_text(full.get("user_city")) or optional_text(info.get("city")),
    }
    phone = optional_text(info.get("phone"))
    return [
        InfoSubmitted(
            channel="zalo",
            account_id=account_id,
            at=event.at,
            thread=Thread(external_id=user_id),
            person=Person(id=user_id),
            name=optional_text(info.get("name")),
            phone=None if phone == "0" else phone,  # Zalo writes 0 for "unknown"
            email=optional_text(info.get("email")),
            address=", ".join(filter(None, [street, *area.values()])) or None,
            birthday=optional_text(info.get("user_dob")),
            gender=optional_text(info.get("gender")),
            data={name: text for name, text in area.items() if text},
        )
    ]


def profile_updated(event: Envelope) -> Sequence[AnyEvent]:
    return [_noted(event, "profile_updated", kept(mapping(event.raw.get("data"))))]


def chat_started(event: Envelope) -> Sequence[AnyEvent]:
    """The first press of "Nhắn tin", before any message; it lets the OA write first."""
    return [_noted(event, "chat_started", {}, opens_window=True)]


def widget_accepted(event: Envelope) -> Sequence[AnyEvent]:
    return [_noted(event, "widget_accepted", _widget_data(event), opens_window=True)]


def widget_failed(event: Envelope) -> Sequence[AnyEvent]:
    return [_noted(event, "widget_failed", _widget_data(event))]


def _widget_data(event: Envelope) -> dict[str, Any]:
    data = mapping(event.raw.get("data"))
    return {name: kept(value) for name, value in data.items() if name != "user_id"}


def ordered(event: Envelope) -> Sequence[AnyEvent]:
    """An order in the OA's shop (shape not documented)."""
    data = event.own_fields("customer", "sender", "recipient")
    order_id = optional_id(mapping(event.raw.get("order")).get("id"))
    return [_noted(event, "order", data, own_id=order_id)]


def called(event: Envelope) -> Sequence[AnyEvent]:
    """A call; one that was talked in is an interaction and opens the window."""
    data = event.own_fields("sender", "recipient")
    data["direction"] = "in" if event.name == "user_call_oa" else "out"
    talked = (optional_id(event.raw.get("talk_time")) or "0") != "0"
    call_id = optional_id(event.raw.get("call_id"))
    return [_noted(event, "call", data, own_id=call_id, opens_window=talked)]


def consented(event: Envelope) -> Sequence[AnyEvent]:
    """The OA asked for a right to call (`request_type`), or the customer answered."""
    data = event.own_fields("sender", "recipient")
    return [_noted(event, "consent", data)]


def labelled(event: Envelope) -> Sequence[AnyEvent]:
    """A label of Zalo's tool went on or off people; without people it was created."""
    tag = mapping(event.raw.get("tag"))
    label = required_id(tag.get("name"), "tag.name")
    user_ids = [required_id(one, "tag.user_ids") for one in elements(tag.get("user_ids"))]
    added = event.name == "add_user_to_tag"
    if not user_ids and not added:
        raise BrokenEvent("tag.user_ids is missing")
    if not user_ids:
        return [_about_account(event, "label_created", {"label": label}, own_id=label)]
    name = "label_added" if added else "label_removed"
    data = {"label": label}
    return [
        _about_customer(event, name, data, user_id=user_id, own_id=label)
        for user_id in dict.fromkeys(user_ids)
    ]


def label_deleted(event: Envelope) -> Sequence[AnyEvent]:
    label = required_id(mapping(event.raw.get("tag")).get("name"), "tag.name")
    return [_about_account(event, "label_deleted", {"label": label}, own_id=label)]


def _noted(
    event: Envelope,
    name: str,
    data: dict[str, Any],
    *,
    own_id: str | None = None,
    opens_window: bool = False,
) -> CustomerNoted | AccountNoted:
    """On the customer's timeline; on the account where only a phone number is known."""
    user_id = event.user()
    if user_id is None:
        return _about_account(event, name, data, own_id=own_id)
    noted = _about_customer(event, name, data, user_id=user_id, own_id=own_id)
    return noted.model_copy(update={"opens_window": opens_window})


def _about_customer(
    event: Envelope, name: str, data: dict[str, Any], *, user_id: str, own_id: str | None
) -> CustomerNoted:
    return CustomerNoted(
        channel="zalo",
        account_id=event.account(),
        at=event.at,
        thread=Thread(external_id=user_id),
        person=Person(id=user_id),
        name=name,
        key=event.key(user_id, own_id),
        data=data,
    )


def _about_account(
    event: Envelope, name: str, data: dict[str, Any], *, own_id: str | None
) -> AccountNoted:
    return AccountNoted(
        channel="zalo",
        account_id=event.account(),
        at=event.at,
        name=name,
        key=event.key(own_id or event.digest()),
        data=data,
    )
