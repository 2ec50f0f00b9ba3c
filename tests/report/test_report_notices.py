"""Tenants' notices: all that happened to a tenant's own things, and nothing of another tenant."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from lxml import html as parser
from test_report_scope import others

from parkops.assess import assess
from parkops.errors import UsageError
from parkops.model import Availability, Event, EvidenceSet, Outcome, Reach, Result, Sample, Signal, State
from parkops.pipeline import Workspace, load_park, render_park
from parkops.report import bulletin, notices
from parkops.report.bundle import Report
from parkops.report.notices import WITHHELD, Log
from parkops.store import Store

ROOT = Path(__file__).parents[2]
MAY = notices.period("2026-05")
T = MAY.since_s + 86_400


@dataclass(frozen=True)
class Said:
    """What a device said, as the store adds it up."""

    device: str
    name: str
    origin: str = "syslog"
    severity: str = "warning"
    count: int = 1
    last_s: float = T
    text: str = ""
    clears: bool = False


@pytest.fixture(scope="module")
def demo():
    workspace = Workspace(ROOT / "inventories" / "demo")
    park = load_park(workspace)
    reach = tuple(
        Reach(item.id, number % 7 == 0, T, f"{item.src_device} to {item.dst_device} {item.dst_address}")
        for number, item in enumerate(park.expectations)
    )
    evidence = EvidenceSet(artifacts=render_park(park, workspace), now_s=MAY.until_s, reach=reach)
    return Report(assess(park, evidence), park, evidence)


def full_log(park) -> Log:
    """A month in which everything names everybody: each text speaks of devices of all tenants."""
    names = [device.name for device in park.managed]
    owned = [device for device in park.managed if device.tenant]
    everyone = "; ".join(f"{d.name} {d.management_address} {d.tenant}" for d in owned)
    return Log(
        availability=tuple(Availability(t.id, 2_000_000.0, 100.0, 50.0, 2) for t in park.targets),
        events=tuple(
            Event(n, f"{name}/icmp", name, "critical", f"no answer; also {everyone}", T + n, note=everyone)
            for n, name in enumerate(names, 1)
        )
        + tuple(
            Event(n, f"{name}/ssh", name, "warning", "connection refused", T, T + 5, "王伟", T + 60)
            for n, name in enumerate(names, 1000)
        ),
        results=tuple((T, Result(name, "ssh", Outcome.CHANGED, everyone)) for name in names),
        heard=tuple(
            Said(d.name, f"{kind}:{other.name}", text=everyone, count=3)
            for d in owned
            for other in owned
            for kind in ("login-failed", "attack-dropped")
        ),
    )


@pytest.mark.parametrize("tenant", ["huaxing", "yuntai"])
def test_nothing_of_another_tenant_is_in_a_notice(demo, tenant):
    log = full_log(demo.park)
    found = notices.gather(demo, tenant, MAY, log)
    assert found.events
    assert found.signals
    patterns = others(demo.park, tenant)
    for name, data in bulletin.files(found).items():
        seen = [match[0] for pattern in patterns if (match := pattern.search(data.decode()))]
        assert not seen, name
    assert not [pattern for pattern in patterns if pattern.search(repr(found))]
    assert sum(bool(pattern.search(repr(log))) for pattern in patterns) > 5  # the test can fail


def test_a_notice_holds_all_that_is_the_tenants_own(demo):
    log = full_log(demo.park)
    found = notices.gather(demo, "huaxing", MAY, log)
    own = {device.name for device in demo.park.managed if device.tenant == "huaxing"}
    assert {event.device for event in found.events} == own
    assert {change.device for change in found.changes} == own
    assert {zone.id for zone in found.zones} == {z.id for z in demo.park.zones if z.tenant == "huaxing"}
    zone = next(zone for zone in found.zones if zone.targets)
    assert (zone.outages, zone.up_s) == (2 * zone.targets, 2_000_000.0 * zone.targets)
    assert {event.cause for event in found.events} == {WITHHELD, "connection refused"}
    kinds = {signal.name: signal.count for signal in found.signals}
    count = 3 * len(own) * sum(bool(d.tenant) for d in demo.park.managed)
    assert kinds == {"login-failed": count, "attack-dropped": count}
    assert found.attacks == (count, count)
    open_ids = {event.id for event in found.events if event.closed_s is None}
    assert {f"event {number}" for number in open_ids} == {
        task.reference for task in found.tasks if task.reference.startswith("event ")
    }


def test_attempts_are_counted_by_direction(demo):
    found = {item.direction: item for item in notices.gather(demo, "huaxing", MAY, Log()).attempts}
    own = {device.name for device in demo.park.devices if device.tenant == "huaxing"}
    forbidden = {e.id: e for e in demo.park.expectations if not e.allowed}
    tried = [r for r in demo.evidence.reach if r.expectation in forbidden]
    inward = [
        r for r in tried
        if forbidden[r.expectation].dst_device in own and forbidden[r.expectation].src_device not in own
    ]  # fmt: skip
    assert inward
    assert (found["in"].tried, found["in"].passed) == (len(inward), sum(bool(r.passed) for r in inward))
    assert found["in"].blocked == found["in"].tried - found["in"].passed


def test_only_the_month_counts(demo):
    log = full_log(demo.park)
    june = notices.gather(demo, "huaxing", notices.period("2026-06"), log)
    assert {event.closed_s for event in june.events} == {None}  # what is still open goes on
    assert (june.signals, june.attempts) == ((), ())
    assert notices.gather(demo, "huaxing", notices.period("2026-04"), log).events == ()


def test_without_sensors_attacks_are_not_zero(demo):
    assert notices.gather(demo, "huaxing", MAY, Log()).attacks is None
    assert notices.gather(demo, "huaxing", MAY, Log(heard=())).attacks == (0, 0)


@pytest.mark.parametrize("month", ["2026-13", "2026", "2026-5", "mai", "2026-05-01"])
def test_a_month_that_is_none(month):
    with pytest.raises(UsageError, match="no month: YEAR-MONTH"):
        notices.period(month)


def test_an_unknown_tenant_is_named(demo):
    with pytest.raises(UsageError, match="huaxin: no such tenant: did you mean 'huaxing'"):
        notices.gather(demo, "huaxin", MAY, Log())


def test_pages_are_whole_in_both_languages(demo):
    found = notices.gather(demo, "huaxing", MAY, full_log(demo.park))
    made = bulletin.files(found)
    assert sorted(made) == [
        f"huaxing-2026-05.{lang}.{kind}" for lang in ("en", "zh") for kind in ("html", "txt")
    ]
    for lang, words in (
        ("zh", ("请贵单位处理", "各区域可用性", "未授权访问")),
        ("en", ("Security log", "Changes")),
    ):
        page = parser.fromstring(made[f"huaxing-2026-05.{lang}.html"])
        text = page.text_content()
        assert all(word in text for word in words)
        assert page.get("lang") == {"zh": "zh-CN", "en": "en"}[lang]
        assert not page.xpath("//script | //link | //img")
        assert all(word in made[f"huaxing-2026-05.{lang}.txt"].decode() for word in words)
    assert "华星" in made["huaxing-2026-05.en.html"].decode()


def test_what_devices_say_is_no_markup(demo):
    own = next(d.name for d in demo.park.managed if d.tenant == "huaxing")
    log = Log(heard=(Said(own, "login-failed", text="<script>alert(1)</script>"),))
    made = bulletin.files(notices.gather(demo, "huaxing", MAY, log))
    assert b"<script" not in made["huaxing-2026-05.en.html"]
    assert b"&lt;script&gt;" in made["huaxing-2026-05.en.html"]
    assert b"<script>alert" in made["huaxing-2026-05.en.txt"]


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_the_screen(demo, drive, width):
    found = notices.gather(demo, "huaxing", MAY, full_log(demo.park))
    page = bulletin.text(found, "zh", "html")
    said = drive(page, "said = [document.documentElement.scrollWidth, innerWidth]", "", width)
    assert said[0] <= said[1]


def test_the_verb_writes_every_tenants_notice(tmp_path):
    root = tmp_path / "park"
    root.mkdir()
    for name in ("park.yaml", "park.lock"):
        shutil.copy(ROOT / "inventories" / "demo" / name, root / name)
    with Store.open(root / ".parkops" / "parkops.db") as store:
        store.save_samples(
            Sample("hx-bd-1/icmp", T + n, State.UP if n < 90 else State.DOWN) for n in range(100)
        )
        store.open_event("hx-bd-1/icmp", "hx-bd-1", "critical", "no answer", T + 90)
        store.save_signals(
            [
                Signal(
                    T,
                    "syslog",
                    "hx-bd-1",
                    "attack-dropped:scan:203.0.113.9",
                    "warning",
                    "203.0.113.9 tried 20",
                ),
                Signal(T, "syslog", "yt-bd-1", "attack-passed:login:203.0.113.9", "critical", "login"),
            ]
        )
        store.save_results([replace(Result("hx-bd-1", "ssh", Outcome.CHANGED), message="ok")], T)
    out = tmp_path / "out"
    call = [
        sys.executable,
        "-m",
        "parkops",
        "-p",
        str(root),
        "notice",
        "--month",
        "2026-05",
        "--out",
        str(out),
    ]
    done = subprocess.run([*call, "--dry-run"], capture_output=True, text=True, timeout=120, check=True)
    assert "would write" in done.stdout
    assert not out.exists()
    done = subprocess.run([*call, "--json"], capture_output=True, text=True, timeout=120, check=True)
    document = json.loads(done.stdout)
    assert document["kind"] == "parkops.notices"
    assert len(list(out.iterdir())) == len(document["files"]) == 8
    found = {item["tenant"]: item for item in document["notices"]}
    assert [event["cause"] for event in found["huaxing"]["events"]] == ["no answer"]
    assert [change["device"] for change in found["huaxing"]["changes"]] == ["hx-bd-1"]
    assert (found["huaxing"]["attacks"], found["yuntai"]["attacks"]) == ([1, 1], [1, 0])
    assert found["yuntai"]["events"] == found["yuntai"]["changes"] == []
