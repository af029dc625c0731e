"""Signed links: whoever has one may get this one file, for some hours; it tells nothing of anybody.

An address names a message and a place in it, or a customer and an identity, by ids that are hashes.
Views hold bare addresses; they are signed at the edge, where an answer or a frame goes out, so that
nothing that is stored opens a door. A bare address opens nothing.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from inbox.clock import Clock
from inbox.errors import NotAllowed

Variant = Literal["original", "thumbnail"]
View = dict[str, Any]

_MEDIA = "/api/v1/media/"
_AVATARS = "/api/v1/avatars/"
_OURS = (_MEDIA, _AVATARS)
_PURPOSE = b"chat inbox: media links, version 1"
_LONGEST_STEP = timedelta(minutes=15)
"""For so long at most the same link is given, so that browsers find their copy again."""


class MediaLinkInvalid(NotAllowed):
    """The link was altered or is too old."""

    code = "media_link_invalid"
    vi = "Liên kết tệp đã hết hạn hoặc không đúng, vui lòng tải lại trang."
    en = "The link to this file has expired or is not valid, please reload the page."


def attachment_address(message_id: str, position: int | str, variant: str = "original") -> str:
    """Where an attachment is; `position` counts from 0 within its message."""
    return f"{_MEDIA}{message_id}/{position}?variant={variant}"


def avatar_address(customer_id: str, identity_id: str) -> str:
    """Where the picture is that one channel account knows of a customer."""
    return f"{_AVATARS}{customer_id}/{identity_id}"


class MediaLinks:
    """Signs addresses and checks them.

    A link lives for `lifetime` at most and a quarter of an hour (of a short life: half of it) less
    at least: its end is rounded, so that all links of some minutes are the same text.
    """

    def __init__(self, secret_keys: Sequence[bytes], clock: Clock, lifetime: timedelta) -> None:
        """`secret_keys`: the first signs, all are accepted, so that keys can be rotated."""
        self._keys = [_derived(key) for key in secret_keys]
        self._clock = clock
        self._lifetime = lifetime
        self._step_s = max(1, int(min(_LONGEST_STEP, lifetime / 2).total_seconds()))

    def attachment(self, message_id: str, position: int, variant: Variant = "original") -> str:
        return self.signed(attachment_address(message_id, position, variant))

    def avatar(self, customer_id: str, identity_id: str) -> str:
        return self.signed(avatar_address(customer_id, identity_id))

    def signed(self, address: str) -> str:
        """The link to an address of ours."""
        ends = (self._clock.now() + self._lifetime).timestamp()
        until = str(int(ends // self._step_s * self._step_s))
        mark = "&" if "?" in address else "?"
        return f"{address}{mark}until={until}&signature={_signature(self._keys[0], address, until)}"

    def check(self, address: str, *, until: str, signature: str) -> timedelta:
        """How long the link to this address is still good for.

        Raises:
            MediaLinkInvalid: one of the three is not what we signed together, or it is too late.
        """
        given = signature.encode(errors="replace")
        good = [
            hmac.compare_digest(_signature(key, address, until).encode(), given)
            for key in self._keys
        ]
        if not any(good):
            raise MediaLinkInvalid
        left = int(until) - self._clock.now().timestamp()
        if left <= 0:
            raise MediaLinkInvalid
        return timedelta(seconds=left)

    # Views: each method signs what a view holds, in place, and gives it back

    def message(self, view: View) -> View:
        for attachment in view["attachments"]:
            self.item(attachment)
        return view

    def item(self, view: View) -> View:
        """An attachment, or an item of the media block. Links of customers stay as they are."""
        view["url"] = self._if_ours(view["url"])
        view["thumbnail_url"] = self._if_ours(view["thumbnail_url"])
        return view

    def conversation(self, view: View) -> View:
        customer = view.get("customer")
        if customer is not None:
            customer["avatar_url"] = self._if_ours(customer["avatar_url"])
        return view

    def frame(self, data: View) -> View:
        """What a frame of the live feed tells."""
        if "message" in data:
            self.message(data["message"])
        if "conversation" in data:
            self.conversation(data["conversation"])
        return data

    def _if_ours(self, address: str | None) -> str | None:
        return self.signed(address) if address and address.startswith(_OURS) else address


def _derived(secret_key: bytes) -> bytes:
    """A key of this purpose alone: what seals credentials never signs links."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret_key)


def _signature(key: bytes, address: str, until: str) -> str:
    signed = f"{address}\n{until}".encode(errors="replace")
    return urlsafe_b64encode(hmac.digest(key, signed, "sha256")).decode().rstrip("=")
