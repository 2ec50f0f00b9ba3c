"""The proofs find what they exist to find, and pass what is sound."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from parkops.design import design
from parkops.model import Artifact, ArtifactKind, Finding, Park, Rule, Verdict
from parkops.plan import parse
from parkops.platforms import find_platforms, missing_features
from parkops.verify import syntax as syntax_module
from parkops.verify import verify
from parkops.verify.advice import advice_on
from parkops.verify.baseline import check_baseline
from parkops.verify.redundancy import check_redundancy
from parkops.verify.rules import check_rules
from parkops.verify.syntax import check_syntax

WAIVED_BANNER = """
waivers:
  "feature:banner@core-*": {owner: 网络部, reason: 控制台上已贴, expires: 2030-01-01}
"""


def failed(findings: object) -> list[Finding]:
    return [item for item in findings if item.verdict is not Verdict.PASS]  # type: ignore[attr-defined]


def test_demo_park_passes_every_proof(demo_park: Park, demo_artifacts: tuple[Artifact, ...]) -> None:
    findings = verify(demo_park, demo_artifacts)
    assert [item for item in findings if item.verdict is Verdict.FAIL] == []
    rooms = {"verify.baseline", "verify.redundancy", "verify.rules", "verify.syntax"}
    assert {item.requirement for item in findings} <= rooms


def test_what_a_platform_leaves_out_is_told_and_never_silent(base_park: Park, base_text: str) -> None:
    found = {(item.subject, item.check): item for item in check_baseline(base_park, find_platforms())}
    banner = found["frr", "banner"]
    assert banner.verdict is Verdict.UNKNOWN
    assert banner.message == (
        "Expected: banner (login banner). Actual: not rendered on platform frr, for core-1 and 1 more; "
        "set it by hand, waive feature:banner@DEVICE with a reason, or choose another platform."
    )
    waived = base_text + WAIVED_BANNER
    park, _ = design(parse(waived), {})
    found = {(item.subject, item.check): item for item in check_baseline(park, find_platforms())}
    assert found["frr", "banner"].verdict is Verdict.WAIVED
    assert found["frr", "banner"].message.endswith("Waived: 控制台上已贴.")


def test_what_the_plan_states_is_an_error_and_no_finding_of_the_baseline(base_text: str) -> None:
    park, _ = design(parse(base_text.replace("management: {ntp", "management: {banner: 请勿登录, ntp")), {})
    assert ("frr", "banner") not in {
        (item.subject, item.check) for item in check_baseline(park, find_platforms())
    }
    told = [str(problem) for problem in missing_features(park, find_platforms())]
    assert any(
        "ac-hq-sw-1 needs banner (login banner), and its platform ietf does not give it" in text
        for text in told
    )
    assert not any("core-1 needs" in text for text in told), "the host of a router gives it"


def test_base_park_passes(base_park: Park) -> None:
    assert failed((*check_redundancy(base_park), *check_rules(base_park))) == []


def test_one_core_is_a_single_point_of_failure(base_text: str) -> None:
    park, _ = design(parse(base_text.replace("count: 2}", "count: 1}")), {})
    found = failed(check_redundancy(park))
    assert [(item.check, item.subject) for item in found] == [("n-1", "ac-bd-1")]
    assert found[0].message == (
        "Expected: the park firewall reached with any one core or link lost. "
        "Actual: cut off by the loss of core-1--ac-bd-1, core-1--fw-1, core-1."
    )


def test_a_boundary_on_one_core_only_is_found(base_park: Park) -> None:
    links = tuple(link for link in base_park.links if link.id != "core-2--ac-bd-1")
    found = failed(check_redundancy(replace(base_park, links=links)))
    assert [item.subject for item in found] == ["ac-bd-1"]
    assert "core-1--ac-bd-1, core-1" in found[0].message


def test_an_open_ring_is_found(base_park: Park) -> None:
    ring = base_park.rings[0]
    opened = replace(base_park, links=tuple(link for link in base_park.links if link.id != ring.links[-1]))
    found = failed(check_redundancy(opened))
    assert [(item.check, item.subject) for item in found] == [("ring", ring.id)]


def with_rule(park: Park, device: str, change: Callable[[Rule], Rule]) -> Park:
    """Return the park with the first forwarding rule of a device changed."""
    target = park.device(device)
    first = next(rule for rule in target.rules if rule.out_interface)
    rules = tuple(change(rule) if rule is first else rule for rule in target.rules)
    changed = replace(target, rules=rules)
    return replace(
        park, devices=tuple(changed if item is target else item for item in park.devices), _index={}
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda rule: replace(rule, ports=(*rule.ports, 22)),
            "R0001 allows services that flow read-plc does not",
        ),
        (lambda rule: replace(rule, protocol="udp"), "R0001 allows services that flow read-plc does not"),
        (lambda rule: replace(rule, ports=()), "R0001 allows every tcp port"),
        (lambda rule: replace(rule, src_v4=("10.0.0.0/8",)), "R0001 has a source beyond office: 10.0.0.0/8"),
        (lambda rule: replace(rule, src_v6=("::/0",)), "R0001 has a source beyond office: ::/0"),
        (
            lambda rule: replace(rule, dst_v4=("10.16.2.0/24",)),
            "R0001 has a destination beyond plant: 10.16.2.0/24",
        ),
        (lambda rule: replace(rule, dst_v4=("internet",)), "R0001 has a destination beyond plant: internet"),
        (lambda rule: replace(rule, src_v4=(), src_v6=()), "R0001 has a source beyond office: any"),
        (lambda rule: replace(rule, reason=""), "R0001 has no reason"),
        (lambda rule: replace(rule, flow="gone"), "R0001 belongs to no flow"),
    ],
)
def test_a_rule_that_is_not_its_flow_is_found(
    change: Callable[[Rule], Rule], message: str, base_park: Park
) -> None:
    found = [
        item for item in failed(check_rules(with_rule(base_park, "ac-bd-1", change))) if item.check == "rules"
    ]
    assert [item.subject for item in found] == ["ac-bd-1"]
    assert message in found[0].message


def test_a_narrower_rule_is_no_mistake(base_park: Park) -> None:
    narrow = with_rule(base_park, "ac-bd-1", lambda rule: replace(rule, dst_v4=("10.16.3.10",)))
    assert failed(check_rules(narrow)) == []


def test_a_flow_that_nothing_enforces_is_found(base_text: str) -> None:
    text = base_text.replace("[tcp/1883]", "[tcp/8883]")  # inside one segment, to a port that no node serves
    found = failed(check_rules(design(parse(text), {})[0]))
    assert [(item.check, item.subject) for item in found] == [("enforced", "telemetry")]


def test_a_flow_to_endpoints_of_its_own_segment_passes_no_boundary(base_text: str) -> None:
    text = base_text.replace("[tcp/1883]", "[tcp/4840]")  # the controllers, on the segment that asks
    assert failed(check_rules(design(parse(text), {})[0])) == []


def artifact(language: str, text: str) -> Artifact:
    return Artifact(f"x/{language}.txt", text, ArtifactKind.FILE, language, "x")


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("nftables", "table inet x { chain y { tcp port 1 accept; } }\n", "x/nftables.txt:1:"),
        ("frr", "interface eth1\n ip ospf aria 0\n", "ip ospf aria 0"),
        ("prometheus", "scrape_config: []\n", "line 1: field scrape_config not found"),
        (
            "prometheus-rules",
            "groups: [{name: a, rules: [{alert: A, expr: 'up ='}]}]\n",
            "x/prometheus-rules.txt",
        ),
        ("chrony", "bogus 1\n", "Actual: Fatal error : Invalid directive at line 1 in file x/chrony.txt"),
        ("ifupdown", "iface eth0 inet statick\n", "x/ifupdown.txt:1: unknown or no method"),
        ("rsyslog", 'modul(load="imudp")\n', "invalid character '('"),
        ("sshd", "MaxAuthTry 3\n", "MaxAuthTry"),
        ("nginx", "server { listen 80 }\n", 'Actual: unexpected "}" in x/nginx.txt:1'),
        ("shell", "a=(\n", "yntax error"),
        ("json", "{", "line 1"),
        ("yaml", "a: [", "line 2"),
        ("xml", "<a><b></a>", "line 1"),
        ("containerlab", "a: [", "line 2"),
        ("ansible-inventory", "a: b: c", "line 1"),
    ],
)
def test_a_syntax_error_is_found(language: str, text: str, words: str) -> None:
    [finding] = check_syntax((artifact(language, text),))
    if finding.verdict is Verdict.UNKNOWN:
        pytest.skip(finding.message)
    assert finding.verdict is Verdict.FAIL
    assert finding.subject == f"x/{language}.txt"
    assert words in finding.message
    assert "/tmp" not in finding.message


WITHOUT_RUN = """
import sys
from pathlib import Path
from parkops.model import Artifact, ArtifactKind
from parkops.verify.syntax import check_syntax

assert not Path("/run/sshd").exists()
text = "MaxAuthTries 3\\n" + sys.argv[1]
[found] = check_syntax((Artifact("x/sshd.txt", text, ArtifactKind.FILE, "sshd", "x"),))
print(found.verdict.value, found.message)
"""


@pytest.mark.parametrize(("more", "words"), [("", "accepted"), ("MaxAuthTry 3\n", "MaxAuthTry")])
def test_sshd_is_asked_on_a_machine_where_it_never_ran(more: str, words: str) -> None:
    """Its folder below /run is made by the service, for the time that it runs."""
    script = 'mount -t tmpfs tmpfs /run && exec "$@"'
    call = ["unshare", "-r", "-m", "sh", "-c", script, "sh", sys.executable, "-c", WITHOUT_RUN, more]
    done = subprocess.run(call, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert done.stdout.startswith("fail " if more else "pass ")
    assert words in done.stdout


def test_a_missing_parser_is_unknown_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syntax_module, "which", lambda *_, **__: None)
    [finding] = check_syntax((artifact("nftables", ""),))
    assert finding.verdict is Verdict.UNKNOWN
    assert "nft is not installed (Debian package nftables)" in finding.message


def test_a_parser_that_hangs_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syntax_module, "TIMEOUT_S", 0.2)
    parser = syntax_module.Parser(("sleep", "5"), "coreutils")
    monkeypatch.setitem(syntax_module.PARSERS, "frr", parser)
    [finding] = check_syntax((artifact("frr", ""),))
    assert finding.verdict is Verdict.UNKNOWN
    assert "sleep did not answer within 0.2 s" in finding.message


def test_what_is_over_is_told_by_the_day_of_the_call(base_text: str) -> None:
    park, _ = design(parse(base_text + WAIVED_BANNER), {})
    platforms = find_platforms()

    def told(day: date) -> list[str]:
        return [item.what for item in advice_on(park, day, platforms) if item.topic == "expiry"]

    assert told(date(2030, 1, 1)) == []
    assert told(date(2030, 1, 2)) == ["waiver 'feature:banner@core-*' is over since 2030-01-01"]


def test_advice_names_what_each_platform_leaves_out(base_park: Park) -> None:
    advice = advice_on(base_park, date(2026, 1, 1), find_platforms())
    assert any(item.what.startswith("not rendered on platform frr: ") for item in advice)
