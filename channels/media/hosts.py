"""From which hosts media of each channel is fetched, and how a link is checked before anything."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from yarl import URL

from inbox.addresses import parse
from inbox.conversations.model import Channel
from inbox.media.source import MediaRefused

META_HOSTS = ("fbcdn.net", "fbsbx.com", "cdninstagram.com")
"""`scontent*.fbcdn.net`, `video.xx.fbcdn.net`, `cdn.fbsbx.com`, `lookaside.fbsbx.com`,
`platform-lookaside.fbsbx.com` (avatars), `scontent*.cdninstagram.com`.

Source: the links in webhooks and profiles of Messenger and Instagram, as recorded in
tests/payloads/facebook; https://developers.facebook.com/docs/messenger-platform/webhooks
"""
ZALO_HOSTS = ("zdn.vn", "zadn.vn", "dlfl.vn")
"""`*.zdn.vn`, `*.dlfl.vn` for media, `*.zadn.vn` for avatars and stickers.

Source: the links in webhooks of Zalo OA, as recorded in tests/payloads/zalo;
https://developers.zalo.me/docs/official-account/webhook/tin-nhan
"""
HOSTS: Mapping[Channel, tuple[str, ...]] = {
    "facebook": META_HOSTS,
    "instagram": META_HOSTS,
    "zalo": ZALO_HOSTS,
}
LONGEST_URL = 8192
_HTTPS_PORT = 443


@dataclass(frozen=True, slots=True)
class Target:
    """A link that was checked. `is_local`: one of the simulators' hosts, on loopback."""

    url: URL
    is_local: bool


class HostRules:
    """Says which links may be followed.

    `local` are exact host:port pairs of simulated platforms, such as "127.0.0.1:9000": there,
    and only there, http and loopback are allowed.
    """

    def __init__(self, local: Collection[str] = ()) -> None:
        self._local = frozenset(local)

    def check(self, channel: Channel | None, link: str) -> Target:
        """Where a link leads; `channel` None: to any named host of the public internet.

        Raises:
            MediaRefused: it does not lead to a host of the channel over https.
        """
        url = _url(link)
        if url.scheme in ("http", "https") and self.is_local(url.raw_host, url.port):
            return Target(url, is_local=True)
        if url.scheme != "https":
            raise MediaRefused("not_https")
        if url.port != _HTTPS_PORT:
            raise MediaRefused("port")
        host = (url.raw_host or "").rstrip(".").lower()
        if parse(host) is not None:
            raise MediaRefused("host")
        if channel is not None and not _belongs(host, HOSTS[channel]):
            raise MediaRefused("host")
        return Target(url, is_local=False)

    def is_local(self, host: str | None, port: int | None) -> bool:
        return f"{host}:{port}" in self._local


def _url(link: str) -> URL:
    if len(link) > LONGEST_URL or any(ord(one) <= ord(" ") for one in link) or "\\" in link:
        raise MediaRefused("not_a_link")
    try:
        # taken as it is written: links are signed, and changing a %2B into + would break them
        url = URL(link.partition("#")[0], encoded=link.isascii())
        host, _ = url.raw_host, url.port
    except (ValueError, UnicodeError) as error:
        raise MediaRefused("not_a_link") from error
    if not host:
        raise MediaRefused("not_a_link")
    if url.raw_user is not None or url.raw_password is not None:
        raise MediaRefused("credentials")
    return url


def _belongs(host: str, suffixes: tuple[str, ...]) -> bool:
    return any(host == one or host.endswith(f".{one}") for one in suffixes)
