"""Who is at the other end of a request, past the reverse proxies that we trust and no others.

Headers of a peer that is not trusted are never read: anybody can write them. The library
aiohttp-remotes is alive and does not fit: its filtering middleware believes any peer, its strict
one answers 400 to everything that did not come through one fixed chain, and webhooks would have
to pass it too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import web

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """Networks whose `X-Forwarded-For`, `-Proto` and `-Host` are believed.

    A proxy appends to X-Forwarded-For the address that it saw, and sets the other two itself; of
    several values the last one is the nearest proxy's.
    """

    networks: tuple[Network, ...] = ()

    def trusts(self, address: Address | None) -> bool:
        return address is not None and any(
            address in network for network in self.networks if network.version == address.version
        )

    def client_address(self, request: web.BaseRequest) -> str:
        """The address nearest to us that is not a trusted proxy's; "" for a local socket."""
        nearest = request.remote or ""
        for hop in reversed(_values(request, "X-Forwarded-For")):
            if not self.trusts(_address(nearest)):
                break
            if (known := _address(hop)) is None:
                break  # what a proxy wrote is an address; this is somebody's who wrote before it
            nearest = str(known)
        return nearest

    def is_https(self, request: web.BaseRequest) -> bool:
        """Whether the browser speaks HTTPS."""
        told = self._told(request, "X-Forwarded-Proto")
        return request.secure if told is None else told.lower() == "https"

    def host(self, request: web.BaseRequest) -> str:
        """Host and port as the browser wrote them."""
        return self._told(request, "X-Forwarded-Host") or request.host

    def _told(self, request: web.BaseRequest, header: str) -> str | None:
        """What the proxy in front of us says; None when there is none, or it says nothing."""
        if not self.trusts(_address(request.remote or "")):
            return None
        values = _values(request, header)
        return values[-1] if values else None


PROXIES = web.AppKey("trusted_proxies", TrustedProxies)
_NOBODY = TrustedProxies()


def proxies_of(request: web.Request) -> TrustedProxies:
    """Those of the application that answers; nobody is trusted where none were set."""
    return request.config_dict.get(PROXIES, _NOBODY)


def client_address(request: web.Request) -> str:
    """Where the request came from; "" for a local socket."""
    return proxies_of(request).client_address(request)


def is_https(request: web.Request) -> bool:
    """Whether the browser speaks HTTPS."""
    return proxies_of(request).is_https(request)


def own_host(request: web.Request) -> str:
    """Host and port under which the browser knows us."""
    return proxies_of(request).host(request)


def own_origin(request: web.Request) -> str:
    """Our origin as the browser writes it, such as "https://chat.shop.vn"."""
    return f"{'https' if is_https(request) else 'http'}://{own_host(request)}"


def trusting(networks: Iterable[Network]) -> TrustedProxies:
    return TrustedProxies(tuple(networks))


def _values(request: web.BaseRequest, header: str) -> Sequence[str]:
    joined = ",".join(request.headers.getall(header, []))
    return [value for one in joined.split(",") if (value := one.strip())]


def _address(text: str) -> Address | None:
    """None for anything else; an IPv4 address that came through an IPv6 socket is itself."""
    bare = text.removeprefix("[").partition("]")[0] if text.startswith("[") else text
    if bare.count(":") == 1:  # some proxies write the port too
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
