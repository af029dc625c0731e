"""What a conversation script is made of: moves of a customer and of the shop, on any channel."""

from dataclasses import dataclass
from typing import Literal

from inbox.conversations.model import Channel

MediaKind = Literal["image", "sticker", "audio", "video", "file", "location", "link", "contact"]
ReactionKind = Literal["love", "like", "haha"]

META: tuple[Channel, ...] = ("facebook", "instagram")
EVERYWHERE: tuple[Channel, ...] = ("facebook", "instagram", "zalo")
INBOXES: tuple[Channel, ...] = ("facebook", "zalo")


@dataclass(frozen=True, slots=True)
class Media:
    """Something that is not text. `name` is a file of the media server, a place or a title.

    `at` are degrees of latitude and longitude, `url` is where a link leads, `phone` is on a card.
    """

    kind: MediaKind
    name: str
    at: tuple[float, float] = (0.0, 0.0)
    url: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Something that happens. Later moves refer to it by its `label`, if it has one."""

    label: str = ""


@dataclass(frozen=True, slots=True)
class Writes(Move):
    """The customer sends text, media or both.

    `quotes` is the label of a message answered to, `ad` the title of the advertisement that
    brought them (Facebook), `quick_reply` the payload of a suggested answer (Facebook).
    """

    text: str = ""
    media: tuple[Media, ...] = ()
    quotes: str = ""
    ad: str = ""
    quick_reply: str = ""


@dataclass(frozen=True, slots=True)
class Answers(Move):
    """The shop answers elsewhere: a person in the platform's own tool, or an automatic reply."""

    text: str = ""
    media: tuple[Media, ...] = ()
    quotes: str = ""
    by: Literal["human", "automation"] = "human"


@dataclass(frozen=True, slots=True)
class Presses(Move):
    """The customer presses a button (Meta); `ref` is the link that opened the thread."""

    title: str
    payload: str
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Arrives(Move):
    """The customer comes back through a link m.me/...?ref= (Facebook)."""

    ref: str


@dataclass(frozen=True, slots=True)
class Follows(Move):
    """The customer follows the OA, or stops (Zalo)."""

    following: bool = True


@dataclass(frozen=True, slots=True)
class OpensChat(Move):
    """The customer presses "Nhắn tin" for the first time (Zalo)."""


@dataclass(frozen=True, slots=True)
class FillsForm(Move):
    """The customer fills in a form with name, phone and address."""


@dataclass(frozen=True, slots=True)
class Reacts(Move):
    """Somebody reacts to the message or comment `to`; None takes the reaction back."""

    to: str
    reaction: ReactionKind | None
    by_shop: bool = False


@dataclass(frozen=True, slots=True)
class Edits(Move):
    """The customer changes the message or comment `of` (Meta)."""

    of: str
    text: str


@dataclass(frozen=True, slots=True)
class Removes(Move):
    """The customer takes back the message (Instagram) or the comment (Facebook) `of`."""

    of: str


@dataclass(frozen=True, slots=True)
class Comments(Move):
    """The customer comments under a post; the first one begins the thread."""

    text: str = ""
    photo: str = ""


@dataclass(frozen=True, slots=True)
class AnswersComment(Move):
    """The page answers under the comment, for everybody to read."""

    text: str


@dataclass(frozen=True, slots=True)
class Hides(Move):
    """The page hides the comment `of` from the public (Facebook)."""

    of: str


SHOP_MOVES = (Answers, AnswersComment, Hides)


@dataclass(frozen=True, slots=True)
class Story:
    """A conversation that may happen on any of `channels`.

    Texts may name {product}, {price}, {size}, {colour}, {phone}, {address}, {name}, {code}.
    """

    name: str
    channels: tuple[Channel, ...]
    moves: tuple[Move, ...]

    @property
    def in_public(self) -> bool:
        """Whether it happens in the comments of a post."""
        return isinstance(self.moves[0], Comments)
