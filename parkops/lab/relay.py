"""Delay and lose a cable's frames, as the kernel's netem would.

Runs in the cables' namespace on the standard library alone, as a script: ``relay.py END_A END_B
DELAY_MS JITTER_MS LOSS_PERCENT``. It takes frames from packet sockets (packet(7)) before the cable's
own rule drops them, and sends them out of the other end when they are due, in order.
"""

from __future__ import annotations

import heapq
import random
import select
import socket
import struct
import sys
import time
from dataclasses import dataclass, field

_ETH_P_ALL = 0x0003
_SOL_PACKET, _PACKET_AUXDATA, _PACKET_IGNORE_OUTGOING = 263, 8, 23
_SO_RCVBUFFORCE = 33
_VLAN_VALID, _TPID_VALID, _DOT1Q = 1 << 4, 1 << 6, 0x8100
_AUXDATA = struct.Struct("IIIHHHH")
_BATCH = 64
FRAME_BYTES = 65536


def tagged(frame: bytes, ancillary: list[tuple[int, int, bytes]]) -> bytes:
    """Put back the VLAN tag that the kernel has taken out of a received frame."""
    for level, kind, data in ancillary:
        if level == _SOL_PACKET and kind == _PACKET_AUXDATA:
            status, _length, _snap, _mac, _net, tci, tpid = _AUXDATA.unpack_from(data)
            if status & _VLAN_VALID:
                kind_of_tag = tpid if status & _TPID_VALID else _DOT1Q
                return frame[:12] + struct.pack("!HH", kind_of_tag, tci) + frame[12:]
    return frame


@dataclass
class Schedule:
    """Frames on their way, by the time at which they are due; frames of one direction keep order."""

    delay_s: float
    jitter_s: float
    loss: float  # 0..1
    random: random.Random = field(default_factory=random.Random)
    _waiting: list[tuple[float, int, int, bytes]] = field(default_factory=list)
    _last_s: dict[int, float] = field(default_factory=dict)
    _count: int = 0

    def put(self, now_s: float, direction: int, frame: bytes) -> None:
        """Take a frame in, or lose it."""
        if self.loss and self.random.random() < self.loss:
            return
        due_s = now_s + self.delay_s + self.random.uniform(-self.jitter_s, self.jitter_s)
        due_s = max(due_s, self._last_s.get(direction, 0.0), now_s)
        self._last_s[direction] = due_s
        self._count += 1
        heapq.heappush(self._waiting, (due_s, self._count, direction, frame))

    def due(self, now_s: float) -> list[tuple[int, bytes]]:
        """Return the frames that are due."""
        ready = []
        while self._waiting and self._waiting[0][0] <= now_s:
            _due_s, _count, direction, frame = heapq.heappop(self._waiting)
            ready.append((direction, frame))
        return ready

    def pause_s(self, now_s: float) -> float | None:
        """Return the time until the next frame is due, None when nothing waits."""
        return max(0.0, self._waiting[0][0] - now_s) if self._waiting else None


def open_end(name: str) -> socket.socket:
    """Open a packet socket on one end of the cable."""
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    end.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
    end.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
    try:
        end.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 4 << 20)
    except OSError:  # not allowed in a user namespace: the default size has to do
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    end.setblocking(False)
    end.bind((name, _ETH_P_ALL))
    return end


def take(ends: list[socket.socket], source: socket.socket, schedule: Schedule) -> None:
    """Read what waits on one end into the schedule."""
    direction = 1 - ends.index(source)
    now_s = time.monotonic()
    for _ in range(_BATCH):
        try:
            frame, ancillary, _flags, _sender = source.recvmsg(FRAME_BYTES, 256)
        except OSError:  # nothing more, or the end is down
            return
        schedule.put(now_s, direction, tagged(frame, ancillary))


def main() -> None:
    """Carry frames until killed."""
    ends = [open_end(name) for name in sys.argv[1:3]]
    delay_ms, jitter_ms, loss_percent = (float(word) for word in sys.argv[3:6])
    schedule = Schedule(delay_ms / 1e3, jitter_ms / 1e3, loss_percent / 100)
    print("ready", flush=True)
    while True:
        readable = select.select(ends, [], [], schedule.pause_s(time.monotonic()))[0]
        for source in readable:
            take(ends, source, schedule)
        for direction, frame in schedule.due(time.monotonic()):
            try:
                ends[direction].send(frame)
            except OSError:  # the end is down: the frame is lost, as on a cut cable
                continue


if __name__ == "__main__":
    main()
