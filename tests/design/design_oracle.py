"""What a park's filters let pass, worked out from its rules and addresses alone."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from parkops.model import Device, Interface, Park, Role, Rule


def port_of(device: Device) -> Interface:
    """Return the port by which an endpoint or a node is attached."""
    return next(port for port in device.interfaces if port.ipv4)


def gateway_of(park: Park, device: Device) -> tuple[str, str]:
    """Return the enforcing device and its port behind which a device stands."""
    segment = port_of(device).segment
    if not segment:  # outside the park
        firewall = next(item for item in park.devices if item.role is Role.PARK_FIREWALL)
        return firewall.name, firewall.masquerade_interface
    found = next(item for item in park.segments if item.id == segment)
    return found.gateway_device, found.gateway_interface


def passes(park: Park, source: Device, destination: Device, address: str, protocol: str, port: int) -> bool:
    """Return whether every filter between two devices has a rule for a packet."""
    version = ip_address(address).version
    here = port_of(source)
    own = (here.ipv4 if version == 4 else here.ipv6).partition("/")[0]
    (first, inside), (last, outside) = gateway_of(park, source), gateway_of(park, destination)
    if first == last:
        hops = [(first, inside, outside)] if inside != outside else []
    else:
        hops = [(first, inside, ""), (last, "", outside)]
    for name, in_port, out_port in hops:
        device = park.device(name)
        rules = [rule for rule in device.rules if rule.out_interface]
        if not any(
            _permits(park, device, rule, in_port, out_port, own, address, protocol, port) for rule in rules
        ):
            return False
    return destination.platform != "linux" or _accepts(destination, own, address, protocol, port)


def _accepts(device: Device, own: str, address: str, protocol: str, port: int) -> bool:
    rules = [rule for rule in device.rules if not rule.out_interface]
    return any(
        rule.protocol == protocol
        and port in rule.ports
        and _inside(own, (*rule.src_v4, *rule.src_v6))
        and _inside(address, (*rule.dst_v4, *rule.dst_v6))
        for rule in rules
    )


def _permits(
    park: Park,
    device: Device,
    rule: Rule,
    in_port: str,
    out_port: str,
    own: str,
    address: str,
    protocol: str,
    port: int,
) -> bool:
    links = {link.id for link in park.links if link.kind == "backbone"}
    uplinks = {item.name for item in device.interfaces if item.link in links}
    enters, leaves = set(rule.in_interface.split(",")), set(rule.out_interface.split(","))
    return (
        (in_port in enters if in_port else uplinks <= enters)
        and (out_port in leaves if out_port else uplinks <= leaves)
        and rule.protocol == protocol
        and port in rule.ports
        and _inside(own, (*rule.src_v4, *rule.src_v6))
        and _reaches(park, address, (*rule.dst_v4, *rule.dst_v6))
    )


def _inside(address: str, prefixes: Iterable[str]) -> bool:
    return any(ip_address(address) in ip_network(prefix) for prefix in prefixes)


def _reaches(park: Park, address: str, prefixes: tuple[str, ...]) -> bool:
    if "internet" in prefixes:
        return not _inside(
            address, [*park.fact("pools.ipv4").split(","), *park.fact("pools.ipv6").split(",")]
        )
    return _inside(address, prefixes)
