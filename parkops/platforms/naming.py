"""Names of interfaces by a platform's patterns."""

from __future__ import annotations

from parkops.platforms.schema import Platform


def port_name(platform: Platform, number: int, role: str = "") -> str:
    """Return the name of a device's port; ``number`` counts from 1 on every platform."""
    names = platform.interfaces
    return names.by_role.get(role, names.ports).format(number - 1 + names.first_port)


def port_number(platform: Platform, name: str, role: str = "") -> int | None:
    """Return the number that `port_name` made a name of; None where it is no name of a port."""
    names = platform.interfaces
    head, _, tail = names.by_role.get(role, names.ports).partition("{}")
    if not (name.startswith(head) and name.endswith(tail)):
        return None
    digits = name[len(head) : len(name) - len(tail)]
    return int(digits) - names.first_port + 1 if digits.isdecimal() else None


def lag_name(platform: Platform, number: int, *, routed: bool = False) -> str:
    """Return the name of a link aggregation group; one that is routed may be called otherwise."""
    names = platform.interfaces
    return (names.routed_lag if routed and names.routed_lag else names.lag).format(number)


def vlan_name(platform: Platform, vid: int) -> str:
    """Return the name of a routed VLAN interface."""
    return platform.interfaces.vlan.format(vid)


def loopback_name(platform: Platform, number: int = 0) -> str:
    """Return the name of a loopback interface."""
    return platform.interfaces.loopback.format(number)


def subinterface_name(platform: Platform, port: str, vid: int) -> str:
    """Return the name of a routed subinterface of a port (IEEE 802.1Q tagged)."""
    return platform.interfaces.subinterface.format(port=port, vid=vid)
