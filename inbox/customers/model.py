"""Customers as clients read them, and what may be wrong with an edit of one."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from inbox.conversations.model import Channel
from inbox.conversations.reading.model import Time
from inbox.conversations.view import avatar_of, iso
from inbox.customers.fields import shown_versions
from inbox.errors import FieldError, InboxError, InvalidInput
from inbox.media.links import MediaLinks


class CustomerNameReadOnly(InvalidInput):
    """The name comes from the channel's profile; the sidebar can neither edit nor delete it."""

    code = "customer_name_read_only"
    vi = "Tên khách hàng không được sửa hoặc xóa"
    en = "The customer's name can be neither edited nor deleted"

    def __init__(self) -> None:
        super().__init__([FieldError("name", self.code, self.vi, self.en)])


class PreconditionRequired(InboxError):
    """An edit must say which version it was made from (RFC 6585)."""

    code = "precondition_required"
    status = 428
    vi = "Cần gửi phiên bản dữ liệu đã đọc (If-Match)."
    en = "Send the version that you read, in If-Match."


class IdentityView(BaseModel):
    """The customer as one account of one channel knows them; `temporary` may be forgotten.

    `avatar_url` is a signed link to our copy of the picture.
    """

    id: str
    channel: Channel
    account_id: str
    name: str | None
    avatar_url: str | None
    temporary: bool


class CustomerView(BaseModel):
    """A customer. `tags`, `owner` and `followers` are ids; the "phone" is `phones[0]`.

    `attributes` are values by key of the catalogue. `field_versions` says when each field was
    changed last; an attribute stands there as `attributes.<key>`.
    """

    id: str
    name: str | None
    phones: list[str]
    emails: list[str]
    note: str
    attributes: dict[str, Any]
    tags: list[str]
    owner: str | None
    followers: list[str]
    version: int
    field_versions: dict[str, int]
    identities: list[IdentityView]
    merged_from: list[str]
    origin: str | None
    created_at: Time
    updated_at: Time


def customer_view(customer: Mapping[str, Any], links: MediaLinks) -> CustomerView:
    """A stored customer as the API shows it."""
    return CustomerView(
        id=customer["_id"],
        name=customer.get("name"),
        phones=customer.get("phones", []),
        emails=customer.get("emails", []),
        note=customer.get("note", ""),
        attributes=customer.get("attributes", {}),
        tags=customer.get("tag_ids", []),
        owner=customer.get("owner_id"),
        followers=customer.get("follower_ids", []),
        version=customer.get("version", 1),
        field_versions=shown_versions(customer),
        identities=[_identity(customer, one, links) for one in customer.get("identities", [])],
        merged_from=customer.get("merged_from", []),
        origin=customer.get("origin"),
        created_at=iso(customer["created_at"]),
        updated_at=iso(customer["updated_at"]),
    )


def _identity(
    customer: Mapping[str, Any], identity: Mapping[str, Any], links: MediaLinks
) -> IdentityView:
    avatar = avatar_of(customer["_id"], identity)
    return IdentityView(
        id=identity["id"],
        channel=identity["channel"],
        account_id=identity["account_id"],
        name=identity.get("name"),
        avatar_url=links.signed(avatar) if avatar is not None else None,
        temporary=bool(identity.get("temporary")),
    )
