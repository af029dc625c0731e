"""The default mapping of each CRM, by the names of its fields.

Phone, e-mail, note and chat tags are mirrored, the name goes along when a record is created;
nothing else of a record is ever written. A field that this CRM does not have is switched off by
checking.py, with its reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from crm_sync.mapping.model import EMAILS, NAME, NOTE, PHONES, TAGS, FieldMap

CrmKind = Literal["odoo", "hubspot", "bitrix24", "getfly", "webhook"]


@dataclass(frozen=True, slots=True)
class Preset:
    """What the CRM calls the fields. Where it has no tags of its own, admins add a field."""

    name: str
    phone: str
    email: str
    note: str
    tags: str


PRESETS: Mapping[CrmKind, Preset] = {
    "odoo": Preset("name", "phone", "email", "comment", "category_id"),
    "hubspot": Preset("firstname", "phone", "email", "inbox_note", "chat_tags"),
    "bitrix24": Preset("name", "phone", "email", "comments", "ufCrmChatTags"),
    "getfly": Preset("account_name", "phone_office", "email", "description", "account_type"),
    "webhook": Preset("name", "phone", "email", "note", "chat_tags"),
}


CALLS_PER_SECOND: Mapping[CrmKind, float] = {
    "odoo": 5.0,
    "hubspot": 3.0,
    "bitrix24": 1.0,
    "getfly": 2.0,
    "webhook": 10.0,
}
"""Of all processes together; one call of a connector may be several requests. HubSpot takes 190
requests in 10 s of all of a shop's apps, Bitrix24 2 a second.
"""


def default_fields(kind: CrmKind) -> tuple[FieldMap, ...]:
    """What is mirrored unless somebody says otherwise; all of it goes to the CRM only."""
    preset = PRESETS[kind]
    return (
        FieldMap(ours=NAME, theirs=preset.name),
        FieldMap(ours=PHONES, theirs=preset.phone),
        FieldMap(ours=EMAILS, theirs=preset.email),
        FieldMap(ours=NOTE, theirs=preset.note),
        FieldMap(ours=TAGS, theirs=preset.tags, pii=False),
    )
