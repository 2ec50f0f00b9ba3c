"""Derive a lab from a park: which nodes, which cables, what each boots with."""

from __future__ import annotations

import os
from pathlib import Path

from parkops.errors import LabError, UsageError
from parkops.lab.places import LAB_FOLDER
from parkops.lab.spec import FRR, HOST, LINUX, SWITCH, Address, CableSpec, LabSpec, Listener, NodeSpec
from parkops.model import Device, Park, PortMode

_BRIDGE_MODULE = "ieee802-dot1q-bridge.yang"
_SLOWEST_FIRST = (SWITCH, FRR, LINUX, HOST)


def blueprint(
    park: Park, public_key: str, host_keys: dict[str, str], rootless: bool, official: dict[str, Path]
) -> LabSpec:
    """Return the lab of a park; ``official`` gives switches that load their YANG from a folder."""
    _check(park, official)
    ports: dict[str, list[str]] = {device.name: [] for device in park.devices}
    for link in park.links:
        ports[link.a_device].append(link.a_interface)
        ports[link.b_device].append(link.b_interface)
    nodes = [
        _node(device, ports[device.name], host_keys.get(device.name, ""), official.get(device.name))
        for device in park.devices
    ]
    nodes.sort(key=lambda node: (_SLOWEST_FIRST.index(node.platform), node.name))
    return LabSpec(
        park=park.name,
        management_network=park.management_network,
        management_gateway=park.management_gateway,
        user=park.access.user,
        public_key=public_key,
        rootless=rootless,
        width=2 + 2 * (os.cpu_count() or 1),
        nodes=tuple(nodes),
        cables=tuple(
            CableSpec(link.id, link.a_device, link.a_interface, link.b_device, link.b_interface)
            for link in sorted(park.links, key=lambda link: link.id)
        ),
    )


def _check(park: Park, official: dict[str, Path]) -> None:
    for device in park.devices:
        if device.platform not in _SLOWEST_FIRST:
            raise LabError(f"platform {device.platform} cannot run in the lab", where=device.name)
        if len(device.name) > 60 or "/" in device.name:
            raise LabError("the name does not fit a host name", where=device.name)
    for name in official:
        if name not in {device.name for device in park.devices if device.platform == SWITCH}:
            raise UsageError(f"there is no switch {name} in this park", where="--official-switch")


def _node(device: Device, ports: list[str], host_key: str, official: Path | None) -> NodeSpec:
    host = device.platform == HOST
    return NodeSpec(
        name=device.name,
        platform=device.platform,
        role=device.role.value,
        management=device.management_ipv4,
        ports=tuple(sorted(ports)),
        host_key=host_key,
        addresses=_addresses(device, ports) if host else (),
        gateway_ipv4=device.gateway_ipv4 if host else "",
        gateway_ipv6=device.gateway_ipv6 if host else "",
        listeners=tuple(Listener(one.kind, one.port, one.protocol) for one in device.services)
        if host
        else (),
        yang=yang_folders(official) if device.platform == SWITCH else (),
        title=device.title,
    )


def _addresses(device: Device, ports: list[str]) -> tuple[Address, ...]:
    return tuple(
        Address(one.name, one.ipv4, one.ipv6)
        for one in device.interfaces
        if one.name in ports and one.mode is not PortMode.MANAGEMENT and (one.ipv4 or one.ipv6)
    )


def yang_folders(official: Path | None) -> tuple[str, ...]:
    """Return the folders of a switch's bridge modules, the lab's subset or the IEEE's own.

    The IEEE's RSTP module has a union with a leafref (YANG 1.1), which netconfd 2.13 refuses: also a
    switch on the official bridge module takes the subset for RSTP.
    """
    rstp = str(LAB_FOLDER / "yang/rstp")
    if official is None:
        return (str(LAB_FOLDER / "yang/bridge"), rstp)
    folders = [folder for folder in (official, official / "ieee", official / "ietf") if folder.is_dir()]
    if not any((folder / _BRIDGE_MODULE).is_file() for folder in folders):
        raise UsageError(f"no {_BRIDGE_MODULE} there or in its folder ieee/", where=str(official))
    return (rstp, *(str(folder.resolve()) for folder in folders))
