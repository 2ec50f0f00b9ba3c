"""OpenConfig: libyang accepts every document on the published models, and refuses a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest
import sample
from render_parsers import YANG, need, run
from sample import only, sample_park
from test_render_network_os import exit_router

from parkops.model import Device
from parkops.render import Renderer

HERE = Path(__file__).parent / "openconfig"
MODELS = (
    *("network-instance", "network-instance-types", "policy-types", "policy-forwarding", "local-routing"),
    *("routing-policy", "bgp-policy"),
    *(
        "bgp-types",
        "interfaces",
        "if-ethernet",
        "if-aggregate",
        "if-ip",
        "vlan",
        "vlan-types",
        "lacp",
        "lldp",
    ),
    *("acl", "system", "system-logging", "aaa", "aaa-types"),
)
DEVICES = {
    "core": sample.core,
    "spine": sample.spine,
    "leaf": sample.leaf,
    "aggregation": sample.aggregation,
    "access": sample.access_switch,
    "boundary": sample.boundary,
    "exit": exit_router,
}
ROUTER = ("router_id", "loopback_ipv4", "loopback_ipv6", "interfaces", "routing", "vrfs")
CASES = {  # what it shows -> the device
    "vrf-subinterface-and-bgp": only(sample.core("openconfig"), *ROUTER),
    "vlans-lag-and-vrrp": only(sample.aggregation("openconfig"), "interfaces", "vlans", "lags"),
    "boundary-default-deny": only(sample.boundary("openconfig"), "interfaces", "rules"),
    "management-plane": only(sample.core("openconfig"), "management_ipv4", "plane"),
    "exit-tells-of-its-own-prefixes": only(exit_router("openconfig"), "router_id", "routing"),
    "quarantine-prepared": only(sample.core("openconfig"), "quarantines"),
}


def document(device: Device) -> str:
    """Return a device's <config>."""
    (artifact,) = Renderer.of(sample_park("openconfig", device)).device(device)
    return artifact.text


def libyang(text: str, folder: Path) -> str:
    """Return what yanglint says about a document on the published models, "" when it accepts."""
    need("yanglint")
    models = [YANG / "openconfig" / f"openconfig-{name}.yang" for name in MODELS]
    models += sorted((YANG / "ietf").glob("iana-if-type@*.yang"))[:1]
    if not all(model.is_file() for model in models):
        pytest.skip(f"the OpenConfig models are not below {YANG}; PARKOPS_YANG names another place")
    file = folder / "openconfig.xml"
    file.write_text(text.partition("\n")[2].rpartition("</config>")[0], encoding="utf-8")
    paths = [part for name in ("openconfig", "ietf") for part in ("-p", YANG / name)]
    return run("yanglint", "-i", *paths, "-t", "config", *models, file)


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str, goldens) -> None:
    goldens.check(HERE / case / "openconfig.xml", document(CASES[case]))


def test_no_golden_is_left_over() -> None:
    assert {file.parent.name for file in HERE.glob("*/*")} == CASES.keys()


@pytest.mark.parametrize("name", DEVICES)
def test_libyang_accepts_every_role(name: str, tmp_path: Path) -> None:
    assert libyang(document(DEVICES[name]("openconfig")), tmp_path) == ""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("<vlan-id>101</vlan-id>", "<vlan-id>4095</vlan-id>"),
        ("<prefix-length>31</prefix-length>", "<prefix-length>33</prefix-length>"),
        ("nit:L3VRF", "nit:L3VRFS"),
        ("<enabled>true</enabled>", "<enabled>yes</enabled>"),
        ("<peer-as>65000</peer-as>", "<peer-as>core</peer-as>"),
        ("<interface>Ethernet3</interface>", "<interface>Ethernet33</interface>"),
    ],
)
def test_libyang_refuses_a_mistake(right: str, wrong: str, tmp_path: Path) -> None:
    """Guard of the test above: the document is really read."""
    text = document(sample.core("openconfig"))
    assert right in text
    assert libyang(text.replace(right, wrong, 1), tmp_path)


def test_the_last_entry_of_a_boundary_drops() -> None:
    text = document(CASES["boundary-default-deny"])
    lists = text.split("<acl-set>")[1:]
    assert len(lists) == 4
    assert all(part.rsplit("<acl-entry>", 1)[1].count("acl:DROP") == 1 for part in lists)
