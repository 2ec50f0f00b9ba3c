"""One question and its answer over UDP, for the probes whose protocols work so."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import TypeVar

from parkops.model import Target
from parkops.monitor.probes.icmp_errors import errors_of

T = TypeVar("T")

MAX_BYTES = 65_535
TRIES, SHARE = 3, 0.85  # all tries together take this share of the time that there is


async def ask(target: Target, question: bytes, read: Callable[[bytes], T | None], timeout_s: float) -> T:
    """Send a question until ``read`` takes an answer; what it returns None for is somebody else's.

    The socket is connected, so that a closed port answers at once (OSError). The question is sent three
    times, because a lost datagram is no outage; TimeoutError comes a little before ``timeout_s``.
    """
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in target.address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock, errors_of(target, sock):
        sock.setblocking(False)
        sock.connect((target.address, target.port))
        for left in reversed(range(TRIES)):
            await loop.sock_sendall(sock, question)
            try:
                async with asyncio.timeout(timeout_s * SHARE / TRIES):
                    return await _read(loop, sock, read)
            except TimeoutError:
                if not left:
                    raise
    raise AssertionError("the last try returns or raises")


async def _read(loop: asyncio.AbstractEventLoop, sock: socket.socket, read: Callable[[bytes], T | None]) -> T:
    while True:
        found = read(await loop.sock_recv(sock, MAX_BYTES))
        if found is not None:
            return found
