"""Drift: what it finds, whose it is, what is never compliant, and how it is accepted."""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from park import SOURCE, device, park, router, switch

from parkops.errors import UsageError
from parkops.model import Artifact, ArtifactKind, Change, Guarantee, Need, Running, Workspace
from parkops.push import fleet, frr, overrides
from parkops.push.drift import Changed, Item, Kind, Owner, State, classify, judge, told
from parkops.push.driver import unified
from parkops.push.job import Job
from parkops.push.overrides import Patch, accept, applied
from parkops.push.review import page
from parkops.push.witness import Listeners, who_changed
from parkops.transport.login import Login
from parkops.transport.netconf import NetconfSession

FRR = """interface eth1
 description to core-2
 ip ospf cost 10
exit
ip route 10.1.0.0/16 10.0.0.2
"""
HAND = FRR.replace("to core-2", "changed by hand").replace("10.1.0.0", "10.9.0.0")


def change(running: str, intended: str, name: str = "r1", error: str = "") -> Change:
    texts = (frr.render(frr.parse(text)) if text else "" for text in (running, intended))
    return Change(name, "ssh", unified(*texts, name) if not error else "", Guarantee(), error)


def pushed(text: str) -> Running:
    return Running("r1", "ssh", frr.render(frr.parse(text)), 0.0)


def test_what_differs_is_missing_extra_or_changed_and_ours_or_foreign() -> None:
    found = judge(change(HAND, FRR), [router("r1", FRR)], pushed(FRR), "the device's word")
    assert found.state is State.DRIFTED
    assert found.who == "the device's word"
    assert set(found.items) == {
        Item(
            Kind.CHANGED, Owner.OURS, "interface eth1", "description changed by hand", "description to core-2"
        ),
        Item(Kind.EXTRA, Owner.FOREIGN, "", "ip route 10.9.0.0/16 10.0.0.2"),
        Item(Kind.MISSING, Owner.OURS, "", intended="ip route 10.1.0.0/16 10.0.0.2"),
    }


def test_a_leftover_of_an_earlier_push_is_ours() -> None:
    left = FRR + "ip route 10.7.0.0/16 10.0.0.2\n"
    found = judge(change(left + "log syslog\n", FRR), [router("r1", FRR)], pushed(left))
    owners = {item.running: item.owner for item in found.items}
    assert owners == {"ip route 10.7.0.0/16 10.0.0.2": Owner.OURS, "log syslog": Owner.FOREIGN}


def test_a_device_that_runs_what_was_pushed_has_not_drifted_when_the_plan_has_moved_on() -> None:
    found = judge(change(FRR, HAND), [router("r1", HAND)], pushed(FRR))
    assert found.state is State.NOT_PUSHED


def test_no_difference_is_compliant() -> None:
    assert judge(change(FRR, FRR), [router("r1", FRR)], None).state is State.COMPLIANT


@pytest.mark.parametrize(
    ("made", "artifact", "told"),
    [
        (change("", FRR), router("r1", FRR), "the running configuration is empty"),
        (change(FRR, ""), router("r1", " \n"), "the intended configuration is empty"),
        (change("", ""), router("r1", ""), "the intended configuration is empty"),
        (change(FRR, FRR), router("other", FRR), "the intended configuration is empty"),
        (change(FRR, FRR, error="r1: no answer"), router("r1", FRR), "no answer"),
    ],
)
def test_an_empty_or_unreadable_side_is_an_error_and_never_compliant(
    made: Change, artifact: Artifact, told: str
) -> None:
    found = judge(made, [artifact], None)
    assert found.state is State.ERROR
    assert told in found.error


def test_differences_of_files_name_the_file() -> None:
    diff = "--- /etc/a.conf running\n+++ /etc/a.conf intended\n@@ -1 +1 @@\n-x 1\n+x 2\n"
    assert list(classify(diff)) == [Item(Kind.CHANGED, Owner.OURS, "/etc/a.conf", "x 1", "x 2")]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (
            "<netconf-config-change xmlns='urn:ietf:params:xml:ns:yang:ietf-netconf-notifications'>"
            "<changed-by><username>li</username><session-id>4</session-id><source-host>10.0.0.9</source-host></changed-by>"
            "<edit><target>/if:interfaces</target></edit></netconf-config-change>",
            Changed("li", "10.0.0.9", "4", ("/if:interfaces",)),
        ),
        ("<linkDown xmlns='urn:x'/>", None),
    ],
)
def test_a_device_says_who_changed_it(body: str, found: Changed | None) -> None:
    head = "<notification xmlns='urn:ietf:params:xml:ns:netconf:notification:1.0'><eventTime>0</eventTime>"
    assert told(f"{head}{body}</notification>".encode()) == found


PATCH = {"accepted_on": "2026-11-23", "accepted_by": "li", "reason": "与运营商商定"}


def take(folder: Path, artifact: Artifact, running: str) -> tuple[Artifact, ...]:
    """Accept what a router runs, and render again."""
    made = change(running, artifact.text)
    accept(made, folder, Patch(**PATCH, diff=made.diff))
    return again(folder, artifact)


def again(folder: Path, *artifacts: Artifact) -> tuple[Artifact, ...]:
    here = park(device("r1", "frr", "10.0.0.1"), key=folder, known_hosts=folder)
    return applied(artifacts, here, folder)


def test_accepted_drift_is_rendered_from_then_on(tmp_path: Path) -> None:
    (found,) = take(tmp_path / "overrides", router("r1", FRR), HAND)
    assert frr.render(frr.parse(found.text)) == frr.render(frr.parse(HAND))
    written = (tmp_path / "overrides" / "r1.yaml").read_text(encoding="utf-8")
    assert "与运营商商定" in written
    assert "    - description changed by hand" in written


def test_acceptances_add_up(tmp_path: Path) -> None:
    (once,) = take(tmp_path, router("r1", FRR), HAND)
    made = change(HAND + "log syslog\n", once.text)
    accept(made, tmp_path, Patch(**PATCH, diff=made.diff))
    (twice,) = again(tmp_path, router("r1", FRR))
    assert frr.render(frr.parse(twice.text)) == frr.render(frr.parse(HAND + "log syslog\n"))


def test_an_override_still_fits_when_the_plan_changes_elsewhere(tmp_path: Path) -> None:
    take(tmp_path, router("r1", FRR), FRR.replace("10.1.0.0", "10.9.0.0"))
    (found,) = again(tmp_path, router("r1", "interface eth0\n description new\nexit\n" + FRR))
    assert "10.9.0.0" in found.text
    assert "description new" in found.text


def test_an_override_that_no_longer_fits_is_told(tmp_path: Path) -> None:
    take(tmp_path, router("r1", FRR), HAND)
    with pytest.raises(UsageError, match=r"r1\.yaml: patch 1: it no longer fits at .*: the plan has changed"):
        again(tmp_path, router("r1", FRR.replace("to core-2", "to core-3")))


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("r1", "device: r1\npatches: [{diff: x}]\n", "the override is wrong"),
        ("r1", "device: r9\npatches: []\n", "the override of 'r9': rename the file"),
        ("r9", "device: r9\npatches: []\n", "'r9', which is no managed device"),
        ("r1", "[", "the override is wrong"),
    ],
)
def test_a_wrong_override_is_a_usage_error(tmp_path: Path, name: str, text: str, told: str) -> None:
    (tmp_path / f"{name}.yaml").write_text(text)
    with pytest.raises(UsageError, match=told):
        again(tmp_path, router("r1", FRR))


LINUX = device("r1", "linux", "172.30.77.1")


def test_files_are_overridden_by_their_own_part_of_a_diff() -> None:
    old = Artifact("r1/etc/a", "x 2\n", ArtifactKind.FILE, "text", "r1", "/etc/a")
    other = Artifact("r1/etc/b", "x 2\n", ArtifactKind.FILE, "text", "r1", "/etc/b")
    diff = "--- /etc/a running\n+++ /etc/a intended\n@@ -1 +1 @@\n-x 1\n+x 2\n"
    override = overrides.Override(device="r1", patches=(Patch(**PATCH, diff=diff),))
    told = [overrides._overridden(entry, Path("o"), override, LINUX).text for entry in (old, other)]
    assert told == ["x 1\n", "x 2\n"]


def test_a_switch_tells_its_listeners_who_changed_it(start: Callable[[str, str], Any], login: Login) -> None:
    node = start("sw", "switch")
    listeners = Listeners(login)
    listeners.start([device("sw", "ietf", node.address)])
    config = switch("sw").text
    try:
        name, changed = _edited_until_heard(node.address, login, config, listeners.heard)
    finally:
        listeners.stop()
    assert name == "sw"
    assert changed.user == "parkops"
    assert any("interface" in target or "bridge" in target for target in changed.targets)


def _edited_until_heard(address: str, login: Login, config: str, heard: Any) -> tuple[str, Changed]:
    """Edit again while the listener may not have subscribed yet; bounded."""
    for number in range(20):
        with NetconfSession("sw", address, login) as session:
            session.edit_config(config.replace("port p1", f"port {number}"))
            session.commit()
        try:
            return heard.get(timeout=0.5)
        except queue.Empty:
            continue
    raise AssertionError("nothing was heard")


def test_a_device_that_keeps_no_record_says_nothing(tmp_path: Path) -> None:
    assert who_changed(device("r1", "frr", "127.0.0.9"), Login("u", None, tmp_path)) == ""


def test_the_page_of_a_review_is_self_contained_and_escapes(tmp_path: Path) -> None:
    made = change(FRR.replace("to core-2", "<script>x</script>"), FRR)
    bad = Change("r2", "ssh", "", Guarantee(), "r2: <no answer>")
    told = page(park(device("r1", "frr", "10.0.0.1"), key=tmp_path, known_hosts=tmp_path), [made, bad])
    assert "<script" not in told
    assert "&lt;script&gt;" in told
    assert "r2: &lt;no answer&gt;" in told
    assert "http" not in told.replace("<!doctype html>", "")
    assert SOURCE.file  # the same park as everywhere


def test_a_snapshot_goes_back_by_the_driver_that_read_it(tmp_path: Path) -> None:
    """A router of FRR whose host the plan has asked for since then was read over vtysh."""
    router_ = replace(device("r1", "frr", "172.30.77.2"), needs=(Need("snmpv3", SOURCE),))
    for name in ("key", "known_hosts"):
        (tmp_path / name).touch()
    made = park(router_, key=tmp_path / "key", known_hosts=tmp_path / "known_hosts")
    run = fleet._run(made, Workspace(tmp_path), fleet.Settings())
    before = Running("r1", "ssh", "hostname r1\n", 0.0)
    for snapshot, driver in ((None, "ansible"), (before, "ssh")):
        assert fleet._site(Job(router_, (), snapshot), run, fleet.Settings()).driver == driver
