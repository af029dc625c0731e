"""What Zalo tells about an OA and no customer: templates, quotas, permissions, groups."""

from collections.abc import Mapping, Sequence

from channels.events import AccountNoted, AnyEvent, GroupChanged, Thread
from channels.zalo.envelope import Envelope
from channels.zalo.wire import elements, kept, mapping, optional_id, required_id

ACCOUNT_EVENTS: Mapping[str, str] = {
    "user_feedback": "feedback",
    "user_click_response_button": "template_button",
    "change_template_status": "template_status",
    "change_template_quality": "template_quality",
    "change_template_quota": "template_quota",
    "change_oa_daily_quota": "daily_quota",
    "change_oa_template_tags": "template_tags",
    "event_journey_acknowledged": "journey_acknowledged",
    "event_journey_time_out": "journey_timed_out",
    "extension_purchased": "extension_purchased",
    "permission_revoked": "permission_revoked",
}
"""Zalo's name of an event -> `AccountNoted.name`."""

GROUP_EVENTS: Mapping[str, str] = {
    "create_group": "created",
    "user_join_group": "joined",
    "user_request_join_group": "join_requested",
    "accept_request_join_group": "join_accepted",
    "react_request_join_group": "join_accepted",
    "react_request_join_group_accept": "join_accepted",
    "reject_request_join_group": "join_rejected",
    "react_request_join_group_reject": "join_rejected",
    "add_group_admin": "admin_added",
    "remove_group_admin": "admin_removed",
    "update_group_info": "info_updated",
    "user_out_group": "left",
    "user_leave_group": "left",
    "delete_group": "deleted",
    "disperse_group": "deleted",
}
"""Zalo's name of an event, in all spellings that were seen -> `GroupChanged.name`."""


def account_noted(event: Envelope) -> Sequence[AnyEvent]:
    message_id = event.raw.get("msg_id") or event.message().get("msg_id")
    own_id = event.raw.get("template_id") or message_id or event.raw.get("extension_id")
    return [
        AccountNoted(
            channel="zalo",
            account_id=event.account_or_app(),
            at=event.at,
            name=ACCOUNT_EVENTS[event.name],
            key=event.key(optional_id(own_id) or event.digest()),
            data=event.own_fields("message") | kept(event.message()),
            person_ids=event.everybody(),
        )
    ]


def console_test(event: Envelope, account_id: str) -> AccountNoted:
    """The event behind the "Test" button of Zalo's console: signed, with invented ids."""
    return AccountNoted(
        channel="zalo",
        account_id=account_id,
        at=event.at,
        name="console_test",
        key=event.key(),
        data={"event_name": event.name},
    )


def group_changed(event: Envelope) -> Sequence[AnyEvent]:
    group_id = event.raw.get("group_id") or mapping(event.raw.get("group")).get("id")
    users = elements(event.raw.get("users")) or elements(event.raw.get("user_id"))
    user_ids = [required_id(mapping(user).get("id", user), "users.id") for user in users]
    return [
        GroupChanged(
            channel="zalo",
            account_id=event.account(),
            at=event.at,
            thread=Thread(kind="group", external_id=required_id(group_id, "group_id")),
            name=GROUP_EVENTS[event.name],
            person_ids=tuple(dict.fromkeys(user_ids)),
            data=event.own_fields("group_id", "users"),
        )
    ]
