"""On a lab: a change of all devices commits; what cuts a tenant or management off is taken back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from nodes import set_network

from parkops import lab, push
from parkops.gate import ParkGate, gate
from parkops.lab.machine import preflight
from parkops.model import Artifact, Outcome, Park, Workspace
from parkops.pipeline import load_park, render_park
from parkops.push import Settings
from parkops.push.journal import Journal
from parkops.push.lock import Locks

MINI = Path(__file__).parents[2] / "labs" / "mini"
CUT = 'counter drop comment "cut"\n        ct state established,related accept'


@dataclass(frozen=True)
class Lab:
    """A running lab with all of its devices as planned."""

    park: Park
    place: Workspace
    artifacts: tuple[Artifact, ...]

    def push(self, *changed: Artifact, timeout_s: int = 30) -> push.Pushed:
        """Push one device's artifacts with some of them changed, behind the full gate."""
        by_path = {artifact.path: artifact for artifact in changed}
        artifacts = [by_path.get(artifact.path, artifact) for artifact in self.artifacts]
        names = sorted({artifact.device for artifact in changed}) or [d.name for d in self.park.managed]
        settings = Settings(confirm_timeout_s=timeout_s, gate=gate("full", self.park, self.place))
        return push.push(self.park, artifacts, self.place, devices=names, settings=settings)

    def file(self, device: str, destination: str) -> Artifact:
        """Return a device's rendered file."""
        return next(a for a in self.artifacts if (a.device, a.destination) == (device, destination))

    def differing(self) -> list[str]:
        """Name the devices that do not run what was rendered."""
        return [
            change.device for change in push.plan(self.park, self.artifacts, self.place) if not change.empty
        ]


@pytest.fixture(scope="module")
def mini(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    if os.geteuid() != 0:
        pytest.skip("needs root: this test's thread moves between network namespaces")
    folder = tmp_path_factory.mktemp("mini")
    for name in ("park.yaml", "park.lock"):
        shutil.copyfile(MINI / name, folder / name)
    place = Workspace(folder)
    park = load_park(place)
    if missing := preflight(sorted({device.platform for device in park.devices})):
        pytest.skip(f"this machine lacks: {missing}")
    lab.up(park, place)
    back = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        lab.enter(place)
        yield Lab(park, place, render_park(park, place))
    finally:
        set_network(back)
        os.close(back)
        lab.down(place)


@pytest.mark.lab
def test_a_change_of_all_devices_commits_and_the_next_ones_that_cut_are_taken_back(mini: Lab) -> None:
    pushed = mini.push(timeout_s=120)
    assert pushed.ending == "committed", pushed.reason
    assert {result.outcome for result in pushed.results} == {Outcome.CHANGED}

    rules = mini.file("ac-bd-1", "/etc/nftables.conf")
    inwards, chain, forward = rules.text.partition("chain forward {")
    cut = inwards + chain + forward.replace("ct state established,related accept", CUT, 1)
    pushed = mini.push(replace(rules, text=cut), timeout_s=15)
    assert pushed.ending == "rolled back"
    assert "the health gate did not open: ac-p1" in pushed.reason
    assert not mini.differing()

    login = mini.file("fw-1", "/etc/ssh/sshd_config.d/parkops.conf")
    pushed = mini.push(replace(login, text=login.text + "DenyUsers parkops\n"), timeout_s=10)
    assert pushed.ending == "rolled back", pushed.reason
    assert "fw-1 failed to verify" in pushed.reason or "fw-1 failed to commit" in pushed.reason
    assert not mini.differing()

    assert not Locks(mini.place.state).held()
    with Journal(Locks(mini.place.state).database) as journal:
        assert journal.verify().whole


def test_a_gate_without_a_lab_says_that_it_cannot_try_flows(tmp_path: Path) -> None:
    for name in ("park.yaml", "park.lock"):
        shutil.copyfile(MINI / name, tmp_path / name)
    place = Workspace(tmp_path)
    asked = gate("full", load_park(place), place)
    assert isinstance(asked, ParkGate)
    assert "not tried" in " ".join(asked.looks_at())
    assert asked.at_stake()
    assert gate("none", load_park(place), place).check(None).ok  # type: ignore[arg-type]
