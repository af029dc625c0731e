"""Signs webhook bodies as Meta and Zalo do, with secrets that the tests' settings name."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode

from tests.ingest import OWN_APP_ID

FACEBOOK_SECRET = "a secret of Meta"
FACEBOOK_VERIFY_TOKEN = "a word"
ZALO_APP_ID = "431883097264123111"
ZALO_KEY = "a key of Zalo"

SECRETS = {
    "INBOX__SECRET_KEY": urlsafe_b64encode(bytes(32)).decode(),
    "CHANNELS__FACEBOOK__APP_ID": OWN_APP_ID,
    "CHANNELS__FACEBOOK__APP_SECRETS": FACEBOOK_SECRET,
    "CHANNELS__FACEBOOK__VERIFY_TOKEN": FACEBOOK_VERIFY_TOKEN,
    "CHANNELS__ZALO__APP_ID": ZALO_APP_ID,
    "CHANNELS__ZALO__OA_SECRET_KEYS": ZALO_KEY,
}
"""The environment of a service that accepts what is signed here."""


def signed(channel: str, body: bytes) -> dict[str, str]:
    """The headers of a genuine webhook; a Zalo body must name ZALO_APP_ID and a timestamp."""
    if channel == "facebook":
        digest = hmac.digest(FACEBOOK_SECRET.encode(), body, "sha256").hex()
        return {"X-Hub-Signature-256": f"sha256={digest}"}
    timestamp = json.loads(body)["timestamp"]
    text = ZALO_APP_ID.encode() + body + str(timestamp).encode() + ZALO_KEY.encode()
    return {"X-ZEvent-Signature": f"mac={hashlib.sha256(text).hexdigest()}"}
