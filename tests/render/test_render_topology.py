"""The topology and the inventory say what the design says, in YAML that reads back."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from parkops.model import Artifact, Park
from parkops.platforms import Platforms, find_platforms
from parkops.render import render
from parkops.render.emit import to_yaml

WORDS = st.sampled_from(["yes", "null", "~", "1", "10.0.0.0/8", "a: b", "# x", "- y", "", "汉字"])
KEYS = st.text(alphabet="abno-_.:1", min_size=1, max_size=6)
SCALARS = st.one_of(KEYS, WORDS, st.text(max_size=12))
ROWS = st.lists(st.dictionaries(KEYS, SCALARS, min_size=1), max_size=3)
DOCUMENTS = st.recursive(
    st.dictionaries(KEYS, SCALARS, max_size=3),
    lambda inner: st.dictionaries(
        st.one_of(KEYS, WORDS), st.one_of(inner, st.lists(SCALARS), ROWS), max_size=3
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(DOCUMENTS)
def test_what_is_written_reads_back(document: dict[str, object]) -> None:
    assert (yaml.safe_load(to_yaml(document)) or {}) == document


def _read(artifacts: tuple[Artifact, ...], path: str) -> dict:
    return yaml.safe_load(next(item.text for item in artifacts if item.path == path))


def test_topology_has_every_node_and_cable(demo_park: Park, demo_artifacts: tuple[Artifact, ...]) -> None:
    topology = _read(demo_artifacts, "lab/topology.clab.yml")["topology"]
    assert topology["nodes"].keys() == {device.name for device in demo_park.devices}
    ends = [end for link in topology["links"] for end in link["endpoints"]]
    assert len(ends) == len(set(ends)) == 2 * len(demo_park.links)
    assert all(len(link["endpoints"]) == 2 for link in topology["links"])
    for device in demo_park.managed:
        assert topology["nodes"][device.name]["mgmt-ipv4"] == device.management_address


def test_inventory_groups_every_managed_device_three_times(
    demo_park: Park, demo_artifacts: tuple[Artifact, ...]
) -> None:
    everything = _read(demo_artifacts, "inventory/hosts.yml")["all"]
    names = {device.name for device in demo_park.managed}
    assert everything["hosts"].keys() == names
    for kind in ("role_", "platform_", "tenant_"):
        groups = [group["hosts"] for name, group in everything["children"].items() if name.startswith(kind)]
        assert sorted(name for group in groups for name in group) == sorted(names)


def test_kind_image_licence_and_configuration_are_the_platforms(base_park: Park, tmp_path: Path) -> None:
    folder = tmp_path / "frr"
    folder.mkdir()
    (folder / "platform.yaml").write_text(
        "{name: frr, title: t, driver: ssh, artifacts: [{template: frr.conf.j2, kind: cli, language: frr,"
        " path: frr.conf}], containerlab: {kind: vr-acme, image: 'acme:1', license: acme.lic,"
        " startup_config: frr.conf}}"
    )
    platforms = Platforms((tmp_path, *find_platforms().roots))
    topology = _read(render(base_park, platforms), "lab/topology.clab.yml")["topology"]
    node = topology["nodes"]["core-1"]
    assert {key: node[key] for key in ("kind", "image", "license", "startup-config")} == {
        "kind": "vr-acme",
        "image": "acme:1",
        "license": "acme.lic",
        "startup-config": "../core-1/frr.conf",
    }


@pytest.mark.parametrize("name", find_platforms().names())
def test_the_configuration_that_a_lab_loads_is_rendered(name: str) -> None:
    platform = find_platforms().get(name)
    paths = {entry.path for entry in platform.artifacts}
    assert not platform.containerlab.startup_config or platform.containerlab.startup_config in paths
