"""What devices do by their role, whatever their platform."""

from __future__ import annotations

from parkops.model import Role

BACKBONE = frozenset({Role.CORE, Role.SPINE, Role.AGGREGATION, Role.LEAF})
FIREWALLS = frozenset({Role.PARK_FIREWALL, Role.BOUNDARY})  # they route and filter for segments
ROUTERS = BACKBONE | FIREWALLS | {Role.EXIT}
SWITCHES = frozenset({Role.RING_SWITCH, Role.ACCESS_SWITCH})
UNMANAGED = frozenset({Role.ENDPOINT, Role.EXTERNAL})
WIRELESS = frozenset({Role.ACCESS_POINT, Role.WIRELESS_CONTROLLER})
NODES = frozenset(  # attached to a segment by one port, with daemons of their own
    {
        Role.EDGE_CONTROLLER,
        Role.EDGE_GATEWAY,
        Role.EDGE_CLOUD,
        Role.CLOUD_HOST,
        Role.SERVER,
        Role.IDENTIFIER,
        Role.MANAGEMENT,
    }
)
PLATFORMS: dict[Role, str] = {  # where the plan's `platforms` names no other
    **dict.fromkeys(BACKBONE, "frr"),
    Role.EXIT: "frr",
    **dict.fromkeys(FIREWALLS, "linux"),
    **dict.fromkeys(SWITCHES, "ietf"),
    **dict.fromkeys(NODES, "linux"),
    Role.ONE_WAY_GATEWAY: "linux",
    Role.ACCESS_POINT: "openwrt",
    Role.WIRELESS_CONTROLLER: "linux",
    Role.CPE_5G: "openwrt",
    **dict.fromkeys(UNMANAGED, "host"),
}
