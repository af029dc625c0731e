"""Who may speak by itself in a conversation: pure rules over what is stored.

`automation` of a conversation is `{state, paused_until?, reason?, at?}`: after an answer of a
person automations are silent for a while (`human`), and after a handoff until somebody gives the
conversation back. `at` is when somebody said so by hand: answers before it change nothing any
more. `opted_out_at` beside it is the customer's own word, and stronger than all of that.

The pause is for scripts, which say what was planned long before. Whoever talks with the customer
has the conversation: a program that does hands it over to people, and after an answer of a person
is silent until it is given back (`person_has`).
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

AutomationState = Literal["active", "handoff_requested", "human"]
AutomationReason = Literal["staff_replied", "paused_by_hand", "handed_off"]
Consent = Literal["out", "in"]

PAUSE_AFTER_REPLY = timedelta(minutes=30)
ACTIVE: Mapping[str, Any] = {"state": "active"}

_OUT = frozenset(
    {
        "stop",
        "stop all",
        "unsubscribe",
        "dừng",
        "ngừng",
        "dừng lại",
        "dừng nhận tin",
        "ngừng nhận tin",
        "dừng gửi tin",
        "ngừng gửi tin",
        "đừng gửi tin nữa",
        "không nhận tin",
        "không nhận tin nữa",
        "từ chối",
        "từ chối nhận tin",
        "hủy đăng ký",
        "hủy nhận tin",
        "tc",
        "dung nhan tin",
        "ngung nhan tin",
        "dung gui tin",
        "ngung gui tin",
        "dung gui tin nua",
        "khong nhan tin",
        "khong nhan tin nua",
        "tu choi",
        "tu choi nhan tin",
        "huy dang ky",
        "huy nhan tin",
    }
)
"""The whole message. Without accents only where nothing else is meant by it: "dung" is "đúng"
(right) more often than "dừng" (stop), and "Huy" is a name. "TC" is the word of the Vietnamese
decree 91/2020/NĐ-CP on advertising messages."""
_IN = frozenset(
    {
        "start",
        "unstop",
        "subscribe",
        "nhận tin",
        "nhận tin lại",
        "đăng ký nhận tin",
        "đồng ý nhận tin",
        "bắt đầu nhận tin",
        "nhan tin lai",
        "dang ky nhan tin",
        "dong y nhan tin",
        "bat dau nhan tin",
    }
)
_LONGEST = 40
_NO_WORD = re.compile(r"[^\w\s]+")


@dataclass(frozen=True, slots=True)
class Automation:
    """How it stands at one moment. `paused_until` None with a state other than active: until
    somebody gives the conversation back.
    """

    state: AutomationState
    paused_until: datetime | None = None
    reason: AutomationReason | None = None
    opted_out_at: datetime | None = None

    @property
    def may_speak(self) -> bool:
        return self.state == "active" and self.opted_out_at is None


def automation_of(conversation: Mapping[str, Any], now: datetime) -> Automation:
    """How it stands at `now`: a pause that is over is no pause."""
    stored = conversation.get("automation") or ACTIVE
    opted_out_at = conversation.get("opted_out_at")
    until = stored.get("paused_until")
    if stored["state"] == "active" or (until is not None and until <= now):
        return Automation("active", opted_out_at=opted_out_at)
    return Automation(stored["state"], until, stored.get("reason"), opted_out_at)


def after_reply(
    stored: Mapping[str, Any] | None, replied_at: datetime | None, pause: timedelta
) -> dict[str, Any]:
    """What is to be stored when the newest answer of a person is of `replied_at`, None: none.

    Each answer starts the pause anew. It counts from when it was written, and not at all if
    somebody has changed the state since; whatever the order in which answers come, and whenever,
    the end is the same. A pause by hand is never shortened.
    """
    before = _by_hand(stored or ACTIVE)
    at, until = before.get("at"), before.get("paused_until")
    endless = before["state"] != "active" and until is None
    if replied_at is None or not pause or endless or (at is not None and replied_at <= at):
        return before
    paused_until = replied_at + pause
    if until is not None and until >= paused_until:
        return before
    said = {} if at is None else {"at": at}
    return {"state": "human", "paused_until": paused_until, "reason": "staff_replied", **said}


def _by_hand(stored: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored without what answers have made of it."""
    if stored.get("reason") != "staff_replied":
        return dict(stored)
    return dict(ACTIVE) | ({"at": stored["at"]} if "at" in stored else {})


def given_back(now: datetime, replied_at: datetime | None) -> dict[str, Any]:
    """What is to be stored when somebody lets automations speak again.

    An answer of before, whose echo comes late or whose platform's clock is ahead, pauses nothing.
    """
    at = now if replied_at is None else max(now, replied_at)
    return {"state": "active", "at": at}


def person_has(
    conversation: Mapping[str, Any], now: datetime, hand_back_after: timedelta | None = None
) -> bool:
    """Whether people talk with the customer, so that no program does.

    After an answer of a person until somebody gives the conversation back or closes it
    (`given_back_at`), or for `hand_back_after`; after a handoff, and while it is silenced by hand.
    """
    stored = conversation.get("automation") or ACTIVE
    if stored.get("reason") in ("paused_by_hand", "handed_off"):
        until = stored.get("paused_until")
        if until is None or until > now:
            return True
    replied_at: datetime | None = conversation.get("last_out_at")
    given_back = [at for at in (stored.get("at"), conversation.get("given_back_at")) if at]
    if replied_at is None or (given_back and replied_at <= max(given_back)):
        return False
    return hand_back_after is None or replied_at + hand_back_after > now


def handed_off(now: datetime) -> dict[str, Any]:
    """What is to be stored when a program leaves the conversation to people."""
    return {"state": "handoff_requested", "reason": "handed_off", "at": now}


def after_closing(
    stored: Mapping[str, Any] | None, now: datetime, replied_at: datetime | None
) -> dict[str, Any]:
    """The fields of a conversation that somebody closes: programs may answer whoever comes back.

    What was silenced by hand stays so, and so does the pause of scripts.
    """
    back = given_back(now, replied_at)
    handed = (stored or ACTIVE).get("reason") == "handed_off"
    return {"given_back_at": back["at"], **({"automation": back} if handed else {})}


def silenced(now: datetime, pause: timedelta | None) -> dict[str, Any]:
    """What is to be stored when somebody silences automations; None: until it is given back."""
    until = {} if pause is None else {"paused_until": now + pause}
    return {"state": "human", **until, "reason": "paused_by_hand", "at": now}


def consent_of(text: str | None) -> Consent | None:
    """Whether a message says, and says nothing else, that automatic messages shall end or begin."""
    if text is None or len(text) > _LONGEST:
        return None
    plain = unicodedata.normalize("NFC", text).casefold().replace("huỷ", "hủy")
    words = " ".join(_NO_WORD.sub(" ", plain).split())
    if words in _OUT:
        return "out"
    return "in" if words in _IN else None
