"""Ids: hashes of natural keys, so that repeating a write is harmless and no platform id leaks."""

import hashlib
import secrets
from base64 import b32encode
from functools import lru_cache


@lru_cache(maxsize=32768)
def hash_id(*natural_key: str) -> str:
    """The id that belongs to a natural key: 26 lower-case base32 digits (blake2b, 128 bits).

    The parts are length-prefixed before hashing, so ("a", "bc") and ("ab", "c") differ.
    Remembered for a while: applying one message asks for the same few ids many times.
    """
    joined = b"".join(b"%d:%b" % (len(raw), raw) for raw in (p.encode() for p in natural_key))
    digest = hashlib.blake2b(joined, digest_size=16).digest()
    return b32encode(digest).decode("ascii").rstrip("=").lower()


def random_id() -> str:
    """A new id of the same look for things without a natural key."""
    return b32encode(secrets.token_bytes(16)).decode("ascii").rstrip("=").lower()


def account_key(channel: str, account_id: str) -> str:
    """The id of a channel account (a Facebook page, an Instagram account, a Zalo OA)."""
    return hash_id("account", channel, account_id)


def identity_key(channel: str, account_id: str, external_id: str) -> str:
    """The id of a person as one account of one channel knows them.

    The customer born from this identity and the tombstone of its erasure carry the same id.
    """
    return hash_id("identity", channel, account_id, external_id)


def conversation_key(channel: str, account_id: str, kind: str, external_id: str) -> str:
    """The id of a thread; `external_id` is the person, the root comment or the group."""
    return hash_id("conversation", channel, account_id, kind, external_id)


def message_key(channel: str, account_id: str, external_id: str) -> str:
    """The id of a platform message: inbound, echo and the target of any later fact."""
    return hash_id("message", channel, account_id, external_id)
