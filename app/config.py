"""Settings of this package; `app/settings.py` reads them from config.yaml and the environment."""

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveInt

from inbox.config import Section


class HttpConfig(Section):
    """Where the service listens."""

    host: str = Field(
        default="127.0.0.1", description="address to listen on; 0.0.0.0 means every network"
    )
    port: int = Field(default=8080, ge=0, le=65535, description="TCP port; 0 picks a free one")


class LogConfig(Section):
    """What the service says about itself, on standard output."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="the least important kind of line that is written"
    )
    format: Literal["text", "json"] = Field(
        default="text", description="text for people, json for log collectors"
    )


class EmbeddedConfig(Section):
    """The private MongoDB that is started when inbox.mongo.uri is not set."""

    cache_gb: float = Field(default=0.25, ge=0.25, description="GB of memory for its cache")
    start_within: timedelta = Field(
        default=timedelta(seconds=60), description="until it must be writable, recovery included"
    )
    stop_within: timedelta = Field(
        default=timedelta(seconds=30), description="for a clean shutdown; then it is killed"
    )


class AppConfig(Section):
    """Everything that `app` can be told."""

    data: Path = Field(
        default=Path("data"),
        strict=False,
        description="folder of the embedded MongoDB and of media; relative to where you start",
    )
    processes: PositiveInt = Field(default=1, description="that serve the same port")
    http: HttpConfig = HttpConfig()
    log: LogConfig = LogConfig()
    embedded: EmbeddedConfig = EmbeddedConfig()
