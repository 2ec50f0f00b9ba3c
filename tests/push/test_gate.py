"""The health gate tells flows that trying cannot decide, and holds nothing up for them."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from park import device, park, workspace

from parkops import lab
from parkops.cli import cli
from parkops.cli.common import Context
from parkops.gate import ParkGate, Seen
from parkops.lab import expect
from parkops.model import Expectation, Workspace
from parkops.push.gate import Health, Question

UNREACHED_S = 8.0  # a gate that waits for what never comes gives up then


def run_here(
    place: Workspace, node: str, argv: list[str], timeout_s: float, given: str
) -> subprocess.CompletedProcess[str]:
    """Run what a node of a lab would run: its sockets are real, its namespace is this one."""
    return subprocess.run(argv, input=given, capture_output=True, text=True, timeout=timeout_s, check=False)


@pytest.fixture(autouse=True)
def nodes_are_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "is_up", lambda place: True)
    monkeypatch.setattr(expect.state, "require", lambda place: None)
    monkeypatch.setattr(expect, "run_in", run_here)


@pytest.fixture
def silent() -> Iterator[int]:
    """A port whose service takes datagrams and says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taker:
        taker.bind(("127.0.0.1", 0))
        yield taker.getsockname()[1]


@pytest.fixture
def open_tcp() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def flow(name: str, protocol: str, port: int, allowed: bool = True) -> Expectation:
    return Expectation(name, "bd", "bd", "127.0.0.1", protocol, port, allowed, "", "")


def ask(folder: Path, *flows: Expectation, before: Seen | None = None) -> Health:
    """Ask the gate of the last wave."""
    whole = park(device("bd", "linux", "172.30.77.2"), key=folder / "key", known_hosts=folder / "hosts")
    gate = ParkGate(replace(whole, expectations=flows), workspace(folder), final_only=before is None)
    if before:
        gate.baseline(before.dump())
    return gate.check(Question(("bd",), True, time.monotonic() + UNREACHED_S, lambda: False))


def test_silence_of_a_datagram_is_a_count_of_its_own(tmp_path: Path, silent: int, open_tcp: int) -> None:
    health = ask(tmp_path, flow("feed", "udp", silent), flow("web", "tcp", open_tcp))
    assert health.ok, health.problems
    assert health.seen == "1 flows as planned, 1 not decidable (feed), 0 targets up"


def test_lab_try_counts_it_as_neither(
    tmp_path: Path, silent: int, open_tcp: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = park(device("bd", "linux", "172.30.77.2"), key=tmp_path / "key", known_hosts=tmp_path / "hosts")
    flows = (flow("feed", "udp", silent), flow("web", "tcp", open_tcp), flow("log", "udp", 514))
    monkeypatch.setattr(Context, "park", lambda self: replace(whole, expectations=flows))
    (tmp_path / "park.yaml").touch()
    said = CliRunner().invoke(cli, ["-p", str(tmp_path), "lab", "try"])
    assert said.exit_code == 0, said.output
    assert "3 tried: 3 allowed, 0 forbidden; 0 not as planned, 2 not decidable" in said.output


def test_syslog_which_never_answers_is_not_said_to_pass_where_it_is_forbidden(tmp_path: Path) -> None:
    health = ask(tmp_path, flow("log", "udp", 514, allowed=False))
    assert health.ok, health.problems
    assert "1 not decidable (log)" in health.seen


def test_a_datagram_that_is_refused_is_decided(tmp_path: Path, silent: int, open_tcp: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taker:
        taker.bind(("127.0.0.1", 0))
        closed = taker.getsockname()[1]
    assert ask(tmp_path, flow("feed", "udp", closed)).problems == ("feed does not pass",)


def test_what_was_answered_before_and_is_silent_now_is_lost(tmp_path: Path, silent: int) -> None:
    health = ask(tmp_path, flow("feed", "udp", silent), before=Seen(passed=frozenset({"feed"})))
    assert len(health.problems) == 1
    assert health.problems[0].startswith("feed could not be decided: no answer")


def test_what_could_not_be_tried_and_must_answer_holds_the_push_up(
    tmp_path: Path, open_tcp: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = subprocess.CompletedProcess([], 1, "", "no node bd")
    monkeypatch.setattr(expect, "run_in", lambda *given: done)
    (problem,) = ask(tmp_path, flow("web", "tcp", open_tcp)).problems
    assert "web could not be decided" in problem
    assert "no node bd" in problem
