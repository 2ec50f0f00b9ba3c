"""Send and receive many datagrams with one system call: sendmmsg(2) and recvmmsg(2), which Python lacks."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

SO_TIMESTAMPNS = 35  # asm-generic/socket.h: the kernel notes when a packet came in
SLOTS = 256  # datagrams that one call receives
DATA_BYTES, CONTROL_BYTES = 128, 64
_STAMP = struct.Struct("@NiIqq32x")  # cmsghdr: length, level, type; timespec: seconds, nanoseconds


class _Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):  # struct msghdr
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint),
        ("iov", ctypes.c_void_p),
        ("iov_length", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):  # struct mmsghdr: a header, and how much was transferred
    _fields_ = (("header", _Header), ("transferred", ctypes.c_uint))


@cache
def _libc() -> Any:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.sendmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)
    libc.recvmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)
    return libc


class Outbox:
    """A packet of ``size`` bytes for each address; neighbours are sent together."""

    def __init__(self, family: int, addresses: Sequence[str], size: int) -> None:
        """Lay out packets, addresses and headers in one piece of memory each."""
        count, self._size = len(addresses), size
        self.packets = bytearray(size * count)
        self._pin = (ctypes.c_char * len(self.packets)).from_buffer(self.packets) if count else None
        names = [_sockaddr(family, address) for address in addresses]
        length = len(names[0]) if names else 0
        self._names = ctypes.create_string_buffer(b"".join(names), max(1, length * count))
        self._iovecs, self._messages = (_Iovec * count)(), (_Message * count)()
        packets = ctypes.addressof(self._pin) if self._pin is not None else 0
        for index in range(count):
            self._iovecs[index] = _Iovec(packets + size * index, size)
            message = self._messages[index].header
            message.name, message.name_length = ctypes.addressof(self._names) + length * index, length
            message.iov = ctypes.addressof(self._iovecs) + ctypes.sizeof(_Iovec) * index
            message.iov_length = 1
        self._first = ctypes.addressof(self._messages)
        self._send = _libc().sendmmsg

    def send(self, sock: socket.socket, first: int, count: int) -> int:
        """Send neighbours; return how many went out. OSError when the first of them did not."""
        at = self._first + first * ctypes.sizeof(_Message)
        sent: int = self._send(sock.fileno(), at, count, socket.MSG_DONTWAIT)
        if sent < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return sent


class Inbox:
    """Receives up to SLOTS datagrams at once, each with the time at which the kernel had it."""

    def __init__(self, layout: struct.Struct) -> None:
        """Expect data of a layout, which is as long as a slot; what is longer is cut."""
        self._layout = layout
        self._data = ctypes.create_string_buffer(DATA_BYTES * SLOTS)
        self._control = ctypes.create_string_buffer(CONTROL_BYTES * SLOTS)
        self.view, self._stamps = memoryview(self._data).cast("B"), memoryview(self._control).cast("B")
        self._iovecs, self._messages = (_Iovec * SLOTS)(), (_Message * SLOTS)()
        for index in range(SLOTS):
            self._iovecs[index] = _Iovec(ctypes.addressof(self._data) + DATA_BYTES * index, DATA_BYTES)
            message = self._messages[index].header
            message.iov = ctypes.addressof(self._iovecs) + ctypes.sizeof(_Iovec) * index
            message.iov_length = 1
            message.control = ctypes.addressof(self._control) + CONTROL_BYTES * index
            message.control_length = CONTROL_BYTES
        self._fresh = bytes(self._messages)  # the kernel overwrites lengths and flags
        self._receive = _libc().recvmmsg

    def receive(self, sock: socket.socket) -> int:
        """Receive what waits; return how many datagrams that are, 0 for none."""
        count: int = self._receive(
            sock.fileno(), ctypes.addressof(self._messages), SLOTS, socket.MSG_DONTWAIT, None
        )
        return max(0, count)

    def read(self, count: int) -> Iterator[tuple[tuple[Any, ...], tuple[int, int, int, int, int]]]:
        """Yield the data and (length, level, type, seconds, nanoseconds) of each datagram received."""
        data = self._layout.iter_unpack(self.view[: DATA_BYTES * count])
        stamps = _STAMP.iter_unpack(self._stamps[: CONTROL_BYTES * count])
        yield from zip(data, stamps, strict=True)

    def length(self, slot: int) -> int:
        """Return how long the datagram in a slot is."""
        return int(self._messages[slot].transferred)

    def clear(self, count: int) -> None:
        """Make the slots ready again."""
        ctypes.memmove(self._messages, self._fresh, ctypes.sizeof(_Message) * count)


def _sockaddr(family: int, address: str) -> bytes:
    info = socket.getaddrinfo(address, None, family, flags=socket.AI_NUMERICHOST)[0][4]
    packed = socket.inet_pton(family, str(info[0]).partition("%")[0])
    if family == socket.AF_INET:
        return struct.pack("=HH4s8x", family, 0, packed)
    scope = int(info[3]) if len(info) > 3 else 0
    return struct.pack("=HHI16sI", family, 0, 0, packed, scope)
