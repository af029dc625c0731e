"""Settings of this package; `app/settings.py` reads them from config.yaml and the environment."""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PositiveInt
from pydantic_core import PydanticCustomError

from inbox.config import Section


def _origin(value: str) -> str:
    """Scheme and host, as browsers write an origin; PydanticCustomError otherwise."""
    parts = urlsplit(value.rstrip("/"))
    rest = parts.path or parts.query or parts.fragment or parts.username
    if parts.scheme not in {"http", "https"} or not parts.hostname or rest:
        raise PydanticCustomError("origin", "write scheme and host, such as https://chat.shop.vn")
    return value.rstrip("/")


def _network(value: str) -> str:
    try:
        ip_network(value)
    except ValueError:
        raise PydanticCustomError(
            "network", "write an address or a network, such as 10.0.0.0/8"
        ) from None
    return value


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
    public_url: Annotated[str, AfterValidator(_origin)] | None = Field(
        default=None,
        description="where browsers and platforms reach the service; on loopback it is found out",
    )
    trusted_proxies: list[Annotated[str, AfterValidator(_network)]] = Field(
        default=[], description="networks whose X-Forwarded-For, -Proto and -Host are believed"
    )
    processes: PositiveInt = Field(default=1, description="that serve the same port")
    http: HttpConfig = HttpConfig()
    log: LogConfig = LogConfig()
    embedded: EmbeddedConfig = EmbeddedConfig()

    def trusted_networks(self) -> list[IPv4Network | IPv6Network]:
        return [ip_network(one) for one in self.trusted_proxies]
