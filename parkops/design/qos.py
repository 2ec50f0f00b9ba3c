"""Pass: traffic classes, and every port that has to tell them apart."""

from __future__ import annotations

from parkops.design.draft import Draft
from parkops.design.roles import ROUTERS, SWITCHES, WIRELESS
from parkops.model import PortMode, QosClass
from parkops.plan.quality import classes

QUEUED = (PortMode.ROUTED, PortMode.ACCESS, PortMode.TRUNK)


def add_qos(draft: Draft) -> None:
    """Give every network device the park's classes; the same value is shared by all."""
    draft.qos = tuple(QosClass(name, **values) for name, values in classes(draft.plan.qos).items())
    source = draft.marks.ref("qos")
    for _, device in sorted(draft.devices.items()):
        if device.role not in ROUTERS | SWITCHES | WIRELESS:
            continue
        device.qos = draft.qos
        for port in device.ports.values():
            port.qos = port.mode in QUEUED and not port.parent
        if draft.plan.qos:
            device.need("qos", source)
