"""What customers see on their phones: real planning of each channel, nothing behind it."""

from dataclasses import dataclass, field
from datetime import datetime

from channels.facebook.planning import FACEBOOK
from channels.facebook.planning import plan as plan_facebook
from channels.zalo.messenger import _button as zalo_button
from channels.zalo.planning import plan as plan_zalo
from inbox.ports import Absent, AccountRef, Card, Draft, Outgoing, Part, Recipient, Sent


@dataclass(frozen=True, slots=True)
class Shown:
    """One platform message as the customer has it. `buttons` are titles, links with them."""

    to: str
    text: str | None
    file: str | None = None
    buttons: tuple[str, ...] = ()
    quick_replies: tuple[str, ...] = ()
    private: bool = False
    cards: tuple[Card, ...] = ()


@dataclass
class ZaloPhone:
    """Implements Messenger: plans as for Zalo, and remembers what arrived."""

    shown: list[Shown] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)
    """What Zalo writes in the customer's name when they press the button of this title."""
    signals: list[str] = field(default_factory=list)

    def plan(self, draft: Draft) -> tuple[Part, ...]:
        return plan_zalo(draft)

    async def send(self, outgoing: Outgoing) -> Sent:
        part = outgoing.part
        self.shown.append(
            Shown(
                to=outgoing.recipient.external_id,
                text=part.text,
                file=None if outgoing.file is None else outgoing.file.name,
                buttons=tuple(
                    one.title if one.url is None else f"{one.title} <{one.url}>"
                    for one in part.buttons
                ),
                quick_replies=tuple(one.title for one in part.quick_replies),
                private=outgoing.recipient.comment_id is not None,
                cards=part.cards,
            )
        )
        for button in part.buttons:
            if button.url is None:
                self.written[button.title] = zalo_button(button)["payload"]
        return Sent(f"zalo-{len(self.shown)}")

    async def find_sent(self, outgoing: Outgoing, since: datetime) -> str | Absent | None:
        return None

    async def show_typing(self, account: AccountRef, recipient: Recipient) -> None:
        self.signals.append(f"typing:{recipient.external_id}")

    async def mark_seen(self, account: AccountRef, recipient: Recipient) -> None:
        self.signals.append(f"seen:{recipient.external_id}")


@dataclass
class FacebookPhone(ZaloPhone):
    """The same with Messenger's planning."""

    def plan(self, draft: Draft) -> tuple[Part, ...]:
        return plan_facebook(draft, FACEBOOK)
