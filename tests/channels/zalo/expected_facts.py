"""What every other recorded Zalo event means: people, labels, calls, templates, groups."""

from typing import Any

from channels.events import (
    AccountNoted,
    CustomerNoted,
    DataWithdrawn,
    Followed,
    GroupChanged,
    InfoSubmitted,
    Person,
    PlatformEvent,
    Thread,
)
from tests.channels.zalo.bodies import GROUP, USER

GROUP_THREAD = Thread(kind="group", external_id=GROUP)

FACTS: dict[str, tuple[type[PlatformEvent], dict[str, Any]]] = {
    "follow": (
        Followed,
        {"person": Person(id=USER), "following": True, "source": "oa_profile"},
    ),
    "unfollow": (Followed, {"person": Person(id=USER), "following": False}),
    "user_submit_info": (
        InfoSubmitted,
        {
            "person": Person(id=USER),
            "name": "Lê Minh Châu",
            "phone": "84900000456",
            "birthday": "21/04/1994",
            "gender": "Nữ",
            "address": "12 Hai Bà Trưng, Phường Tân Định, Thành phố Hồ Chí Minh",
            "data": {"ward": "Phường Tân Định", "city": "Thành phố Hồ Chí Minh"},
        },
    ),
    "user_submit_info_legacy": (
        InfoSubmitted,
        {
            "address": "12 Hai Bà Trưng, Phường Tân Định, Quận 1, Hồ Chí Minh",
            "data": {"ward": "Phường Tân Định", "district": "Quận 1", "city": "Hồ Chí Minh"},
            "birthday": None,
        },
    ),
    "user_withdraw": (
        DataWithdrawn,
        {"thread": Thread(external_id=USER), "person": Person(id=USER)},
    ),
    "update_user_info": (
        CustomerNoted,
        {"name": "profile_updated", "data": {"method": "dynamic_url"}, "opens_window": False},
    ),
    "user_click_chatnow": (
        CustomerNoted,
        {"name": "chat_started", "person": Person(id=USER), "opens_window": True},
    ),
    "remove_user_from_tag": (
        CustomerNoted,
        {"name": "label_removed", "person": Person(id=USER), "data": {"label": "Khách sỉ"}},
    ),
    "add_user_to_tag_tag_created": (
        AccountNoted,
        {"name": "label_created", "data": {"label": "Hẹn gọi lại"}},
    ),
    "remove_tag": (AccountNoted, {"name": "label_deleted", "data": {"label": "Hẹn gọi lại"}}),
    "user_call_oa": (
        CustomerNoted,
        {
            "name": "call",
            "key": f"user_call_oa|1794802944176|{USER}|call-5501",
            "opens_window": True,
            "data": {
                "direction": "in",
                "phone": "84900000456",
                "call_id": "call-5501",
                "call_type": "AUDIO",
                "init_time": "1794800090000",
                "call_duration": 81200,
                "waiting_time": 6,
                "talk_time": 75200,
                "status_code": 1,
            },
        },
    ),
    "oa_call_user": (CustomerNoted, {"name": "call", "opens_window": False}),
    "oa_send_consent": (
        AccountNoted,
        {
            "name": "consent",
            "data": {
                "phone": "84900000456",
                "request_type": "SENT",
                "create_time": "1794800000000",
                "expired_time": "1794972800000",
            },
        },
    ),
    "user_reply_consent": (AccountNoted, {"name": "consent"}),
    "widget_interaction_accepted": (
        CustomerNoted,
        {
            "name": "widget_accepted",
            "person": Person(id=USER),
            "opens_window": True,
            "data": {
                "user_external_id": "cust-20419",
                "url": "https://shop.example.vn/thanh-toan?don=1029",
            },
        },
    ),
    "widget_failed_to_sync_user_external_id": (
        CustomerNoted,
        {"name": "widget_failed", "person": Person(id=USER), "opens_window": False},
    ),
    "shop_has_order_unverified": (
        CustomerNoted,
        {
            "name": "order",
            "person": Person(id=USER),
            "key": f"shop_has_order|1794803802894|{USER}|ord_29f0",
        },
    ),
    "user_feedback": (
        AccountNoted,
        {
            "name": "feedback",
            "key": "user_feedback|1794803128187|f9e5bcf967eccec6c4cb",
            "data": {
                "rating_type": "csat",
                "option": "five_emotions",
                "rate": 4,
                "note": "Giao hơi chậm",
                "feedbacks": ["Nhân viên thân thiện", "Đóng gói kỹ"],
                "submit_time": "1794800900000",
                "msg_id": "f9e5bcf967eccec6c4cb",
                "tracking_id": "order-1029-shipped",
            },
        },
    ),
    "user_click_response_button": (AccountNoted, {"name": "template_button"}),
    "change_template_status": (
        AccountNoted,
        {
            "name": "template_status",
            "data": {
                "template_id": "402118",
                "status": {"prev_status": "PENDING_REVIEW", "new_status": "REJECT"},
                "reason": "Logo không hợp lệ",
            },
        },
    ),
    "change_template_quality": (AccountNoted, {"name": "template_quality"}),
    "change_template_quota_unverified": (AccountNoted, {"name": "template_quota"}),
    "change_oa_daily_quota": (
        AccountNoted,
        {"name": "daily_quota", "data": {"quota": {"prev_value": 2000, "new_value": 500}}},
    ),
    "change_oa_template_tags_unverified": (AccountNoted, {"name": "template_tags"}),
    "event_journey_acknowledged_unverified": (AccountNoted, {"name": "journey_acknowledged"}),
    "event_journey_time_out_unverified": (AccountNoted, {"name": "journey_timed_out"}),
    "extension_purchased": (AccountNoted, {"name": "extension_purchased"}),
    "permission_revoked_unverified": (AccountNoted, {"name": "permission_revoked", "data": {}}),
    "create_group": (GroupChanged, {"name": "created", "person_ids": ()}),
    "user_join_group": (GroupChanged, {"name": "joined", "person_ids": (USER,)}),
    "user_request_join_group": (GroupChanged, {"name": "join_requested"}),
    "accept_request_join_group": (GroupChanged, {"name": "join_accepted"}),
    "reject_request_join_group": (GroupChanged, {"name": "join_rejected"}),
    "add_group_admin": (GroupChanged, {"name": "admin_added"}),
    "remove_group_admin": (GroupChanged, {"name": "admin_removed"}),
    "update_group_info": (GroupChanged, {"name": "info_updated"}),
    "user_out_group": (GroupChanged, {"name": "left", "person_ids": (USER,)}),
    "delete_group": (GroupChanged, {"name": "deleted", "thread": GROUP_THREAD}),
}
SEVERAL_EVENTS = {"add_user_to_tag"}
