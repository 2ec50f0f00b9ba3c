"""Addresses as text from whole numbers; `ipaddress` is too slow for ten thousand devices."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from socket import AF_INET6, inet_ntop


def v4(number: int) -> str:
    """Return an IPv4 address."""
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def v6(number: int) -> str:
    """Return an IPv6 address (RFC 5952)."""
    return inet_ntop(AF_INET6, number.to_bytes(16, "big"))


def first(network: IPv4Network | IPv6Network) -> int:
    """Return a network's first address."""
    return int(network.network_address)


def base(prefix: str) -> str:
    """Return the address of ``address/length``."""
    return prefix.partition("/")[0]
