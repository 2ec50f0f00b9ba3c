"""SSH: the version exchange (RFC 4253, 4.2), and a login where the target asks for one."""

from __future__ import annotations

import asyncio
import socket

from parkops.model import Sample, Target
from parkops.monitor.probes.base import Context, DownError
from parkops.monitor.probes.tcp import connection

MAX_LINES, MAX_LINE_BYTES = 20, 255


async def ssh(target: Target, context: Context) -> Sample:
    """Exchange version lines; with ``login=yes`` check the host key and log in instead.

    ``version`` is what the server's line must contain.
    """
    attempt = context.start(target)
    if target.param("login") == "yes":
        await context.tools.sessions.ssh_login(target, context.timeout_s)
        context.step("host key and login are good")
        return attempt.up()
    async with connection(target, target.port) as sock:
        version = await _version(sock)
        sample = attempt.up()
        context.step(f"the server says {version}")
        await asyncio.get_running_loop().sock_sendall(sock, b"SSH-2.0-parkops_probe\r\n")
    if target.param("version") not in version:
        raise DownError(f"the server says {version}, expected {target.param('version')!r} in it")
    return sample


async def _version(sock: socket.socket) -> str:
    """Return the server's version line; other lines may come before it."""
    loop, text = asyncio.get_running_loop(), b""
    while True:
        *lines, rest = text.split(b"\n")
        for line in lines:
            if line.startswith((b"SSH-2.0-", b"SSH-1.99-")):
                return line.decode("utf-8", "replace").rstrip("\r")
            if line.startswith(b"SSH-"):
                raise DownError(f"speaks {line[:20].decode('utf-8', 'replace')!r}, not SSH 2.0")
        if len(lines) > MAX_LINES or len(rest) > MAX_LINE_BYTES:
            raise DownError("no SSH version line in what the server sends")
        data = await loop.sock_recv(sock, 1024)
        if not data:
            raise DownError("closed the connection before its SSH version line")
        text += data
