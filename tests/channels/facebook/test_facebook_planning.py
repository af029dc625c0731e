"""How drafts become Messenger and Instagram messages."""

from collections.abc import AsyncIterator

import pytest

from channels.facebook import limits
from channels.facebook.failures import CommentTextOnly, MediaRefused, MessageInvalid
from channels.facebook.planning import FACEBOOK, INSTAGRAM, Rules, plan
from channels.splitting import utf8_bytes, utf16_units
from inbox.conversations.model import AttachmentKind
from inbox.ports import Button, Card, Draft, OutgoingFile, Part

BOTH = pytest.mark.parametrize("rules", [FACEBOOK, INSTAGRAM], ids=["facebook", "instagram"])
YES, NO = Button("Có", payload="yes"), Button("Không", payload="no")
LINK = Button("Xem hàng", url="https://shop.example/")


def file(
    kind: AttachmentKind = "image", *, size: int = 10, mime: str = "image/jpeg"
) -> OutgoingFile:
    async def read() -> AsyncIterator[bytes]:
        yield b"x" * size

    return OutgoingFile(kind, "a.jpg", size, mime, read)


@BOTH
def test_text_and_files_are_messages_of_their_own_text_first(rules: Rules) -> None:
    draft = Draft(text="Mẫu đây ạ", files=(file(), file()))

    assert plan(draft, rules) == (Part(0, text="Mẫu đây ạ"), Part(1, file=0), Part(2, file=1))


def test_vietnamese_text_is_measured_in_utf16_units_for_messenger() -> None:
    text = "Đơn hàng của chị đã được giao ạ 🎉 " * 200

    parts = plan(Draft(text=text), FACEBOOK)

    assert len(parts) == 4
    assert all(utf16_units(part.text or "") <= limits.SAFE_TEXT_UNITS for part in parts)
    assert " ".join(part.text or "" for part in parts) == text.strip()


def test_vietnamese_text_is_measured_in_bytes_for_instagram() -> None:
    text = "Đơn hàng của chị đã được giao ạ 🎉 " * 100

    parts = plan(Draft(text=text), INSTAGRAM)

    assert all(utf8_bytes(part.text or "") <= limits.INSTAGRAM_TEXT_BYTES for part in parts)
    assert " ".join(part.text or "" for part in parts) == text.strip()


def test_quick_replies_stand_under_the_last_message_for_they_vanish_with_the_next() -> None:
    parts = plan(Draft(text="Chọn nhé", files=(file(),), quick_replies=(YES, NO)), FACEBOOK)

    assert [part.quick_replies for part in parts] == [(), (YES, NO)]


def test_quick_replies_of_instagram_stand_under_text_only() -> None:
    parts = plan(Draft(text="Chọn nhé", files=(file(),), quick_replies=(YES, NO)), INSTAGRAM)

    assert [part.quick_replies for part in parts] == [(YES, NO), ()]
    with pytest.raises(MessageInvalid):
        plan(Draft(files=(file(),), quick_replies=(YES,)), INSTAGRAM)


@BOTH
def test_buttons_stand_under_the_last_text_which_is_shorter_then(rules: Rules) -> None:
    parts = plan(Draft(text="dài " * 400, buttons=(LINK, YES)), rules)

    assert [bool(part.buttons) for part in parts] == [False] * (len(parts) - 1) + [True]
    assert len(parts[-1].text or "") <= limits.BUTTON_TEMPLATE_TEXT
    assert " ".join(part.text or "" for part in parts) == ("dài " * 400).strip()


def test_sticker_comes_last_and_carries_no_quick_replies() -> None:
    parts = plan(Draft(text="Cảm ơn", quick_replies=(YES,), sticker="369239263222822"), FACEBOOK)

    assert parts == (
        Part(0, text="Cảm ơn", quick_replies=(YES,)),
        Part(1, sticker="369239263222822"),
    )


@pytest.mark.parametrize(
    "draft",
    [
        pytest.param(Draft(), id="nothing"),
        pytest.param(Draft(text=" \n"), id="blanks"),
        pytest.param(Draft(buttons=(YES,)), id="buttons without text"),
        pytest.param(Draft(quick_replies=(YES,)), id="quick replies alone"),
        pytest.param(Draft(sticker="1", quick_replies=(YES,)), id="quick replies and a sticker"),
        pytest.param(Draft(text="a", quick_replies=(YES,) * 14), id="14 quick replies"),
        pytest.param(Draft(text="a", buttons=(YES,) * 4), id="4 buttons"),
        pytest.param(Draft(text="a", quick_replies=(Button("x" * 21),)), id="title too long"),
        pytest.param(Draft(text="a", buttons=(Button("x" * 21, payload="p"),)), id="long button"),
        pytest.param(Draft(text="a", quick_replies=(Button(" "),)), id="no title"),
        pytest.param(Draft(text="a", buttons=(Button("Xem"),)), id="button without effect"),
        pytest.param(
            Draft(text="a", buttons=(Button("x", url="https://a", payload="p"),)), id="two effects"
        ),
        pytest.param(
            Draft(text="a", quick_replies=(Button("x", payload="p" * 1001),)), id="long payload"
        ),
    ],
)
def test_draft_that_the_platform_would_refuse_is_refused_before(draft: Draft) -> None:
    with pytest.raises(MessageInvalid):
        plan(draft, FACEBOOK)


def test_limits_themselves_are_taken() -> None:
    quick_replies = (Button("x" * 20, payload="p" * 1000),) * 13
    buttons = (Button("x" * 20, payload="p" * 1000),) * 3

    assert plan(Draft(text="a", quick_replies=quick_replies), FACEBOOK)
    assert plan(Draft(text="a", buttons=buttons), FACEBOOK)


@pytest.mark.parametrize(
    ("sent", "rules"),
    [
        pytest.param(file(size=limits.IMAGE_BYTES + 1), FACEBOOK, id="image over 8 MiB"),
        pytest.param(
            file("video", size=limits.FILE_BYTES + 1, mime="video/mp4"), FACEBOOK, id="over 25 MiB"
        ),
        pytest.param(file(size=0), FACEBOOK, id="empty"),
        pytest.param(file("location"), FACEBOOK, id="no file at all"),
        pytest.param(file(mime="image/webp"), INSTAGRAM, id="webp on Instagram"),
        pytest.param(file("file", mime="application/zip"), INSTAGRAM, id="zip on Instagram"),
    ],
)
def test_file_that_the_platform_would_refuse_is_refused_before(
    sent: OutgoingFile, rules: Rules
) -> None:
    with pytest.raises(MediaRefused):
        plan(Draft(text="a", files=(sent,)), rules)


@pytest.mark.parametrize(
    ("sent", "rules"),
    [
        pytest.param(file(size=limits.IMAGE_BYTES), FACEBOOK, id="image of 8 MiB"),
        pytest.param(file(mime="image/webp"), FACEBOOK, id="webp"),
        pytest.param(file("file", size=limits.FILE_BYTES, mime="x/y"), FACEBOOK, id="25 MiB"),
        pytest.param(file("file", mime="application/pdf"), INSTAGRAM, id="PDF on Instagram"),
        pytest.param(file("audio", mime="audio/mp4"), INSTAGRAM, id="voice on Instagram"),
    ],
)
def test_file_within_the_limits_is_taken(sent: OutgoingFile, rules: Rules) -> None:
    assert plan(Draft(files=(sent,)), rules) == (Part(0, file=0),)


@BOTH
def test_cards_are_one_message_in_the_place_of_text_and_pictures(rules: Rules) -> None:
    cards = (Card("Áo khoác dạ", image=0, image_url="https://shop.example/1.jpg", buttons=(YES,)),)
    draft = Draft(text="Áo khoác dạ", files=(file(),), cards=cards, quick_replies=(NO,))

    assert plan(draft, rules) == (Part(0, cards=cards, quick_replies=(NO,)),)


@pytest.mark.parametrize(
    "cards",
    [
        pytest.param((Card("Áo"),) * (limits.CARDS + 1), id="too many"),
        pytest.param((Card("Áo", buttons=(YES,) * (limits.BUTTONS + 1)),), id="buttons"),
        pytest.param((Card("Áo", buttons=(Button("Có"),)),), id="a button for nothing"),
    ],
)
def test_cards_beyond_the_limits_are_refused(cards: tuple[Card, ...]) -> None:
    with pytest.raises(MessageInvalid):
        plan(Draft(cards=cards), FACEBOOK)


def test_a_comment_is_not_answered_with_cards() -> None:
    with pytest.raises(CommentTextOnly):
        plan(Draft(text="Áo", cards=(Card("Áo"),), place="comment"), FACEBOOK)
