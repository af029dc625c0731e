"""A verified Zalo webhook body -> typed events; pure, one platform event per body."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from channels.events import AnyEvent, BadEvent, MalformedBody, Parsed, Unknown
from channels.zalo import customers, messages
from channels.zalo.accounts import (
    ACCOUNT_EVENTS,
    GROUP_EVENTS,
    account_noted,
    console_test,
    group_changed,
)
from channels.zalo.envelope import Envelope
from channels.zalo.times import moment
from channels.zalo.wire import BrokenEvent, elements, load_json, optional_text

Reader = Callable[[Envelope], Sequence[AnyEvent]]

CONSOLE_TEST_MESSAGE_ID = "This is message id"


def parse(body: bytes, *, known_oa_ids: Collection[str], received_at: datetime) -> Parsed:
    """The event in `body`, typed. A label put on several people gives one event for each.

    Args:
        body: verified bytes of one webhook request.
        known_oa_ids: OAs that are connected; receipts do not say which side the OA is.
        received_at: stands in where the event has no usable time.

    Raises:
        MalformedBody: the body is no JSON object or has no event name. A broken event does not
            raise: it is in `bad`.
    """
    raw = _load_object(body)
    name = optional_text(raw.get("event_name"))
    if name is None:
        raise MalformedBody("no event_name")
    event = Envelope(
        name=name,
        raw=raw,
        body=body,
        at=moment(raw.get("timestamp"), received_at),
        known_oa_ids=known_oa_ids,
    )
    try:
        events = tuple(_read(event))
    except BrokenEvent as error:
        bad = BadEvent(index=0, reason=str(error), account_id=event.told_account())
        return Parsed(bad=(bad,))
    return Parsed(events=events, indices=(0,) * len(events))


def _load_object(body: bytes) -> Mapping[str, Any]:
    try:
        raw = load_json(body)
    except ValueError:
        raise MalformedBody("not JSON") from None
    if not isinstance(raw, dict):
        raise MalformedBody("not a JSON object")
    return raw


def _read(event: Envelope) -> Sequence[AnyEvent]:
    message = event.message()
    test_ids = [message.get("msg_id"), *elements(message.get("msg_ids"))]
    if CONSOLE_TEST_MESSAGE_ID in test_ids:
        account_id = event.told_account() or event.party(messages.side_of_oa(event.name))
        return [console_test(event, account_id or event.account_or_app())]
    return _reader(event.name)(event)


def _reader(name: str) -> Reader:
    exact = _BY_NAME.get(name)
    if exact is not None:
        return exact
    return next((read for prefix, read in _BY_PREFIX if name.startswith(prefix)), _unknown)


def _unknown(event: Envelope) -> Sequence[AnyEvent]:
    return [
        Unknown(
            channel="zalo",
            account_id=event.account_or_app(),
            at=event.at,
            name=event.name,
            key=event.digest(),
            raw=event.body.decode("utf-8", errors="replace"),
            person_ids=event.everybody(),
        )
    ]


_BY_NAME: Mapping[str, Reader] = {
    "user_asking_product": messages.product_question,
    "user_received_message": messages.received,
    "user_seen_message": messages.seen,
    "user_reacted_message": messages.user_reaction,
    "oa_reacted_message": messages.oa_reaction,
    "follow": customers.followed,
    "unfollow": customers.followed,
    "user_submit_info": customers.submitted_info,
    "user_withdraw": customers.withdrawn,
    "update_user_info": customers.profile_updated,
    "user_click_chatnow": customers.chat_started,
    "add_user_to_tag": customers.labelled,
    "remove_user_from_tag": customers.labelled,
    "remove_tag": customers.label_deleted,
    "user_call_oa": customers.called,
    "oa_call_user": customers.called,
    "oa_send_consent": customers.consented,
    "user_reply_consent": customers.consented,
    "widget_interaction_accepted": customers.widget_accepted,
    "widget_failed_to_sync_user_external_id": customers.widget_failed,
    "shop_has_order": customers.ordered,
    **dict.fromkeys(ACCOUNT_EVENTS, account_noted),
    **dict.fromkeys(GROUP_EVENTS, group_changed),
}

_BY_PREFIX: Sequence[tuple[str, Reader]] = (  # first match wins: the longer ones come first
    ("user_send_group_", messages.group_message),
    ("user_send_", messages.user_message),
    ("anonymous_send_", messages.anonymous_message),
    ("oa_send_group_", messages.oa_message_to_group),
    ("oa_send_anonymous_", messages.oa_message_to_anonymous),
    ("oa_send_", messages.oa_message),
)
