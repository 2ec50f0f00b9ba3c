"""The park as a containerlab topology."""

from __future__ import annotations

from typing import Any

from parkops.model import Artifact, ArtifactKind, Device, Park
from parkops.platforms import Platforms, port_number
from parkops.render.emit import to_yaml


def topology(park: Park, platforms: Platforms, header: str) -> Artifact:
    """Return the containerlab topology: the same nodes, cables and configurations as the lab's."""
    document = {
        "name": park.name,
        "mgmt": {"network": f"parkops-{park.name}", "ipv4-subnet": park.management_network},
        "topology": {
            "nodes": {device.name: _node(device, platforms) for device in park.devices},
            "links": [
                {
                    "endpoints": [
                        _end(park.device(link.a_device), link.a_interface, platforms),
                        _end(park.device(link.b_device), link.b_interface, platforms),
                    ]
                }
                for link in park.links
            ],
        },
    }
    return Artifact(
        "lab/topology.clab.yml", f"# {header}\n{to_yaml(document)}", ArtifactKind.LAB, "containerlab"
    )


def _end(device: Device, interface: str, platforms: Platforms) -> str:
    """Return one end of a cable by the name that the port has in the lab."""
    platform = platforms.get(device.platform)
    if platform.containerlab.ports:
        number = port_number(platform, interface, device.role.value)
        if number is not None:
            interface = platform.containerlab.ports.format(number)
    return f"{device.name}:{interface}"


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
    commands = [*lab.exec, *_host_commands(device)]
    if commands:
        node["exec"] = commands
    return node


def _host_commands(device: Device) -> list[str]:
    """Return how equipment gets the address that the design gives it."""
    port = next((port for port in device.interfaces if port.ipv4), None)
    if device.platform != "host" or port is None:
        return []
    return [
        f"ip address add {port.ipv4} dev {port.name}",
        f"ip -6 address add {port.ipv6} dev {port.name}",
        f"ip route replace default via {device.gateway_ipv4}",
        f"ip -6 route replace default via {device.gateway_ipv6}",
    ]
