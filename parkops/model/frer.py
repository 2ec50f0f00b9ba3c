"""Seamless redundancy (IEEE 802.1CB-2017): member streams, and a switch's tables that make and merge them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MemberStream:
    """One copy of a redundant stream, on its way round the ring in a VLAN of its own.

    ``ports`` are the only ports of that VLAN. They lie along one way from the talker, which never comes back
    to where it began, so that the VLAN has no loop although no ring protocol blocks it.
    """

    name: str  # east | west: by growing or falling numbers of switches
    vlan: int
    handle: int  # stream_handle (6.1), the same on every switch
    path: tuple[str, ...]  # Link.id, from the talker on
    ports: tuple[tuple[str, str], ...]  # (device, port) of switches, from the talker's port on
    bound_us: float  # worst case to the listener farthest off on this way
    allocation: str = ""  # of its VLAN, in park.lock


@dataclass(frozen=True, slots=True)
class StreamIdentity:
    """An entry of the stream identity table (9.1): how frames of a stream are known, or marked, at ports.

    ``null`` knows them by address and VLAN (6.4), ``dmac-vlan`` also replaces the VLAN (6.6): down the stack
    it puts ``vlan``; up the stack it knows frames by ``vlan`` and puts ``up_vlan``.
    """

    index: int
    handle: int
    method: str  # null | dmac-vlan
    destination: str  # MAC address, "03-43-42-00-00-01"
    vlan: int
    facing: str  # out: towards the wire | in: towards the relay
    direction: str  # input: up the port's stack | output: down it
    ports: tuple[str, ...]
    pcp: int = 0
    up_vlan: int = 0  # 0: the VLAN stays


@dataclass(frozen=True, slots=True)
class SequenceGeneration:
    """An entry of the sequence generation table (10.3): frames get the next number, modulo 65,536 (7.4.1)."""

    index: int
    handles: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StreamSplit:
    """An entry of the stream split table (10.6): each frame goes on once for every output."""

    port: str
    inputs: tuple[int, ...]  # stream_handle
    outputs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SequenceCoding:
    """An entry of the sequence identification table (10.5): the number stands in an R-TAG (7.8)."""

    port: str
    handles: tuple[int, ...]
    active: bool  # tags are written, too, not only read


@dataclass(frozen=True, slots=True)
class LatentErrors:
    """When a way is taken for dead although nothing is lost yet (7.4.4)."""

    paths: int
    difference: int  # frames, by which copies that were discarded may fall short
    period_ms: int  # between two looks
    reset_period_ms: int  # after which counting begins anew


@dataclass(frozen=True, slots=True)
class SequenceRecovery:
    """An entry of the sequence recovery table (10.4), by the vector recovery algorithm (7.4.3.4)."""

    index: int
    handles: tuple[int, ...]
    port: str
    individual: bool  # one member stream alone (7.5): a talker that repeats itself is cut off
    history_length: int  # frames
    reset_ms: int  # without an accepted frame, after which any number is taken
    latent: LatentErrors | None = None  # not of an individual recovery


@dataclass(frozen=True, slots=True)
class MemberVlan:
    """A member stream's VLAN on one switch, kept from the spanning tree (TE-MSTID, IEEE 802.1Q-2022, 8.9)."""

    vid: int
    destination: str  # MAC address of the stream
    inward: tuple[str, ...]  # ports that its frames come from
    outward: tuple[str, ...]  # ports that they are sent to


@dataclass(frozen=True, slots=True)
class Frer:
    """A switch's part in seamless redundancy; its functions face the relay, as proxies of end stations."""

    identities: tuple[StreamIdentity, ...] = ()
    generations: tuple[SequenceGeneration, ...] = ()
    splits: tuple[StreamSplit, ...] = ()
    codings: tuple[SequenceCoding, ...] = ()
    recoveries: tuple[SequenceRecovery, ...] = ()
    vlans: tuple[MemberVlan, ...] = ()
