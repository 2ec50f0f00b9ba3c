"""Addresses and numbers in the notations of command languages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, ip_interface

CACHED = 4096


@lru_cache(CACHED)
def _read(address: str) -> IPv4Interface | IPv6Interface:
    return ip_interface(address)


def ip(address: str) -> str:
    """Return an address without its prefix length."""
    return address.partition("/")[0]


def length(address: str) -> int:
    """Return the prefix length of an address or prefix."""
    return _read(address).network.prefixlen


def netmask(address: str) -> str:
    """Return the dotted mask of an IPv4 address or prefix."""
    return str(_read(address).netmask)


def wildcard(address: str) -> str:
    """Return the dotted inverse mask of an IPv4 address or prefix."""
    return str(_read(address).hostmask)


def network(address: str) -> str:
    """Return the prefix that an address belongs to, ``a.b.c.d/len``."""
    return str(_read(address).network)


def network_address(address: str) -> str:
    """Return the first address of the prefix that an address belongs to."""
    return str(_read(address).network.network_address)


def first_host(prefix: str) -> str:
    """Return the first address of a prefix after the network's own, with the length."""
    network = _read(prefix).network
    return f"{network.network_address + 1}/{network.prefixlen}"


def client_range(prefix: str) -> tuple[str, str]:
    """Return the first and the last address of a prefix that clients get; the first one is the gateway's."""
    network = _read(prefix).network
    return str(network.network_address + 2), str(network.broadcast_address - 1)


def ranges(numbers: Iterable[int], between: str = " to ", separator: str = " ") -> str:
    """Return sorted numbers with runs put together, e.g. ``10 to 12 20``."""
    return separator.join(
        str(first) if first == last else f"{first}{between}{last}" for first, last in _runs(sorted(numbers))
    )


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    first = last = None
    for number in numbers:
        if last is not None and first is not None and number > last + 1:
            yield first, last
            first = None
        first = number if first is None else first
        last = number
    if first is not None and last is not None:
        yield first, last


def outside(prefixes: Iterable[str]) -> list[tuple[str, str]]:
    """Return the ranges of addresses, first and last, that lie in none of the prefixes of one family.

    Only unicast addresses of the internet count: RFC 1122, 3.2.1.3, and 2000::/3 of RFC 4291, 2.4.
    """
    nets = sorted(_read(prefix).network for prefix in prefixes)
    if not nets:
        return []
    kind, begin, end = (
        (IPv6Address, 0x2 << 124, 0x4 << 124) if nets[0].version == 6 else (IPv4Address, 1 << 24, 0xE0 << 24)
    )
    found = []
    for net in nets:
        low, high = int(net.network_address), int(net.broadcast_address)
        if low >= end or high < begin:
            continue
        if low > begin:
            found.append((str(kind(begin)), str(kind(low - 1))))
        begin = max(begin, high + 1)
    return [*found, (str(kind(begin)), str(kind(end - 1)))] if begin < end else found


def dotted_mac(address: str) -> str:
    """Return a MAC address as ``0011.2233.4455``."""
    return _grouped(address, ".")


def dashed_mac(address: str) -> str:
    """Return a MAC address as ``0011-2233-4455``."""
    return _grouped(address, "-")


def _grouped(address: str, separator: str) -> str:
    digits = "".join(char for char in address.lower() if char in "0123456789abcdef")
    return separator.join(digits[start : start + 4] for start in range(0, len(digits), 4))


FILTERS: dict[str, Callable[..., object]] = {
    "ip": ip,
    "length_of": length,
    "netmask": netmask,
    "wildcard": wildcard,
    "network": network,
    "network_address": network_address,
    "first_host": first_host,
    "client_range": client_range,
    "ranges": ranges,
    "outside": outside,
    "dotted_mac": dotted_mac,
    "dashed_mac": dashed_mac,
}
