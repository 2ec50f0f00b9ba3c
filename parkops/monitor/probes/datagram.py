"""One question and its answer over UDP, for the probes whose protocols work so."""

from __future__ import annotations

import asyncio
import socket
from asyncio import AbstractEventLoop
from collections.abc import Callable
from typing import TypeVar

from parkops.model import Target
from parkops.monitor.probes.icmp_errors import may_pass
from parkops.transport.stopped import telling

T = TypeVar("T")

MAX_BYTES = 65_535
TRIES, SHARE = 3, 0.85  # all tries together take this share of the time that there is


async def ask(target: Target, question: bytes, read: Callable[[bytes], T | None], timeout_s: float) -> T:
    """Send a question until ``read`` takes an answer; what it returns None for is somebody else's.

    The socket is connected, so that a closed port answers at once (OSError). The question is sent three
    times, because a lost datagram is no outage; TimeoutError comes a little before ``timeout_s``, or the
    last error that might have passed.
    """
    loop, said = asyncio.get_running_loop(), None
    family = socket.AF_INET6 if ":" in target.address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect((target.address, target.port))
        for _ in range(TRIES):
            end_s = loop.time() + timeout_s * SHARE / TRIES
            try:
                async with asyncio.timeout_at(end_s):
                    with telling(sock):
                        await loop.sock_sendall(sock, question)
                        return await _read(loop, sock, read)
            except TimeoutError:
                continue
            except OSError as error:
                if target.param("expect") == "blocked" or not may_pass(error):
                    raise
                said = error
                await asyncio.sleep(end_s - loop.time())  # what might pass has this time to do so
    raise said or TimeoutError


async def _read(loop: AbstractEventLoop, sock: socket.socket, read: Callable[[bytes], T | None]) -> T:
    while True:
        found = read(await loop.sock_recv(sock, MAX_BYTES))
        if found is not None:
            return found
