"""The platform contract: what a folder may say, who overrides whom, and what a platform cannot give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from parkops.errors import DesignError, UsageError
from parkops.model import Need, Park, SourceRef, Verdict, Waiver, Workspace
from parkops.model.features import FEATURES
from parkops.platforms import (
    find_platforms,
    folders,
    lag_name,
    load_platform,
    loopback_name,
    missing_features,
    port_name,
    subinterface_name,
    unrendered,
    vlan_name,
)
from parkops.push.vendors import driver_name
from parkops.render import Renderer, render
from parkops.verify.features import check_features

CONTRACT = "{name: acme_os, title: Acme, driver: none, artifacts: []}"
PLACE = SourceRef("park.yaml", 7, 3, "backbone.cores")


@pytest.fixture
def own(tmp_path: Path) -> Callable[..., Path]:
    """Write a platform folder below a folder of platforms, and return the latter."""

    def write(text: str = CONTRACT, name: str = "acme_os", below: str = "own", **files: str) -> Path:
        folder = tmp_path / below / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "platform.yaml").write_text(text, encoding="utf-8")
        for file, content in files.items():
            (folder / f"{file}.j2").write_text(content, encoding="utf-8")
        return tmp_path / below

    return write


@pytest.mark.parametrize("name", find_platforms().names())
def test_every_built_in_platform_keeps_the_contract(name: str) -> None:
    platform = load_platform(name)
    assert platform.features == tuple(dict.fromkeys(platform.features)), "a feature stands twice"
    for entry in platform.artifacts:
        assert (find_platforms().roots[-1] / entry.name_below(name)).is_file()
        assert entry.path or entry.destination.startswith("/")
        assert set(entry.features) <= FEATURES.keys()


@pytest.mark.parametrize("name", find_platforms().names())
def test_names_of_interfaces_differ(name: str) -> None:
    platform = load_platform(name)
    ports = [port_name(platform, number) for number in range(1, 49)]
    names = [*ports, platform.interfaces.management, loopback_name(platform), lag_name(platform, 1)]
    names += [vlan_name(platform, 101), subinterface_name(platform, ports[0], 101)]
    assert len({*names}) == len(names)


def test_numbers_of_ports_begin_where_the_platform_says(own: Callable[..., Path]) -> None:
    text = CONTRACT[:-1] + ", interfaces: {ports: 'ge-0/0/{}', first_port: 0, by_role: {core: 'xe-0/0/{}'}}}"
    platform = load_platform("acme_os", [own(text)])
    assert [port_name(platform, 1), port_name(platform, 2, "core")] == ["ge-0/0/0", "xe-0/0/1"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "not YAML"),
        ("{}", "name: Field required; title: Field required; driver: Field required"),
        (CONTRACT.replace("none", "telnet"), "driver: Input should be 'netconf', 'ssh', 'ansible' or 'none'"),
        (CONTRACT[:-1] + ", features: [vlam]}", "features: 'vlam' is not known: did you mean 'vlan'?"),
        (CONTRACT[:-1] + ", colour: red}", "colour: Extra inputs are not permitted"),
        (CONTRACT[:-1] + ", comment: '!'}", "comment: String should match pattern"),
        (CONTRACT[:-1] + ", interfaces: {ports: 'eth {}'}}", "interfaces.ports: String should match pattern"),
        (CONTRACT.replace("acme_os", "acme"), "name is 'acme': name it like its folder: acme_os"),
    ],
)
def test_a_wrong_contract_is_told_with_its_file(text: str, said: str, own: Callable[..., Path]) -> None:
    root = own(text)
    with pytest.raises(UsageError) as caught:
        load_platform("acme_os", [root])
    assert str(caught.value).startswith(f"{root / 'acme_os' / 'platform.yaml'}: ")
    assert said in str(caught.value)


def test_an_unknown_platform_is_hinted() -> None:
    with pytest.raises(UsageError, match="there is no platform 'fr': did you mean 'frr'"):
        load_platform("fr")


def test_a_folder_that_is_missing_or_empty_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder of platforms"):
        find_platforms([tmp_path / "none"])
    with pytest.raises(UsageError, match="there is no platform in this folder: it holds a folder for each"):
        find_platforms([tmp_path])


def test_a_changed_contract_is_read_again(own: Callable[..., Path]) -> None:
    root = own()
    assert load_platform("acme_os", [root]).title == "Acme"
    own(CONTRACT.replace("Acme", "Acme OS 2"))
    assert load_platform("acme_os", [root]).title == "Acme OS 2"


def test_the_first_folder_wins_and_files_fall_back(base_park: Park, own: Callable[..., Path]) -> None:
    """A template alone overrides one file; the rest of the platform stays the built-in one."""
    first = own(name="other", below="first")
    (first / "frr").mkdir()
    (first / "frr" / "frr.conf.j2").write_text("hostname {{ device.name }} of {{ park_name }}\n")
    second = own(below="second")
    (second / "frr").mkdir()
    (second / "frr" / "frr.conf.j2").write_text("never\n")
    platforms = find_platforms([first, second])
    texts = {item.path: item.text for item in render(base_park, platforms)}
    assert texts["core-1/frr.conf"] == f"hostname core-1 of {base_park.name}\n"
    assert texts["fw-1/files/etc/frr/frr.conf"] == f"hostname fw-1 of {base_park.name}\n"
    assert {"acme_os", "other", "frr"} <= set(platforms.names())
    assert platforms.get("frr") == load_platform("frr")


def test_an_installed_package_adds_platforms(
    own: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "acme_parkops"
    package.mkdir()
    (package / "__init__.py").write_text(f"PLATFORMS = {str(own())!r}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for value in ("acme_parkops:PLATFORMS", "own"):
        entry = EntryPoint("acme", value, folders.GROUP)
        monkeypatch.setattr(folders, "entry_points", lambda group, entry=entry: [entry])
        folders._packaged.cache_clear()
        try:
            assert load_platform("acme_os").title == "Acme"
        finally:
            folders._packaged.cache_clear()


def needing(park: Park, feature: str, waived: str = "", **changes: object) -> Park:
    devices = (
        replace(device, needs=(Need("ospf", PLACE), Need(feature, PLACE, waived)))
        if device.name == "core-1"
        else device
        for device in park.devices
    )
    return replace(park, devices=tuple(devices), _index={}, **changes)


def test_a_feature_that_the_platform_lacks_is_an_error_at_the_plans_line(base_park: Park) -> None:
    having = ", ".join(find_platforms().having("rstp"))
    assert "ietf" in having
    assert [str(item) for item in missing_features(needing(base_park, "rstp"), find_platforms())] == [
        "park.yaml:7:3: core-1 needs rstp (rapid spanning tree (IEEE 802.1Q, 13)), and its platform frr does "
        f"not give it: platforms that have it: {having}; or waive feature:rstp@core-1 with a reason"
    ]


@pytest.mark.parametrize("by", ["the design", "feature:rstp@core-1", "feature:rstp@co*-?"])
def test_a_waived_feature_is_no_error_and_stands_in_the_proofs(base_park: Park, by: str) -> None:
    waiver = Waiver(by, "运维部", "no loops here", "2027-01-01", PLACE)
    park = (
        needing(base_park, "rstp", waived="no loops here")
        if by == "the design"
        else needing(base_park, "rstp", waivers=(waiver,))
    )
    assert missing_features(park, find_platforms()) == []
    (finding,) = check_features(park, find_platforms())
    assert (finding.verdict, finding.subject, finding.check) == (Verdict.WAIVED, "core-1", "rstp")
    assert "no loops here" in finding.message
    assert finding.evidence[0].source == str(PLACE)


def test_the_pipeline_refuses_what_a_platform_cannot_give(
    base_park: Park, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from parkops import pipeline

    workspace = Workspace(tmp_path)
    workspace.plan_file.write_text((Path(__file__).parent.parent / "plan" / "base.yaml").read_text())
    monkeypatch.setattr(pipeline, "design", lambda *_, **__: (needing(base_park, "rstp"), {}))
    with pytest.raises(DesignError, match="core-1 needs rstp"):
        pipeline.design_park(workspace)


HOST = "host: {features: [snmpv3]}"
FILES = (
    "artifacts: [{template: a.j2, kind: cli, language: x, path: a, host: false}, "
    "{template: linux/issue.net.j2, kind: file, language: x, destination: /b, host: true}]"
)


def test_a_host_is_managed_where_the_design_asks_for_what_it_gives(
    base_park: Park, own: Callable[..., Path]
) -> None:
    """Then its driver takes the whole device, by other files; a template may be another platform's."""
    text = f"{{name: acme_os, title: Acme, driver: ssh, features: [ospf, snmpv3], {HOST}, {FILES}}}"
    platforms = find_platforms([own(text, a="plain\n")])
    platform = platforms.get("acme_os")
    for need, driver, destination in (("bfd", "ssh", ""), ("snmpv3", "ansible", "/b")):
        park = needing(base_park, need)
        device = replace(park.device("core-1"), platform="acme_os")
        (artifact,) = Renderer.of(park, platforms).device(device)
        assert (driver_name(platform, device), artifact.destination) == (driver, destination)
        assert platform.gives(device, "snmpv3") == (driver == "ansible")
        assert platform.gives(device, "ospf")


def test_what_a_host_would_give_is_told_where_it_is_not_managed(base_park: Park) -> None:
    """The baseline of an FRR router that is reached by vtysh alone lacks what stands outside FRR."""
    platforms = find_platforms()
    lacking = {item.feature for item in unrendered(base_park, platforms) if item.platform == "frr"}
    assert {"ssh", "ntp", "syslog", "banner", "control-plane-protection"} <= lacking
    asked = replace(
        base_park,
        devices=tuple(
            replace(device, needs=(*device.needs, Need("banner", PLACE)))
            if device.platform == "frr"
            else device
            for device in base_park.devices
        ),
        _index={},
    )
    assert "frr" not in {item.platform for item in unrendered(asked, platforms)}
