"""Settings of this package; `app/settings.py` reads them from config.yaml and the environment."""

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt


class Section(BaseModel):
    """A section of config.yaml: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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


class MediaConfig(Section):
    """Files that staff send."""

    max_upload_bytes: PositiveInt = Field(
        default=25 * 1024 * 1024, description="largest file; 25 MiB is what Messenger takes"
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
    proxies: NonNegativeInt = Field(
        default=0,
        description="reverse proxies in front that append to X-Forwarded-For; throttling counts "
        "tries by the address that the outermost of them saw",
    )
