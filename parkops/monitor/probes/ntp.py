"""NTP (RFC 5905): a client request, the server's stratum, and the offset of its time."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from dataclasses import dataclass

from parkops.model import Sample, Target
from parkops.monitor.probes.base import Context, DownError, value
from parkops.monitor.probes.icmp_errors import errors_of

CLIENT = 0x23  # leap 0, version 4, mode 3
SERVER_MODE = 4
UNIX_EPOCH_S = 2_208_988_800  # seconds from 1900 to 1970
NOT_SYNCHRONISED = 3  # leap indicator
MAX_STRATUM = 15


@dataclass(frozen=True, slots=True)
class Reading:
    """What a server says: ``offset_s`` is its clock minus ours."""

    stratum: int
    offset_s: float


async def ntp(target: Target, context: Context) -> Sample:
    """Ask for the time; ``max_stratum`` and ``max_offset_s`` bound what is accepted."""
    attempt = context.start(target)
    reading = await _query(target)
    context.step(f"stratum {reading.stratum}, offset {reading.offset_s:+.6f} s")
    values = (value("stratum", reading.stratum), value("offset_s", reading.offset_s))
    limit = int(target.param("max_stratum", str(MAX_STRATUM)))
    if reading.stratum > limit:
        raise DownError(f"stratum {reading.stratum}, expected at most {limit}", values)
    max_offset_s = float(target.param("max_offset_s", "inf"))
    if abs(reading.offset_s) > max_offset_s:
        raise DownError(f"offset {reading.offset_s:+.3f} s, expected at most {max_offset_s:g} s", values)
    return attempt.up(values=values)


async def _query(target: Target) -> Reading:
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in target.address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock, errors_of(target, sock):
        sock.setblocking(False)
        sock.connect((target.address, target.port))  # so that a closed port answers at once
        cookie = os.urandom(8)  # data minimisation: the transmit timestamp need not tell our time
        sent_s = time.time()
        begin_s = time.monotonic()
        await loop.sock_sendall(sock, bytes((CLIENT,)) + bytes(39) + cookie)
        while True:
            data = await loop.sock_recv(sock, 512)
            if len(data) >= 48 and data[24:32] == cookie:  # the origin timestamp is what we sent
                return _parse(data, sent_s, sent_s + time.monotonic() - begin_s)


def _parse(data: bytes, sent_s: float, received_s: float) -> Reading:
    leap, mode, stratum = data[0] >> 6, data[0] & 7, data[1]
    if mode != SERVER_MODE:
        raise DownError(f"answers in NTP mode {mode}, expected {SERVER_MODE}")
    if stratum == 0:  # RFC 5905, 7.4: kiss-o'-death
        code = data[12:16].rstrip(b"\0").decode("ascii", "replace")
        raise DownError(f"sends a kiss code: {code}" if code else "is not synchronised (stratum 0)")
    if leap == NOT_SYNCHRONISED or stratum > MAX_STRATUM:
        raise DownError(f"is not synchronised (stratum {stratum})")
    offset_s = ((_unix_s(data[32:40]) - sent_s) + (_unix_s(data[40:48]) - received_s)) / 2
    return Reading(stratum, offset_s)


def _unix_s(field: bytes) -> float:
    fixed_s = int.from_bytes(field) / 2**32
    era_s = 2**32 if fixed_s < UNIX_EPOCH_S else 0  # era 1 begins in 2036
    return fixed_s + era_s - UNIX_EPOCH_S
