"""The run over the fleet: one bad device hides no other, and a later push repairs."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from nodes import NETWORK
from park import device, linux, park, router, switch, workspace
from test_ssh import CONFIG

from parkops import push
from parkops.cli.diff import diff as diff_verb
from parkops.cli.push import push as push_verb
from parkops.errors import UsageError
from parkops.model import Outcome, Result, Workspace
from parkops.push.journal import Journal
from parkops.push.lock import Locks
from parkops.push.replay import replay
from parkops.transport.login import Login

Start = Callable[[str, str], Any]


def by_name(results: tuple[Result, ...]) -> dict[str, Result]:
    return {result.device: result for result in results}


def test_every_bad_device_is_told_and_none_is_touched(start: Start, login: Login, tmp_path: Path) -> None:
    nodes = {"sw-good": start("sw-good", "switch"), "l-refuses": start("l-refuses", "linux")}
    devices = [device("sw-good", "ietf", nodes["sw-good"].address)]
    devices.append(device("l-refuses", "linux", nodes["l-refuses"].address))
    devices.append(device("sw-off", "ietf", f"{NETWORK}.250"))
    devices.append(device("sw-bare", "ietf", nodes["sw-good"].address))
    site = park(*devices, key=login.key or Path(), known_hosts=login.known_hosts)
    place = workspace(tmp_path / "park")
    artifacts = [switch("sw-good"), switch("sw-off"), *linux("l-refuses", chrony="nonsense\n")]
    pushed = push.push(site, artifacts, place)
    assert pushed.ending == "refused"
    results = by_name(pushed.results)
    reasons = {"sw-off": "connect: ", "l-refuses": "refused by chronyd", "sw-bare": "0 NETCONF payloads"}
    for name, reason in reasons.items():
        assert results[name].outcome is Outcome.FAILED
        assert reason in results[name].message
    assert results["sw-good"].outcome is Outcome.SKIPPED
    assert results["sw-good"].message.startswith("not begun: ")
    assert not Locks(place.state).held()
    done = push.push(site, artifacts, place, devices=["sw-good"])
    assert done.ending == "committed", done.reason


FAULTS = {  # what each bad device does, and what is said of it
    "sw-refuses": "[invalid-value]",
    "sw-drops": "edit-config: ",
    "sw-lies": "running is not what was sent",
    "r-refuses": "% Unknown command",
}


def test_whatever_one_device_does_all_run_what_they_ran_before(
    start: Start, misbehaving: Callable[[str], str], login: Login, tmp_path: Path
) -> None:
    nodes = {"sw-good": start("sw-good", "switch"), "r-good": start("r-good", "router")}
    nodes["r-refuses"] = start("r-refuses", "router")
    addresses = {name: node.address for name, node in nodes.items()}
    addresses |= {"sw-refuses": start("sw-refuses", "switch").address}
    addresses |= {"sw-drops": misbehaving("drops"), "sw-lies": misbehaving("lies")}
    devices = [device(name, "frr" if name[0] == "r" else "ietf", ip) for name, ip in addresses.items()]
    site = park(*devices, key=login.key or Path(), known_hosts=login.known_hosts)
    place = workspace(tmp_path / "park")
    good = {d.name: router(d.name, CONFIG) if d.platform == "frr" else switch(d.name) for d in devices}
    broken = switch("sw-refuses").text.replace("<pvid>101</pvid>", "<pvid>4095</pvid>")
    bad = good | {
        "sw-refuses": replace(good["sw-refuses"], text=broken),
        "r-refuses": router("r-refuses", CONFIG.replace(" log-adjacency", " nonsense", 1)),
    }
    before = {r.device: r.text for r in push.read_running(site, good.values(), place)}
    for name, reason in FAULTS.items():
        pushed = push.push(site, bad.values(), place, devices=["sw-good", "r-good", name])
        results = by_name(pushed.results)
        assert pushed.ending in ("rolled back", "refused"), pushed.reason
        assert results[name].outcome is Outcome.FAILED
        assert reason in results[name].message, results[name].message
        assert {results[one].outcome for one in ("sw-good", "r-good")} == {Outcome.SKIPPED}
        assert {r.device: r.text for r in push.read_running(site, good.values(), place)} == before
        assert not Locks(place.state).held()
    names = [name for name in good if name not in ("sw-drops", "sw-lies")]
    assert push.push(site, good.values(), place, devices=names).ending == "committed"


@pytest.fixture
def two(start: Start, login: Login, tmp_path: Path) -> tuple[Any, list[Any], Workspace, dict[str, Any]]:
    """A switch and a router with what was rendered for them."""
    nodes = {"sw": start("sw", "switch"), "r1": start("r1", "router")}
    devices = [device("sw", "ietf", nodes["sw"].address), device("r1", "frr", nodes["r1"].address)]
    site = park(*devices, key=login.key or Path(), known_hosts=login.known_hosts)
    return site, [switch("sw"), router("r1", CONFIG)], workspace(tmp_path / "park"), nodes


def test_a_dry_run_changes_nothing(two: Any) -> None:
    site, artifacts, place, _ = two
    results = push.run(site, artifacts, place, dry_run=True)
    assert [result.outcome for result in results] == [Outcome.SKIPPED, Outcome.SKIPPED]
    assert all("would change" in result.message for result in results)
    assert all(result.diff for result in push.run(site, artifacts, place, dry_run=True))
    assert not (place.state / "journal.db").exists()


def test_the_journal_knows_the_diff_before_the_device_is_touched(two: Any) -> None:
    site, artifacts, place, _ = two
    seen: list[str] = []

    def look(name: str, step: str, _: str) -> None:
        if name == "sw" and step == "edit":
            with Journal(place.state / "journal.db") as journal:
                (record,) = replay(journal.entries())
                seen.append(record.plan_digest)
                seen.append(journal.text(record.devices["sw"].texts["diff"]) or "")
                seen.append(record.ending)

    push.run(site, artifacts, place, progress=look)
    assert seen[0] == site.plan_digest
    assert "+++ sw intended" in seen[1]
    assert seen[2] == "open"
    with Journal(place.state / "journal.db") as journal:
        (record,) = replay(journal.entries())
        assert (record.ending, len(record.changed)) == ("committed", 2)
        assert journal.verify().whole


def test_two_pushes_at_once_are_one_too_many(two: Any) -> None:
    site, artifacts, place, _ = two
    caught: list[UsageError] = []

    def second(name: str, step: str, _: str) -> None:
        if step == "edit":
            with pytest.raises(UsageError, match="another push is running") as error:
                push.run(site, artifacts, place)
            caught.append(error.value)

    push.run(site, artifacts, place, devices=["sw"], progress=second)
    assert str(os.getpid()) in str(caught[0])


def test_an_interrupt_takes_back_what_was_begun(two: Any) -> None:
    site, artifacts, place, _ = two

    def interrupt(name: str, step: str, _: str) -> None:
        if name == "sw" and step == "commit":
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.5)  # the commit goes on; the next step is never taken

    with pytest.raises(KeyboardInterrupt):
        push.run(site, artifacts, place, devices=["sw"], progress=interrupt)
    results = push.run(site, artifacts, place, devices=["sw"])
    assert results[0].outcome is Outcome.CHANGED, results[0].message  # it was taken back, no lock was left


def test_an_unknown_device_is_a_usage_error(two: Any) -> None:
    site, artifacts, place, _ = two
    with pytest.raises(UsageError, match="no such managed device"):
        push.run(site, artifacts, place, devices=["nobody"])


class FakeContext:
    """What the verbs ask of the command line's context."""

    quiet = False

    def __init__(self, site: Any, artifacts: list[Any], place: Workspace) -> None:
        from rich.console import Console

        self.workspace, self._site, self._artifacts = place, site, artifacts
        self.console = Console(width=200, force_terminal=False)

    def park(self) -> Any:
        return self._site

    def artifacts(self) -> list[Any]:
        return self._artifacts

    def select(self, names: tuple[str, ...]) -> list[Any]:
        return [self._site.device(name) for name in names] if names else list(self._site.managed)

    def enter_lab(self) -> bool:
        return False

    def open_store(self) -> Any:
        from parkops.store import Store

        self.workspace.state.mkdir(parents=True, exist_ok=True)
        return Store.open(self.workspace.database)

    def table(self, *heads: str) -> Any:
        from rich.table import Table

        return Table(*heads, box=None)

    def print_json(self, kind: str, body: Any) -> None:
        print(json.dumps({"kind": f"parkops.{kind}", "version": 1, **body}, default=str))


def test_the_verbs_say_what_happened_and_exit_with_it(two: Any, capsys: pytest.CaptureFixture[str]) -> None:
    site, artifacts, place, nodes = two

    def call(verb: Any, *words: str) -> tuple[int, str]:
        capsys.readouterr()
        done = CliRunner().invoke(verb, list(words), obj=FakeContext(site, artifacts, place))
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.output

    code, text = call(diff_verb)
    assert (code, "+++ r1 intended" in text, "2 differ" in text) == (0, True, True)
    code, text = call(push_verb, "--dry-run")
    assert (code, "confirmed commit" in text, "nothing was changed" in text) == (0, True, True)
    code, text = call(push_verb)
    assert (code, "2 changed" in text) == (0, True), text
    code, text = call(push_verb, "--json")
    assert (code, json.loads(text)["counts"]) == (0, {"unchanged": 2})
    code, text = call(push_verb)
    assert "2 devices: 2 unchanged; nothing was changed" in text
    nodes["r1"].stop()
    code, text = call(diff_verb)
    assert (code, "1 could not be read" in text) == (1, True), text
    code, text = call(push_verb, "r1")
    assert (code, "1 failed" in text) == (1, True)
