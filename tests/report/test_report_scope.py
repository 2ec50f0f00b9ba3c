"""What a tenant sees: all of its own, and nothing of another one's, in any format."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest
from assess_park import NOW, good_evidence, good_park

from parkops.assess import assess
from parkops.errors import UsageError
from parkops.model import EvidenceSet, Verdict
from parkops.pipeline import Workspace, load_park, render_park
from parkops.report import scope, writers
from parkops.report.bundle import Report
from parkops.report.foreign import Foreign

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def demo():
    workspace = Workspace(ROOT / "inventories" / "demo")
    park = load_park(workspace)
    evidence = EvidenceSet(artifacts=render_park(park, workspace), now_s=NOW)
    return Report(assess(park, evidence), park, evidence, "zh")


@pytest.fixture(scope="module")
def hand():
    park = good_park()
    evidence = good_evidence(park)
    return Report(assess(park, evidence), park, evidence, "en")


def text_of(data: bytes, name: str) -> str:
    """Return all text of a file, unpacked where it is packed."""
    if name.endswith(".xlsx"):
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            return "\n".join(book.read(part).decode() for part in book.namelist())
    if name.endswith(".pdf"):
        import pypdf

        return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)
    return data.decode()


def others(park, tenant):
    """Return patterns of everything that belongs to another tenant."""
    devices = [d for d in park.devices if d.tenant not in ("", tenant)]
    assert devices
    names = {d.name for d in devices}
    names |= {zone.id for zone in park.zones if zone.tenant not in ("", tenant)}
    names |= {segment.id for segment in park.segments if segment.tenant not in ("", tenant)}
    names |= {item.id for item in park.tenants if item.id != tenant and len(item.id) > 2}
    addresses = {a.partition("/")[0] for d in devices for p in d.interfaces for a in (p.ipv4, p.ipv6) if a}
    addresses |= {d.management_address for d in devices if d.management_address}
    addresses |= {s.ipv4.partition("/")[0] for s in park.segments if s.tenant not in ("", tenant)}
    titles = {item.title for item in park.tenants if item.id != tenant}
    titles |= {zone.title for zone in park.zones if zone.tenant not in ("", tenant)}
    exact = [rf"(?<![\w.:-]){re.escape(name)}(?![\w-])" for name in names | addresses]
    return [re.compile(pattern) for pattern in (*exact, *map(re.escape, titles))]


@pytest.mark.parametrize("format_", list(writers.WRITERS))
@pytest.mark.parametrize("tenant", ["huaxing", "yuntai"])
def test_nothing_of_another_tenant_is_in_any_format(demo, tenant, format_):
    report = scope.for_tenant(demo, tenant)
    patterns = others(demo.park, tenant)
    for name, data in writers.WRITERS[format_](report).items():
        text = text_of(data, name)
        found = [match[0] for pattern in patterns if (match := pattern.search(text))]
        assert not found, name
    # the same patterns find plenty in the park's own report: the test can fail
    whole = text_of(*reversed(next(iter(writers.WRITERS["json"](demo).items()))))
    assert sum(bool(pattern.search(whole)) for pattern in patterns) > 10


def test_evidence_of_a_running_park_is_cut_too(hand):
    for tenant in ("a", "b"):
        report = scope.for_tenant(hand, tenant)
        own = {device.name for device in report.park.devices}
        assert own
        assert {d.tenant for d in report.park.devices} == {tenant}
        evidence = report.evidence
        assert {event.device for event in evidence.events} <= own
        assert {result.device for result in evidence.results} <= own
        assert {
            target.rpartition("/")[0].partition("/")[0] for target in (i.target for i in evidence.intervals)
        } <= own
        assert {flow.src for flow in report.park.flows} | {flow.dst for flow in report.park.flows}


def test_a_tenant_sees_all_of_its_own_findings(demo):
    report = scope.for_tenant(demo, "huaxing")
    own = {d.name for d in demo.park.devices if d.tenant == "huaxing"}
    seen = {f.subject for r in report.assessment.requirements for f in r.findings}
    had = {f.subject for r in demo.assessment.requirements for f in r.findings if f.subject in own}
    assert had == own & seen
    assert "hx-control" in seen
    assert "park" not in seen


def test_its_verdicts_are_told_over_its_own_findings(demo):
    report = scope.for_tenant(demo, "huaxing")
    assert report.assessment.requirements
    for result in report.assessment.requirements:
        seen = {finding.verdict for finding in result.findings}
        if result.verdict is Verdict.FAIL:
            assert Verdict.FAIL in seen
        elif result.verdict is Verdict.PASS:
            assert not seen & {Verdict.FAIL, Verdict.UNKNOWN}


def test_of_the_park_it_sees_the_totals_only(demo):
    report = scope.for_tenant(demo, "huaxing").assessment
    assert (report.total_point, report.total_low) == (demo.assessment.total_point, demo.assessment.total_low)
    assert report.infrastructure_point == demo.assessment.infrastructure_point
    assert (report.indicators, report.groups) == ((), ())


def test_a_domain_keeps_its_requirements(demo):
    report = scope.for_domain(demo, "production")
    assert {r.domain for r in report.assessment.requirements} == {"production"}
    assert len(report.assessment.requirements) == sum(
        r.domain == "production" for r in demo.assessment.requirements
    )


@pytest.mark.parametrize(
    ("cut", "name", "words"),
    [
        (scope.for_tenant, "huaxin", "huaxin: no such tenant: did you mean 'huaxing'"),
        (scope.for_tenant, "", ": no such tenant"),
        (scope.for_domain, "sea", "sea: no such domain: known: park, production"),
    ],
)
def test_a_wrong_name_has_a_hint(demo, cut, name, words):
    with pytest.raises(UsageError) as caught:
        cut(demo, name)
    assert words in f": {caught.value}" if not name else words in str(caught.value)


def test_names_titles_and_addresses_are_told_apart(demo):
    foreign = Foreign(demo.park, "huaxing")
    yuntai = next(d for d in demo.park.devices if d.tenant == "yuntai" and d.management_address)
    segment = next(s for s in demo.park.segments if s.tenant == "yuntai" and s.ipv4 and s.ipv6)
    inside = segment.ipv4.replace(".0/24", ".77")
    for text in (
        f"single points: {yuntai.name}, core-1",
        f"core-1--{yuntai.name}",
        f"{yuntai.name}/icmp",
        "yuntai.p1.control",
        f"ip saddr {{ {segment.ipv4} }} accept",
        f"from {inside}.",
        segment.ipv6,
        next(t.title for t in demo.park.tenants if t.id == "yuntai"),
    ):
        assert foreign.in_text(text), text
    own = next(d for d in demo.park.devices if d.tenant == "huaxing" and d.management_address)
    for text in (
        "",
        own.name,
        own.management_address,
        "fw-1--pub-sw-1:pub-video",
        "1.2.3.4",
        "12:30:05",
        "hx-edge",
    ):
        assert not foreign.in_text(text), text
