"""Ports of loopback that stay the same over restarts, as links lead to them."""

import socket

from app.serving import AddressInUse, listening_socket

_HOST = "127.0.0.1"


def free_socket(wanted: int) -> socket.socket:
    """Listens on the same port as before, unless somebody else has taken it."""
    try:
        return listening_socket(_HOST, wanted)
    except AddressInUse:
        return listening_socket(_HOST, 0)
