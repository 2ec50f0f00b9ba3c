"""Running labs for the tests, each started once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import lab_parks as parks
import pytest

from parkops import lab
from parkops.lab import kernel
from parkops.model import Park, Workspace


@dataclass(frozen=True)
class Lab:
    """A running lab."""

    park: Park
    workspace: Workspace

    def network(self) -> AbstractContextManager[None]:
        """Be in the management network for a while; sockets opened there stay there."""
        return kernel.network_namespace(f"/proc/{lab.status(self.workspace).pid}/ns/net")

    def run(self, node: str, *argv: str, timeout_s: float = 30.0) -> str:
        done = lab.run_in(self.workspace, node, argv, timeout_s)
        assert done.returncode == 0, f"{node}: {argv}: {done.stdout}{done.stderr}"
        return done.stdout

    def pings(self, node: str, address: str) -> bool:
        argv = ["ping", "-c", "1", "-W", "1", address]
        return lab.run_in(self.workspace, node, argv).returncode == 0


def needs_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root: these tests move threads between network namespaces")
    missing = lab.preflight()
    if missing:
        pytest.skip("this machine lacks " + ", ".join(one.what for one in missing))


def running(park: Park, folder: Path) -> Iterator[Lab]:
    needs_root()
    workspace = Workspace(folder)
    lab.up(park, workspace)
    try:
        yield Lab(park, workspace)
    finally:
        lab.down(workspace)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Three switches in a ring, with hosts."""
    yield from running(parks.ring_of_three(), tmp_path_factory.mktemp("ring"))


@pytest.fixture(scope="session")
def routed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Two routers and a Linux node in a row, with a host at each end."""
    yield from running(parks.routed(), tmp_path_factory.mktemp("routed"))


@pytest.fixture
def healthy(request: pytest.FixtureRequest) -> Iterator[None]:
    """Heal every lab that the test used, whatever came of it."""
    yield
    for name in ("ring", "routed"):
        if name in request.fixturenames:
            lab.heal(request.getfixturevalue(name).workspace, "all")
