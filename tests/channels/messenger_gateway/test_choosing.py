"""Which choice a customer's text is, of those that a program has offered."""

import pytest

from channels.messenger_gateway.choosing import Pressed, pressed
from channels.messenger_gateway.store import Choice, Told

YES = Choice("Có", "CONFIRM", quick=True)
BUY = Choice("Mua ngay", "BUY_1", quick=False, age=9)


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        pytest.param("Có", Pressed("Có", "CONFIRM", quick=True), id="title"),
        pytest.param(" có. ", Pressed("Có", "CONFIRM", quick=True), id="typed"),
        pytest.param("BUY_1", Pressed("Mua ngay", "BUY_1", quick=False), id="payload"),
        pytest.param("Mua ngay", None, id="title of long ago"),
        pytest.param("CONFIRM", None, id="payload of a quick reply, which Zalo never writes"),
        pytest.param("Có lẽ", None, id="more words"),
        pytest.param("", None, id="nothing"),
        pytest.param(None, None, id="a picture"),
    ],
)
def test_a_text_is_the_choice_that_it_can_only_be(text: str | None, choice: Pressed | None) -> None:
    assert pressed(text, None, Told(is_postback=False, offered=(YES, BUY))) == choice


def test_the_newest_of_equal_titles_is_meant() -> None:
    older = Choice("Có", "OLDER", quick=True, age=1)

    found = pressed("Có", None, Told(is_postback=False, offered=(YES, older)))

    assert found is not None
    assert found.payload == "CONFIRM"


def test_a_button_without_a_payload_comes_back_as_its_title() -> None:
    told = Told(is_postback=False, offered=(Choice("Xem", None, quick=False),))

    assert pressed("Xem", None, told) == Pressed("Xem", "Xem", quick=False)


def test_what_the_platform_tells_itself_needs_no_comparison() -> None:
    nothing = Told(is_postback=False, offered=())

    assert pressed("Size M", "SIZE_M", nothing) == Pressed("Size M", "SIZE_M", quick=True)
    assert pressed(None, "START", Told(is_postback=True, offered=())) == Pressed(
        "START", "START", quick=False
    )
    assert pressed("Bắt đầu", None, Told(is_postback=True, offered=())) == Pressed(
        "Bắt đầu", "Bắt đầu", quick=False
    )
