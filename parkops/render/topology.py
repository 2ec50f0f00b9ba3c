"""The park as a containerlab topology and as an Ansible inventory."""

from __future__ import annotations

from typing import Any

from parkops.model import Artifact, ArtifactKind, Device, Park
from parkops.platforms import Platforms
from parkops.render.emit import to_yaml


def topology(park: Park, platforms: Platforms) -> Artifact:
    """Return the containerlab topology: the same nodes, cables and configurations as the lab's."""
    document = {
        "name": park.name,
        "mgmt": {"network": f"parkops-{park.name}", "ipv4-subnet": park.management_network},
        "topology": {
            "nodes": {device.name: _node(device, platforms) for device in park.devices},
            "links": [
                {"endpoints": [f"{link.a_device}:{link.a_interface}", f"{link.b_device}:{link.b_interface}"]}
                for link in park.links
            ],
        },
    }
    return Artifact("lab/topology.clab.yml", to_yaml(document), ArtifactKind.LAB, "containerlab")


def _node(device: Device, platforms: Platforms) -> dict[str, Any]:
    lab = platforms.get(device.platform).containerlab
    node: dict[str, Any] = {
        "kind": lab.kind,
        "image": lab.image,
        "labels": {"role": device.role.value, "tenant": device.tenant or "park"},
    }
    if device.managed:
        node["mgmt-ipv4"] = device.management_address
    if lab.license:
        node["license"] = lab.license
    if lab.startup_config and device.managed:
        node["startup-config"] = f"../{device.name}/{lab.startup_config}"
    if lab.binds:
        node["binds"] = [bind.format(device=f"../{device.name}") for bind in lab.binds]
    commands = _host_commands(device)
    if commands:
        node["exec"] = commands
    return node


def _host_commands(device: Device) -> list[str]:
    """Return how equipment gets the address that the design gives it."""
    if device.platform != "host":
        return []
    port = next(port for port in device.interfaces if port.ipv4)
    return [
        f"ip address add {port.ipv4} dev {port.name}",
        f"ip -6 address add {port.ipv6} dev {port.name}",
        f"ip route replace default via {device.gateway_ipv4}",
        f"ip -6 route replace default via {device.gateway_ipv6}",
    ]


def inventory(park: Park) -> Artifact:
    """Return an Ansible inventory: groups by role, platform and tenant."""
    groups: dict[str, dict[str, Any]] = {}
    for device in park.managed:
        names = [
            f"role_{device.role.value}",
            f"platform_{device.platform}",
            f"tenant_{device.tenant or 'park'}",
        ]
        for name in names:
            group = groups.setdefault(name.replace("-", "_"), {"hosts": {}})
            group["hosts"][device.name] = {}
    hosts = {
        device.name: {"ansible_host": device.management_address, "ansible_user": park.access.user}
        for device in park.managed
    }
    document = {"all": {"hosts": hosts, "children": groups}}
    return Artifact("inventory/hosts.yml", to_yaml(document), ArtifactKind.INVENTORY, "ansible-inventory")
