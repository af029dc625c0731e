"""Which addresses of the network may be connected to: public ones, in whatever form they come."""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

Address = tuple[int, int, int, str, tuple[Any, ...]]
"""As `socket.getaddrinfo` tells it."""

_NOT_PUBLIC_V4 = tuple(
    IPv4Network(one)
    for one in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, where clouds keep their metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
"""Source: https://www.iana.org/assignments/iana-ipv4-special-registry"""
_PUBLIC_V6 = IPv6Network("2000::/3")
"""All that is given out. Outside it lie loopback, mapped IPv4 (::ffff:0:0/96), NAT64
(64:ff9b::/96), local (fc00::/7, fe80::/10) and multicast (ff00::/8) addresses."""
_NOT_PUBLIC_V6 = tuple(
    IPv6Network(one)
    for one in (
        "2001::/23",  # protocol assignments, Teredo, which carries IPv4 addresses
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which carries IPv4 addresses
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
"""Source: https://www.iana.org/assignments/iana-ipv6-special-registry"""


def is_public(address: str) -> bool:
    """Whether an address, as a socket would connect to it, lies in the public internet."""
    parsed = parse(address)
    if isinstance(parsed, IPv4Address):
        return not any(parsed in network for network in _NOT_PUBLIC_V4)
    if isinstance(parsed, IPv6Address):
        special = any(parsed in network for network in _NOT_PUBLIC_V6)
        return parsed.scope_id is None and parsed in _PUBLIC_V6 and not special
    return False


def is_loopback(address: str) -> bool:
    """Whether it is this machine itself: 127.0.0.0/8 or ::1."""
    parsed = parse(address)
    return parsed is not None and parsed.is_loopback


def parse(address: str) -> IPv4Address | IPv6Address | None:
    """The address that a text is in its normal form; None where it is another word."""
    try:
        return ip_address(address)
    except ValueError:
        return None


class AddressRefused(OSError):
    """The address that a name leads to is none that may be connected to."""


def guarded(may_reach: Callable[[str], bool] | None) -> Callable[[Address], socket.socket]:
    """What opens the sockets of a client; None: every address may be connected to.

    The last look, at the very address that is about to be connected to: a name that is looked up
    twice may lead elsewhere the second time.
    """

    def opened(address: Address) -> socket.socket:
        """Raises AddressRefused."""
        family, kind, protocol, _, place = address
        if may_reach is not None and not may_reach(str(place[0])):
            raise AddressRefused
        return socket.socket(family, kind, protocol)

    return opened
