"""Small hand-made parks for the lab's tests."""

from __future__ import annotations

from collections.abc import Sequence

from parkops.model import Access, Device, Interface, Link, Park, PortMode, Role, Service, SourceRef

HERE = SourceRef("park.yaml", 1, 1, "test")
ROLES = {"frr": Role.CORE, "ietf": Role.RING_SWITCH, "linux": Role.EDGE_GATEWAY, "host": Role.ENDPOINT}


def device(
    name: str,
    platform: str,
    number: int = 0,
    *,
    addresses: Sequence[tuple[str, str, str]] = (),
    services: Sequence[Service] = (),
    gateway: str = "",
    gateway6: str = "",
) -> Device:
    """Return a device; ``number`` is the host part of its management address, 0 for none."""
    return Device(
        name=name,
        role=ROLES[platform],
        platform=platform,
        source=HERE,
        management_ipv4=f"172.31.9.{number}/24" if number else "",
        interfaces=tuple(Interface(port, PortMode.ROUTED, ipv4=v4, ipv6=v6) for port, v4, v6 in addresses),
        services=tuple(services),
        gateway_ipv4=gateway,
        gateway_ipv6=gateway6,
    )


def park(devices: Sequence[Device], cables: Sequence[str], name: str = "small") -> Park:
    """Return a park; a cable reads ``a:p1 b:eth1`` and its id is ``a:p1--b:eth1``."""
    links = []
    for cable in cables:
        a, b = cable.split()
        links.append(
            Link(f"{a}--{b}", *a.split(":"), *b.split(":"), kind="access")  # type: ignore[misc]
        )
    return Park(
        name=name,
        title=name,
        operator="test",
        plan_file="park.yaml",
        plan_digest="0",
        horizon_years=3,
        growth_percent=0.0,
        management_network="172.31.9.0/24",
        management_gateway="172.31.9.1",
        access=Access("parkops", "file:.parkops/lab/ssh/id_ed25519", "", ".parkops/lab/known_hosts"),
        source=HERE,
        devices=tuple(devices),
        links=tuple(links),
    )


def ring_of_three() -> Park:
    """A ring of three switches, a host on each, two hosts on the first."""
    echo = [Service("echo", 7000), Service("echo", 7001, "udp")]
    devices = [
        device("sw-1", "ietf", 11),
        device("sw-2", "ietf", 12),
        device("sw-3", "ietf", 13),
        device("h-1", "host", addresses=[("eth1", "10.9.1.1/24", "2001:db8:9::1/64")], services=echo),
        device("h-2", "host", addresses=[("eth1", "10.9.1.2/24", "2001:db8:9::2/64")], services=echo),
        device("h-3", "host", addresses=[("eth1", "10.9.1.3/24", "2001:db8:9::3/64")], services=echo),
        device("h-4", "host", addresses=[("eth1", "10.9.1.4/24", "2001:db8:9::4/64")], services=echo),
    ]
    cables = ["sw-1:p1 sw-2:p2", "sw-2:p1 sw-3:p2", "sw-3:p1 sw-1:p2"]
    cables += ["sw-1:p3 h-1:eth1", "sw-2:p3 h-2:eth1", "sw-3:p3 h-3:eth1", "sw-1:p4 h-4:eth1"]
    return park(devices, cables, "ring")


def routed() -> Park:
    """Two FRR routers in a row with a Linux node and two hosts."""
    devices = [
        device("r-1", "frr", 21),
        device("r-2", "frr", 22),
        device("gw-1", "linux", 23),
        device("a-1", "host", addresses=[("eth1", "10.8.1.2/24", "")], gateway="10.8.1.1"),
        device(
            "b-1", "host", addresses=[("eth1", "10.8.2.2/24", "")], gateway="10.8.2.1",
            services=[Service("http", 80)],
        ),
    ]  # fmt: skip
    cables = ["r-1:eth1 r-2:eth1", "r-1:eth2 a-1:eth1", "r-2:eth2 gw-1:eth1", "gw-1:eth2 b-1:eth1"]
    return park(devices, cables, "routed")
