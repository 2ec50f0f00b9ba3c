"""What Prometheus, Alertmanager, the exporters and Grafana read: right, and taken by their own programs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from render_parsers import grafana, need, run
from sample import PLANE, at

from parkops.model import EventPolicy, HostedService, Objective, Pair, Park, Receiver, SnmpUser
from parkops.monitor.metrics import Metrics
from parkops.render import Renderer
from parkops.render.monitoring import monitoring
from parkops.render.shadows import shadows

HERE = Path(__file__).parent
CASES = (
    "prometheus.yml",
    "rules.yml",
    "rules.test.yml",
    "alertmanager.yml",
    "blackbox.yml",
    "snmp.yml",
    "snmp-debian12.yml",
    "targets-node.json",
    "targets-blackbox.json",
    "targets-snmp.json",
    "dashboards/ring.json",
)


RECEIVERS = (
    Receiver("am", "alertmanager", "http://192.0.2.9:9093"),
    Receiver(
        "duty", "mail", to=("duty@park.example", "值班@park.example"), sender="parkops@park.example",
        server="mail.example", user="parkops", password="env:MAIL", tls="starttls", severities=("critical",),
    ),
    Receiver("tickets", "webhook", "https://tickets.example/parkops", "env:HOOK", tenants=("acme",),
             severities=("warning",)),
)  # fmt: skip


def files_of(park: Park) -> dict[str, str]:
    found = monitoring(park, Renderer.of(park))
    return {item.path.removeprefix("monitoring/"): item.text for item in found}


@pytest.fixture(scope="session")
def rich_park(base_park: Park) -> Park:
    """The base park with an SNMP user, a pair, a hosted service and objectives of every kind."""
    plane = replace(PLANE, snmp_users=(SnmpUser("watch", "env:PARK_SNMP_AUTH", "env:PARK_SNMP_PRIV"),))
    devices = tuple(
        replace(device, plane=plane, platform="huawei_vrp" if device.name == "core-1" else device.platform)
        for device in base_park.devices
    )
    goals = (
        Objective("acme", "tenant:acme", 99.5, 30, at("monitoring.objectives.acme")),
        Objective("cores", "device:core", 99.99, 7, at("monitoring.objectives.cores"), loss_percent=1),
        Objective("plant", "zone:plant", 99, 30, at("monitoring.objectives.plant"), latency_ms=10),
        Objective("reading", "flow:read-plc", 99.9, 30, at("flows.read-plc"), latency_ms=20),
        Objective("always", "class:data", 100, 30, at("monitoring.objectives.always")),
    )
    portal = HostedService(
        "portal", "门户", "portal", "acme", "mgmt-1", "10.16.0.5", (("tcp", 443),), at("hosted.portal")
    )
    return replace(
        base_park,
        plane=plane,
        devices=devices,
        objectives=(*base_park.objectives, *goals),
        pairs=(Pair("cores", "vrrp", ("core-1", "core-2"), at("backbone.cores")),),
        hosted=(portal,),
        policy=EventPolicy(receivers=RECEIVERS),
    )


@pytest.fixture(scope="session")
def files(rich_park: Park) -> dict[str, str]:
    return files_of(rich_park)


@pytest.fixture
def folder(files: dict[str, str], tmp_path: Path) -> Path:
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", CASES)
def test_golden(name: str, files: dict[str, str], goldens) -> None:
    goldens.check(HERE / "monitoring" / name, files[name])


def test_no_golden_is_left_over() -> None:
    folder = HERE / "monitoring"
    assert {str(file.relative_to(folder)) for file in folder.rglob("*.*")} == set(CASES)


def test_prometheus_takes_configuration_rules_and_targets_together(folder: Path) -> None:
    need("promtool")
    assert run("promtool", "check", "config", folder / "prometheus.yml") == ""
    assert run("promtool", "check", "rules", folder / "rules.yml") == ""


def test_a_broken_target_file_is_refused(folder: Path) -> None:
    need("promtool")
    (folder / "targets-snmp.json").write_text('[{"targets": "core-1"}]')
    assert "targets-snmp.json" in run("promtool", "check", "config", folder / "prometheus.yml")


def test_the_rules_pass_the_unit_tests_that_are_written_with_them(folder: Path) -> None:
    need("promtool")
    assert run("promtool", "test", "rules", "rules.test.yml", cwd=folder) == ""


@pytest.mark.parametrize(
    ("was", "becomes"),
    [("for: 10s", "for: 30m"), ("ratio_1h > 0) >=", "ratio_1h > 0) <"), ("== 1", "== 2"), ("max(", "min(")],
    ids=["wait", "burn", "ring", "pair"],
)
def test_the_unit_tests_notice_a_wrong_rule(was: str, becomes: str, folder: Path) -> None:
    need("promtool")
    rules = folder / "rules.yml"
    text = rules.read_text(encoding="utf-8")
    assert was in text
    rules.write_text(text.replace(was, becomes), encoding="utf-8")
    assert run("promtool", "test", "rules", "rules.test.yml", cwd=folder)


BURN = """
rule_files: [rules.yml]
evaluation_interval: 10m
tests:
  - interval: 10m
    input_series:
      - {{series: 'parkops_probe_up{{target="t/icmp",device="d",probe="icmp"}}', values: '{values}'}}
    alert_rule_test:
      - eval_time: {at}
        alertname: {alert}
        exp_alerts: [{expected}]
"""
STEADY = (
    "{exp_labels: {severity: critical, window: 6h, objective: all, subject: all},"
    ' exp_annotations: {summary: "all: 1% of the last 6h was lost"}}'
)
SLOW = (
    "{exp_labels: {severity: warning, window: 1d, objective: all, subject: all},"
    ' exp_annotations: {summary: "all: 1% of the last 1d was lost"}},'
    "{exp_labels: {severity: warning, window: 3d, objective: all, subject: all},"
    ' exp_annotations: {summary: "all: 1% of the last 3d was lost"}}'
)


@pytest.mark.parametrize(
    ("values", "at", "alert", "expected"),
    [
        ("0.99x500", "4d", "ObjectiveBurnsFast", ""),
        ("0.99x500", "12h", "ObjectiveBurnsSteadily", STEADY),
        ("0.99x600", "96h", "ObjectiveBurnsSlowly", SLOW),
        ("0.9999x600", "96h", "ObjectiveBurnsSlowly", ""),
        ("0x12 1x24", "3h", "ObjectiveBurnsFast", ""),  # it is over: the short window is clean
    ],
    ids=["not-fast", "steady", "slow", "within-budget", "over"],
)
def test_a_budget_burns_by_several_windows(
    values: str, at: str, alert: str, expected: str, base_park: Park, tmp_path: Path
) -> None:
    need("promtool")
    (tmp_path / "rules.yml").write_text(files_of(base_park)["rules.yml"], encoding="utf-8")
    case = tmp_path / "case.yml"
    case.write_text(BURN.format(values=values, at=at, alert=alert, expected=expected), encoding="utf-8")
    assert run("promtool", "test", "rules", "case.yml", cwd=tmp_path) == ""


def test_an_objective_of_every_time_does_not_alert_while_nothing_is_lost(files: dict[str, str]) -> None:
    rules = yaml.safe_load(files["rules.yml"])
    expressions = [
        rule["expr"]
        for group in rules["groups"]
        for rule in group["rules"]
        if "Burns" in rule.get("alert", "")
    ]
    assert expressions
    assert all("> 0) >=" in text for text in expressions)


def test_alertmanager_takes_it(folder: Path) -> None:
    need("amtool")
    assert run("amtool", "check-config", folder / "alertmanager.yml") == ""


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ("severity=critical tenant=acme alertname=DeviceDown", "parkops,notify-duty,park,tenant-acme"),
        ("severity=warning tenant=acme alertname=RingOpen", "parkops,notify-tickets,tenant-acme"),
        ("severity=critical alertname=DeviceDown device=core-1", "parkops,notify-duty,park"),
        ("severity=warning alertname=MonitorLagging", "parkops,park"),
        ("severity=critical alertname=ParkopsOutage origin=parkops", "park"),
        ("severity=warning tenant=acme2", "parkops,park"),
    ],
)
def test_alerts_reach_the_tenant_and_the_park(labels: str, receivers: str, folder: Path) -> None:
    need("amtool")
    config = f"--config.file={folder / 'alertmanager.yml'}"
    call = ("amtool", "config", "routes", "test", config, f"--verify.receivers={receivers}")
    assert run(*call, *labels.split()) == ""


def test_what_lies_behind_a_device_is_silenced_with_it(files: dict[str, str]) -> None:
    rules = yaml.safe_load(files["alertmanager.yml"])["inhibit_rules"]
    behind = {
        rule["source_matchers"][1]: rule["target_matchers"]
        for rule in rules
        if len(rule["source_matchers"]) == 2
    }
    assert behind['device="ac-bd-1"'] == ['device=~"ac-hq-sw-1|ac-p1-sw-1"']
    assert 'device="core-1"' not in behind  # there is a second core


def _park_of(links: str, roles: Callable[[str], str], base: Park, pairs: tuple[Pair, ...] = ()) -> Park:
    from parkops.model import Device, Link, Role

    names = sorted({name for link in links.split() for name in link.split("-")})
    devices = tuple(
        Device(name, Role(roles(name)), "linux", at(name), management_ipv4="10.0.0.1/24") for name in names
    )
    cables = tuple(
        Link(link, link.split("-")[0], "x", link.split("-")[1], "y", "uplink") for link in links.split()
    )
    return replace(base, devices=devices, links=cables, pairs=pairs)


def _role(name: str) -> str:
    return "core" if name.startswith("c") else "aggregation"


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ("c1-a a-b b-d", {"a": ("b",), "b": ("d",)}),  # a chain: the nearest counts
        ("c1-a a-r1 r1-r2 r2-r3 r3-a", {"a": ("r1", "r2", "r3")}),  # a ring on one switch
        ("c1-a c2-a a-b", {"a": ("b",)}),  # two cores are one backbone
        ("c1-a c2-b a-x b-x x-y", {"x": ("y",)}),  # two ways to x, one to y
        ("c1-m c1-n m-s n-s s-t", {"pair mn": ("s",), "s": ("t",)}),  # both of a pair stand before s
        ("a-b", {}),  # no backbone
    ],
    ids=["chain", "ring", "two-cores", "two-ways", "pair", "none"],
)
def test_shadows(links: str, expected: dict[str, tuple[str, ...]], base_park: Park) -> None:
    pairs = (Pair("mn", "mlag", ("m", "n"), at("p")),) if "m-s" in links else ()
    assert shadows(_park_of(links, _role, base_park, pairs)) == expected


def test_blackbox_exporter_takes_it(folder: Path) -> None:
    need("prometheus-blackbox-exporter")
    call = ("prometheus-blackbox-exporter", "--config.check", f"--config.file={folder / 'blackbox.yml'}")
    assert run(*call) == ""
    modules = yaml.safe_load((folder / "blackbox.yml").read_text(encoding="utf-8"))["modules"]
    rows = json.loads((folder / "targets-blackbox.json").read_text(encoding="utf-8"))
    assert {row["labels"]["__param_module"] for row in rows} <= modules.keys()
    assert {"https://10.16.0.5:443/"} == {
        row["targets"][0] for row in rows if row["labels"]["service"] == "portal"
    }


def test_snmp_exporter_takes_it(folder: Path) -> None:
    need("prometheus-snmp-exporter")
    call = ("prometheus-snmp-exporter", "--dry-run")
    assert run(*call, f"--config.file={folder / 'snmp-debian12.yml'}") == ""
    (folder / "broken.yml").write_text("if_mib: {walk: [1.3.6], version: 9}")
    assert run(*call, f"--config.file={folder / 'broken.yml'}")


def test_both_forms_of_the_snmp_exporter_say_the_same(files: dict[str, str]) -> None:
    new, old = yaml.safe_load(files["snmp.yml"]), yaml.safe_load(files["snmp-debian12.yml"])["if_mib"]
    login = dict(new["auths"]["watch"])
    assert login.pop("version") == old.pop("version") == 3
    assert old.pop("auth") == login
    assert old == new["modules"]["if_mib"]
    assert login["password"] == "@secret:env:PARK_SNMP_AUTH@"


def test_only_what_speaks_snmp_is_asked(files: dict[str, str]) -> None:
    rows = json.loads(files["targets-snmp.json"])
    asked = {row["labels"]["device"] for row in rows}
    assert {"core-1", "core-2"} <= asked  # a router of FRR has the agent of its host
    assert "ac-hq-sw-1" not in asked  # a switch that speaks NETCONF has none


DASHBOARDS = ("boundary", "edge", "park", "ring", "tenant")


def test_there_is_a_dashboard_for_each_view(files: dict[str, str]) -> None:
    names = sorted(name for name in files if name.startswith("dashboards/"))
    assert names == [f"dashboards/{name}.json" for name in DASHBOARDS]


@pytest.mark.parametrize("name", DASHBOARDS)
def test_grafana_keeps_all_of_a_dashboard(name: str, files: dict[str, str], tmp_path: Path) -> None:
    text = files[f"dashboards/{name}.json"]
    assert grafana(text, tmp_path) == ""
    places = [tuple(panel["gridPos"].values()) for panel in json.loads(text)["panels"]]
    assert len(places) == len(set(places))
    assert all(x + w <= 24 for x, _, w, _ in ((p["x"], p["y"], p["w"], p["h"]) for p in _grid(text)))


def _grid(text: str) -> list[dict[str, int]]:
    return [panel["gridPos"] for panel in json.loads(text)["panels"]]


def _queries(files: dict[str, str]) -> list[str]:
    found = [
        query["expr"]
        for name in DASHBOARDS
        for panel in json.loads(files[f"dashboards/{name}.json"])["panels"]
        for query in panel["targets"]
    ]
    return [text.replace("$__rate_interval", "5m").replace("$__range", "6h") for text in found]


def test_prometheus_understands_every_query_of_a_dashboard(files: dict[str, str], tmp_path: Path) -> None:
    need("promtool")
    rules = [{"record": f"query:{number}", "expr": text} for number, text in enumerate(_queries(files))]
    document = {"groups": [{"name": "queries", "rules": rules}]}
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    assert run("promtool", "check", "rules", tmp_path / "rules.yml") == ""
    rules[0]["expr"] += ")"
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    assert run("promtool", "check", "rules", tmp_path / "rules.yml")


def _rules(files: dict[str, str]) -> list[dict[str, str]]:
    return [rule for group in yaml.safe_load(files["rules.yml"])["groups"] for rule in group["rules"]]


def test_every_metric_of_ours_is_one_that_the_monitor_has(files: dict[str, str]) -> None:
    known = set(re.findall(r"# TYPE (\w+)", Metrics().text()))
    rules = [
        rule["expr"] for group in yaml.safe_load(files["rules.yml"])["groups"] for rule in group["rules"]
    ]
    asked = set(re.findall(r"\bparkops_\w+", " ".join([*rules, *_queries(files)])))
    assert asked
    assert asked <= known


def test_every_record_that_is_asked_for_is_made(files: dict[str, str]) -> None:
    rules = _rules(files)
    made = {rule["record"] for rule in rules if "record" in rule}
    asked = re.findall(
        r"\bobjective:\w+:\w+", " ".join([*(rule["expr"] for rule in rules), *_queries(files)])
    )
    assert set(asked) <= made


def test_the_same_park_gives_the_same_files(rich_park: Park, files: dict[str, str]) -> None:
    assert files_of(rich_park) == files
