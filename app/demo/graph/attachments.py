"""Attachments of Messenger: uploaded bytes, links, templates, and the limits of each.

Source: https://developers.facebook.com/docs/messenger-platform/send-messages
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.demo.graph.errors import GraphError
from app.demo.ledger import ReceivedFile
from app.demo.world import Json, World

_KINDS = ("image", "video", "audio", "file")
_LARGEST_BYTES = 25 * 1024 * 1024
_LARGEST_IMAGE_BYTES = 8 * 1024 * 1024
_ID_LIVES = timedelta(days=90)
_MOST_BUTTONS, _LONGEST_TITLE, _LONGEST_BUTTON_TEXT = 3, 20, 640
_MOST_ELEMENTS = 10


@dataclass(frozen=True, slots=True)
class Upload:
    """Bytes that came with a call."""

    name: str
    mime: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Attached:
    """What an attachment became: as webhooks carry it, as the customer received it, its id."""

    wire: Json
    file: ReceivedFile
    attachment_id: str | None = None


class Attachments:
    """Keeps what was uploaded, for the page that uploaded it."""

    def __init__(self, world: World, serve: Callable[[str, str, bytes], str]) -> None:
        """`serve` takes (name, MIME type, bytes) and gives the address where they are served."""
        self._world = world
        self._serve = serve
        self._kept: dict[str, tuple[str, datetime, Attached]] = {}

    def keep(self, page_id: str, attachment: Json, upload: Upload | None) -> str:
        """POST message_attachments: the id of what was uploaded."""
        attached = self._new(attachment, upload)
        return self._keep(page_id, attached)

    def attach(self, page_id: str, attachment: Json, upload: Upload | None) -> Attached:
        """The attachment of a message.

        Raises:
            GraphError: 100, its type, size, address or id is wrong.
        """
        payload = attachment.get("payload") or {}
        if attachment.get("type") == "template":
            return _template(payload)
        if "attachment_id" in payload:
            return self._kept_one(page_id, payload["attachment_id"])
        attached = self._new(attachment, upload)
        if payload.get("is_reusable"):
            attachment_id = self._keep(page_id, attached)
            return Attached(attached.wire, attached.file, attachment_id)
        return attached

    def _keep(self, page_id: str, attached: Attached) -> str:
        attachment_id = self._world.new_number(16)
        until = self._world.clock.now() + _ID_LIVES
        self._kept[attachment_id] = (page_id, until, attached)
        return attachment_id

    def _kept_one(self, page_id: str, attachment_id: object) -> Attached:
        if not isinstance(attachment_id, str):
            raise GraphError(100, None, "Param attachment_id must be a string")
        kept = self._kept.get(attachment_id)
        if kept is None:
            raise GraphError(100, 2018074)
        owner, until, attached = kept
        if owner != page_id or until <= self._world.clock.now():
            raise GraphError(100, 2018074)
        return Attached(attached.wire, attached.file, attachment_id)

    def _new(self, attachment: Json, upload: Upload | None) -> Attached:
        kind = attachment.get("type")
        if kind not in _KINDS:
            raise GraphError(100, 2018047)
        if upload is not None:
            return self._uploaded(kind, upload)
        url = (attachment.get("payload") or {}).get("url")
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise GraphError(100, 2018008)
        wire = {"type": kind, "payload": {"url": url}}
        return Attached(wire, ReceivedFile(kind, url=url))

    def _uploaded(self, kind: str, upload: Upload) -> Attached:
        size = len(upload.content)
        if size > (_LARGEST_IMAGE_BYTES if kind == "image" else _LARGEST_BYTES):
            raise GraphError(100, 2018109)
        if not size or (kind != "file" and not upload.mime.startswith(f"{kind}/")):
            raise GraphError(100, 2018047)
        digest = hashlib.sha256(upload.content).hexdigest()
        url = self._serve(upload.name, upload.mime, upload.content)
        wire = {"type": kind, "payload": {"url": url}}
        return Attached(wire, ReceivedFile(kind, upload.name, size, digest, url))


def _template(payload: Json) -> Attached:
    kind = payload.get("template_type")
    if kind == "button":
        if not 0 < len(payload.get("text", "")) <= _LONGEST_BUTTON_TEXT:
            raise GraphError(100, None, "Param message[attachment][payload][text] is invalid")
        _check_buttons(payload.get("buttons", []), fewest=1)
    elif kind == "generic":
        elements = payload.get("elements", [])
        if not 1 <= len(elements) <= _MOST_ELEMENTS:
            raise GraphError(100, None, "Param elements must have 1 to 10 elements")
        for element in elements:
            _check_buttons(element.get("buttons", []), fewest=0)
    elif kind not in ("media", "receipt", "image_grid", "customer_feedback"):
        raise GraphError(100, None, "Param template_type must be one of {button, generic, media}")
    wire = {"title": "", "url": None, "type": "template", "payload": payload}
    return Attached(wire, ReceivedFile("template", name=kind))


def _check_buttons(buttons: list[Json], *, fewest: int) -> None:
    if not fewest <= len(buttons) <= _MOST_BUTTONS:
        raise GraphError(100, None, "Param buttons must have 1 to 3 elements")
    for button in buttons:
        if not 0 < len(button.get("title", "")) <= _LONGEST_TITLE:
            raise GraphError(100, None, "Length of param title must be 1 to 20")
        if button.get("type") not in ("web_url", "postback", "phone_number"):
            raise GraphError(100, None, "Param type of a button is invalid")
