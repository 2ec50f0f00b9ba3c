"""TCP: the three-way handshake, then a reset, which leaves nothing behind on either side."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from parkops.model import Sample, Target
from parkops.monitor.probes.base import Context
from parkops.monitor.probes.icmp_errors import errors_of

_LINGER_RESET = struct.pack("ii", 1, 0)


@asynccontextmanager
async def connection(target: Target, port: int, source: str = "") -> AsyncIterator[socket.socket]:
    """Connect to the target, from a ``source`` address where one is given.

    On leaving, the connection is reset: no TIME_WAIT piles up here. StoppedError where the target must be
    blocked, and an ICMP error comes back.
    """
    family = socket.AF_INET6 if ":" in target.address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)
        if source:
            sock.bind((source, 0))
        with errors_of(target, sock):
            await asyncio.get_running_loop().sock_connect(sock, (target.address, port))
        yield sock
    finally:
        sock.close()


async def tcp(target: Target, context: Context) -> Sample:
    """Open a connection to the target's port."""
    attempt = context.start(target)
    async with connection(target, target.port):
        context.step("connected")
        return attempt.up()
