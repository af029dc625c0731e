"""Cuts a draft into Messenger or Instagram messages within their limits: pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from channels.facebook import limits
from channels.facebook.failures import (
    CommentTextOnly,
    CommentTooLong,
    MediaRefused,
    MessageInvalid,
    PrivateAnswerTooLong,
)
from channels.splitting import Size, split_text, utf8_bytes, utf16_units
from inbox.ports import Button, Draft, OutgoingFile, Part
from inbox.text import printable

_KINDS = frozenset({"image", "video", "audio", "file"})


@dataclass(frozen=True, slots=True)
class Rules:
    """What one of the two channels takes. `takes_file` says whether a type of file is known."""

    comment_most: int
    text_most: int
    text_size: Size
    takes_file: Callable[[OutgoingFile], bool]
    quick_replies_under_files: bool


def _instagram_takes(file: OutgoingFile) -> bool:
    if file.kind == "image":
        return file.mime in limits.INSTAGRAM_IMAGES
    return file.kind != "file" or file.mime in limits.INSTAGRAM_FILES


FACEBOOK = Rules(
    limits.COMMENT_CHARACTERS, limits.SAFE_TEXT_UNITS, utf16_units, lambda _file: True, True
)
INSTAGRAM = Rules(
    limits.INSTAGRAM_COMMENT_CHARACTERS,
    limits.INSTAGRAM_TEXT_BYTES,
    utf8_bytes,
    _instagram_takes,
    False,
)


def plan(draft: Draft, rules: Rules) -> tuple[Part, ...]:
    """Text first, then one message per file, then the sticker.

    Quick replies go under the last message that can carry them, because they vanish with the
    next one; buttons under the last text. Cards are one message, in the place of text and files.

    Raises:
        MessageInvalid: nothing to send, too many choices, or a title that is too long.
        MediaRefused: a file is too large or of a type that the channel does not take.
        CommentTextOnly, CommentTooLong, PrivateAnswerTooLong: an answer to a comment.
    """
    if draft.place == "comment":
        return (_comment(draft, rules),)
    if draft.cards:
        return (_cards(draft),)
    parts = _messages(draft, rules)
    if draft.place == "private" and len(parts) > 1:
        raise PrivateAnswerTooLong
    return parts


def _cards(draft: Draft) -> Part:
    if len(draft.cards) > limits.CARDS:
        raise MessageInvalid(f"at most {limits.CARDS} cards")
    for card in draft.cards:
        _check_buttons(card.buttons)
    _check_quick_replies(draft)
    return Part(0, cards=draft.cards, quick_replies=draft.quick_replies)


def _comment(draft: Draft, rules: Rules) -> Part:
    """One comment of ours, for everybody to read."""
    text = printable(draft.text or "").strip()
    choices = draft.buttons or draft.quick_replies or draft.cards
    if draft.files or draft.sticker or choices or not text:
        raise CommentTextOnly
    if utf16_units(text) > rules.comment_most:
        raise CommentTooLong
    return Part(0, text=text)


def _messages(draft: Draft, rules: Rules) -> tuple[Part, ...]:
    for file in draft.files:
        _check_file(file, rules)
    _check_quick_replies(draft)
    _check_buttons(draft.buttons)
    parts = [Part(0, text=text) for text in _texts(draft, rules)]
    if draft.buttons:
        _require(parts, "buttons need a text")
        parts[-1] = replace(parts[-1], buttons=draft.buttons)
    texts = len(parts)
    parts += [Part(0, file=place) for place in range(len(draft.files))]
    if draft.quick_replies:
        last = len(parts) if rules.quick_replies_under_files else texts
        _require(parts[:last], "quick replies need a message to stand under")
        parts[last - 1] = replace(parts[last - 1], quick_replies=draft.quick_replies)
    if draft.sticker is not None:
        parts.append(Part(0, sticker=draft.sticker))
    _require(parts, "nothing to send")
    return tuple(replace(part, n=n) for n, part in enumerate(parts))


def _texts(draft: Draft, rules: Rules) -> tuple[str, ...]:
    texts = split_text(printable(draft.text or ""), rules.text_most, rules.text_size)
    if not draft.buttons or not texts:
        return texts
    *before, last = texts
    return (*before, *_fit_for_buttons(last))


def _fit_for_buttons(text: str) -> tuple[str, ...]:
    """The text above buttons is shorter: what does not fit goes before it."""
    return split_text(text, limits.BUTTON_TEMPLATE_TEXT, utf16_units)


def _check_file(file: OutgoingFile, rules: Rules) -> None:
    most = limits.IMAGE_BYTES if file.kind == "image" else limits.FILE_BYTES
    if file.kind not in _KINDS or not rules.takes_file(file):
        raise MediaRefused(f"type {file.kind} {file.mime}")
    if not 0 < file.size <= most:
        raise MediaRefused(f"{file.size} bytes, at most {most}")


def _check_quick_replies(draft: Draft) -> None:
    if len(draft.quick_replies) > limits.QUICK_REPLIES:
        raise MessageInvalid(f"at most {limits.QUICK_REPLIES} quick replies")
    for choice in draft.quick_replies:
        _check_choice(choice, limits.QUICK_REPLY_TITLE)


def _check_buttons(buttons: Sequence[Button]) -> None:
    if len(buttons) > limits.BUTTONS:
        raise MessageInvalid(f"at most {limits.BUTTONS} buttons")
    for button in buttons:
        _check_choice(button, limits.BUTTON_TITLE)
        if (button.url is None) == (button.payload is None):
            raise MessageInvalid("a button has either a link or a payload")


def _check_choice(choice: Button, title_most: int) -> None:
    if not 0 < utf16_units(choice.title.strip()) <= title_most:
        raise MessageInvalid(f"a title has 1 to {title_most} characters")
    if len(choice.payload or "") > limits.PAYLOAD_CHARACTERS:
        raise MessageInvalid(f"a payload has at most {limits.PAYLOAD_CHARACTERS} characters")


def _require(parts: list[Part], reason: str) -> None:
    if not parts:
        raise MessageInvalid(reason)
