"""NTP (RFC 5905): a client request, the server's stratum, and the offset of its time."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from dataclasses import dataclass

from parkops.model import Sample, Target
from parkops.monitor.probes.base import Context, DownError, Values, value
from parkops.monitor.probes.icmp_errors import may_pass
from parkops.transport.stopped import telling

CLIENT = 0x23  # leap 0, version 4, mode 3
SERVER_MODE = 4
UNIX_EPOCH_S = 2_208_988_800  # seconds from 1900 to 1970
NOT_SYNCHRONISED = 3  # leap indicator
MAX_STRATUM = 15
PRECISE_S = 0.05  # of a reading that is off by more, the offset is not told: half of what an alarm allows
TRIES, SHARE = 3, 0.9  # to get a reading, and a precise one, within so much of the whole time


@dataclass(frozen=True, slots=True)
class Reading:
    """What a server says: ``offset_s`` is its clock minus ours, within ``error_s``.

    ``delay_s`` is the time on the way, there and back. When all of it was spent one way, the offset is wrong
    by its half (RFC 5905, 8 and 10: the clock filter therefore prefers the reading with the least delay).
    """

    stratum: int
    offset_s: float
    delay_s: float

    @property
    def error_s(self) -> float:
        """By how much the offset may be wrong."""
        return self.delay_s / 2


async def ntp(target: Target, context: Context) -> Sample:
    """Ask for the time; ``max_stratum`` and ``max_offset_s`` bound what is accepted.

    A slow answer tells little of the server's clock: it is asked again, and where no reading is precise, its
    offset is not told. An offset is too much only where it is so whatever the way did.
    """
    attempt = context.start(target)
    reading = await _best(target, context)
    context.step(
        f"stratum {reading.stratum}, offset {reading.offset_s:+.6f} s, off by {reading.error_s:.6f} s at most"
    )
    values: Values = (value("stratum", reading.stratum), value("delay_s", reading.delay_s))
    if reading.error_s <= PRECISE_S:
        values += (value("offset_s", reading.offset_s),)
    limit = int(target.param("max_stratum", str(MAX_STRATUM)))
    if reading.stratum > limit:
        raise DownError(f"stratum {reading.stratum}, expected at most {limit}", values)
    max_offset_s = float(target.param("max_offset_s", "inf"))
    if abs(reading.offset_s) - reading.error_s > max_offset_s:
        raise DownError(f"offset {reading.offset_s:+.3f} s, expected at most {max_offset_s:g} s", values)
    return attempt.up(reading.delay_s, values)


async def _best(target: Target, context: Context) -> Reading:
    """Return the most precise of a few readings; the first one that is precise enough is the last.

    A lost datagram is no outage: it is asked again.
    """
    begin_s, best, said = time.perf_counter(), None, None
    for left in reversed(range(TRIES)):
        left_s = SHARE * context.timeout_s - (time.perf_counter() - begin_s)
        if left_s <= 0 or (best and best.error_s <= PRECISE_S):
            break
        if best:
            context.step(f"the answer took {best.delay_s:.3f} s on its way; asking once more")
        try:
            async with asyncio.timeout(left_s / 2 if left else left_s):
                try:
                    reading = await _query(target)
                except OSError as error:
                    if target.param("expect") == "blocked" or not may_pass(error):
                        raise
                    said = error
                    await asyncio.Event().wait()  # what might pass has this time to do so
        except TimeoutError:
            continue
        best = min(best or reading, reading, key=lambda reading: reading.delay_s)
    if best is None:
        raise said or TimeoutError
    return best


async def _query(target: Target) -> Reading:
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in target.address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock, telling(sock):
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
    reached_s, left_s = _unix_s(data[32:40]), _unix_s(data[40:48])
    offset_s = ((reached_s - sent_s) + (left_s - received_s)) / 2
    delay_s = max(0.0, (received_s - sent_s) - (left_s - reached_s))
    return Reading(stratum, offset_s, delay_s)


def _unix_s(field: bytes) -> float:
    fixed_s = int.from_bytes(field) / 2**32
    era_s = 2**32 if fixed_s < UNIX_EPOCH_S else 0  # era 1 begins in 2036
    return fixed_s + era_s - UNIX_EPOCH_S
