"""What each event changes: the router of the inbox, top to bottom in the order it is asked.

Handlers do no I/O. They translate an event into changes that are safe to apply twice and in any
order; everything else happens when the batch is applied.
"""

from typing import Any

from channels import events
from channels.router import Router
from channels.translating import (
    attachments_of,
    author_of,
    commenter_ref,
    customer_of,
    filled,
    identity_ref,
    is_from_ad,
    message_ref,
    moment_of,
    outside_author,
    thread_ref,
    thread_ref_or_none,
    window_of,
    writer_of,
)
from inbox import metrics
from inbox.conversations import changes, model
from inbox.conversations.changes import Batch

router = Router("inbox")


@router.message()
def keep_message(event: events.InboundMessage, batch: Batch) -> None:
    customer = customer_of(event, event.thread, event.author)
    batch.keep(
        changes.KeepMessage(
            message=message_ref(event, event.message_id),
            thread=thread_ref(event, event.thread),
            customer=customer,
            direction="in",
            author=author_of(event.thread, event.author, event),
            at=event.at,
            text=event.text,
            attachments=attachments_of(event.attachments),
            reply_to=message_ref(event, event.reply_to) if event.reply_to else None,
            payload=event.quick_reply,
            standby=event.standby,
            writer=writer_of(event, event.thread, event.author),
            customer_name=event.author.name if event.author and customer else None,
            window=window_of(event, from_ad=is_from_ad(event.referral)),
            from_history=event.from_history,
            extra=filled(referral=event.referral, data=event.data),
        )
    )
    if event.referral:
        _note(batch, event, customer, "referral", event.message_id, event.referral)


@router.echo()
def keep_echo(event: events.MessageEcho, batch: Batch) -> None:
    """What the history has of the account is ours if its content is, else taken for a person's."""
    human = event.source == "human" or event.from_history
    batch.keep(
        changes.KeepMessage(
            message=message_ref(event, event.message_id),
            thread=thread_ref(event, event.thread),
            customer=customer_of(event, event.thread, event.person),
            direction="out",
            author=outside_author(human=human),
            at=event.at,
            text=event.text,
            attachments=attachments_of(event.attachments),
            reply_to=message_ref(event, event.reply_to) if event.reply_to else None,
            standby=event.standby,
            human_reply=human,
            own=event.source == "own" or event.from_history,
            from_history=event.from_history,
            extra=filled(metadata=event.metadata, app_id=event.app_id),
        )
    )


@router.postback()
def keep_postback(event: events.Postback, batch: Batch) -> None:
    customer = customer_of(event, event.thread, event.author)
    batch.keep(
        changes.KeepMessage(
            message=message_ref(event, event.message_id),
            thread=thread_ref(event, event.thread),
            customer=customer,
            direction="in",
            author=model.Author("customer"),
            at=event.at,
            text=event.title,
            payload=event.payload,
            standby=event.standby,
            window=window_of(event, from_ad=is_from_ad(event.referral)),
            extra=filled(referral=event.referral, data={"postback": True}),
        )
    )
    if event.referral:
        _note(batch, event, customer, "referral", event.message_id, event.referral)


@router.comment()
def keep_comment(event: events.Comment, batch: Batch) -> None:
    writer = commenter_ref(event, event.author)
    owner = writer if event.is_root and not event.by_account else None
    name = event.author.name if event.author else None
    author = model.Author("customer", writer.id if writer else None, name)
    batch.keep(
        changes.KeepMessage(
            message=message_ref(event, event.message_id),
            thread=thread_ref(event, event.thread),
            customer=owner,
            direction="out" if event.by_account else "in",
            author=outside_author(human=True) if event.by_account else author,
            at=event.at,
            text=event.text,
            attachments=attachments_of(event.attachments),
            reply_to=message_ref(event, event.reply_to) if event.reply_to else None,
            human_reply=event.by_account,
            own=event.by_account,
            writer=None if event.by_account else writer,
            customer_name=name if owner else None,
            window=None if event.by_account else window_of(event),
            extra=filled(post_id=event.post_id, post_url=event.post_url),
        )
    )


@router.edit()
def edit_message(event: events.MessageEdited, batch: Batch) -> None:
    batch.keep(
        changes.EditMessage(
            message_ref(event, event.message_id),
            thread_ref_or_none(event, event.thread),
            event.at,
            event.number,
            event.text,
        )
    )


@router.removal()
def remove_message(event: events.MessageRemoved, batch: Batch) -> None:
    batch.keep(
        changes.RemoveMessage(
            message_ref(event, event.message_id), thread_ref_or_none(event, event.thread), event.at
        )
    )


@router.hiding()
def hide_message(event: events.MessageHidden, batch: Batch) -> None:
    batch.keep(
        changes.HideMessage(
            message_ref(event, event.message_id),
            thread_ref_or_none(event, event.thread),
            event.at,
            event.hidden,
        )
    )


@router.reaction()
def keep_reaction(event: events.Reaction, batch: Batch) -> None:
    by_customer = not event.by_account and event.thread is not None and not event.standby
    batch.keep(
        changes.React(
            message_ref(event, event.message_id),
            thread_ref_or_none(event, event.thread),
            event.at,
            identity_ref(event, event.person).id if event.person else "account",
            event.emoji,
            window=window_of(event) if by_customer and event.emoji else None,
        )
    )


@router.delivery()
def keep_delivery(event: events.Delivered, batch: Batch) -> None:
    batch.keep(_acknowledgement("delivered", event))


@router.seen()
def keep_seen(event: events.Seen, batch: Batch) -> None:
    batch.keep(_acknowledgement("seen", event))


@router.follow()
def keep_follow(event: events.Followed, batch: Batch) -> None:
    customer = identity_ref(event, event.person)
    name = "followed" if event.following else "unfollowed"
    batch.keep(
        changes.ChangeFollow(thread_ref(event, event.thread), customer, event.at, event.following)
    )
    _note(
        batch,
        event,
        customer,
        name,
        moment_of(event),
        filled(source=event.source),
        opens_window=event.following,
    )


@router.referral()
def note_referral(event: events.Referred, batch: Batch) -> None:
    customer = identity_ref(event, event.person)
    key = "|".join(
        str(part)
        for part in (
            moment_of(event),
            event.referral.get("ref"),
            event.referral.get("ad_id"),
            event.referral.get("type"),
        )
    )
    _note(batch, event, customer, "referral", key, event.referral, opens_window=True)


@router.optin()
def note_optin(event: events.OptedIn, batch: Batch) -> None:
    customer = identity_ref(event, event.person)
    key = f"{moment_of(event)}|{event.status}|{event.data.get('ref')}"
    _note(
        batch,
        event,
        customer,
        f"optin_{event.status}",
        key,
        event.data,
        opens_window=event.status == "in",
    )


@router.submitted_info()
def keep_submitted_info(event: events.InfoSubmitted, batch: Batch) -> None:
    customer = identity_ref(event, event.person)
    info = filled(
        name=event.name,
        phone=event.phone,
        email=event.email,
        address=event.address,
        birthday=event.birthday,
        gender=event.gender,
    )
    batch.keep(changes.ShareInfo(thread_ref(event, event.thread), customer, event.at, info))
    _note(
        batch,
        event,
        customer,
        "submitted_info",
        moment_of(event),
        {**event.data, **info},
        opens_window=True,
    )


@router.handover()
def pass_thread(event: events.ThreadControlChanged, batch: Batch) -> None:
    customer = identity_ref(event, event.person)
    thread = thread_ref(event, event.thread)
    if event.action != "request":
        batch.keep(changes.PassThread(thread, customer, event.at, event.owner_app_id))
    data = filled(
        owner_app_id=event.owner_app_id,
        previous_app_id=event.previous_app_id,
        metadata=event.metadata,
    )
    key = f"{moment_of(event)}|{event.previous_app_id}|{event.owner_app_id}"
    _note(batch, event, customer, f"thread_{event.action}", key, data)


@router.noted()
def note_on_timeline(event: events.CustomerNoted, batch: Batch) -> None:
    customer = identity_ref(event, event.person)
    _note(
        batch, event, customer, event.name, event.key, event.data, opens_window=event.opens_window
    )


@router.withdrawal()
def ask_erasure(event: events.DataWithdrawn, batch: Batch) -> None:
    customer = identity_ref(event, event.person)
    batch.keep(changes.AskErasure(thread_ref(event, event.thread), customer, event.at))


@router.group()
def note_group(event: events.GroupChanged, batch: Batch) -> None:
    people = tuple(identity_ref(event, events.Person(id=one)) for one in event.person_ids)
    batch.keep(
        changes.NoteAccountEvent(
            event.channel,
            event.account_id,
            event.at,
            event.name,
            f"{event.thread.external_id}|{moment_of(event)}|{'|'.join(sorted(event.person_ids))}",
            {**event.data, "group": thread_ref(event, event.thread).id},
            people,
        )
    )


@router.account()
def note_on_account(event: events.AccountNoted, batch: Batch) -> None:
    batch.keep(_account_event(event, event.name, event.data))


@router.unknown()
def keep_unknown(event: events.Unknown, batch: Batch) -> None:
    metrics.unknown_events_total.labels(event.channel).inc()
    batch.keep(_account_event(event, f"unknown:{event.name}", {"raw": event.raw}))


def _account_event(
    event: events.AccountNoted | events.Unknown, type_: str, data: dict[str, Any]
) -> changes.NoteAccountEvent:
    people = tuple(identity_ref(event, events.Person(id=one)) for one in event.person_ids)
    return changes.NoteAccountEvent(
        event.channel, event.account_id, event.at, type_, event.key, data, people
    )


def _acknowledgement(kind: Any, event: events.Delivered | events.Seen) -> changes.Acknowledge:
    return changes.Acknowledge(
        kind,
        thread_ref(event, event.thread),
        event.at,
        event.up_to,
        tuple(message_ref(event, one) for one in event.message_ids),
    )


def _note(  # noqa: PLR0913 - the fields of one timeline row
    batch: Batch,
    event: Any,
    customer: model.IdentityRef | None,
    type_: str,
    key: str,
    data: dict[str, Any],
    *,
    opens_window: bool = False,
) -> None:
    window = window_of(event, from_ad=is_from_ad(data)) if opens_window else None
    thread = thread_ref(event, event.thread)
    batch.keep(changes.NoteInteraction(thread, customer, event.at, type_, key, data, window))
