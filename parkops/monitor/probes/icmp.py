"""ICMP echo (RFC 792, RFC 4443): one socket a family for all targets, paced sends, cheap matching."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import time
from dataclasses import dataclass

from parkops.model import IcmpError, Sample, Target
from parkops.monitor.probes.base import Context, DownError, UnableError

ECHO_REQUEST, ECHO_REPLY, UNREACHABLE, TIME_EXCEEDED = 8, 0, 3, 11
ECHO_REQUEST_6, ECHO_REPLY_6, UNREACHABLE_6, TIME_EXCEEDED_6 = 128, 129, 1, 3

ICMP_FILTER = 1  # linux/icmp.h, level SOL_RAW
SOL_RAW = 255
ICMP6_FILTER = 1  # linux/icmpv6.h
SO_RCVBUFFORCE = 33
RECEIVE_BUFFER_BYTES = 16 << 20
RATE_PER_S = 20_000  # unpaced bursts overrun receive buffers on the way and would look like outages

_PACKET = struct.Struct("!BBHHHQI")  # type, code, checksum, identifier, sequence, cookie, token
_TAIL = struct.Struct("!QI")


class Pinger:
    """Echo requests of many targets over one socket a family; answers are matched by a token."""

    def __init__(self, rate_per_s: float = RATE_PER_S) -> None:
        self._gap_s = 1.0 / rate_per_s
        self._slot_s = 0.0
        self._cookie = int.from_bytes(os.urandom(8))  # tells our requests from other processes'
        self._token = 0
        self._waiting: dict[int, asyncio.Future[float]] = {}
        self._lines: dict[int, Line] = {}

    async def ping(self, address: str, timeout_s: float) -> float:
        """Return the round trip to a literal address in seconds.

        DownError when no answer comes within ``timeout_s`` or a router says that there is no way;
        UnableError when this machine does not let us send ICMP; OSError when a send fails.
        """
        line = self._line(socket.AF_INET6 if ":" in address else socket.AF_INET)
        await self._pace()
        loop = asyncio.get_running_loop()
        self._token = token = (self._token + 1) & 0xFFFFFFFF
        answer: asyncio.Future[float] = loop.create_future()
        self._waiting[token] = answer
        timer = loop.call_later(timeout_s, self._expire, token, timeout_s)
        try:
            sent_s = time.perf_counter()
            line.socket.sendto(line.packet(token, self._cookie), (address, 0))
            return await answer - sent_s
        finally:
            timer.cancel()
            self._waiting.pop(token, None)

    async def _pace(self) -> None:
        now_s = time.perf_counter()
        self._slot_s = max(now_s, self._slot_s + self._gap_s)
        if self._slot_s - now_s > 0.002:  # the loop cannot wait for less
            await asyncio.sleep(self._slot_s - now_s)

    def _expire(self, token: int, timeout_s: float) -> None:
        # After a standstill the loop serves sockets before timers: an answer that waits is no loss.
        answer = self._waiting.get(token)
        if answer is not None and not answer.done():
            answer.set_exception(DownError(f"no ICMP answer within {timeout_s:g} s"))

    def _line(self, family: int) -> Line:
        line = self._lines.get(family)
        if line is None:
            line = self._lines[family] = Line(family)
            asyncio.get_running_loop().add_reader(line.socket.fileno(), self._receive, line)
        return line

    def _receive(self, line: Line) -> None:
        buffer, receive = line.buffer, line.socket.recv_into
        try:
            while True:
                size = receive(buffer)
                now_s = time.perf_counter()
                self._match(line, size, now_s)
        except BlockingIOError:
            return
        except OSError:
            return  # an ICMP error queued on the socket; its target times out

    def _match(self, line: Line, size: int, now_s: float) -> None:
        found = line.read(memoryview(line.buffer)[:size])
        if found is None or found.at + _TAIL.size > size:
            return
        cookie, token = _TAIL.unpack_from(line.buffer, found.at)
        answer = self._waiting.get(token)
        if cookie != self._cookie or answer is None or answer.done():
            return
        if found.error:
            answer.set_exception(DownError(found.error))
        else:
            answer.set_result(now_s)

    def close(self) -> None:
        """Close the sockets; pings that are under way fail."""
        loop = asyncio.get_running_loop()
        for line in self._lines.values():
            loop.remove_reader(line.socket.fileno())
            line.socket.close()
        self._lines.clear()
        for answer in self._waiting.values():
            if not answer.done():
                answer.cancel()


@dataclass(frozen=True, slots=True)
class Found:
    """What a message says: where our own data begin in it, and the error that quotes them, if it is one."""

    at: int
    error: str = ""


class Line:
    """One family's socket: raw with a kernel filter, or a datagram socket where raw is not allowed."""

    __slots__ = ("buffer", "datagram", "errors", "family", "id", "ip_header", "reply", "request", "socket")

    def __init__(self, family: int) -> None:
        self.family = family
        self.buffer = bytearray(2048)
        self.id = os.getpid() & 0xFFFF
        v6 = family == socket.AF_INET6
        self.request, self.reply = (ECHO_REQUEST_6, ECHO_REPLY_6) if v6 else (ECHO_REQUEST, ECHO_REPLY)
        self.errors = (UNREACHABLE_6, TIME_EXCEEDED_6) if v6 else (UNREACHABLE, TIME_EXCEEDED)
        self.socket, self.datagram = _open(family)
        self.ip_header = not v6 and not self.datagram
        self.socket.setblocking(False)
        _set_receive_buffer(self.socket)
        if not self.datagram:
            self._filter()

    def _filter(self) -> None:
        wanted = [self.reply, *self.errors]
        if self.family == socket.AF_INET:
            mask = 0xFFFFFFFF
            for kind in wanted:
                mask &= ~(1 << kind)
            self.socket.setsockopt(SOL_RAW, ICMP_FILTER, struct.pack("I", mask & 0xFFFFFFFF))
            return
        words = [0xFFFFFFFF] * 8  # RFC 3542, 3.2; on Linux a set bit blocks
        for kind in wanted:
            words[kind >> 5] &= ~(1 << (kind & 31)) & 0xFFFFFFFF
        self.socket.setsockopt(socket.IPPROTO_ICMPV6, ICMP6_FILTER, struct.pack("8I", *words))

    def packet(self, token: int, cookie: int) -> bytes:
        """Return an echo request; the kernel fills in the checksum of ICMPv6 (RFC 3542, 3.1)."""
        sequence = token & 0xFFFF
        data = _PACKET.pack(self.request, 0, 0, self.id, sequence, cookie, token)
        if self.family == socket.AF_INET6:
            return data
        total = sum(struct.unpack("!10H", data))
        total = (total >> 16) + (total & 0xFFFF)
        total += total >> 16
        return _PACKET.pack(self.request, 0, ~total & 0xFFFF, self.id, sequence, cookie, token)

    def read(self, data: memoryview) -> Found | None:
        """Say what a received message is about, None when it is neither an answer nor an error."""
        start = (data[0] & 15) * 4 if self.ip_header else 0
        if start + 9 > len(data):
            return None
        kind = data[start]
        if kind == self.reply:
            return Found(start + 8)
        if kind not in self.errors or self.datagram:
            return None
        inner = start + 8
        inner += 40 if self.family == socket.AF_INET6 else (data[inner] & 15) * 4
        if self.ip_header:
            error = IcmpError(kind, data[start + 1], socket.inet_ntoa(bytes(data[12:16])))
            return Found(inner + 8, str(error))
        return Found(inner + 8, f"a router says: {IcmpError(kind, data[start + 1], '::').meaning}")


def _open(family: int) -> tuple[socket.socket, bool]:
    protocol = socket.IPPROTO_ICMPV6 if family == socket.AF_INET6 else socket.IPPROTO_ICMP
    try:
        return socket.socket(family, socket.SOCK_RAW, protocol), False
    except PermissionError:
        pass
    try:
        return socket.socket(family, socket.SOCK_DGRAM, protocol), True
    except PermissionError as error:
        what = "no permission for ICMP: needs CAP_NET_RAW, or a group in net.ipv4.ping_group_range"
        raise UnableError(what) from error


def _set_receive_buffer(sock: socket.socket) -> None:
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)


async def icmp(target: Target, context: Context) -> Sample:
    """Send one echo request and wait for its reply."""
    attempt = context.start(target)
    return attempt.up(await context.tools.pinger.ping(target.address, context.timeout_s))
