"""Every example park renders in every vendor mix: whole, parseable, without secrets, the same each time."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest
import yaml
from parks import INVENTORIES, MIXES, PARKS, PLATFORMS, designed, loaded, rendered

from parkops.design import design
from parkops.design.roles import PLATFORMS as DEFAULTS
from parkops.model import Park, Role, digest
from parkops.platforms import Excuses, missing_features
from parkops.platforms.features import lacking
from parkops.render import Renderer
from parkops.render.cloud import cloud

COMBINATIONS = [(park, mix) for park in PARKS for mix in MIXES]
PARSERS = {
    "xml": ElementTree.fromstring,
    "openconfig": ElementTree.fromstring,
    "json": json.loads,
    "prometheus": yaml.safe_load,
    "prometheus-rules": yaml.safe_load,
}
# A reference stands in an artifact as @secret:…@ alone, which is resolved when it is pushed.
BARE_REFERENCE = re.compile(r"(?<!@secret:)\b(?:env:[A-Z][A-Z0-9_]+|(?:age|vault):[A-Za-z0-9_./-]+)")
TARGET = re.compile(r"\b([0-9]+):([0-9]+)\b")


@pytest.fixture(params=COMBINATIONS, ids=lambda pair: f"{pair[0]}-{pair[1]}", scope="module")
def combination(request: pytest.FixtureRequest) -> tuple[str, str]:
    pair: tuple[str, str] = request.param
    return pair


@pytest.fixture
def park(combination: tuple[str, str]) -> Park:
    return designed(*combination)


def test_no_feature_is_refused_without_a_waiver(park: Park) -> None:
    assert [str(problem) for problem in missing_features(park, PLATFORMS)] == []


def test_every_waiver_of_a_feature_is_needed(park: Park) -> None:
    excuses = Excuses.of(park)
    fitting = {
        waiver.requirement
        for device in park.managed
        for need in lacking(device, PLATFORMS)
        if (waiver := excuses.find(device, need)) is not None
    }
    stated = {item.requirement for item in park.waivers if item.requirement.startswith("feature:")}
    assert sorted(stated - fitting) == []


def test_no_waiver_only_waits_for_parkops() -> None:
    """A device goes without a feature where its platform cannot give it, and the reason says why."""
    files = sorted(INVENTORIES.glob("**/*.yaml"))
    assert [file.name for file in files if "待 parkops" in file.read_text(encoding="utf-8")] == []


def test_the_mix_is_what_it_says(combination: tuple[str, str], park: Park) -> None:
    stated: dict[str, str] = dict(loaded(*combination).plan.platforms)
    assert set(stated) >= {role.value for role in DEFAULTS if DEFAULTS[role] in ("frr", "ietf")}
    named = [device for device in park.managed if device.role.value in stated]
    other = [device.name for device in named if device.platform != stated[device.role.value]]
    assert len(other) < len(named) * 2 / 3, f"hardly any device is of the mix: {other}"


def test_artifacts_are_whole(combination: tuple[str, str], park: Park) -> None:
    seen: dict[str, str] = {}
    for artifact in rendered(park):
        assert artifact.text.strip(), artifact.path
        assert artifact.path not in seen, "two artifacts in one file"
        seen[artifact.path] = digest(artifact.text)
        parse = PARSERS.get(artifact.language)
        if parse is not None:
            parse(artifact.text)
        bare = BARE_REFERENCE.search(artifact.text)
        assert bare is None, f"{artifact.path}: {bare and bare[0]} outside @secret:…@"
    configured = {path.split("/", 1)[0] for path in seen}
    assert {device.name for device in park.managed} <= configured

    again, _ = design(loaded(*combination), {}, {}, PLATFORMS)
    assert {artifact.path: digest(artifact.text) for artifact in rendered(again)} == seen


@pytest.mark.parametrize("mix", MIXES)
def test_the_cloud_that_a_controller_serves_is_set_up_for_every_tenant_of_the_park(mix: str) -> None:
    """Who rents from a public cloud alone has no project here."""
    park = designed("electronics", mix)
    assert "openstack" in {need.feature for need in park.device("ctl-1").needs}
    (text,) = (
        item.text for item in cloud(park, Renderer.of(park, PLATFORMS)) if item.path == "cloud/openstack.yml"
    )
    (play,) = yaml.safe_load(text)
    projects = [
        task["openstack.cloud.project"]["name"] for task in play["tasks"] if "openstack.cloud.project" in task
    ]
    own = {zone.id for zone in park.cloud_zones if zone.model != "public"}
    renting = {item.tenant for item in park.cloud_tenants if own & set(item.zones)}
    assert len(renting) == 24
    assert sorted(renting) == projects


@pytest.mark.parametrize("mix", MIXES)
def test_the_fabric_has_one_route_target_for_each_vni(mix: str) -> None:
    park = designed("electronics", mix)
    renderer = Renderer.of(park, PLATFORMS)
    leaves = [device for device in park.managed if device.role is Role.LEAF]
    vnis = {str(vni) for device in leaves for _, vni in device.vnis}
    found: dict[str, set[str]] = {}
    for device in leaves:
        for artifact in renderer.device(device):
            for line in artifact.text.splitlines():
                for administrator, vni in TARGET.findall(line) if "target" in line else ():
                    found.setdefault(vni, set()).add(administrator)
    assert vnis <= set(found), "a VNI without a route target"
    assert {vni: names for vni, names in found.items() if vni in vnis and len(names) > 1} == {}
