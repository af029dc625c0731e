"""What a signal means for a script: whether it ends an enrolment, whether it begins one. Pure."""

from collections.abc import Mapping

from inbox.signals.model import Signal, SignalKind
from inbox.splitting.conditions import has_keyword
from scheduler.scripts.model import (
    Enrolment,
    FirstMessage,
    Keyword,
    Script,
    StopOn,
    StopReason,
    TagAdded,
    Via,
)

_STOPS: Mapping[SignalKind, tuple[StopOn, StopReason]] = {
    "customer_wrote": ("customer_replies", "customer_replied"),
    "staff_wrote": ("staff_replies", "staff_replied"),
    "conversation_closed": ("conversation_closed", "conversation_closed"),
}


def stop_reason(enrolment: Enrolment, script: Script | None, signal: Signal) -> StopReason | None:
    """Why an enrolment ends because of a signal; None when it does not.

    What happened before it began is no reason: the message that attached a script does not end
    it. An opt-out ends everything in its bot, whatever the script says.
    """
    if signal.kind == "opted_out":
        return "opted_out" if signal.bot_id == enrolment.bot_id else None
    if script is None or signal.at <= enrolment.started_at:
        return None
    if signal.kind == "tag_added" and signal.tag_id in script.stops.tags_added:
        return "tag_added"
    if signal.kind == "tag_removed" and signal.tag_id in script.stops.tags_removed:
        return "tag_removed"
    if signal.kind not in _STOPS or signal.conversation_id != enrolment.conversation_id:
        return None
    on, reason = _STOPS[signal.kind]
    return reason if on in script.stops.on else None


def trigger_met(script: Script, signal: Signal, *, text: str, is_first: bool) -> Via | None:
    """The trigger of a script that a signal meets; None when it meets none.

    `text` is that of the message; `is_first` whether the customer wrote for the first time.
    """
    for trigger in script.triggers:
        match trigger:
            case TagAdded(tag_ids) if signal.kind == "tag_added" and signal.tag_id in tag_ids:
                return "tag_added"
            case FirstMessage() if signal.kind == "customer_wrote" and is_first:
                return "first_message"
            case Keyword(words) if signal.kind == "customer_wrote" and has_keyword(text, words):
                return "keyword"
    return None
