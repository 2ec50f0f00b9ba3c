"""The verbs that show the plan language: schema, explain, lock, design --out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema
import pytest
import yaml

from parkops.design import design
from parkops.design.document import park_document, park_of, park_schema
from parkops.model import Park
from parkops.plan import parse
from parkops.plan.json_schema import plan_schema
from parkops.plan.reference import examples_of, markdown, models

ROOT = Path(__file__).resolve().parents[2]
GOOD = ROOT / "tests" / "plan" / "good"
PLANS = sorted(
    [*ROOT.glob("inventories/*/park.yaml"), *ROOT.glob("labs/*/park.yaml"), *GOOD.glob("*/park.yaml")]
)


@pytest.fixture
def park_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "park"
    folder.mkdir()
    shutil.copy(ROOT / "inventories" / "demo" / "park.yaml", folder)
    return folder


def as_json(value: object) -> object:
    """Return YAML data as JSON knows it: keys are text, dates too."""
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def mistakes(text: str, *, included: bool = False) -> list[str]:
    validator = jsonschema.Draft202012Validator(plan_schema(included=included))
    return [
        f"{list(error.path)}: {error.message}"
        for error in validator.iter_errors(as_json(yaml.safe_load(text)))
    ]


def test_the_schema_is_one() -> None:
    for schema in (plan_schema(), plan_schema(included=True), park_schema()):
        jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("plan", PLANS, ids=lambda path: path.parent.name)
def test_the_schema_takes_every_plan_that_parkops_takes(plan: Path) -> None:
    assert mistakes(plan.read_text(encoding="utf-8")) == []


def test_the_schema_takes_an_included_file() -> None:
    text = (GOOD / "profiles-patterns-includes" / "tenants" / "bolt.yaml").read_text(encoding="utf-8")
    assert mistakes(text, included=True) == []
    assert mistakes(text)


@pytest.mark.parametrize(
    ("find", "put"),
    [
        ("title: 小园区", "titel: 小园区"),
        ("switches: 3", "switches: many"),
        ("kind: plant\n", "kind: factory\n"),
        ("ring: {protocol: rstp}", "ring: [rstp]"),
        ("cores: {count: 2}", "cores: {count: 9}"),
        ("park:\n", "profiles: {sight: {}}\npark:\n"),
    ],
)
def test_the_schema_refuses(find: str, put: str, base_text: str) -> None:
    assert mistakes(base_text.replace(find, put))


def test_the_schema_describes_what_it_offers() -> None:
    site = plan_schema()["$defs"]["SitePlan"]["properties"]
    assert site["ports"]["description"] == "Data ports of each switch"
    assert site["ports"]["default"] == 12
    assert {"profile", "with"} <= set(site)


@pytest.mark.parametrize(
    ("name", "number"),
    [(name, number) for name, model in models().items() for number in range(len(examples_of(model)))],
)
def test_every_example_of_the_schema_is_valid(name: str, number: int) -> None:
    model = models()[name]
    model.model_validate(examples_of(model)[number])


def test_the_reference_is_that_of_the_schema(goldens) -> None:
    goldens.check(ROOT / "docs" / "plan.md", markdown())


def test_the_published_schema_is_that_of_the_park(goldens) -> None:
    text = json.dumps(park_schema(), ensure_ascii=False, indent=2) + "\n"
    goldens.check(ROOT / "docs" / "park.schema.json", text)


def test_schema_says_the_same_on_the_command_line(parkops, tmp_path: Path) -> None:
    assert json.loads(parkops("schema").out) == plan_schema()
    assert json.loads(parkops("schema", "--design").out) == park_schema()
    assert parkops("schema", "--markdown").out == markdown()
    file = tmp_path / "tenant.schema.json"
    assert parkops("schema", "--included", "--out", file).code == 0
    assert "required" not in json.loads(file.read_text(encoding="utf-8"))
    assert parkops("schema", "--included", "--design").code == 2


def test_a_park_goes_out_and_comes_back(demo_park: Park) -> None:
    text = yaml.dump(park_document(demo_park), Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False)
    document = yaml.load(text, Loader=yaml.CSafeLoader)
    jsonschema.Draft202012Validator(park_schema()).validate(document)
    assert park_of(document) == demo_park


def test_a_document_of_another_version_is_refused(demo_park: Park) -> None:
    with pytest.raises(ValueError, match="version 1"):
        park_of({**park_document(demo_park), "version": 2})


def test_design_writes_the_park(parkops, park_folder: Path) -> None:
    out = park_folder / "out.yaml"
    said = parkops("-p", park_folder, "design", "--out", out)
    assert said.code == 0, said.err
    park = park_of(yaml.load(out.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
    assert park.device("core-1").router_id


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("core-1.router_id", "10.255.0.1", ["lock      loopbacks: core-1 = 1", "plan      park.yaml:"]),
        ("huaxing.p1.control.vlan", "106", ["lock      vlans: huaxing.p1.control = 106"]),
        ("core-1.interfaces.eth1.ipv4", "10.254.0.0/31", ["lock      links: core-1--core-2 = 0"]),
        ("hx-bd-1.rules.R0001.flow", "hx-agv-data", ["flows.hx-agv-data", "pass      write_rules"]),
        ("tenants.huaxing.sites.p1.ring.protocol", "rstp", ["plan      park.yaml:"]),
        ("tenants.huaxing.sites.p1.ports", "12", ["default   the plan does not state it", "Data ports"]),
        ("figures.7.value", "100", ["plan      park.yaml:"]),
    ],
)
def test_explain(parkops, park_folder: Path, path: str, value: str, told: list[str]) -> None:
    assert parkops("-p", park_folder, "design").code == 0
    said = parkops("-p", park_folder, "explain", path)
    assert said.code == 0, said.err
    assert said.out.startswith(f"{path} = {value}")
    for text in told:
        assert text in said.out


def test_explain_names_profiles_and_patterns(parkops, tmp_path: Path) -> None:
    folder = shutil.copytree(GOOD / "profiles-patterns-includes", tmp_path / "park")
    said = parkops("-p", folder, "explain", "tenants.t001.sites.p1.switches")
    assert "profile   site.smt, asked for at park.yaml:" in said.out
    assert "pattern   t[001-003], asked for at park.yaml:" in said.out
    document = json.loads(parkops("-p", folder, "explain", "--json", "t001-p1-sw-1.title").out)
    assert document["value"] == "贴片车间 p1 {A}"
    assert ["pattern", "t[001-003], asked for at park.yaml:"] not in document["from"]
    assert any(line[0] == "profile" for line in document["from"])


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("core-9.router_id", "did you mean"),
        ("core-1.router", "did you mean 'router_id'?"),
        ("core-1.interfaces.eth99", "known: eth1"),
    ],
)
def test_explain_what_is_not_there(parkops, park_folder: Path, path: str, hint: str) -> None:
    said = parkops("-p", park_folder, "explain", path)
    assert said.code == 2
    assert hint in said.err


def test_prune_frees_what_the_plan_no_longer_has(parkops, park_folder: Path, base_text: str) -> None:
    plan = park_folder / "park.yaml"
    plan.write_text(base_text, encoding="utf-8")
    assert parkops("-p", park_folder, "design").code == 0
    removed = base_text.replace(
        "          pc: {title: 电脑, segment: staff, element: people, count: 10}\n",
        "          tablet: {title: 平板, segment: staff, element: people, count: 10}\n",
    )
    assert removed != base_text
    plan.write_text(removed, encoding="utf-8")
    assert parkops("-p", park_folder, "design").code == 0
    lock = yaml.safe_load((park_folder / "park.lock").read_text(encoding="utf-8"))
    hosts = lock["hosts/acme.hq.staff"]
    assert hosts["ac-hq-pc"] != hosts["ac-hq-tablet"], "a released number is kept"
    said = parkops("-p", park_folder, "lock", "prune", "--dry-run")
    assert "hosts/acme.hq.staff: ac-hq-pc" in said.out
    before = (park_folder / "park.lock").read_bytes()
    assert parkops("-p", park_folder, "lock", "show", "--unneeded").out.count("ac-hq-pc") == said.out.count(
        "ac-hq-pc"
    )
    assert (park_folder / "park.lock").read_bytes() == before
    assert parkops("-p", park_folder, "lock", "prune").code == 0
    after = yaml.safe_load((park_folder / "park.lock").read_text(encoding="utf-8"))
    assert after["hosts/acme.hq.staff"] == {"ac-hq-tablet": hosts["ac-hq-tablet"]}
    assert parkops("-p", park_folder, "lock", "prune").out.startswith("0 allocations")


def test_lock_show_lists_a_pool(parkops, park_folder: Path) -> None:
    assert parkops("-p", park_folder, "design").code == 0
    rows = json.loads(parkops("-p", park_folder, "lock", "show", "vlans", "--json").out)["allocations"]
    assert {"pool": "vlans", "key": "huaxing.p1.control", "number": 106, "needed": True} in rows
    park, _ = design(parse((park_folder / "park.yaml").read_text(encoding="utf-8")), {})
    assert len(rows) == len(park.segments)
