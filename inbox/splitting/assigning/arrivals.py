"""From stored documents to the facts that a decision looks at. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from inbox.mongo.client import Document
from inbox.splitting.model import Arrival

PROVINCE = "province"
"""The attribute of a customer that the condition of the same name looks at."""


def facts_of(first: Document | None) -> dict[str, Any]:
    """What the first message of a visit says of where the customer comes from."""
    if first is None:
        return {}
    referral = first.get("referral") or {}
    facts = {
        "text": first.get("text"),
        "post": first.get("post_id"),
        "ad": referral.get("ad_id"),
        "referral": referral.get("ref"),
    }
    return {name: value for name, value in facts.items() if value is not None}


def arrival_of(
    conversation: Document,
    customer: Document | None,
    others: Iterable[Document],
    facts: Mapping[str, Any],
    *,
    excluded: Sequence[str] = (),
) -> Arrival:
    """`others` are the customer's other conversations in the same bot."""
    split, customer = conversation.get("split", {}), customer or {}
    cared = _last_cared([conversation, *others])
    attributes = customer.get("attributes", {})
    return Arrival(
        conversation_id=conversation["_id"],
        channel=conversation["channel"],
        account=conversation["account_key"],
        at=split.get("since") or conversation["created_at"],
        kind=conversation["kind"],
        post=facts.get("post"),
        ad=facts.get("ad"),
        referral=facts.get("referral"),
        tags=frozenset(customer.get("tag_ids", ())),
        attributes=attributes,
        province=attributes.get(PROVINCE),
        returning=cared is not None or any(True for _ in others),
        last_carer_id=cared.get("last_carer_id") if cared else None,
        last_cared_at=cared.get("last_out_at") if cared else None,
        owner_id=customer.get("owner_id"),
        text=facts.get("text"),
        tried=tuple(split.get("tried", ())),
        excluded=frozenset(excluded),
        assignee_id=conversation.get("assignee_id"),
        round=split.get("round", 0),
    )


def _last_cared(conversations: Iterable[Document]) -> Document | None:
    """The conversation in which somebody of ours answered last."""
    answered = [one for one in conversations if one.get("last_out_at") and one.get("last_carer_id")]
    return max(answered, key=_answered_at, default=None)


def _answered_at(conversation: Document) -> datetime:
    at: datetime = conversation["last_out_at"]
    return at
