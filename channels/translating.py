"""From the words of an event to ours: refs, authors, attachments, windows."""

from typing import Any

from channels import events
from channels.windows import window_after
from inbox.conversations import model


def message_ref(event: events.PlatformEvent, external_id: str) -> model.MessageRef:
    """The message with this platform id, at the account of the event."""
    return model.MessageRef(event.channel, event.account_id, external_id)


def thread_ref(event: events.PlatformEvent, thread: events.Thread) -> model.ThreadRef:
    return model.ThreadRef(event.channel, event.account_id, thread.kind, thread.external_id)


def thread_ref_or_none(
    event: events.PlatformEvent, thread: events.Thread | None
) -> model.ThreadRef | None:
    return None if thread is None else thread_ref(event, thread)


def identity_ref(event: events.PlatformEvent, person: events.Person) -> model.IdentityRef:
    return model.IdentityRef(event.channel, event.account_id, person.id, person.temporary)


def customer_of(
    event: events.PlatformEvent, thread: events.Thread, person: events.Person | None
) -> model.IdentityRef | None:
    """Whom an inbox thread is with; a group has members but no customer."""
    if thread.kind != "inbox" or person is None:
        return None
    return identity_ref(event, person)


def writer_of(
    event: events.PlatformEvent, thread: events.Thread, person: events.Person | None
) -> model.IdentityRef | None:
    return None if thread.kind == "inbox" or person is None else identity_ref(event, person)


def author_of(
    thread: events.Thread, person: events.Person | None, event: events.PlatformEvent
) -> model.Author:
    """In a group every message says who wrote it; in an inbox thread it is the customer."""
    writer = writer_of(event, thread, person)
    if writer is None or person is None:
        return model.Author("customer")
    return model.Author("customer", writer.id, person.name)


def commenter_ref(
    event: events.PlatformEvent, person: events.Person | None
) -> model.IdentityRef | None:
    """A commenter's id is not known to equal the id in messages: an identity of its own."""
    if person is None:
        return None
    return model.IdentityRef(event.channel, event.account_id, f"commenter:{person.id}")


def outside_author(*, human: bool) -> model.Author:
    """Somebody or something that wrote elsewhere, not through this inbox."""
    if human:
        return model.Author("staff", None, model.OUTSIDE_STAFF_NAME)
    return model.Author("automation")


def attachments_of(files: tuple[events.File, ...]) -> tuple[model.Attachment, ...]:
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


def window_of(event: events.PlatformEvent, *, from_ad: bool = False) -> model.Window | None:
    return None if event.standby else window_after(event.channel, event.at, from_ad=from_ad)


def is_from_ad(referral: dict[str, Any] | None) -> bool:
    return bool(referral) and referral is not None and referral.get("source") == "ADS"


def moment_of(event: events.PlatformEvent) -> str:
    """The platform's time as part of an idempotency key."""
    return event.at.isoformat()


def filled(**fields: Any) -> dict[str, Any]:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value}
