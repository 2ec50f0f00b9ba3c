"""The vendors' SSH driver against devices that prompt, page, ask, refuse and revert."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from texts import IOS, IOS_NEW, TEXTS, VRP, VRP_NEW

from parkops.errors import Diverged, Refused, Unreachable
from parkops.push import remediation
from parkops.push.contract import Phase
from parkops.push.witness import who_changed

Make = Callable[..., Any]
ALL = (Phase.SURVEY, Phase.PREPARE, Phase.COMMIT, Phase.VERIFY)
REVERTING = ("cisco_iosxe", "arista_eos", "huawei_vrp", "juniper_junos", "nokia_srlinux")


def runs(bench: Any, text: str) -> bool:
    return not remediation.difference(bench.box.running.text(), text, bench.box.kind)


@pytest.mark.parametrize("kind", sorted(TEXTS))
def test_a_change_is_made_read_back_confirmed_and_saved(bench: Make, kind: str) -> None:
    old, new = TEXTS[kind]
    site = bench(kind, old, new)
    assert site.act(*ALL) is None
    assert runs(site, new)
    assert site.act(Phase.CONFIRM, Phase.RELEASE) is None
    assert site.box.pending is None
    assert runs(site, new)
    if kind not in ("arista_eos", "juniper_junos"):  # they save with the commit
        assert site.box.saved == site.box.running.text()


@pytest.mark.parametrize("kind", sorted(TEXTS))
def test_a_cancelled_change_leaves_the_device_as_it_was(bench: Make, kind: str) -> None:
    old, new = TEXTS[kind]
    site = bench(kind, old, new)
    assert site.act(*ALL) is None
    assert site.act(Phase.CANCEL, Phase.RELEASE) is None
    assert runs(site, old)
    assert site.box.pending is None


@pytest.mark.parametrize("kind", sorted(TEXTS))
def test_the_guarantee_is_what_the_device_has(bench: Make, kind: str) -> None:
    site = bench(kind, *TEXTS[kind])
    assert site.act(Phase.SURVEY) is None
    assert site.site.guarantee.confirmed_commit is (kind in REVERTING)
    assert ("best effort" in site.site.guarantee.text) is (kind not in REVERTING)


@pytest.mark.parametrize("kind", REVERTING)
def test_an_unconfirmed_change_is_taken_back_by_the_device(bench: Make, kind: str) -> None:
    old, new = TEXTS[kind]
    site = bench(kind, old, new, minute_s=0.3)
    assert site.act(Phase.SURVEY, Phase.PREPARE, Phase.COMMIT) is None
    assert site.box.reverted.wait(5)
    assert runs(site, old)
    assert isinstance(site.act(Phase.VERIFY), Diverged)


@pytest.mark.parametrize("kind", ["arista_eos", "huawei_vrp", "juniper_junos", "nokia_srlinux"])
def test_a_candidate_is_not_in_force_and_is_dropped_by_release(bench: Make, kind: str) -> None:
    old, new = TEXTS[kind]
    site = bench(kind, old, new)
    assert site.act(Phase.SURVEY, Phase.PREPARE) is None
    assert runs(site, old)
    assert site.act(Phase.RELEASE) is None
    assert runs(site, old)


@pytest.mark.parametrize(
    ("kind", "old", "new"), [("huawei_vrp", VRP, VRP_NEW), ("cisco_iosxe", IOS, IOS_NEW)]
)
def test_an_old_version_without_a_timer_gets_best_effort(bench: Make, kind: str, old: str, new: str) -> None:
    if kind == "cisco_iosxe":  # the timer needs an archive
        old, new = (text.replace("archive\n path flash:old\n", "") for text in (old, new))
    site = bench(kind, old, new, "no timer")
    assert site.act(*ALL, Phase.CONFIRM) is None
    assert "best effort" in site.site.guarantee.text
    assert runs(site, new)


def test_long_answers_are_paged_through(bench: Make) -> None:
    many = TEXTS["ruijie_os"][0] + "".join(
        f"interface GigabitEthernet1/0/{n}\n description port {n}\n" for n in range(3, 60)
    )
    site = bench("ruijie_os", many, many, "pages")
    assert site.act(Phase.SURVEY) is None
    assert site.site.diff == ""


@pytest.mark.parametrize("kind", ["cisco_iosxe", "huawei_vrp", "hp_comware", "juniper_junos"])
def test_paging_that_cannot_be_switched_off_is_read_through(bench: Make, kind: str) -> None:
    old, new = TEXTS[kind]
    site = bench(kind, old, new, "pages")
    assert site.act(Phase.SURVEY) is None
    assert remediation.difference(site.site.before.text, old, kind) == ""


@pytest.mark.parametrize("kind", sorted(TEXTS))
def test_a_line_that_the_device_does_not_take_fails_and_is_undone(bench: Make, kind: str) -> None:
    old, new = TEXTS[kind]
    bad = {"juniper_junos": "set bogus thing\n", "nokia_srlinux": "set / bogus thing\n"}.get(
        kind, "bogus thing\n"
    )
    site = bench(kind, old, new + bad)
    error = site.act(Phase.SURVEY, Phase.PREPARE, Phase.COMMIT)
    assert isinstance(error, Refused)
    assert "bogus" in str(error)
    assert site.act(Phase.CANCEL, Phase.RELEASE) is None
    assert runs(site, old)


@pytest.mark.parametrize("kind", ["cisco_iosxe", "hp_comware", "arista_eos", "huawei_vrp"])
def test_a_session_lost_in_mid_edit_is_taken_back_over_a_new_one(bench: Make, kind: str) -> None:
    old, new = TEXTS[kind]
    site = bench(kind, old, new, "drops")
    error = site.act(Phase.SURVEY, Phase.PREPARE, Phase.COMMIT)
    assert isinstance(error, Unreachable)
    site.box.faults.clear()
    assert site.act(Phase.CANCEL, Phase.RELEASE) is None
    assert runs(site, old)


def test_a_device_that_takes_lines_and_does_not_keep_them_is_found_out(bench: Make) -> None:
    site = bench("hp_comware", *TEXTS["hp_comware"], "lies")
    assert isinstance(site.act(*ALL), Diverged)


@pytest.mark.parametrize("fault", ["empty", "cut"])
def test_an_empty_or_cut_off_configuration_is_an_error(bench: Make, fault: str) -> None:
    site = bench("huawei_vrp", VRP, VRP, fault)
    error = site.act(Phase.SURVEY)
    assert isinstance(error, Refused)
    assert "display current-configuration" in str(error)


def test_a_question_without_an_answer_ends_in_time_and_is_told(
    bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = bench("ruijie_os", *TEXTS["ruijie_os"])
    monkeypatch.setattr("parkops.push.vendor_dialects.DIALECTS", _mute())
    assert site.act(*ALL) is None
    site.site.session.cli.login = replace(site.run.login, rpc_timeout_s=0.3)
    site.run = replace(site.run, login=site.site.session.cli.login)
    error = site.act(Phase.CONFIRM)
    assert isinstance(error, Unreachable)
    assert "Overwrite the startup configuration? [yes/no]:" in str(error)


def _mute() -> dict[str, Any]:
    from parkops.push.vendor_dialects import DIALECTS

    silent = replace(DIALECTS["ruijie_os"].talk, answers=())
    return {**DIALECTS, "ruijie_os": replace(DIALECTS["ruijie_os"], talk=silent)}


def test_a_device_says_who_changed_it(bench: Make) -> None:
    site = bench("huawei_vrp", VRP, VRP)
    assert who_changed(site.site.job.device, site.run.login).endswith("li  10.0.0.9  CLI  committed")


def test_where_no_safe_order_is_known_the_device_replaces_its_file(
    bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = (text.replace("archive\n path flash:old\n", "") for text in (IOS, IOS_NEW))
    site = bench("cisco_iosxe", old, new)
    assert site.act(*ALL) is None

    def unsafe(*_: object) -> None:
        raise remediation.Unsafe("no order")

    monkeypatch.setattr(remediation, "remediate", unsafe)
    assert site.act(Phase.CANCEL) is None
    assert "configure replace flash:parkops-parkops-1.cfg force" in site.box.commands
    assert runs(site, old)


def test_a_secret_that_the_device_encrypts_is_no_difference(
    bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "clear text")
    line = "snmp-agent community read cipher "
    running = f"sysname sw1\n{line}%^%#a8(x~%^%#\n"
    site = bench("huawei_vrp", running, f"sysname sw1\n{line}@secret:env:KEY@\n")
    assert site.act(Phase.SURVEY) is None
    assert site.site.diff == ""
    site = bench("huawei_vrp", f"sysname sw1\n{line}other\n", f"sysname sw1\n{line}@secret:env:KEY@\n")
    assert site.act(Phase.SURVEY) is None
    assert f"+{line}@secret:env:KEY@" in site.site.diff
