"""A receipt of Messenger as a text that a Vietnamese customer reads: pure.

Source: https://developers.facebook.com/docs/messenger-platform/reference/templates/receipt
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from channels.messenger_gateway.errors import invalid

Given = Mapping[str, Any]

_SUMMARY = (
    ("subtotal", "Tạm tính"),
    ("shipping_cost", "Phí giao hàng"),
    ("total_tax", "Thuế"),
    ("total_cost", "Tổng cộng"),
)
_WITHOUT_FRACTION = frozenset({"VND", "JPY", "KRW"})


def receipt_text(payload: Given) -> str:
    """The order line by line: who, what, how much, paid how, sent where.

    Raises:
        GraphError: there is no order number or no total.
    """
    number, summary = payload.get("order_number"), payload.get("summary")
    if not number or not isinstance(summary, Mapping) or "total_cost" not in summary:
        raise invalid("The parameters order_number and summary[total_cost] are required")
    return "\n".join([f"Đơn hàng {number}", *_lines(payload, summary)])


def _lines(payload: Given, summary: Given) -> Iterator[str]:
    currency = str(payload.get("currency") or "VND")
    if payload.get("recipient_name"):
        yield f"Khách hàng: {payload['recipient_name']}"
    for item in _objects(payload.get("elements")):
        yield _item(item, str(item.get("currency") or currency))
    for adjustment in _objects(payload.get("adjustments")):
        name = adjustment.get("name") or "Giảm giá"
        yield f"{name}: -{amount(adjustment.get('amount'), currency)}"
    for name, label in _SUMMARY:
        if name in summary:
            yield f"{label}: {amount(summary[name], currency)}"
    yield from _ending(payload)


def _ending(payload: Given) -> Iterator[str]:
    if payload.get("payment_method"):
        yield f"Thanh toán: {payload['payment_method']}"
    if isinstance(payload.get("address"), Mapping):
        yield f"Giao đến: {_address(payload['address'])}"
    if payload.get("order_url"):
        yield str(payload["order_url"])


def _objects(given: Any) -> list[Given]:
    return [one for one in given if isinstance(one, Mapping)] if isinstance(given, list) else []


def _item(item: Given, currency: str) -> str:
    quantity = item.get("quantity")
    times = "" if quantity in (None, 1, "1") else f" × {quantity}"
    price = item.get("price")
    costs = "" if price is None else f": {amount(price, currency)}"
    return f"• {item.get('title') or ''}{times}{costs}"


def _address(address: Given) -> str:
    names = ("street_1", "street_2", "city", "state", "postal_code", "country")
    return ", ".join(str(address[name]) for name in names if address.get(name))


def amount(value: Any, currency: str) -> str:
    """Money as it is written in Vietnam: 1.250.000 ₫, 12,50 USD."""
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise invalid("an amount of the receipt is not a number") from error
    if not number.is_finite():
        raise invalid("an amount of the receipt is not a number")
    places = 0 if currency.upper() in _WITHOUT_FRACTION else 2
    english = f"{number:,.{places}f}"
    written = english.replace(",", " ").replace(".", ",").replace(" ", ".")
    return f"{written} ₫" if currency.upper() == "VND" else f"{written} {currency}"
