"""What each event changes: the router of the inbox, top to bottom in the order it is asked.

Handlers do no I/O. They translate an event into changes that are safe to apply twice and in any
order; everything else happens when the batch is applied.
"""

from typing import Any

from channels import events
from channels.router import Router
from channels.windows import window_after
from inbox import metrics
from inbox.conversations import changes, model
from inbox.conversations.changes import Batch

router = Router("inbox")


@router.message()
def keep_message(event: events.InboundMessage, batch: Batch) -> None:
    customer = _customer_of(event, event.thread, event.author)
    batch.keep(
        changes.KeepMessage(
            message=_message(event, event.message_id),
            thread=_thread(event, event.thread),
            customer=customer,
            direction="in",
            author=_writer_name(event.thread, event.author, event),
            at=event.at,
            text=event.text,
            attachments=_attachments(event.attachments),
            reply_to=_message(event, event.reply_to) if event.reply_to else None,
            payload=event.quick_reply,
            standby=event.standby,
            writer=_writer(event, event.thread, event.author),
            customer_name=event.author.name if event.author and customer else None,
            window=_window(event, from_ad=_is_from_ad(event.referral)),
            extra=_filled(referral=event.referral, data=event.data),
        )
    )
    if event.referral:
        _note(batch, event, customer, "referral", event.message_id, event.referral)


@router.echo()
def keep_echo(event: events.MessageEcho, batch: Batch) -> None:
    human = event.source == "human"
    batch.keep(
        changes.KeepMessage(
            message=_message(event, event.message_id),
            thread=_thread(event, event.thread),
            customer=_customer_of(event, event.thread, event.person),
            direction="out",
            author=_outside_author(human=human),
            at=event.at,
            text=event.text,
            attachments=_attachments(event.attachments),
            reply_to=_message(event, event.reply_to) if event.reply_to else None,
            standby=event.standby,
            human_reply=human,
            extra=_filled(metadata=event.metadata, app_id=event.app_id),
        )
    )


@router.postback()
def keep_postback(event: events.Postback, batch: Batch) -> None:
    customer = _customer_of(event, event.thread, event.author)
    batch.keep(
        changes.KeepMessage(
            message=_message(event, event.message_id),
            thread=_thread(event, event.thread),
            customer=customer,
            direction="in",
            author=model.Author("customer"),
            at=event.at,
            text=event.title,
            payload=event.payload,
            standby=event.standby,
            window=_window(event, from_ad=_is_from_ad(event.referral)),
            extra=_filled(referral=event.referral, data={"postback": True}),
        )
    )
    if event.referral:
        _note(batch, event, customer, "referral", event.message_id, event.referral)


@router.comment()
def keep_comment(event: events.Comment, batch: Batch) -> None:
    writer = _commenter(event, event.author)
    owner = writer if event.is_root and not event.by_account else None
    name = event.author.name if event.author else None
    author = model.Author("customer", writer.id if writer else None, name)
    batch.keep(
        changes.KeepMessage(
            message=_message(event, event.message_id),
            thread=_thread(event, event.thread),
            customer=owner,
            direction="out" if event.by_account else "in",
            author=_outside_author(human=True) if event.by_account else author,
            at=event.at,
            text=event.text,
            attachments=_attachments(event.attachments),
            reply_to=_message(event, event.reply_to) if event.reply_to else None,
            human_reply=event.by_account,
            writer=None if event.by_account else writer,
            customer_name=name if owner else None,
            window=None if event.by_account else _window(event),
            extra=_filled(post_id=event.post_id),
        )
    )


@router.edit()
def edit_message(event: events.MessageEdited, batch: Batch) -> None:
    batch.keep(
        changes.EditMessage(
            _message(event, event.message_id),
            _thread_or_none(event, event.thread),
            event.at,
            event.number,
            event.text,
        )
    )


@router.removal()
def remove_message(event: events.MessageRemoved, batch: Batch) -> None:
    batch.keep(
        changes.RemoveMessage(
            _message(event, event.message_id), _thread_or_none(event, event.thread), event.at
        )
    )


@router.hiding()
def hide_message(event: events.MessageHidden, batch: Batch) -> None:
    batch.keep(
        changes.HideMessage(
            _message(event, event.message_id),
            _thread_or_none(event, event.thread),
            event.at,
            event.hidden,
        )
    )


@router.reaction()
def keep_reaction(event: events.Reaction, batch: Batch) -> None:
    by_customer = not event.by_account and event.thread is not None and not event.standby
    batch.keep(
        changes.React(
            _message(event, event.message_id),
            _thread_or_none(event, event.thread),
            event.at,
            _identity(event, event.person).id if event.person else "account",
            event.emoji,
            window=_window(event) if by_customer and event.emoji else None,
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
    customer = _identity(event, event.person)
    name = "followed" if event.following else "unfollowed"
    batch.keep(
        changes.ChangeFollow(_thread(event, event.thread), customer, event.at, event.following)
    )
    _note(
        batch,
        event,
        customer,
        name,
        _moment(event),
        _filled(source=event.source),
        opens_window=event.following,
    )


@router.referral()
def note_referral(event: events.Referred, batch: Batch) -> None:
    customer = _identity(event, event.person)
    key = "|".join(
        str(part)
        for part in (
            _moment(event),
            event.referral.get("ref"),
            event.referral.get("ad_id"),
            event.referral.get("type"),
        )
    )
    _note(batch, event, customer, "referral", key, event.referral, opens_window=True)


@router.optin()
def note_optin(event: events.OptedIn, batch: Batch) -> None:
    customer = _identity(event, event.person)
    key = f"{_moment(event)}|{event.status}|{event.data.get('ref')}"
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
    customer = _identity(event, event.person)
    info = _filled(
        name=event.name,
        phone=event.phone,
        email=event.email,
        address=event.address,
        birthday=event.birthday,
        gender=event.gender,
    )
    batch.keep(changes.ShareInfo(_thread(event, event.thread), customer, event.at, info))
    _note(
        batch,
        event,
        customer,
        "submitted_info",
        _moment(event),
        {**event.data, **info},
        opens_window=True,
    )


@router.handover()
def pass_thread(event: events.ThreadControlChanged, batch: Batch) -> None:
    customer = _identity(event, event.person)
    thread = _thread(event, event.thread)
    if event.action != "request":
        batch.keep(changes.PassThread(thread, customer, event.at, event.owner_app_id))
    data = _filled(
        owner_app_id=event.owner_app_id,
        previous_app_id=event.previous_app_id,
        metadata=event.metadata,
    )
    key = f"{_moment(event)}|{event.previous_app_id}|{event.owner_app_id}"
    _note(batch, event, customer, f"thread_{event.action}", key, data)


@router.noted()
def note_on_timeline(event: events.CustomerNoted, batch: Batch) -> None:
    customer = _identity(event, event.person)
    _note(
        batch, event, customer, event.name, event.key, event.data, opens_window=event.opens_window
    )


@router.withdrawal()
def ask_erasure(event: events.DataWithdrawn, batch: Batch) -> None:
    customer = _identity(event, event.person)
    batch.keep(changes.AskErasure(_thread(event, event.thread), customer, event.at))


@router.group()
def note_group(event: events.GroupChanged, batch: Batch) -> None:
    people = tuple(_identity(event, events.Person(id=one)) for one in event.person_ids)
    batch.keep(
        changes.NoteAccountEvent(
            event.channel,
            event.account_id,
            event.at,
            event.name,
            f"{event.thread.external_id}|{_moment(event)}|{'|'.join(sorted(event.person_ids))}",
            {**event.data, "group": _thread(event, event.thread).id},
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
    people = tuple(_identity(event, events.Person(id=one)) for one in event.person_ids)
    return changes.NoteAccountEvent(
        event.channel, event.account_id, event.at, type_, event.key, data, people
    )


def _acknowledgement(kind: Any, event: events.Delivered | events.Seen) -> changes.Acknowledge:
    return changes.Acknowledge(
        kind,
        _thread(event, event.thread),
        event.at,
        event.up_to,
        tuple(_message(event, one) for one in event.message_ids),
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
    window = _window(event, from_ad=_is_from_ad(data)) if opens_window else None
    thread = _thread(event, event.thread)
    batch.keep(changes.NoteInteraction(thread, customer, event.at, type_, key, data, window))


def _message(event: events.PlatformEvent, external_id: str) -> model.MessageRef:
    return model.MessageRef(event.channel, event.account_id, external_id)


def _thread(event: events.PlatformEvent, thread: events.Thread) -> model.ThreadRef:
    return model.ThreadRef(event.channel, event.account_id, thread.kind, thread.external_id)


def _thread_or_none(
    event: events.PlatformEvent, thread: events.Thread | None
) -> model.ThreadRef | None:
    return None if thread is None else _thread(event, thread)


def _identity(event: events.PlatformEvent, person: events.Person) -> model.IdentityRef:
    return model.IdentityRef(event.channel, event.account_id, person.id, person.temporary)


def _customer_of(
    event: events.PlatformEvent, thread: events.Thread, person: events.Person | None
) -> model.IdentityRef | None:
    """Whom an inbox thread is with; a group has members but no customer."""
    if thread.kind != "inbox" or person is None:
        return None
    return _identity(event, person)


def _writer(
    event: events.PlatformEvent, thread: events.Thread, person: events.Person | None
) -> model.IdentityRef | None:
    return None if thread.kind == "inbox" or person is None else _identity(event, person)


def _writer_name(
    thread: events.Thread, person: events.Person | None, event: events.PlatformEvent
) -> model.Author:
    """In a group every message says who wrote it; in an inbox thread it is the customer."""
    writer = _writer(event, thread, person)
    if writer is None or person is None:
        return model.Author("customer")
    return model.Author("customer", writer.id, person.name)


def _commenter(
    event: events.PlatformEvent, person: events.Person | None
) -> model.IdentityRef | None:
    """A commenter's id is not known to equal the id in messages: an identity of its own."""
    if person is None:
        return None
    return model.IdentityRef(event.channel, event.account_id, f"commenter:{person.id}")


def _outside_author(*, human: bool) -> model.Author:
    """Somebody or something that wrote elsewhere, not through this inbox."""
    if human:
        return model.Author("staff", None, model.OUTSIDE_STAFF_NAME)
    return model.Author("automation")


def _attachments(files: tuple[events.File, ...]) -> tuple[model.Attachment, ...]:
    return tuple(
        model.Attachment(
            file.kind,
            file.name,
            file.size,
            file.mime,
            file.url,
            file.thumbnail_url,
            file.data,
            file.keep_copy,
        )
        for file in files
    )


def _window(event: events.PlatformEvent, *, from_ad: bool = False) -> model.Window | None:
    return None if event.standby else window_after(event.channel, event.at, from_ad=from_ad)


def _is_from_ad(referral: dict[str, Any] | None) -> bool:
    return bool(referral) and referral is not None and referral.get("source") == "ADS"


def _moment(event: events.PlatformEvent) -> str:
    """The platform's time as part of an idempotency key."""
    return event.at.isoformat()


def _filled(**fields: Any) -> dict[str, Any]:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value}
