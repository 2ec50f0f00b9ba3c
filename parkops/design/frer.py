"""Derives the tables of seamless redundancy (IEEE 802.1CB-2017) from a stream's ways round its ring."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from parkops.design.gates import Hop, PortId
from parkops.model.frer import (
    Frer,
    LatentErrors,
    MemberStream,
    MemberVlan,
    SequenceCoding,
    SequenceGeneration,
    SequenceRecovery,
    StreamIdentity,
    StreamSplit,
)

RTAG_BYTES = 6  # EtherType, reserved field, sequence number (7.8)
SIDES = ("east", "west")  # by growing or falling numbers of switches
LAST_STREAM = 65_535  # a stream's number stands in two bytes of its address
ADDRESS = "03-43-42-00"  # group, locally administered: quadrant AAI (IEEE 802c-2017)
HANDLES = 10  # a stream has ten handles: itself, then its members
MS_NS = 1_000_000
LATENT_PERIOD_MS, LATENT_RESET_MS = 2_000, 30_000  # defaults (10.4.1.12)
INDEX_BY_PORT = 1_000  # entries of one handle, one for each port


@dataclass(slots=True)
class Route:
    """Where one member stream passes: its links, its hops, and its VLAN's ports with their direction."""

    links: dict[str, None]
    hops: dict[Hop, None] = field(default_factory=dict)
    inward: dict[PortId, None] = field(default_factory=dict)

    @property
    def outward(self) -> dict[PortId, None]:
        """Ports that frames are sent to, in the order of their way."""
        return dict.fromkeys(hop.port for hop in self.hops)

    @property
    def ports(self) -> tuple[PortId, ...]:
        """All ports of the VLAN."""
        return tuple(dict.fromkeys((*self.inward, *self.outward)))


@dataclass(frozen=True, slots=True)
class Listening:
    """A listener's port: its number, and how long after the first copy the last one may come."""

    port: PortId
    number: int
    spread_ns: int


@dataclass(frozen=True, slots=True)
class Seamless:
    """A redundant stream: what both of its members share, and where they are made and merged."""

    number: int
    destination: str
    vlan: int  # of its segment
    pcp: int
    interval_ns: int
    talker: PortId
    members: tuple[tuple[MemberStream, Route], ...]
    listeners: tuple[Listening, ...]

    @property
    def handle(self) -> int:
        """The handle of the whole."""
        return handle_of(self.number)

    @property
    def handles(self) -> tuple[int, ...]:
        """The members' handles."""
        return tuple(member.handle for member, _ in self.members)


def handle_of(number: int, side: str = "") -> int:
    """Return a stream_handle, of a stream or of its member on a side."""
    return number * HANDLES + (SIDES.index(side) + 1 if side else 0)


def address_of(number: int) -> str:
    """Return the group address of a stream that states none (IEEE 802, 8.4: locally administered)."""
    return f"{ADDRESS}-{number >> 8:02X}-{number & 255:02X}"


def recovery_times(interval_ns: int, spread_ns: int) -> tuple[int, int]:
    """Return the history length in frames and the reset time in ms of a recovery function.

    ``interval_ns`` is the time between two frames, ``spread_ns`` how long after a frame's first copy its last
    one may come: the difference of the ways, 0 for a member stream alone.

    The reset (RECOVERY_TIMEOUT, 10.4.1.7) must not come while all is well: the next frame comes within an
    interval, its late copy a spread later; a second interval lets one frame be lost on every way. Then a late
    copy is never taken for a new frame. It should not come later either: a talker's switch that has restarted
    counts from 0 again, and its frames may be refused for as long. So: two intervals and the spread, in whole
    ms as the managed object has it.

    The history must reach over every gap that ends before the reset: a number that is further away than the
    history is refused as rogue (7.4.3.4), and in an individual recovery every refused frame starts the timer
    anew (10.4.1.10): a member stream that was away a little longer than its history would stay refused for
    ever. So: the frames of one reset time, and two more for the frame at either end. As the reset is longer
    than the spread, it also reaches over all frames that the slower way is behind. A device whose timer is
    coarser than the ms that it is given may refuse a member stream that returns until the stream pauses.
    """
    reset_ms = -(-(2 * interval_ns + spread_ns) // MS_NS)
    return reset_ms * MS_NS // interval_ns + 2, reset_ms


def latent_errors(paths: int, interval_ns: int, history_length: int) -> LatentErrors:
    """Return when copies that fail to come are told, though the other way still delivers.

    Copies under way when the counters are read are no error: at most a history of them. Within a period a
    dead way must lack more copies than that; the default of 2 s is lengthened for streams too slow for it,
    and the reset with it, which the standard has fifteen times as long (10.4.1.12).
    """
    period_ms = max(LATENT_PERIOD_MS, -(-(history_length + 1) * interval_ns // MS_NS))
    return LatentErrors(paths, history_length, period_ms, period_ms * LATENT_RESET_MS // LATENT_PERIOD_MS)


@dataclass(slots=True)
class Tables:
    """The tables of all switches of a domain, filled stream by stream."""

    switches: dict[str, Frer] = field(default_factory=dict)

    def add(self, stream: Seamless) -> None:
        """Enter a stream at its talker, along its ways and at its listeners."""
        self._talk(stream)
        for listening in stream.listeners:
            self._listen(stream, listening)
        for member, route in stream.members:
            for name in dict.fromkeys(device for device, _ in route.ports):
                inward, outward = _of(name, route.inward), _of(name, route.outward)
                self._enter(name, Frer(vlans=(MemberVlan(member.vlan, stream.destination, inward, outward),)))

    def _talk(self, stream: Seamless) -> None:
        """Know the talker's frames at its port; number them, split them, tag and address each copy.

        The functions face the relay, as if the talker did it all itself: what leaves them enters the relay in
        the members' VLANs, which no ring protocol blocks, and nothing of the stream in the segment's.
        """
        device, port = stream.talker
        known = StreamIdentity(
            stream.handle,
            stream.handle,
            "null",
            stream.destination,
            stream.vlan,
            "out",
            "input",
            (port,),
        )
        marked = [_marked(stream, member, "output", (port,)) for member, _ in stream.members]
        self._enter(
            device,
            Frer(
                identities=(known, *marked),
                generations=(SequenceGeneration(stream.handle, (stream.handle,)),),
                splits=(StreamSplit(port, (stream.handle,), stream.handles),),
                codings=(SequenceCoding(port, stream.handles, active=True),),
            ),
        )

    def _listen(self, stream: Seamless, listening: Listening) -> None:
        """Know the copies on their way from the relay to the listener; let the first of each number pass."""
        device, port = listening.port
        known = [
            replace(_marked(stream, member, "input", (port,)), up_vlan=stream.vlan)
            for member, _ in stream.members
        ]
        history, reset_ms = recovery_times(stream.interval_ns, 0)
        alone = [
            SequenceRecovery(
                _index(handle, listening), (handle,), port, individual=True, history_length=history,
                reset_ms=reset_ms,
            )
            for handle in stream.handles
        ]  # fmt: skip
        history, reset_ms = recovery_times(stream.interval_ns, listening.spread_ns)
        latent = latent_errors(len(stream.members), stream.interval_ns, history)
        merged = SequenceRecovery(
            _index(stream.handle, listening), stream.handles, port, individual=False, history_length=history,
            reset_ms=reset_ms, latent=latent,
        )  # fmt: skip
        coding = SequenceCoding(port, stream.handles, active=False)
        self._enter(device, Frer(tuple(known), codings=(coding,), recoveries=(merged, *alone)))

    def _enter(self, device: str, more: Frer) -> None:
        old = self.switches.get(device, Frer())
        self.switches[device] = Frer(
            _identities((*old.identities, *more.identities)),
            tuple(sorted((*old.generations, *more.generations), key=lambda item: item.index)),
            tuple(sorted((*old.splits, *more.splits), key=lambda item: item.port)),
            _codings((*old.codings, *more.codings)),
            tuple(sorted((*old.recoveries, *more.recoveries), key=lambda item: item.index)),
            tuple(sorted((*old.vlans, *more.vlans), key=lambda item: item.vid)),
        )


def _marked(stream: Seamless, member: MemberStream, direction: str, ports: tuple[str, ...]) -> StreamIdentity:
    return StreamIdentity(
        member.handle,
        member.handle,
        "dmac-vlan",
        stream.destination,
        member.vlan,
        "in",
        direction,
        ports,
        stream.pcp,
    )


def _index(handle: int, listening: Listening) -> int:
    """Return the number of an entry that stands once for each port; it moves with neither of them."""
    return handle * INDEX_BY_PORT + listening.number


def _of(device: str, ports: Iterable[PortId]) -> tuple[str, ...]:
    return tuple(port for name, port in ports if name == device)


def _identities(entries: Iterable[StreamIdentity]) -> tuple[StreamIdentity, ...]:
    """Return one entry for each index: listeners of one switch share those of the members."""
    found: dict[int, StreamIdentity] = {}
    for entry in entries:
        old = found.get(entry.index)
        found[entry.index] = (
            entry if old is None else replace(old, ports=tuple(sorted({*old.ports, *entry.ports})))
        )
    return tuple(found[index] for index in sorted(found))


def _codings(entries: Iterable[SequenceCoding]) -> tuple[SequenceCoding, ...]:
    """Return one entry for each port, which is the key of the table."""
    found: dict[str, SequenceCoding] = {}
    for entry in entries:
        old = found.get(entry.port, SequenceCoding(entry.port, (), active=False))
        handles = tuple(sorted({*old.handles, *entry.handles}))
        found[entry.port] = SequenceCoding(entry.port, handles, old.active or entry.active)
    return tuple(found[port] for port in sorted(found))
