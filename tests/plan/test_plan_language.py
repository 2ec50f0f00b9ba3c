"""Profiles, patterns and includes: what they give, where it stands, and how it came there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from parkops.plan import LoadedPlan, load, parse
from parkops.plan.patterns import BadPattern, names_of

CASE = Path(__file__).parent / "good" / "profiles-patterns-includes"
P1 = ("tenants", "t001", "sites", "p1")


@pytest.fixture(scope="module")
def loaded() -> LoadedPlan:
    return load(CASE / "park.yaml")


def test_patterns_name_tenants_zones_and_flows(loaded: LoadedPlan) -> None:
    plan = loaded.plan
    assert {"t001", "t002", "t003", "bolt", "acme"} == set(plan.tenants)
    assert plan.tenants["t003"].title == "企业 003"
    assert plan.zones["t001-control"].title == "企业 001 生产"
    assert (plan.flows["t002-read"].dst, plan.flows["t002-read"].reason) == ("t002-control", "读取 002")


def test_parameters_keep_their_types(loaded: LoadedPlan) -> None:
    site = loaded.plan.tenants["t001"].sites["p1"]
    assert site.endpoints["plc"].count == 7
    assert [(name, node.switch, node.title) for name, node in sorted(site.nodes.items())] == [
        ("gw-1", 1, "网关 1"),
        ("gw-2", 2, "网关 2"),
    ]


def test_a_profile_builds_on_another_and_braces_stay(loaded: LoadedPlan) -> None:
    site = loaded.plan.tenants["t001"].sites["p1"]
    assert (site.kind, site.switches, site.title) == ("plant", 2, "贴片车间 p1 {A}")
    assert site.segments["control"].zone == "t001-control"


def test_own_keys_merge_deeply_and_null_removes(loaded: LoadedPlan) -> None:
    tenant = loaded.plan.tenants["t002"]
    site = tenant.sites["p1"]
    assert (tenant.title, tenant.prefix, site.switches) == ("特别", "t002", 3)
    assert list(site.nodes) == ["gw-1"]
    assert (site.nodes["gw-1"].title, site.nodes["gw-1"].role) == ("第一网关", "edge-gateway")


def test_an_included_tenant_uses_the_profiles_of_the_park(loaded: LoadedPlan) -> None:
    sites = loaded.plan.tenants["bolt"].sites
    assert (sites["east"].title, sites["east"].switches) == ("东厂", 1)
    assert list(sites["west"].nodes) == ["gw-1"]
    assert loaded.files == ("park.yaml", "tenants/bolt.yaml")


def test_places_and_origins(loaded: LoadedPlan) -> None:
    lines = (CASE / "park.yaml").read_text(encoding="utf-8").split("\n")
    marks = loaded.marks

    def shown(*path: str) -> str:
        place = marks.node(path).place
        return lines[place.line - 1][place.col - 1 :]

    assert shown(*P1, "title").startswith('"贴片车间')
    assert shown(*P1, "endpoints", "plc", "count") == "7, gateways: 2}}"
    assert shown("tenants", "t002", "title") == "特别"
    assert [str(origin) for origin in marks.origins((*P1, "nodes", "gw-1", "title"))] == [
        "pattern t[001-003]",
        "profile site.smt",
        "profile nodes.gateways",
        "pattern gw-[1-2]",
    ]
    assert marks.origins(("tenants", "acme", "sites", "p1", "switches")) == ()
    assert str(marks.ref("tenants", "bolt", "sites", "east")) == "tenants/bolt.yaml:9 tenants.bolt.sites.east"


def test_a_file_is_in_the_digest(loaded: LoadedPlan, tmp_path: Path) -> None:
    import shutil

    copy = shutil.copytree(CASE, tmp_path / "copy")
    assert load(copy / "park.yaml").digest == loaded.digest
    tenant = copy / "tenants" / "bolt.yaml"
    tenant.write_text(tenant.read_text(encoding="utf-8").replace("东厂", "东区"), encoding="utf-8")
    assert load(copy / "park.yaml").digest != loaded.digest


def test_what_uses_no_feature_means_the_same_written_out(loaded: LoadedPlan) -> None:
    plain = yaml.safe_dump(loaded.marks.root.data, allow_unicode=True, sort_keys=False)
    assert "profile" not in plain
    assert parse(plain).plan == loaded.plan


def test_braces_and_brackets_are_text_where_nothing_is_expanded(base_text: str) -> None:
    text = base_text.replace("title: 车间", 'title: "车间 {A} [1-3]"').replace(
        "title: 小园区", 'title: "{小} [a]"'
    )
    plan = parse(text).plan
    assert plan.park.title == "{小} [a]"
    assert plan.tenants["acme"].sites["p1"].title == "车间 {A} [1-3]"


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("t[08-11]", ["t08", "t09", "t10", "t11"]),
        ("gw-[1-0]", []),
        ("[a,b2,7]-x", ["a-x", "b2-x", "7-x"]),
        ("h[1-2,north]", ["h1", "h2", "hnorth"]),
    ],
)
def test_names_of_a_pattern(pattern: str, names: list[str]) -> None:
    assert [name for name, _ in names_of(pattern)] == names


@pytest.mark.parametrize(
    "pattern", ["t[", "t]", "t[]", "[1-2][3-4]", "t[3-1]", "t[a b]", "t[1-]", "t[0-99999]"]
)
def test_what_is_no_pattern(pattern: str) -> None:
    with pytest.raises(BadPattern):
        names_of(pattern)


def test_the_profiles_of_the_documentation_are_valid(base_text: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "plan.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    profiles = next(block for block in blocks if block.startswith("profiles:"))
    use = next(block for block in blocks if block.startswith("sites:"))
    sites = "".join(f"    {line}\n" for line in use.splitlines()[1:])
    text = base_text.replace(
        "    sites:\n", f"    sites:\n{sites.replace('  p1:', '  p8:').replace('  p2:', '  p9:')}", 1
    )
    text = text.replace("zones:\n", "zones:\n  acme-control: {title: 生产, kind: production}\n", 1)
    found = parse(text + "\n" + profiles).plan.tenants["acme"].sites
    assert (found["p8"].title, len(found["p8"].nodes), found["p8"].endpoints["plc"].count) == (
        "一号车间",
        2,
        24,
    )
    assert found["p8"].ring is not None
    assert found["p9"].ring is None
