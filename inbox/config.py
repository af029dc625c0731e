"""Settings of this package; `app/settings.py` reads them from config.yaml and the environment."""

import base64
import binascii
import re
from datetime import timedelta
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    EmailStr,
    Field,
    PositiveInt,
    SecretStr,
    TypeAdapter,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

_ISO_DURATION = re.compile(r"P(?!$)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?")
_KEY_BYTES = 32
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")
"""No wildcard: whoever may frame us may tell the sidebar whom to show."""


class Section(BaseModel):
    """A section of config.yaml: frozen, and an unknown key or another type is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @field_validator("*", mode="before")
    @classmethod
    def _durations_have_units(cls, value: Any, info: ValidationInfo) -> Any:
        """ISO 8601 such as PT1.5S: a bare number would hide its unit."""
        assert info.field_name is not None
        annotation = cls.model_fields[info.field_name].annotation
        if timedelta not in (annotation, *get_args(annotation)) or value is None:
            return value
        if isinstance(value, timedelta):
            return value
        if not isinstance(value, str) or not _ISO_DURATION.fullmatch(value):
            raise PydanticCustomError(
                "duration", "write an ISO 8601 duration such as PT1.5S or P7D"
            )
        return TypeAdapter(timedelta).validate_python(value)


class FromEnvironment:
    """Marks a setting that comes from the environment or a file, never from config.yaml."""


def _split_at_commas(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(part for word in value.split(",") if (part := word.strip()))
    return value


def _checked_keys(keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for key in keys:
        secret_key_bytes(key)
    return keys


def secret_key_bytes(key: SecretStr) -> bytes:
    """The 32 bytes of a key in url-safe base64, padded or not; PydanticCustomError otherwise."""
    text = key.get_secret_value()
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        decoded = b""
    if len(decoded) != _KEY_BYTES:
        raise PydanticCustomError("secret_key", "must be 32 bytes in url-safe base64")
    return decoded


SecretText = Annotated[SecretStr | None, FromEnvironment()]
Text = Annotated[str | None, FromEnvironment()]
SecretList = Annotated[tuple[SecretStr, ...], BeforeValidator(_split_at_commas), FromEnvironment()]
"""Comma-separated, the newest first; all of them are accepted, so that keys can be rotated."""
SecretKeys = Annotated[
    tuple[SecretStr, ...],
    Field(min_length=1),
    AfterValidator(_checked_keys),
    BeforeValidator(_split_at_commas),
    FromEnvironment(),
]


class MongoConfig(Section):
    """The database."""

    uri: SecretText = Field(
        default=None,
        description="a replica set; unset, a private MongoDB is started under app.data",
    )
    database: str = Field(default="inbox", description="name of the database")


class JournalConfig(Section):
    """How webhook bodies become durable before they are answered."""

    max_batch: PositiveInt = Field(default=512, description="bodies per insert")
    in_flight: PositiveInt = Field(default=2, description="inserts at a time, per process")
    pending_bytes_max: PositiveInt = Field(
        default=32 * 1024 * 1024, description="bytes that may wait; beyond it webhooks get 503"
    )
    write_timeout: timedelta = Field(
        default=timedelta(seconds=1.5), description="an insert that takes longer is answered 503"
    )
    stale_after: timedelta = Field(
        default=timedelta(seconds=0.4), description="a body that waited this long is answered 503"
    )
    lease: timedelta = Field(
        default=timedelta(seconds=15), description="until others apply what a dead process kept"
    )


class ReceivingConfig(Section):
    """How kept bodies are applied."""

    lanes: PositiveInt = Field(default=4, description="transactions at a time, per process")
    batch: PositiveInt = Field(default=128, description="bodies per transaction")
    backlog_bytes_max: PositiveInt = Field(
        default=64 * 1024 * 1024, description="bytes in memory; the rest stays in the journal"
    )
    lease: timedelta = Field(
        default=timedelta(seconds=15), description="renewed while bodies are being applied"
    )
    pause_when_away: timedelta = Field(
        default=timedelta(seconds=0.5), description="between tries while MongoDB is away"
    )
    patience: timedelta = Field(
        default=timedelta(seconds=10),
        description="what has waited this long is applied however many requests wait",
    )
    poll: timedelta = Field(
        default=timedelta(seconds=1), description="between looks for what others left behind"
    )


class AdminConfig(Section):
    """The first owner, made at the first start when nobody can sign in yet."""

    email: Annotated[EmailStr | None, FromEnvironment()] = Field(
        default=None, description="sign-in of the first owner"
    )
    password: SecretText = Field(default=None, description="of the first owner")


class LiveConfig(Section):
    """How changes reach the open inboxes."""

    kept_events: PositiveInt = Field(
        default=10_000, description="events each process keeps for clients that come back"
    )
    client_queue: PositiveInt = Field(
        default=1_000, description="events a slow client may be behind before it is told to resync"
    )
    joined_within: timedelta = Field(
        default=timedelta(milliseconds=10), description="events this close go out as one message"
    )
    heartbeat: timedelta = Field(
        default=timedelta(seconds=20), description="between pings; a silent peer is closed after"
    )
    recheck_every: timedelta = Field(
        default=timedelta(minutes=5), description="between looks whether a client may still listen"
    )


class StorageConfig(Section):
    """Where files and copies are kept."""

    kind: Literal["folder", "s3"] = Field(
        default="folder", description="app.data/media, or S3-compatible object storage"
    )
    bucket: str | None = Field(default=None, description="of s3")
    endpoint: str | None = Field(default=None, description="of s3; unset means Amazon's")
    region: str = Field(default="us-east-1", description="of s3")
    prefix: str | None = Field(default=None, description="of s3: a folder in the bucket")
    access_key_id: Text = Field(default=None, description="of s3")
    secret_access_key: SecretText = Field(default=None, description="of s3")

    @model_validator(mode="after")
    def _s3_is_complete(self) -> Self:
        if self.kind == "s3" and not (
            self.bucket and self.access_key_id and self.secret_access_key
        ):
            raise PydanticCustomError(
                "storage", "s3 needs bucket, and both INBOX__MEDIA__STORAGE__* keys"
            )
        return self


class MediaConfig(Section):
    """Files that staff send, and copies of what customers send."""

    max_upload_bytes: PositiveInt = Field(
        default=25 * 1024 * 1024, description="largest file; 25 MiB is what Messenger takes"
    )
    max_copy_bytes: PositiveInt = Field(
        default=100 * 1024 * 1024, description="largest attachment that is copied"
    )
    copies_at_once: PositiveInt = Field(default=8, description="downloads at a time, per process")
    copy_attempts: PositiveInt = Field(
        default=16, description="tries per message, the first included; then copying has failed"
    )
    link_lifetime: timedelta = Field(
        default=timedelta(hours=12), description="for which a link to a file is good, at most"
    )
    storage: StorageConfig = StorageConfig()


class DeliveryConfig(Section):
    """How our messages leave."""

    poll_every: timedelta = Field(
        default=timedelta(seconds=1), description="between looks for what others left behind"
    )
    at_once: PositiveInt = Field(default=50, description="conversations at a time, per process")
    max_attempts: PositiveInt = Field(
        default=10, description="tries per part, the first included; then it is failed"
    )
    first_retry_after: timedelta = Field(
        default=timedelta(seconds=5), description="at most; doubles with every try"
    )
    longest_retry_after: timedelta = Field(
        default=timedelta(minutes=10), description="between two tries"
    )
    lease: timedelta = Field(
        default=timedelta(seconds=90),
        description="until others deliver what a dead process held; a send may take half of it",
    )
    human_agent: bool = Field(
        default=True,
        description="whether Meta granted the Human Agent feature: people may answer for 7 days",
    )


class AutomationConfig(Section):
    """When scripts keep silent, and how programs that take part in a bot are told events."""

    pause_after_reply: timedelta = Field(
        default=timedelta(minutes=30),
        description="scripts after each answer of a person; PT0S: answers silence nothing",
    )
    call_timeout: timedelta = Field(
        default=timedelta(seconds=10), description="in which a receiver must take an event"
    )
    give_up_after: timedelta = Field(
        default=timedelta(hours=24), description="of tries; then an event is parked"
    )
    first_retry_after: timedelta = Field(
        default=timedelta(seconds=5), description="at most; doubles with every try"
    )
    longest_retry_after: timedelta = Field(
        default=timedelta(minutes=10), description="between two tries"
    )
    allow_private: bool = Field(
        default=False,
        description="receivers may stand in our own network, on this machine even, without TLS",
    )


class TagsConfig(Section):
    """Tags of customers."""

    created_by: Literal["owner", "admin", "manager", "sale"] = Field(
        default="sale", description="who may make new tags: this role and higher ones"
    )
    most_per_customer: PositiveInt = Field(default=50, description="tags of one customer")


class CustomersConfig(Section):
    """What is known of customers, and who may read it."""

    profile_kept: timedelta = Field(
        default=timedelta(days=7),
        description="a name and a picture that are older are fetched anew with the next message",
    )
    unmasked_from: Literal["admin", "manager", "sale"] = Field(
        default="sale",
        description="who reads phones and e-mail addresses in full: this role and higher ones",
    )


class PresenceConfig(Section):
    """How long somebody counts as here."""

    lasts: timedelta = Field(
        default=timedelta(seconds=45), description="after the last sign of an open inbox"
    )
    phone_lasts: timedelta = Field(
        default=timedelta(minutes=5), description="the same for phones, which sleep in pockets"
    )
    extend_every: timedelta = Field(
        default=timedelta(seconds=15), description="between the signs of an open inbox"
    )


def _checked_origin(text: str) -> str:
    if not _ORIGIN.fullmatch(text):
        raise PydanticCustomError("origin", "write an origin such as https://crm.example.vn")
    return text.lower()


class EmbeddingConfig(Section):
    """The sidebar inside other products' pages."""

    frame_ancestors: list[Annotated[str, AfterValidator(_checked_origin)]] = Field(
        default=[], description="origins whose pages may show /sidebar in a frame; empty: nobody's"
    )


class StaffConfig(Section):
    """Signing in."""

    session_lifetime: timedelta = Field(
        default=timedelta(days=14), description="a session that is not used for this long ends"
    )
    free_tries: PositiveInt = Field(
        default=5, description="wrong passwords per e-mail and address before waiting begins"
    )
    first_wait: timedelta = Field(
        default=timedelta(seconds=30), description="doubles with every further wrong password"
    )
    longest_wait: timedelta = Field(default=timedelta(minutes=15), description="never longer")
    actor_kept: timedelta = Field(
        default=timedelta(seconds=2),
        description="how long another process may still act on rights that have just changed",
    )


class InboxConfig(Section):
    """Everything that `inbox` can be told."""

    secret_key: SecretKeys = Field(
        description="signs and encrypts what is kept; the first key is used, all are read"
    )
    admin: AdminConfig = AdminConfig()
    mongo: MongoConfig = MongoConfig()
    journal: JournalConfig = JournalConfig()
    receiving: ReceivingConfig = ReceivingConfig()
    delivery: DeliveryConfig = DeliveryConfig()
    automation: AutomationConfig = AutomationConfig()
    customers: CustomersConfig = CustomersConfig()
    live: LiveConfig = LiveConfig()
    media: MediaConfig = MediaConfig()
    presence: PresenceConfig = PresenceConfig()
    staff: StaffConfig = StaffConfig()
    tags: TagsConfig = TagsConfig()
    embedding: EmbeddingConfig = EmbeddingConfig()
