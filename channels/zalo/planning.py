"""Cuts a draft into what Zalo takes: texts, pictures with a caption, files, stickers. Pure."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from channels.splitting import split_text, utf16_units
from channels.zalo.failures import KindNotTaken, MessageInvalid, MessageTooLarge
from channels.zalo.limits import (
    BUTTON_TITLE_MOST,
    BUTTONS_MOST,
    FILE_EXTENSIONS,
    FILE_MOST_BYTES,
    GIF_MOST_BYTES,
    TEXT_MOST,
)
from channels.zalo.media_types import mime_of_extension
from inbox.ports import Button, Card, Draft, OutgoingFile, Part

UploadKind = Literal["image", "gif", "file"]

PICTURE_MIMES = frozenset({"image/jpeg", "image/png", "image/webp", "image/avif", "image/bmp"})
"""Pictures that are sent, after they were made a JPEG or PNG where they are none."""
_UNCLEAR_MIMES = frozenset(
    {"application/octet-stream", "application/zip", "application/x-ole-storage", "text/plain"}
)
"""What a DOC, DOCX or CSV looks like to who knows files by their first bytes only."""


class VideoNotTaken(KindNotTaken):
    code = "video_not_taken"
    vi = "Zalo OA không gửi được video hoặc âm thanh. Hãy gửi đường dẫn thay cho tệp."
    en = "A Zalo OA cannot send video or audio. Send a link instead of the file."


class FileKindNotTaken(KindNotTaken):
    code = "file_kind_not_taken"
    vi = "Zalo OA chỉ gửi được ảnh và tệp PDF, DOC, DOCX, CSV."
    en = "A Zalo OA sends only pictures and PDF, DOC, DOCX and CSV files."


class FileTooLarge(MessageTooLarge):
    code = "file_too_large"
    vi = "Zalo OA chỉ gửi được tệp không quá 5 MB."
    en = "A Zalo OA sends files of at most 5 MB."


class GifTooLarge(MessageTooLarge):
    code = "gif_too_large"
    vi = "Zalo OA chỉ gửi được ảnh động không quá 5 MB."
    en = "A Zalo OA sends animated pictures of at most 5 MB."


class NothingToSend(MessageInvalid):
    code = "nothing_to_send"
    vi = "Tin nhắn trống."
    en = "The message is empty."


def plan(draft: Draft) -> tuple[Part, ...]:
    """Zalo's messages for a draft, in order: texts, pictures and files, the sticker.

    A first picture carries the end of the text as its caption. Buttons stand under the last
    text; quick replies, which Zalo has not, become such buttons that write their title. More
    than five of them together, or titles that are too long, become lines of the text. Of cards,
    which Zalo has not, each becomes its picture and its words with its buttons.

    Raises:
        SendRefused: the draft is empty, or a file is of a kind or size that Zalo does not take.
    """
    for file in draft.files:
        upload_kind(file)
    if draft.cards:
        drafted = [*_cards(draft)]
    else:
        chunks, buttons = _chunks(draft.text, _buttons(draft))
        drafted = [*_texts_and_files(chunks, draft.files, buttons)]
    if draft.sticker is not None:
        drafted.append(Part(0, sticker=draft.sticker))
    if not drafted:
        raise NothingToSend
    return tuple(
        Part(n, one.text, one.file, buttons=one.buttons, sticker=one.sticker)
        for n, one in enumerate(drafted)
    )


def upload_kind(file: OutgoingFile) -> UploadKind:
    """How a file goes to Zalo; raises SendRefused for what it does not take."""
    if file.kind in {"video", "audio"}:
        raise VideoNotTaken(file.mime)
    if file.mime == "image/gif":
        if file.size > GIF_MOST_BYTES:
            raise GifTooLarge(f"{file.size} bytes")
        return "gif"
    if file.mime in PICTURE_MIMES:
        return "image"
    file_extension(file)
    if file.size > FILE_MOST_BYTES:
        raise FileTooLarge(f"{file.size} bytes")
    return "file"


def file_extension(file: OutgoingFile) -> str:
    """pdf, doc, docx or csv: by the type, by the name where the bytes did not tell."""
    said = file.name.rpartition(".")[2].lower()
    for extension in FILE_EXTENSIONS:
        if file.mime == mime_of_extension(extension):
            return extension
    if said in FILE_EXTENSIONS and file.mime in _UNCLEAR_MIMES:
        return said
    raise FileKindNotTaken(file.mime)


def _chunks(
    text: str | None, buttons: tuple[Button, ...]
) -> tuple[Sequence[str], tuple[Button, ...]]:
    """The texts, and the buttons that stand under the last; too many are lines of it."""
    said = unicodedata.normalize("NFC", text or "").strip()
    if not said or not _fit(buttons):
        said, buttons = _with_lines(said, buttons), ()
    return split_text(said, TEXT_MOST, utf16_units), buttons


def _cards(draft: Draft) -> Iterator[Part]:
    """Quick replies stand with the buttons of the last card."""
    *_, last = draft.cards
    for card in draft.cards:
        choices = _written(draft.quick_replies) if card is last else ()
        chunks, buttons = _chunks(_words(card), (*card.buttons, *choices))
        files = () if card.image is None else (draft.files[card.image],)
        if buttons and files:
            yield Part(0, file=card.image)
            files = ()
        for part in _texts_and_files(chunks, files, buttons):
            yield part if part.file is None else replace(part, file=card.image)


def _words(card: Card) -> str:
    """Title, subtitle, and where a press would lead unless a button leads there."""
    led = any(button.url == card.url for button in card.buttons)
    lines = (card.title, card.subtitle, None if led else card.url)
    return "\n".join(line for line in lines if line)


def _texts_and_files(
    chunks: Sequence[str], files: Sequence[OutgoingFile], buttons: tuple[Button, ...]
) -> list[Part]:
    """Buttons need a text of their own, so a picture has no caption beside them."""
    captioned = bool(chunks and files) and not buttons and upload_kind(files[0]) != "file"
    texts = [Part(0, text=chunk) for chunk in (chunks[:-1] if captioned else chunks)]
    if buttons:
        texts[-1] = Part(0, text=chunks[-1], buttons=buttons)
    captions = {0: chunks[-1]} if captioned else {}
    return [*texts, *(Part(0, text=captions.get(n), file=n) for n in range(len(files)))]


def _buttons(draft: Draft) -> tuple[Button, ...]:
    return (*draft.buttons, *_written(draft.quick_replies))


def _written(quick_replies: Sequence[Button]) -> tuple[Button, ...]:
    """A quick reply is a button that writes its title into the chat."""
    return tuple(
        reply if reply.url is not None else Button(reply.title, payload=reply.title)
        for reply in quick_replies
    )


def _fit(buttons: Sequence[Button]) -> bool:
    titles = all(utf16_units(button.title) <= BUTTON_TITLE_MOST for button in buttons)
    return titles and len(buttons) <= BUTTONS_MOST


def _with_lines(text: str, buttons: Sequence[Button]) -> str:
    """The same as text: a link stays a link, a choice can be typed."""
    lines = [
        f"• {button.title}: {button.url}" if button.url is not None else f"• {button.title}"
        for button in buttons
    ]
    return unicodedata.normalize("NFC", "\n".join([text, *lines] if text else lines))
