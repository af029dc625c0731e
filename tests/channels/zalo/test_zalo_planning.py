"""How a draft becomes Zalo messages: texts are cut, pictures get captions, the rest degrades."""

import unicodedata
from collections.abc import AsyncIterator

import pytest

from channels.splitting import utf16_units
from channels.zalo.planning import (
    FileKindNotTaken,
    FileTooLarge,
    GifTooLarge,
    NothingToSend,
    VideoNotTaken,
    plan,
    upload_kind,
)
from inbox.conversations.model import AttachmentKind
from inbox.ports import Button, Card, Draft, OutgoingFile, Part, SendRefused

SHOP = Button("Xem cửa hàng", url="https://shop.example.vn")
SIZES = Button("Bảng size", payload="SIZES")
PDF = "application/pdf"
OPEN = "application/octet-stream"


async def nothing() -> AsyncIterator[bytes]:
    yield b""


def file(
    name: str = "a.jpg",
    mime: str = "image/jpeg",
    *,
    kind: AttachmentKind = "image",
    size: int = 1000,
) -> OutgoingFile:
    return OutgoingFile(kind, name, size, mime, nothing)


def document(name: str = "gia.pdf", mime: str = PDF, size: int = 1000) -> OutgoingFile:
    return file(name, mime, kind="file", size=size)


@pytest.mark.parametrize(
    ("draft", "parts"),
    [
        pytest.param(Draft("Dạ còn ạ"), (Part(0, "Dạ còn ạ"),), id="text"),
        pytest.param(Draft("Mẫu này ạ", (file(),)), (Part(0, "Mẫu này ạ", file=0),), id="caption"),
        pytest.param(
            Draft("Mẫu này ạ", (file(), file())),
            (Part(0, "Mẫu này ạ", file=0), Part(1, file=1)),
            id="caption on the first of two",
        ),
        pytest.param(
            Draft("Vui", (file("a.gif", "image/gif"),)), (Part(0, "Vui", file=0),), id="gif"
        ),
        pytest.param(
            Draft("Báo giá", (document(), file())),
            (Part(0, "Báo giá"), Part(1, file=0), Part(2, file=1)),
            id="a file takes no caption",
        ),
        pytest.param(Draft(files=(file(),)), (Part(0, file=0),), id="picture alone"),
        pytest.param(Draft("  \n", (file(),)), (Part(0, file=0),), id="blank text"),
        pytest.param(
            Draft("Chào", sticker="s1"), (Part(0, "Chào"), Part(1, sticker="s1")), id="sticker"
        ),
        pytest.param(
            Draft("Chọn", buttons=(SHOP, SIZES)),
            (Part(0, "Chọn", buttons=(SHOP, SIZES)),),
            id="buttons",
        ),
        pytest.param(
            Draft("Chọn", (file(),), buttons=(SHOP,)),
            (Part(0, "Chọn", buttons=(SHOP,)), Part(1, file=0)),
            id="buttons keep their text from being a caption",
        ),
        pytest.param(
            Draft("Size?", quick_replies=(Button("M", payload="m"), Button("L"))),
            (Part(0, "Size?", buttons=(Button("M", payload="M"), Button("L", payload="L"))),),
            id="quick replies as buttons that write their title",
        ),
        pytest.param(
            Draft("Size?", quick_replies=tuple(Button(str(n)) for n in range(6))),
            (Part(0, "Size?\n• 0\n• 1\n• 2\n• 3\n• 4\n• 5"),),
            id="six choices as lines",
        ),
        pytest.param(
            Draft("Xem", buttons=(Button("Xem cửa hàng của chúng tôi", url="https://a.vn"),)),
            (Part(0, "Xem\n• Xem cửa hàng của chúng tôi: https://a.vn"),),
            id="long title as a line",
        ),
        pytest.param(
            Draft(buttons=(SHOP, SIZES)),
            (Part(0, "• Xem cửa hàng: https://shop.example.vn\n• Bảng size"),),
            id="buttons without a text as lines",
        ),
    ],
)
def test_draft_becomes_parts(draft: Draft, parts: tuple[Part, ...]) -> None:
    assert plan(draft) == parts


def test_long_text_is_cut_at_words_within_2000_characters() -> None:
    text = "Dạ shop xin chào anh chị 👋🏽 " * 200

    parts = plan(Draft(text))

    assert len(parts) > 2
    assert all(part.text and utf16_units(part.text) <= 2000 for part in parts)
    assert " ".join(part.text or "" for part in parts).split() == text.split()


def test_text_is_counted_and_sent_in_nfc() -> None:
    composed = "ệ" * 2000
    decomposed = unicodedata.normalize("NFD", composed)
    assert len(decomposed) == 6000

    assert plan(Draft(decomposed)) == (Part(0, composed),)


def test_end_of_a_long_text_is_the_caption() -> None:
    parts = plan(Draft("áo " * 1000, (file(),), buttons=()))

    assert [part.file for part in parts] == [None, 0]
    assert all(part.text for part in parts)


def test_buttons_stand_under_the_end_of_a_long_text() -> None:
    parts = plan(Draft("áo " * 1000, buttons=(SHOP,)))

    assert [part.buttons for part in parts] == [(), (SHOP,)]


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        pytest.param(file(), "image", id="jpeg"),
        pytest.param(file("a.png", "image/png"), "image", id="png"),
        pytest.param(file("a.webp", "image/webp", size=20_000_000), "image", id="large webp"),
        pytest.param(file("a.gif", "image/gif", size=5_000_000), "gif", id="gif"),
        pytest.param(document(), "file", id="pdf"),
        pytest.param(document("a.PDF.exe"), "file", id="pdf under another name"),
        pytest.param(document("a.docx", "application/zip"), "file", id="docx seen as zip"),
        pytest.param(document("a.DOC", OPEN), "file", id="doc seen as anything"),
        pytest.param(document("a.csv", OPEN, 5_000_000), "file", id="csv"),
    ],
)
def test_zalo_takes(given: OutgoingFile, kind: str) -> None:
    assert upload_kind(given) == kind


@pytest.mark.parametrize(
    ("draft", "refusal"),
    [
        pytest.param(Draft(), NothingToSend, id="nothing"),
        pytest.param(Draft(" \n"), NothingToSend, id="blanks"),
        pytest.param(
            Draft("a", (file("a.mp4", "video/mp4", kind="video"),)), VideoNotTaken, id="video"
        ),
        pytest.param(
            Draft("a", (file("a.mp3", "audio/mpeg", kind="audio"),)), VideoNotTaken, id="audio"
        ),
        pytest.param(Draft(files=(document("a.xlsx", OPEN),)), FileKindNotTaken, id="xlsx"),
        pytest.param(
            Draft(files=(document("a.pdf", "application/x-msdownload"),)),
            FileKindNotTaken,
            id="program called pdf",
        ),
        pytest.param(Draft(files=(document(size=5_000_001),)), FileTooLarge, id="large pdf"),
        pytest.param(
            Draft(files=(file("a.gif", "image/gif", size=5_000_001),)), GifTooLarge, id="large gif"
        ),
    ],
)
def test_refusal_says_why_in_both_languages(draft: Draft, refusal: type[SendRefused]) -> None:
    with pytest.raises(refusal) as refused:
        plan(draft)

    assert refused.value.vi != SendRefused.vi
    assert refused.value.en != SendRefused.en


def test_cards_become_a_picture_and_words_with_buttons_each() -> None:
    pictures = (file("a.jpg"), file("b.jpg"))
    cards = (
        Card("Áo khoác dạ", "450.000 ₫", image=0, url="https://shop.example.vn/1"),
        Card("Áo len", image=1, buttons=(SIZES,)),
        Card("Khăn", url=SHOP.url, buttons=(SHOP,)),
    )
    draft = Draft(
        "Áo khoác dạ", pictures, cards=cards, quick_replies=(Button("Xem nữa", payload="MORE"),)
    )

    assert plan(draft) == (
        Part(0, text="Áo khoác dạ\n450.000 ₫\nhttps://shop.example.vn/1", file=0),
        Part(1, file=1),
        Part(2, text="Áo len", buttons=(SIZES,)),
        Part(3, text="Khăn", buttons=(SHOP, Button("Xem nữa", payload="Xem nữa"))),
    )
