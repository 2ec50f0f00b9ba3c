"""Ask the kernel which ICMP error answered what a socket sent, and who sent it.

Runs on nodes as well: the standard library alone.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

IP_RECVERR = 11  # ip(7)
IPV6_RECVERR = 25  # ipv6(7)
_FROM_ICMP = (2, 3)  # SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6
_ERROR = struct.Struct("=IBBBBII")  # struct sock_extended_err; a socket address follows


class StoppedError(OSError):
    """An ICMP error came back: its type and code, and the address of its sender."""

    def __init__(self, error: OSError, icmp: tuple[int, int, str]) -> None:
        super().__init__(error.errno, os.strerror(error.errno or 0))
        self.icmp = icmp


@contextmanager
def telling(client: socket.socket) -> Iterator[None]:
    """Raise StoppedError in place of the error that an ICMP error makes of what is done inside."""
    _watch(client, on=True)
    try:
        yield
    except TimeoutError:
        raise
    except OSError as error:
        raise _stopped(client, error) from None
    _watch(client, on=False)  # an error that may pass must not end a session that stands (RFC 1122, 4.2.3.9)


def _watch(client: socket.socket, *, on: bool) -> None:
    """Let the kernel keep ICMP errors for a socket with their sender; of TCP, Linux does since 5.9."""
    six = client.family == socket.AF_INET6
    level, option = (socket.IPPROTO_IPV6, IPV6_RECVERR) if six else (socket.IPPROTO_IP, IP_RECVERR)
    client.setsockopt(level, option, on)


def _stopped(client: socket.socket, error: OSError) -> OSError:
    """Return what an error of a watched socket was: a StoppedError where an ICMP error is behind it.

    What this machine tells itself, of a neighbour that does not answer, is none.
    """
    client.setblocking(False)
    try:
        own = client.getsockname()[0]
        _, told, _, _ = client.recvmsg(1, 512, socket.MSG_ERRQUEUE)
    except OSError:
        return error
    for _, _, body in told:
        if len(body) >= _ERROR.size and body[4] in _FROM_ICMP:
            sender = _sender(body[_ERROR.size :])
            if sender and sender != own:
                return StoppedError(error, (body[5], body[6], sender))
    return error


def _sender(address: bytes) -> str:
    """Return the address in a struct sockaddr_in or sockaddr_in6, "" for no other."""
    family = struct.unpack_from("=H", address)[0] if len(address) >= 2 else 0
    if family == socket.AF_INET and len(address) >= 8:
        return socket.inet_ntop(socket.AF_INET, address[4:8])
    if family == socket.AF_INET6 and len(address) >= 24:
        return socket.inet_ntop(socket.AF_INET6, address[8:24])
    return ""
