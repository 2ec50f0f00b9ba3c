"""The park's devices as other tools read them: Ansible, Netmiko, Nornir."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from parkops.model import Artifact, ArtifactKind, Device, Park
from parkops.platforms import Platform, Platforms
from parkops.render.emit import to_yaml

# netmiko's name -> Ansible's network_os; a system that is not here has no collection of Ansible's own
NETWORK_OS = {
    "arista_eos": "arista.eos.eos",
    "cisco_ios": "cisco.ios.ios",
    "cisco_xe": "cisco.ios.ios",
    "huawei_vrp": "community.network.ce",
    "juniper_junos": "junipernetworks.junos.junos",
}
# where the folder of the plan is, from the inventory's own: <plan>/build/<park>/inventory
PLAN = "{{ inventory_dir }}/../../.."
EMPTY = "{}\n"
OURS = {"frr": "frr.frr.frr"}  # by platform, where netmiko's name says less


def inventories(park: Park, platforms: Platforms, header: str) -> list[Artifact]:
    """Return the inventories: groups by role, platform and tenant in each of them."""
    groups = {device.name: _groups(device) for device in park.managed}
    documents = {
        "hosts.yml": ("ansible-inventory", _ansible(park, platforms, groups)),
        "netmiko.yml": ("netmiko", _netmiko(park, platforms, groups)),
        "nornir/hosts.yaml": ("nornir", _nornir_hosts(park, groups)),
        "nornir/groups.yaml": ("nornir", _nornir_groups(platforms, groups)),
        "nornir/defaults.yaml": ("nornir", _nornir_defaults(park)),
    }
    kind = ArtifactKind.INVENTORY
    return [
        Artifact(
            f"inventory/{name}", f"# {header}\n{to_yaml(document) if document else EMPTY}", kind, language
        )
        for name, (language, document) in documents.items()
    ]


def _groups(device: Device) -> tuple[str, ...]:
    names = (f"platform_{device.platform}", f"role_{device.role.value}", f"tenant_{device.tenant or 'park'}")
    return tuple(name.replace("-", "_") for name in names)


def _members(groups: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, list[str]]]:
    members: dict[str, list[str]] = defaultdict(list)
    for device, names in groups.items():
        for name in names:
            members[name].append(device)
    yield from sorted(members.items())


def _file(reference: str) -> str:
    """Return the file that a reference names, relative to the plan's folder; "" for other references."""
    kind, _, name = reference.partition(":")
    return name if kind == "file" else ""


def _cli(platform: Platform) -> str:
    """Return netmiko's name of a platform, "" where it is not spoken to by a command line."""
    return platform.netmiko or (platform.device_type if platform.driver != "netconf" else "")


def _ansible(park: Park, platforms: Platforms, groups: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    by_platform = {
        f"platform_{device.platform}".replace("-", "_"): device.platform for device in park.managed
    }
    children: dict[str, Any] = {}
    for name, members in _members(groups):
        children[name] = {"hosts": {member: {} for member in members}}
        if name in by_platform:
            variables = _ansible_connection(platforms.get(by_platform[name]))
            children[name] |= {"vars": variables} if variables else {}
    hosts = {device.name: {"ansible_host": device.management_address} for device in park.managed}
    return {"all": {"hosts": hosts, "children": children, "vars": _ansible_login(park)}}


def _ansible_connection(platform: Platform) -> dict[str, str]:
    cli = _cli(platform)
    system = OURS.get(platform.name) or NETWORK_OS.get(cli, "")
    if platform.driver == "netconf":
        return {"ansible_connection": "ansible.netcommon.netconf", "ansible_network_os": "default"}
    if system:
        return {"ansible_connection": "ansible.netcommon.network_cli", "ansible_network_os": system}
    return {}


def _ansible_login(park: Park) -> dict[str, str]:
    login = {"ansible_user": park.access.user}
    if key := _file(park.access.key):
        login["ansible_ssh_private_key_file"] = _below_plan(key)
    options = []
    if park.access.known_hosts:
        options.append(f"-o UserKnownHostsFile={_below_plan(park.access.known_hosts)}")
    if park.access.jump:
        options.append(f"-o ProxyJump={park.access.jump}")
    return login | ({"ansible_ssh_common_args": " ".join(options)} if options else {})


def _below_plan(name: str) -> str:
    return name if name.startswith("/") else f"{PLAN}/{name}"


def _netmiko(park: Park, platforms: Platforms, groups: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """Return what netmiko's own tools read (~/.netmiko.yml): devices, and groups of them."""
    key = _file(park.access.key)
    login = {"username": park.access.user, **({"use_keys": True, "key_file": key} if key else {})}
    document: dict[str, Any] = {}
    for device in park.managed:
        kind = _cli(platforms.get(device.platform))
        if kind:
            document[device.name] = {"device_type": kind, "host": device.management_address, **login}
    for name, members in _members(groups):
        known = [member for member in members if member in document]
        if known:
            document[name] = known
    return document


def _nornir_hosts(park: Park, groups: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    return {
        device.name: {
            "hostname": device.management_address,
            "groups": list(groups[device.name]),
            "data": {"role": device.role.value, "tenant": device.tenant, "site": device.site},
        }
        for device in park.managed
    }


def _nornir_groups(platforms: Platforms, groups: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    kinds = {f"platform_{name}".replace("-", "_"): name for name in platforms.names()}
    document: dict[str, Any] = {}
    for name, _ in _members(groups):
        kind = _cli(platforms.get(kinds[name])) if name in kinds else ""
        document[name] = {"platform": kind} if kind else {}
    return document


def _nornir_defaults(park: Park) -> dict[str, Any]:
    key = _file(park.access.key)
    extras = {"extras": {"use_keys": True, "key_file": key}} if key else {}
    options = {"connection_options": {"netmiko": extras}} if extras else {}
    return {"username": park.access.user, **options}
