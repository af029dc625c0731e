"""Whatever JSON a program sends becomes pieces or a refusal in Graph's words, and nothing else."""

import contextlib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from channels.messenger_gateway.errors import GraphError
from channels.messenger_gateway.receipts import amount
from channels.messenger_gateway.saying import pieces_of

NAMES = st.sampled_from(
    [
        *("text", "attachment", "attachments", "quick_replies", "type", "payload", "url"),
        *("template_type", "elements", "buttons", "title", "subtitle", "image_url"),
        *("default_action", "content_type", "attachment_id", "media_type", "summary"),
        *("total_cost", "order_number", "address", "adjustments", "currency", "price"),
    ]
)
WORDS = st.sampled_from(
    [
        *("template", "image", "generic", "button", "list", "media", "receipt", "coupon"),
        *("open_graph", "web_url", "postback", "phone_number", "text", "https://a.vn", "12"),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=30,
)


@given(message=st.dictionaries(NAMES, JSON, max_size=5), file=st.none() | st.just("upload"))
def test_any_message_is_said_or_refused(message: dict[str, Any], file: str | None) -> None:
    with contextlib.suppress(GraphError):
        assert pieces_of(message, file)


@given(kind=WORDS, payload=st.dictionaries(NAMES, JSON, max_size=8))
def test_any_template_is_said_or_refused(kind: str, payload: dict[str, Any]) -> None:
    message = {"attachment": {"type": "template", "payload": {**payload, "template_type": kind}}}

    with contextlib.suppress(GraphError):
        assert pieces_of(message, None)


def test_money_is_written_as_in_vietnam() -> None:
    assert amount(1250000, "VND") == "1.250.000 ₫"
    assert amount("12.5", "USD") == "12,50 USD"
    assert amount(0, "vnd") == "0 ₫"
