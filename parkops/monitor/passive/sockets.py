"""Sockets of the listeners, in one event loop: datagrams, and streams of log messages."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from parkops.errors import UsageError
from parkops.monitor.passive.syslog import Frames

RECEIVE_BYTES = 4 * 1024 * 1024  # what the kernel keeps while we are busy
CONNECTIONS = 1000
OF_ONE = 50  # connections of one address: a stranger must not take all of them
IDLE_S = 3600.0
SO_RCVBUFFORCE = 33  # socket(7); Python has no name for it

Datagram = Callable[[bytes, str], bytes | None]  # data, sender's address -> what is answered
Bad = Callable[[str, str], None]  # sender's address, why


def bind(host: str, port: int, kind: socket.SocketKind) -> socket.socket:
    """Return a bound socket; UsageError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, kind)
    try:
        if kind is socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            for option in (socket.SO_RCVBUF, SO_RCVBUFFORCE):  # the second needs a capability
                with suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, option, RECEIVE_BYTES)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind((host, port))
        if kind is socket.SOCK_STREAM:
            sock.listen(128)
        sock.setblocking(False)
    except (OSError, OverflowError) as error:
        sock.close()
        reason = getattr(error, "strerror", None) or str(error)
        hint = "choose another address; ports below 1024 need a capability or root"
        raise UsageError(f"cannot listen: {reason}", where=f"{host}:{port}", hint=hint) from error
    return sock


class Datagrams(asyncio.DatagramProtocol):
    """Hands each datagram on, and sends what is to be answered."""

    def __init__(self, take: Datagram) -> None:
        self._take = take
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.DatagramTransport", transport)  # 3.11's own is no instance of it

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take one."""
        reply = self._take(data, addr[0])
        if reply is not None and self._transport is not None:
            self._transport.sendto(reply, addr)

    def error_received(self, exc: Exception) -> None:
        """Go on: an answer that nobody wanted (ICMP) is no reason to stop."""


class Streams:
    """Serves connections that carry log messages; one that cannot be followed is closed, the others go on."""

    def __init__(self, take: Datagram, bad: Bad) -> None:
        self._take, self._bad = take, bad
        self._open: Counter[str] = Counter()

    async def serve(self, sock: socket.socket, tls: ssl.SSLContext | None) -> asyncio.Server:
        """Begin to serve on a bound socket."""
        return await asyncio.start_server(
            self._talk, sock=sock, ssl=tls, ssl_handshake_timeout=10.0 if tls else None
        )

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = str((writer.get_extra_info("peername") or ("?",))[0])
        if self._open.total() >= CONNECTIONS or self._open[address] >= OF_ONE:
            self._bad(address, "too many connections")
            writer.close()
            return
        self._open[address] += 1
        frames = Frames()
        try:
            while True:
                data = await asyncio.wait_for(reader.read(65_536), IDLE_S)
                for message in frames.feed(data or b"\n"):  # a last line may lack its end
                    self._take(message, address)
                if not data:
                    break
        except ValueError as error:
            self._bad(address, str(error))
        except (OSError, TimeoutError, ssl.SSLError):
            return  # the sender is gone
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]
            writer.close()


def server_tls(cert: str, key: str, ca: str) -> ssl.SSLContext:
    """Return TLS for RFC 5425; with ``ca`` senders must show a certificate. UsageError for a bad file."""
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(cert, key or None)
        if ca:
            context.load_verify_locations(ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"no certificate to serve TLS with: {error}", where=cert) from error
    return context
