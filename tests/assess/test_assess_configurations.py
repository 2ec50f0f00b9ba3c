"""Configurations as facts: each platform's rules on what is rendered, on weakened and on foreign texts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from parkops.assess.catalogues import mlps, requirements
from parkops.assess.checks.configuration import config_holds
from parkops.assess.config import Audits, File, examine, find_audits, plane_of
from parkops.assess.config.audit import redacted
from parkops.assess.config.folders import all_facts
from parkops.assess.context import Context
from parkops.errors import UsageError
from parkops.model import ArtifactKind, EvidenceSet, Running, Verdict
from parkops.platforms import find_platforms
from parkops.render import Renderer

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "bench"))

import assess_mutations as mutations  # noqa: E402  from the folder above

AUDITS = find_audits()
CASES = [
    pytest.param(platform, fact, case, id=f"{platform}-{fact}")
    for platform, facts in yaml.safe_load((HERE / "facts.yaml").read_text(encoding="utf-8")).items()
    for fact, case in facts.items()
]


def seen(platform: str, text: str, fact: str, path: str = "config"):
    audit = AUDITS.get(platform)
    assert audit is not None
    return examine(audit, [File(path, text)]).facts[fact]


@pytest.mark.parametrize(("platform", "fact", "case"), CASES)
def test_fact_holds_and_fails_in_its_own_words(platform: str, fact: str, case: dict[str, str]) -> None:
    path = case.get("file", "config")
    good = seen(platform, case["good"], fact, path)
    assert good.verdict is Verdict.PASS, good
    bad = seen(platform, case["bad"], fact, path)
    assert bad.verdict is Verdict.FAIL, bad
    assert case["words"] in bad.actual
    assert case["mend"] in bad.mend
    assert all(0 < line.number <= case["bad"].count("\n") + 1 for line in bad.lines)


@pytest.mark.parametrize("platform", AUDITS.names())
def test_nothing_is_concluded_from_nothing(platform: str) -> None:
    audit = AUDITS.get(platform)
    assert audit is not None
    found = examine(audit, [File("config", "")])
    assert {o.verdict for o in found.facts.values()} <= {Verdict.UNKNOWN, Verdict.NOT_APPLICABLE}


@pytest.mark.parametrize("platform", AUDITS.names())
def test_every_weakening_is_noticed(platform: str) -> None:
    found = list(mutations.mutants(platform))
    assert len(found) > 3
    assert [str(mutant) for mutant in found if mutant.missed] == []


def test_what_need_not_be_noticed_says_why() -> None:
    assert all(str(item["why"]).strip() for item in mutations.table()["harmless"])


def test_every_fact_serves_a_requirement_and_every_platform_names_known_facts() -> None:
    used = {
        fact
        for item in (*mlps(), *requirements())
        for entry in item.checks
        for call in entry.check
        if call.name == "config-holds"
        for fact in call.params["facts"]
    }
    assert used == set(all_facts())


def test_a_rendered_device_is_judged_by_its_running_text_once_it_was_read() -> None:
    park = mutations.sample("huawei_vrp")
    device = park.device("acc-1")
    park = replace(park, devices=(device,))
    (artifact,) = (
        a for a in Renderer.of(park, find_platforms()).device(device) if a.kind is ArtifactKind.CLI
    )
    evidence = EvidenceSet(artifacts=(artifact,), now_s=1_000_000.0)
    weak = artifact.text.replace("undo telnet server enable", "telnet server enable")

    def verdicts(*running: Running) -> list[tuple[Verdict, str]]:
        context = Context(park, replace(evidence, running=running))
        return [(o.verdict, o.actual) for o in config_holds(context, ["telnet-off"])]

    assert [v for v, _ in verdicts()] == [Verdict.PASS]
    ((verdict, actual),) = verdicts(Running("acc-1", "ssh", weak, 999_990.0))
    assert verdict is Verdict.FAIL
    assert "`telnet server enable`" in actual
    ((verdict, actual),) = verdicts(Running("acc-1", "ssh", artifact.text, 1_000.0))
    assert (verdict, actual) == (Verdict.UNKNOWN, "the configuration was read too long ago")


def test_no_evidence_repeats_a_secret_in_clear() -> None:
    text = (
        "snmp-agent community read s3cret\nlocal-user li password simple s3cret\n set password plain s3cret\n"
    )
    found = examine(_audit("huawei_vrp"), [File("x.cfg", text)])
    told = "".join(f"{o.actual}{o.mend}{o.lines}" for o in found.facts.values())
    assert "***" in told
    assert "s3cret" not in told
    assert redacted("username op password 0 s3cret") == "username op password 0 ***"
    assert redacted("password hash $h$6$abc") == "password hash $h$6$abc"


def test_a_users_own_platform_brings_its_own_audit(tmp_path: Path) -> None:
    own = tmp_path / "acme_os"
    own.mkdir()
    (own / "audit.yaml").write_text(
        "guess: ['acme box']\nfacts:\n  telnet-off:\n  - {has: 'telnet off$', mend: telnet off}\n"
    )
    audits = find_audits([tmp_path])
    audit = audits.get("acme_os")
    assert audit is not None
    assert audits.guess([File("x", "acme box 7\ntelnet off\n")]) == "acme_os"
    assert examine(audit, [File("x", "telnet off\n")]).facts["telnet-off"].verdict is Verdict.PASS
    failed = examine(audit, [File("x", "telnet on\n")]).facts["telnet-off"]
    assert (failed.verdict, failed.mend) == (Verdict.FAIL, "telnet off")
    assert failed.actual == "no line such as `telnet off`"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("facts: {telnet-of: {has: x}}", "no such fact: telnet-of"),
        ("facts: {telnet-off: {has: '('}}", "the audit is wrong"),
        ("fact: {}", "Extra inputs are not permitted"),
        ("extends: nobody", "there is no audit of 'nobody'"),
    ],
)
def test_a_wrong_audit_says_what_is_wrong(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "acme_os").mkdir()
    (tmp_path / "acme_os" / "audit.yaml").write_text(text)
    with pytest.raises(UsageError, match="acme_os") as caught:
        Audits((tmp_path,)).get("acme_os")
    assert words in str(caught.value)


def _audit(platform: str):
    audit = AUDITS.get(platform)
    assert audit is not None
    return audit


def _golden() -> Iterator[Path]:
    for platform in AUDITS.names():
        yield from sorted((HERE.parent / "render" / platform).glob("*/*"))


@pytest.mark.parametrize("platform", [n for n in AUDITS.names() if n not in ("linux", "frr", "ietf")])
def test_platform_is_told_from_its_lines(platform: str) -> None:
    texts = [file for file in _golden() if file.parts[-3] == platform]
    guessed = {AUDITS.guess([File(file.name, file.read_text(encoding="utf-8"))]) for file in texts}
    assert platform in guessed


def test_plane_names_what_the_plan_asks_of_a_device() -> None:
    device = mutations.sample("huawei_vrp").device("acc-1")
    plane = plane_of(device)
    assert plane["radius"] == ("172.31.0.2", "172.31.0.3")
    assert plane["unused"] == device.unused
    assert set(plane["users"]) == {"parkops", "watch", "audit"}


def test_a_collector_is_not_asked_to_send_logs_to_itself(demo_park):
    own, other = (plane_of(demo_park.device(name)) for name in ("mgmt-1", "core-1"))
    assert (own["syslog"], own["ntp"]) == ((), ())
    assert other["syslog"] == (demo_park.device("mgmt-1").management_address,)


def test_a_host_that_was_not_read_is_unknown_and_one_without_a_file_fails() -> None:
    """FRR's own configuration says nothing about its host; its host's files say what is missing there."""
    audit = AUDITS.get("frr")
    assert audit is not None
    frr = File("/etc/frr/frr.conf", "frr defaults traditional\n")
    alone = examine(audit, [frr]).facts["ssh-server"]
    assert (alone.verdict, alone.actual) == (Verdict.UNKNOWN, "sshd_config was not given")
    with_host = examine(audit, [frr, File("/etc/nftables.conf", "table inet x {\n}\n")]).facts["ssh-server"]
    assert (with_host.verdict, with_host.actual) == (Verdict.FAIL, "no file sshd_config")
    for fact in ("edge-auth", "storm-control", "dhcp-snooping", "bpdu-guard"):
        told = examine(audit, [frr, File("/etc/nftables.conf", "table inet x {\n}\n")]).facts[fact]
        assert told.verdict is Verdict.UNKNOWN, "a leaf may have access ports, unlike a Debian node"
