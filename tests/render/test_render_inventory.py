"""The park's devices as Ansible, Netmiko and Nornir read them, and the lab's names of ports."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from render_parsers import PATH, ROOT, TIMEOUT_S, containerlab, netmiko
from sample import sample_park

from parkops.model import Link, Park
from parkops.platforms import find_platforms, load_platform, port_name, port_number
from parkops.render import Renderer
from parkops.render.inventory import inventories
from parkops.render.topology import topology

HERE = Path(__file__).parent
CASES = {
    "ansible-inventory/hosts.yml": "inventory/hosts.yml",
    "netmiko/netmiko.yml": "inventory/netmiko.yml",
    "nornir/hosts.yaml": "inventory/nornir/hosts.yaml",
    "nornir/groups.yaml": "inventory/nornir/groups.yaml",
    "nornir/defaults.yaml": "inventory/nornir/defaults.yaml",
    "containerlab/topology.clab.yml": "lab/topology.clab.yml",
}
VENDORS = [name for name in find_platforms().names() if find_platforms().get(name).containerlab.ports]


def files_of(park: Park) -> dict[str, str]:
    shared = Renderer.of(park).shared
    found = [
        *inventories(park, find_platforms(), shared.header),
        topology(park, find_platforms(), shared.header),
    ]
    return {item.path: item.text for item in found}


def sample(platform: str) -> Park:
    """Return the sample park with a cable at every port that has a peer in it."""
    park = sample_park(platform)
    names = {device.name for device in park.devices}
    first = park.devices[0]
    cables = tuple(
        Link(f"{device.name}-{port.name}", device.name, port.name, first.name, f"test{number}", "uplink")
        for device in park.devices[1:]
        for number, port in enumerate(device.interfaces)
        if port.peer_device in names and port_number(load_platform(platform), port.name, device.role.value)
    )
    return replace(park, links=cables)


@pytest.fixture(scope="module")
def files(base_park: Park) -> dict[str, str]:
    return files_of(base_park)


@pytest.mark.parametrize("case", sorted(CASES))
def test_golden(case: str, files: dict[str, str], goldens) -> None:
    goldens.check(HERE / "lab" / case, files[CASES[case]])


def test_no_golden_is_left_over() -> None:
    folder = HERE / "lab"
    assert {str(file.relative_to(folder)) for file in folder.rglob("*.*")} == CASES.keys()


def test_nornir_loads_hosts_with_what_their_groups_give(
    files: dict[str, str], base_park: Park, tmp_path: Path
) -> None:
    from nornir.plugins.inventory.simple import SimpleInventory

    for name in ("hosts", "groups", "defaults"):
        (tmp_path / f"{name}.yaml").write_text(files[f"inventory/nornir/{name}.yaml"], encoding="utf-8")
    names = [str(tmp_path / f"{name}.yaml") for name in ("hosts", "groups", "defaults")]
    inventory = SimpleInventory(*names).load()
    assert inventory.hosts.keys() == {device.name for device in base_park.managed}
    router = inventory.hosts["core-1"]
    address = base_park.device("core-1").management_address
    assert (router.hostname, router.platform, router["role"]) == (address, "cisco_ios", "core")
    assert router.username == "parkops"
    options = router.get_connection_parameters("netmiko").extras
    assert options == {"use_keys": True, "key_file": base_park.access.key.partition(":")[2]}
    assert {host.name for host in inventory.children_of_group("tenant_acme")} == {
        device.name for device in base_park.managed if device.tenant == "acme"
    }


def test_ansible_gives_each_platform_its_connection(files: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "build" / "small" / "inventory"
    folder.mkdir(parents=True)
    (folder / "hosts.yml").write_text(files["inventory/hosts.yml"], encoding="utf-8")
    done = subprocess.run(
        [ROOT / ".venv/bin/ansible-inventory", "-i", str(folder / "hosts.yml"), "--list"],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        env={"PATH": PATH, "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
        check=True,
    )
    variables = json.loads(done.stdout)["_meta"]["hostvars"]
    assert variables["core-1"]["ansible_network_os"] == "frr.frr.frr"
    assert variables["ac-p1-sw-1"]["ansible_connection"] == "ansible.netcommon.netconf"
    assert "ansible_connection" not in variables["mgmt-1"]
    key = variables["mgmt-1"]["ansible_ssh_private_key_file"].replace("{{ inventory_dir }}", str(folder))
    assert Path(os.path.normpath(key)) == tmp_path / ".parkops/lab/ssh/id_ed25519"


def test_netmiko_leaves_out_what_has_no_command_line(files: dict[str, str]) -> None:
    document = yaml.safe_load(files["inventory/netmiko.yml"])
    assert "core-1" in document["role_core"]
    assert not any(name.startswith("ac-p1-sw") for name in document)


@pytest.mark.parametrize("name", find_platforms().names())
def test_every_platform_is_known_to_netmiko(name: str, tmp_path: Path) -> None:
    assert netmiko(files_of(sample(name))["inventory/netmiko.yml"], tmp_path) == ""


@pytest.mark.parametrize("name", VENDORS)
def test_vendors_ports_have_the_labs_names(name: str, tmp_path: Path) -> None:
    park = sample(name)
    text = files_of(park)["lab/topology.clab.yml"]
    assert containerlab(text, tmp_path) == ""
    document = yaml.safe_load(text)["topology"]
    ours = [link["endpoints"][0] for link in document["links"]]
    assert len(ours) == len(set(ours)) > 2
    lab = load_platform(name).containerlab
    for device, _, port in (end.partition(":") for end in ours):
        assert port.startswith(lab.ports.partition("{}")[0])
        assert len(port) <= 15  # Linux keeps no longer name of an interface
        assert document["nodes"][device]["kind"] == lab.kind


@pytest.mark.parametrize("name", find_platforms().names())
@pytest.mark.parametrize("role", ["core", "exit", "access-switch"])
def test_the_number_of_a_port_is_in_its_name(name: str, role: str) -> None:
    platform = load_platform(name)
    for number in (1, 2, 17):
        assert port_number(platform, port_name(platform, number, role), role) == number
    assert port_number(platform, "Loopback0x", role) is None
