"""The run over the fleet: one bad device hides no other, and a later push repairs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
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
from parkops.model import ArtifactKind, Outcome, Result, Workspace
from parkops.push.journal import Journal
from parkops.transport.login import Login

Start = Callable[[str, str], Any]


def by_name(results: tuple[Result, ...]) -> dict[str, Result]:
    return {result.device: result for result in results}


def test_bad_devices_hide_no_other_and_a_later_push_repairs(
    start: Start, misbehaving: Callable[[str], str], login: Login, tmp_path: Path
) -> None:
    names = {"sw-good": "switch", "sw-refuses": "switch", "sw-drops": "switch"}
    names |= {"r-good": "router", "r-refuses": "router", "l-good": "linux", "l-refuses": "linux"}
    nodes = {name: start(name, kind) for name, kind in names.items()}
    platforms = {"switch": "ietf", "router": "frr", "linux": "linux"}
    devices = [device(name, platforms[names[name]], node.address) for name, node in nodes.items()]
    devices.append(device("sw-off", "ietf", f"{NETWORK}.250"))
    devices.append(device("sw-lies", "ietf", misbehaving("lies")))
    devices.append(device("sw-dies", "ietf", misbehaving("drops")))
    site = park(*devices, key=login.key or Path(), known_hosts=login.known_hosts)
    place = workspace(tmp_path / "park")

    good = {d.name: (switch(d.name),) for d in devices if d.platform == "ietf"}
    good |= {name: (router(name, CONFIG),) for name in ("r-good", "r-refuses")}
    good |= {name: linux(name) for name in ("l-good", "l-refuses")}
    broken = switch("sw-refuses").text.replace("<pvid>101</pvid>", "<pvid>4095</pvid>")
    wrong = good | {
        "sw-refuses": (type(switch("x"))("x", broken, ArtifactKind.NETCONF, "xml", "sw-refuses"),),
        "r-refuses": (router("r-refuses", CONFIG.replace(" log-adjacency", " nonsense", 1)),),
        "l-refuses": linux("l-refuses", chrony="nonsense\n"),
    }

    def drop(name: str, step: str, _: str) -> None:
        if name == "sw-drops" and step == "edit":
            nodes["sw-drops"].drop_sessions()

    artifacts = [artifact for part in wrong.values() for artifact in part]
    results = by_name(push.run(site, artifacts, place, progress=drop))
    reasons = {
        "sw-off": "connect: ", "sw-lies": "running is not what was sent", "sw-dies": "edit-config: ",
        "sw-refuses": "[invalid-value]", "sw-drops": "edit-config: ", "r-refuses": "% Unknown command",
        "l-refuses": "refused by chronyd",
    }  # fmt: skip
    assert set(results) == {d.name for d in devices}
    for name, result in results.items():
        if name in reasons:
            assert result.outcome is Outcome.FAILED, name
            assert reasons[name] in result.message, f"{name}: {result.message}"
        else:
            assert result.outcome is Outcome.CHANGED, f"{name}: {result.message}"

    artifacts = [artifact for part in good.values() for artifact in part]
    repaired = by_name(push.run(site, artifacts, place, devices=list(nodes)))
    for name, result in repaired.items():
        expected = Outcome.CHANGED if name in reasons else Outcome.UNCHANGED
        assert result.outcome is expected, f"{name}: {result.message}"


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
                open_ended = journal.open_ended()
                seen.append(open_ended[0].plan_digest)
                seen.extend(
                    step.detail for step in journal.steps(open_ended[0].id, "sw") if step.name == "differs"
                )

    push.run(site, artifacts, place, progress=look)
    assert seen[0] == site.plan_digest
    assert "+++ sw intended" in seen[1]
    with Journal(place.state / "journal.db") as journal:
        (entry,) = journal.transactions()
        assert (entry.devices, entry.failed, journal.open_ended()) == (2, 0, ())


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


def test_the_lock_of_a_dead_process_is_no_lock(two: Any) -> None:
    site, artifacts, place, _ = two
    place.state.mkdir(parents=True)
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom parkops.push.lock import locked\n"
        "with locked(Path(sys.argv[1])):\n    os._exit(9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, place.state / "push.lock"], check=False)
    assert done.returncode == 9
    assert all(result.ok for result in push.run(site, artifacts, place))


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
