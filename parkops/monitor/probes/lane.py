"""The ICMP echoes of one family: what is due, sent, awaited and answered, in arrays on one socket."""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush

from parkops.model import Sample, State, Target
from parkops.monitor.clock import RecordClock, Seconds
from parkops.monitor.probes.base import UNABLE, UnableError, explain
from parkops.monitor.probes.icmp import Line
from parkops.monitor.probes.packets import DATA_BYTES, SLOTS, SO_TIMESTAMPNS, Inbox, Outbox
from parkops.monitor.probes.under_way import Chunk, Group
from parkops.monitor.wheel import Wheel

SHARE = 0.35  # of its interval is what an answer may take: a loss is confirmed before the next round
BURST = 16  # packets of one system call; their times of sending lie some 5 µs apart each
STEP = 128  # packets between two looks for answers
CATCH_UP_S = 0.1  # of sends at the full rate may go out at once after a late turn of the loop
LATE_S = 0.2  # a deadline that is seen so much later tells of this process, not of the target
RETRY_STALE = (11, 105)  # EAGAIN, ENOBUFS: the queue is full, try again in a moment

_PACKET = struct.Struct("!BBHHHQII")  # type, code, checksum, identifier, sequence, cookie, place, chunk
_WORDS = struct.Struct(f"!{_PACKET.size // 2}H")
_V4 = struct.Struct("!B19xB7xQII84x")  # first byte of the IPv4 header; type; cookie, place, chunk
_BARE = struct.Struct("!B7xQII104x")  # the same without an IPv4 header
_TAIL = struct.Struct("!QII")

Good = Callable[[int, float, float], None]  # target's index, record time, round trip
Lost = Callable[[int, Sample], None]


def timeout_s(target: Target, default_s: float) -> float:
    """Return how long an answer may take."""
    return min(float(target.param("timeout_s") or default_s), SHARE * target.interval_s)


class Lane:
    """The targets of one family, on one socket."""

    def __init__(
        self,
        family: int,
        members: Sequence[tuple[int, Target]],
        clock: RecordClock,
        good: Good,
        lost: Lost,
        default_timeout_s: float,
        rate_per_s: float,
        steady: Seconds,
    ) -> None:
        self._clock, self._good, self._lost, self._steady = clock, good, lost, steady
        self._rate_per_s = rate_per_s
        self._groups: list[Group] = []
        ordered: list[tuple[int, Target]] = []
        start_s = steady()
        kinds: dict[tuple[float, float], list[tuple[int, Target]]] = {}
        for index, target in members:
            kind = (target.interval_s, timeout_s(target, default_timeout_s))
            kinds.setdefault(kind, []).append((index, target))
        for (interval_s, limit_s), found in sorted(kinds.items()):
            wheel = Wheel([target.id for _, target in found], interval_s, start_s)
            self._groups.append(Group(wheel, len(ordered), interval_s, limit_s))
            ordered += [found[place] for place in wheel.order]
        self._indexes = [index for index, _ in ordered]
        self._ids = [target.id for _, target in ordered]
        self.places = {index: place for place, index in enumerate(self._indexes)}
        self._waiting = [0] * len(ordered)  # number of the chunk whose answer is awaited, 0 for none
        self._chunks: dict[int, Chunk] = {}
        self._retries: list[tuple[float, int]] = []  # a heap: when, place
        self._number = self.skipped = 0
        self._allowed, self._last_s = 0.0, start_s
        self._open(family, [target.address for _, target in ordered])

    def _open(self, family: int, addresses: Sequence[str]) -> None:
        self._unable, self._line = "", None
        self._cookie = int.from_bytes(os.urandom(8))  # tells our requests from other processes'
        self._outbox = Outbox(family, addresses, _PACKET.size)
        try:
            self._line = Line(family)
        except (UnableError, OSError) as error:
            self._unable = str(error)
            return
        line = self._line
        line.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._inbox = Inbox(_V4 if line.ip_header else _BARE)
        self._start = 0x45 if line.ip_header else line.reply  # the first byte of a plain answer
        self._sums = []
        for place in range(len(addresses)):
            words = _WORDS.unpack(_PACKET.pack(line.request, 0, 0, line.id, 0, self._cookie, place, 0))
            self._sums.append(sum(words))

    def step(self) -> float:
        """Do what is due."""
        self._receive()
        now_s = self._steady()
        for group in self._groups:
            while group.chunks and group.chunks[0].deadline_s <= now_s:
                self._expire(group, group.chunks.popleft(), now_s)
        for group in self._groups:
            for first, last in group.wheel.due(now_s):
                group.queue.append((group.base + first, group.base + last, now_s))
        self._retry(now_s)
        return self._send(now_s)

    def next_s(self) -> float:
        """Return when something is due: a probe, a deadline, an answer that probably waits."""
        times = [due_s for due_s, _ in self._retries[:1]]
        for group in self._groups:
            if group.queue:
                return 0.0
            due_s = group.wheel.next_s
            times += [due_s] if due_s is not None else []
            times += [group.chunks[0].deadline_s] if group.chunks else []
        return min(times, default=float("inf"))

    def again(self, index: int, due_s: float) -> None:
        """Remember an extra probe."""
        heappush(self._retries, (due_s, self.places[index]))

    def _retry(self, now_s: float) -> None:
        while self._retries and self._retries[0][0] <= now_s:
            _, place = heappop(self._retries)
            if self._waiting[place]:
                continue  # the next round's probe is under way already
            group = next(g for g in reversed(self._groups) if g.base <= place)
            group.queue.appendleft((place, place + 1, now_s))

    def _send(self, now_s: float) -> float:
        """Send as many as the pace allows; return by how much the first of them is late."""
        credit = self._allowed + (now_s - self._last_s) * self._rate_per_s
        self._allowed = min(credit, CATCH_UP_S * self._rate_per_s)
        self._last_s = now_s
        late_s = 0.0
        for group in self._groups:
            while group.queue and self._allowed >= 1:
                first, last, due_s = group.queue.popleft()
                if now_s - due_s > group.interval_s:
                    self.skipped += last - first
                    continue
                late_s = max(late_s, now_s - due_s)
                end = self._burst(group, first, min(last, first + STEP))
                self._allowed -= end - first
                if end < last:
                    group.queue.appendleft((end, last, due_s))
                if end == first:
                    break  # the socket's queue is full
                if len(group.queue) or end < last:
                    self._receive()
        return late_s

    def _burst(self, group: Group, first: int, last: int) -> int:
        """Send neighbours; return the place after the last that was dealt with."""
        if self._line is None:
            self._report(range(first, last), State.UNKNOWN, self._unable)
            return last
        while first < last:
            end = min(last, first + BURST)
            try:
                first += self._chunk(group, self._line, first, end)
            except OSError as error:
                if error.errno in RETRY_STALE:
                    return first
                state = State.UNKNOWN if error.errno in UNABLE else State.DOWN
                self._waiting[first] = 0
                self._report((first,), state, explain(error))
                first += 1
        return last

    def _chunk(self, group: Group, line: Line, first: int, last: int) -> int:
        self._number = number = self._number % 0xFFFFFFFF + 1
        high, sequence = number >> 16, number & 0xFFFF
        more = high + 2 * sequence
        pack, packets, size = _PACKET.pack_into, self._outbox.packets, _PACKET.size
        request, name, cookie = line.request, line.id, self._cookie
        for place in range(first, last):
            total = self._sums[place] + more
            total = (total >> 16) + (total & 0xFFFF)
            total += total >> 16
            pack(packets, place * size, request, 0, ~total & 0xFFFF, name, sequence, cookie, place, number)
        time_s, steady_s, wall_s = self._clock.now(), self._steady(), time.time()
        sent = self._outbox.send(line.socket, first, last - first)
        gap_s = (time.time() - wall_s) / sent
        chunk = Chunk(
            number, first, first + sent, time_s, wall_s, gap_s, steady_s, steady_s + group.timeout_s
        )
        self._waiting[first : first + sent] = [number] * sent
        self._chunks[number] = chunk
        group.chunks.append(chunk)
        return sent

    def _receive(self) -> None:
        if self._line is None:
            return
        inbox, sock, cookie, start = self._inbox, self._line.socket, self._cookie, self._start
        reply = self._line.reply
        ip_header = self._line.ip_header
        while count := inbox.receive(sock):
            steady_s = self._steady()
            for slot, (data, stamp) in enumerate(inbox.read(count)):
                if ip_header:
                    head, kind, their, place, number = data
                    plain = head == start and kind == reply
                else:
                    kind, their, place, number = data
                    plain = kind == reply
                if plain and their == cookie:
                    self._answer(place, number, stamp, steady_s)
                elif not plain:
                    self._other(slot)
            inbox.clear(count)
            if count < SLOTS:
                return

    def _answer(
        self, place: int, number: int, stamp: tuple[int, int, int, int, int], steady_s: float
    ) -> None:
        if place >= len(self._waiting) or self._waiting[place] != number:
            return
        self._waiting[place] = 0
        chunk = self._chunks[number]
        passed_s = steady_s - chunk.steady_s
        rtt_s = passed_s
        if stamp[2] == SO_TIMESTAMPNS:  # by the kernel's clock, unless that was set meanwhile
            exact_s = stamp[3] + stamp[4] / 1e9 - chunk.wall_s - chunk.gap_s * (place - chunk.first)
            if exact_s <= passed_s:
                rtt_s = exact_s if exact_s > 0 else min(passed_s, 1e-6)
        if rtt_s > chunk.deadline_s - chunk.steady_s:
            self._miss((place,), chunk, steady_s)
        else:
            self._good(self._indexes[place], chunk.time_s, rtt_s)

    def _other(self, slot: int) -> None:
        """Take an answer behind IP options, or an ICMP error that quotes our request."""
        line = self._line
        if line is None or line.datagram:
            return
        size = min(DATA_BYTES, self._inbox.length(slot))
        found = line.read(self._inbox.view[slot * DATA_BYTES : slot * DATA_BYTES + size])
        if found is None or found.at + _TAIL.size > size:
            return
        cookie, place, number = _TAIL.unpack_from(self._inbox.view, slot * DATA_BYTES + found.at)
        if cookie != self._cookie or place >= len(self._waiting) or self._waiting[place] != number:
            return
        if found.error:
            self._waiting[place] = 0
            self._report((place,), State.DOWN, found.error, self._chunks[number].time_s)
        else:
            self._answer(place, number, (0, 0, 0, 0, 0), self._steady())

    def _expire(self, group: Group, chunk: Chunk, now_s: float) -> None:
        del self._chunks[chunk.number]
        waiting = self._waiting[chunk.first : chunk.last]
        if chunk.number not in waiting:
            return
        places = [chunk.first + at for at, number in enumerate(waiting) if number == chunk.number]
        for place in places:
            self._waiting[place] = 0
        self._miss(places, chunk, now_s)

    def _miss(self, places: Iterable[int], chunk: Chunk, now_s: float) -> None:
        """Take what was not answered in time; what is seen too late nobody can judge."""
        late_s = now_s - chunk.deadline_s
        if late_s > LATE_S:
            reason = f"the monitor stood still for {late_s:.1f} s"
            self._report(places, State.UNKNOWN, reason, chunk.time_s, late_s)
        else:
            self._report(places, State.DOWN, _no_answer(chunk), chunk.time_s)

    def _report(
        self,
        places: Iterable[int],
        state: State,
        reason: str,
        time_s: float | None = None,
        late_s: float = 0.0,
    ) -> None:
        time_s = self._clock.now() if time_s is None else time_s
        for place in places:
            sample = Sample(self._ids[place], time_s, state, reason=reason, late_s=late_s)
            self._lost(self._indexes[place], sample)

    def close(self) -> None:
        """Close the socket."""
        if self._line is not None:
            self._line.socket.close()


def _no_answer(chunk: Chunk) -> str:
    return f"no ICMP answer within {chunk.deadline_s - chunk.steady_s:g} s"
