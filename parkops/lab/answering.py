"""Which targets of the monitor a lab can answer: its nodes run their own daemons, and no others."""

from __future__ import annotations

from collections.abc import Iterable

from parkops.model import Target

# What a lab's nodes have no daemon for; where a workload listens there, only a stand-in does.
UNSERVED = frozenset({"dns", "gnmi", "https", "lldp", "modbus", "opcua", "radius", "snmp", "tls"})


def served(targets: Iterable[Target]) -> tuple[Target, ...]:
    """Return the targets that a lab's nodes can answer: the others would look like outages."""
    return tuple(target for target in targets if target.probe not in UNSERVED)
