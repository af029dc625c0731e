"""A program that answers questions about prices: copy it, and name it in config.yaml.

    channels:
      programs: [price_program:program]

It must be importable: `PYTHONPATH=docs/examples python -m app serve`.
"""

from channels.events import InboundMessage, Postback
from channels.filters import F
from channels.programs import Program
from inbox.conversations.changes import Batch

PRICES = {"áo": "250.000đ", "quần": "320.000đ", "mũ": "90.000đ"}

program = Program("Báo giá")


@program.message(F.text.lower().contains("giá"))
def tell_price(event: InboundMessage, batch: Batch) -> None:
    """The price of what is named, else a question with one press for an answer."""
    asked = (event.text or "").lower()
    for name, price in PRICES.items():
        if name in asked:
            batch.keep(program.answer(event, f"Dạ {name} bên em giá {price} ạ."))
            return
    choices = tuple(f"Giá {name}" for name in PRICES)
    batch.keep(program.answer(event, "Dạ anh/chị hỏi giá món nào ạ?", choices=choices))


@program.postback(F.payload == "GET_STARTED")
def welcome(event: Postback, batch: Batch) -> None:
    batch.keep(program.answer(event, "Chào anh/chị, em báo giá tự động đây ạ."))
