"""The secrets that the simulated platforms and the server share, made once and kept private."""

import base64
import secrets
import socket
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.data_lock import write_private
from inbox.clock import Clock, SystemClock
from inbox.errors import Conflict

_FOLDER = "demo"
_FILE = "secrets.json"


class BrokenDemoSecrets(Conflict):
    """The file with the secrets of the demo cannot be read."""

    code = "broken_demo_secrets"
    vi = "Không đọc được {path}. Hãy xóa tệp này rồi chạy lại bản demo."
    en = "Cannot read {path}. Delete it and start the demo again."


class DemoSecrets(BaseModel):
    """What the apps of the simulated Meta and Zalo know, and what else must not change.

    `created_at` is when the demo first ran: its history ends there, so that a later start sends
    the very same bodies again. `media_port` is where its pictures are served, so that links in
    old messages still work, and `crm_port` where its CRM is, so that links to records do.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    created_at: datetime
    media_port: int
    inbox_secret_key: str = Field(repr=False)
    facebook_app_id: str
    facebook_app_secret: str = Field(repr=False)
    facebook_verify_token: str = Field(repr=False)
    zalo_app_id: str
    zalo_app_secret: str = Field(repr=False)
    zalo_oa_secret_key: str = Field(repr=False)
    crm_port: int = Field(default_factory=lambda: _free_port())  # noqa: PLW0108 - defined below
    crm_key: str = Field(default_factory=lambda: secrets.token_hex(15), repr=False)

    def environment(self) -> dict[str, str]:
        """The secrets as the variables that `app.settings.load_settings` reads."""
        return {
            "INBOX__SECRET_KEY": self.inbox_secret_key,
            "CHANNELS__FACEBOOK__APP_ID": self.facebook_app_id,
            "CHANNELS__FACEBOOK__APP_SECRETS": self.facebook_app_secret,
            "CHANNELS__FACEBOOK__VERIFY_TOKEN": self.facebook_verify_token,
            "CHANNELS__ZALO__APP_ID": self.zalo_app_id,
            "CHANNELS__ZALO__APP_SECRET": self.zalo_app_secret,
            "CHANNELS__ZALO__OA_SECRET_KEYS": self.zalo_oa_secret_key,
        }


def demo_secrets(data_dir: Path, clock: Clock | None = None) -> DemoSecrets:
    """The secrets under `data_dir`/demo, made at the first call; only our user may read them.

    Call it while holding the data directory: two first calls at once would disagree.

    Raises:
        BrokenDemoSecrets: the file is there but is not ours.
    """
    folder = data_dir / _FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / _FILE
    if not path.exists():
        made = _new_secrets((clock or SystemClock()).now())
        write_private(path, made.model_dump_json(indent=2))
        return made
    path.chmod(0o600)
    try:
        known = DemoSecrets.model_validate_json(path.read_bytes())
    except ValidationError:
        raise BrokenDemoSecrets(path=path) from None
    if known.model_fields_set != DemoSecrets.model_fields.keys():  # an earlier version made it
        write_private(path, known.model_dump_json(indent=2))
    return known


def _new_secrets(now: datetime) -> DemoSecrets:
    return DemoSecrets(
        created_at=now,
        media_port=_free_port(),
        inbox_secret_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        facebook_app_id=_digits(16),
        facebook_app_secret=secrets.token_hex(16),
        facebook_verify_token=secrets.token_urlsafe(16),
        zalo_app_id=_digits(19),
        zalo_app_secret=secrets.token_urlsafe(15),
        zalo_oa_secret_key=secrets.token_urlsafe(15),
    )


def _digits(length: int) -> str:
    smallest: int = 10 ** (length - 1)
    return str(smallest + secrets.randbelow(9 * smallest))


def _free_port() -> int:
    """A port of the loopback interface that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
