"""What inbox needs of the packages above it: Protocols that they implement and `app` plugs in.

What fetches media stands in inbox/media/source.py.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Literal, Protocol

from inbox.bots.model import NewAccount
from inbox.conversations.model import AttachmentKind, Channel, ConversationKind, IdentityRef


@dataclass(frozen=True, slots=True)
class Profile:
    """What a channel says of a person. `name` is None where the channel keeps it to itself."""

    name: str | None
    avatar_url: str | None = None


class ProfileUnavailable(Exception):
    """Passing: the platform did not answer, or not now. Worth another try later."""


class ProfileRefused(Exception):
    """Final for now: this person's profile may not be read; the next message asks again."""


class ProfileSource(Protocol):
    """Reads the public profile of a customer from their channel."""

    async def fetch(self, identity: IdentityRef) -> Profile:
        """The profile of `identity`.

        Raises:
            ProfileUnavailable: try again later.
            ProfileRefused: the platform does not tell us; keep the neutral placeholder.
        """
        ...


@dataclass(frozen=True, slots=True)
class AccountRef:
    """The account that a call acts for; `key` is its id in our database."""

    key: str
    channel: Channel
    account_id: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a message goes to: the person of an inbox thread, a comment, or a group.

    `external_id` is the person, the root comment or the group as the platform names it.
    `reply_context` is what an anonymous Zalo visitor's conversation needs besides.
    `comment_id`: answer this comment privately (Facebook, once per comment, within 7 days).
    """

    kind: ConversationKind
    external_id: str
    reply_context: str | None = None
    comment_id: str | None = None


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file of ours that goes out. `size` in bytes; `read` streams its bytes anew each call."""

    kind: AttachmentKind
    name: str
    size: int
    mime: str
    read: Callable[[], AsyncIterator[bytes]] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message: opens `url`, or comes back as a postback with `payload`."""

    title: str
    url: str | None = None
    payload: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A product as platforms show it: picture, title, subtitle, up to three buttons.

    `image` is the place of the picture in the draft's files, `image_url` its public address; a
    press on the card opens `url`.
    """

    title: str
    subtitle: str | None = None
    image: int | None = None
    image_url: str | None = None
    url: str | None = None
    buttons: tuple[Button, ...] = ()


Place = Literal["message", "comment", "private"]


@dataclass(frozen=True, slots=True)
class Draft:
    """What an agent, a script or a bot wants to say, before it is cut into platform messages.

    `place`: a message, a public answer to a comment, or a private one, which is a single message.
    `cards` say the same as text and files do: a channel that has cards shows them instead.
    """

    text: str | None = None
    files: tuple[OutgoingFile, ...] = ()
    quick_replies: tuple[Button, ...] = ()
    buttons: tuple[Button, ...] = ()
    sticker: str | None = None
    place: Place = "message"
    cards: tuple[Card, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One platform message. `n` counts from 0; at most one of text and file carries content,
    except where a platform takes a caption (then both).
    """

    n: int
    text: str | None = None
    file: int | None = None
    """Place of the file in the draft."""
    quick_replies: tuple[Button, ...] = ()
    buttons: tuple[Button, ...] = ()
    sticker: str | None = None
    cards: tuple[Card, ...] = ()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One part on its way. `reference` is ours and comes back in the echo where the platform
    carries it; `by_human` permits what only humans may use (Meta's human-agent tag);
    `last_in_at` is when the customer last wrote; `reply_to` the platform's id of the quoted
    message.
    """

    account: AccountRef
    recipient: Recipient
    part: Part
    file: OutgoingFile | None
    reference: str
    by_human: bool
    last_in_at: datetime | None
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """The platform took it. `window` is what its answer says about the reply window, if it does.

    `recipient_id` is the person whom it went to, where the answer says so.
    """

    external_id: str
    window: dict[str, Any] | None = None
    recipient_id: str | None = None


class SendError(Exception):
    """Why a message did not go out. `code` is stable; `vi` and `en` tell the agent.

    SendError
      SendRefused        final: the platform will never take this message
        WindowClosed     the reply window is over
        PrivateAnswerRefused  this comment cannot be answered privately (any more)
      SendUnavailable    passing: nothing was sent; worth another try after `retry_after_s`
      AccountUnusable    the account's token or permission is dead: its sends wait for an admin
      SendUncertain      the request may have been taken: never sent again by itself
    """

    code = "send_failed"
    vi = "Không gửi được tin nhắn."
    en = "The message could not be sent."

    def __init__(self, reason: str = "", *, platform_code: str | None = None) -> None:
        super().__init__(f"{self.code}: {reason}" if reason else self.code)
        self.reason = reason
        self.platform_code = platform_code


class SendRefused(SendError):
    code = "send_refused"
    vi = "Nền tảng từ chối tin nhắn này."
    en = "The platform refuses this message."


class WindowClosed(SendRefused):
    code = "window_closed"
    vi = "Đã hết thời gian được phép trả lời khách trên kênh này."
    en = "The time in which this channel lets you answer is over."


class PrivateAnswerRefused(SendRefused):
    code = "private_answer_refused"
    vi = "Không thể trả lời riêng bình luận này."
    en = "This comment cannot be answered privately."


class Absent(Enum):
    """What a history says that does not have a message."""

    ABSENT = "absent"


class SendUnavailable(SendError):
    """`tried`: the platform was called. What only waited for its turn has used up no try."""

    code = "send_unavailable"
    vi = "Nền tảng đang bận, tin nhắn sẽ được gửi lại."
    en = "The platform is busy, the message will be tried again."

    def __init__(
        self,
        reason: str = "",
        *,
        retry_after_s: float | None = None,
        platform_code: str | None = None,
        tried: bool = True,
    ) -> None:
        super().__init__(reason, platform_code=platform_code)
        self.retry_after_s = retry_after_s
        self.tried = tried


class AccountUnusable(SendError):
    """`health` is what it makes of the account: "reauth" = an admin connects it again, "blocked"
    = something else is asked of a person. Its reason is `reason` where that is a known word,
    else `code` (inbox/bots/health/reasons.py says for each what to do).
    """

    code = "account_unusable"
    health: Literal["reauth", "blocked"] = "reauth"
    vi = "Tài khoản kênh cần được kết nối lại; tin nhắn đang chờ."
    en = "The channel account must be connected again; the message is waiting."


class SendUncertain(SendError):
    code = "send_uncertain"
    vi = "Không rõ tin nhắn đã đến khách hay chưa."
    en = "It is not known whether the message reached the customer."


class Messenger(Protocol):
    """How one channel sends. Implemented once per platform in `channels`."""

    def plan(self, draft: Draft) -> tuple[Part, ...]:
        """Cut a draft into platform messages in order, within the platform's limits. Pure.

        Raises:
            SendRefused: the platform cannot take this at all (kind, size), with the reason.
        """
        ...

    async def send(self, outgoing: Outgoing) -> Sent:
        """Send one part, once: no retry inside after the request may have been taken.

        Raises:
            SendRefused, SendUnavailable, AccountUnusable, SendUncertain.
        """
        ...

    async def find_sent(self, outgoing: Outgoing, since: datetime) -> str | Absent | None:
        """Read back whether an uncertain part arrived: its platform id, or None if unknown.

        ABSENT only where the history was read back to `since` and would show it.
        """
        ...

    async def show_typing(self, account: AccountRef, recipient: Recipient) -> None:
        """Best effort; failures are ignored."""
        ...

    async def mark_seen(self, account: AccountRef, recipient: Recipient) -> None:
        """Best effort; failures are ignored."""
        ...


class CommentModeration(Protocol):
    """What an account may do about comments under its posts. Every call may be repeated.

    Each raises SendRefused, SendUnavailable, AccountUnusable or SendUncertain.
    """

    @property
    def likes(self) -> bool:
        """Whether comments can be liked on this channel."""
        ...

    async def hide(self, account: AccountRef, comment_id: str, *, hidden: bool) -> None:
        """Hide a customer's comment from the public, or show it again."""
        ...

    async def like(self, account: AccountRef, comment_id: str, *, liked: bool) -> None:
        """Like a comment as the account, or take the like back."""
        ...

    async def remove(self, account: AccountRef, comment_id: str) -> None:
        """Delete a comment of the account's own, for good; one that is gone already is no error."""
        ...


class Credentials(Protocol):
    """The secrets of connected accounts, opened."""

    async def of(self, account_key: str) -> dict[str, str]:
        """For example {"access_token": ...}; empty when the account has none."""
        ...


@dataclass(frozen=True, slots=True)
class ToldMessage:
    """A message as the history has it: its platform id, whom the thread is with, the platform's
    time, and a webhook-shaped body for the journal.
    """

    message_id: str
    person_id: str
    at: datetime
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """What one step of reading found. `resume` goes on after this step; it is JSON, and opaque.

    `unreadable` are messages that are known to be there and are not told any more; `incomplete`
    is a stable word for why the platform does not tell everything.
    """

    messages: tuple[ToldMessage, ...]
    resume: Mapping[str, Any]
    unreadable: tuple[str, ...] = ()
    incomplete: str | None = None


class MessageSource(Protocol):
    """Reads the history of an account back, for what was missed."""

    def history(
        self,
        account: AccountRef,
        since: datetime,
        until: datetime,
        *,
        resume: Mapping[str, Any] | None = None,
    ) -> AsyncGenerator[HistoryStep, None]:
        """What was said in [since, until), either way; message ids equal the webhooks'.

        Within a step the messages of one thread are in their order. A message may be told
        twice. `resume` is that of the last step that was kept.

        Raises:
            SendUnavailable, AccountUnusable: worth another try, from the last step on.
            SendRefused: the platform will not tell.
        """
        ...


class AccountOnboarding(Protocol):
    """What a platform has to say when an admin adds an account by hand, or takes one away."""

    async def checked(self, account: NewAccount, field: str) -> NewAccount:
        """The account with credentials that its platform takes; without any it is as it was.

        `field` is where the credentials stand in the request.

        Raises:
            InvalidInput: they are not this account's.
            Unavailable: the platform does not answer, so nothing is known.
        """
        ...

    async def welcome(self, account: AccountRef) -> None:
        """After it was connected: make its platform send webhooks. How it went is kept."""
        ...

    async def leave(self, account: AccountRef) -> None:
        """Before it is disconnected: make its platform stop sending. Best effort."""
        ...
