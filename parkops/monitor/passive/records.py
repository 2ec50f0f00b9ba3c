"""What a flow record tells: who spoke with whom, how much; and how that is read out of a packet's head."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
SYN, ACK = 0x02, 0x10
PROTOCOLS = {ICMP: "icmp", ICMP6: "icmp", TCP: "tcp", UDP: "udp"}
VLAN_TAGS = (0x8100, 0x88A8, 0x9100)
_EXTENSIONS = (0, 43, 60)  # hop-by-hop, routing, destination options (RFC 8200, 4)


@dataclass(frozen=True, slots=True)
class FlowRecord:
    """One record, or one sampled packet with what it stands for; ports are 0 where there are none."""

    src: str
    dst: str
    protocol: int
    src_port: int = 0
    dst_port: int = 0
    packets: int = 1
    octets: int = 0
    flags: int = -1  # of TCP, all that were seen; -1 where they are not told


def address(raw: bytes) -> str:
    """Return an address of 4 or 16 octets as text."""
    return str(ipaddress.ip_address(raw))


def of_ethernet(head: bytes, packets: int, octets: int) -> FlowRecord | None:
    """Read an Ethernet frame's head; None for what is no IP. ValueError where it is cut too short."""
    place = 12
    while (kind := _word(head, place)) in VLAN_TAGS:
        place += 4
    if kind == 0x0800:
        return of_ip4(head[place + 2 :], packets, octets)
    return of_ip6(head[place + 2 :], packets, octets) if kind == 0x86DD else None


def of_ip4(head: bytes, packets: int, octets: int) -> FlowRecord:
    """Read an IPv4 packet's head."""
    if len(head) < 20 or head[0] >> 4 != 4 or head[0] & 15 < 5:
        raise ValueError("no IPv4 header")
    first = _word(head, 6) & 0x1FFF == 0  # later fragments carry no ports
    rest = head[(head[0] & 15) * 4 :] if first else b""
    return _above(address(head[12:16]), address(head[16:20]), head[9], rest, (packets, octets))


def of_ip6(head: bytes, packets: int, octets: int) -> FlowRecord:
    """Read an IPv6 packet's head, past the extension headers that routers read too."""
    if len(head) < 40 or head[0] >> 4 != 6:
        raise ValueError("no IPv6 header")
    protocol, rest = head[6], head[40:]
    while protocol in _EXTENSIONS and len(rest) >= 8:
        protocol, rest = rest[0], rest[8 + 8 * rest[1] :]
    return _above(address(head[8:24]), address(head[24:40]), protocol, rest, (packets, octets))


def _above(src: str, dst: str, protocol: int, rest: bytes, amount: tuple[int, int]) -> FlowRecord:
    if protocol not in (TCP, UDP) or len(rest) < 4:
        return FlowRecord(src, dst, protocol, 0, 0, *amount)
    flags = rest[13] & 0x3F if protocol == TCP and len(rest) > 13 else -1
    return FlowRecord(src, dst, protocol, _word(rest, 0), _word(rest, 2), *amount, flags)


def _word(data: bytes, place: int) -> int:
    if place + 2 > len(data):
        raise ValueError("a packet's head that is cut off")
    return int.from_bytes(data[place : place + 2], "big")
