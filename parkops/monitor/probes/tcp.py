"""TCP: the three-way handshake, then a reset, which leaves nothing behind on either side."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from parkops.model import Sample, Target
from parkops.monitor.probes.base import Context
from parkops.transport.stopped import telling

_LINGER_RESET = struct.pack("ii", 1, 0)


@asynccontextmanager
async def connection(target: Target, port: int, source: str = "") -> AsyncIterator[socket.socket]:
    """Connect to the target, from a ``source`` address where one is given.

    On leaving, the connection is reset: no TIME_WAIT piles up here. StoppedError by an ICMP error.
    """
    sock = await _connected(target, port, source)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)
        yield sock
    finally:
        sock.close()


async def stream(
    target: Target, *, trust: ssl.SSLContext | None = None, name: str = ""
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the target's port, over TLS where ``trust`` is given; StoppedError as above."""
    sock = await _connected(target, target.port)
    try:
        return await asyncio.open_connection(sock=sock, ssl=trust, server_hostname=name if trust else None)
    except BaseException:
        sock.close()
        raise


async def _connected(target: Target, port: int, source: str = "") -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in target.address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if source:
            sock.bind((source, 0))
        with telling(sock):
            await asyncio.get_running_loop().sock_connect(sock, (target.address, port))
    except BaseException:
        sock.close()
        raise
    return sock


async def tcp(target: Target, context: Context) -> Sample:
    """Open a connection to the target's port."""
    attempt = context.start(target)
    async with connection(target, target.port):
        context.step("connected")
        return attempt.up()
