"""The first routers on the way to an address: datagrams whose time to live runs out (RFC 1812, 5.3.1)."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
import time
from dataclasses import dataclass

PORT = 33434  # where nobody listens, as traceroute does
IP_RECVERR, IPV6_RECVERR, MSG_ERRQUEUE = 11, 25, 0x2000  # linux/in.h, in6.h, socket.h
_ERROR = struct.Struct("=IBBBBII")  # struct sock_extended_err: errno, origin, type, code, pad, info, data
ORIGIN_ICMP, ORIGIN_ICMP6 = 2, 3
QUEUED = frozenset({errno.EHOSTUNREACH, errno.ECONNREFUSED, errno.ENETUNREACH, errno.EACCES, errno.EPROTO})


@dataclass(frozen=True, slots=True)
class Hop:
    """Who answered for one step of the way; address "" for nobody."""

    address: str
    rtt_s: float | None


async def trace(address: str, source: str, most: int, timeout_s: float) -> tuple[Hop, ...]:
    """Return the routers of the first ``most`` steps from ``source`` ("" for any), all asked at once.

    Needs no privilege. The last hop is the target itself where the way is shorter.
    """
    found = await asyncio.gather(*(_hop(address, source, ttl, timeout_s) for ttl in range(1, most + 1)))
    hops: list[Hop] = []
    for hop in found:
        hops.append(hop)
        if hop.address == address:
            break
    while hops and not hops[-1].address:
        hops.pop()
    return tuple(hops)


async def _hop(address: str, source: str, ttl: int, timeout_s: float) -> Hop:
    v6 = ":" in address
    with socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        if source:
            sock.bind((source, 0))
        level = socket.IPPROTO_IPV6 if v6 else socket.IPPROTO_IP
        sock.setsockopt(level, IPV6_RECVERR if v6 else IP_RECVERR, 1)
        sock.setsockopt(level, socket.IPV6_UNICAST_HOPS if v6 else socket.IP_TTL, ttl)
        sock.connect((address, PORT + ttl))
        begin_s = time.perf_counter()
        sock.send(bytes(16))
        try:
            async with asyncio.timeout(timeout_s):
                return Hop(await _offender(sock), time.perf_counter() - begin_s)
        except TimeoutError:
            return Hop("", None)


async def _offender(sock: socket.socket) -> str:
    """Return who sent the ICMP error that waits in the socket's error queue."""
    loop = asyncio.get_running_loop()
    while True:
        waiter: asyncio.Future[None] = loop.create_future()
        loop.add_reader(sock.fileno(), _wake, waiter)
        try:
            await waiter
        finally:
            loop.remove_reader(sock.fileno())
        try:
            _, ancillary, _, _ = sock.recvmsg(512, 512, MSG_ERRQUEUE)
        except BlockingIOError:
            continue
        except OSError as error:
            if error.errno in QUEUED:
                continue
            raise
        for _, _, data in ancillary:
            if len(data) >= _ERROR.size + 8 and data[4] in (ORIGIN_ICMP, ORIGIN_ICMP6):
                return _address(data[_ERROR.size :], data[4] == ORIGIN_ICMP6)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _address(data: bytes, v6: bool) -> str:
    """Read the sockaddr that follows the error."""
    return socket.inet_ntop(socket.AF_INET6, data[8:24]) if v6 else socket.inet_ntoa(data[4:8])
