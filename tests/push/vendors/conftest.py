"""Fixtures: vendors' devices over SSH on loopback, and a driver that works on one of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from boxes import KINDS, Box, Host, hosted
from languages import Configuration
from vendor_bench import Bench

from parkops.model import Artifact, ArtifactKind, Device, Role, SourceRef, Workspace
from parkops.push.contract import PerDevice, Phase, Site
from parkops.push.job import Job, Run, Steps
from parkops.push.vendor_cli import VendorCliDriver
from parkops.transport import cli
from parkops.transport.login import Login
from parkops.transport.secrets import Vault


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    yield from hosted(tmp_path_factory.mktemp("boxes"))


@pytest.fixture
def bench(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Bench]]:
    """Make a bench of a platform, what it runs and what it is to run."""
    made: list[Bench] = []

    def make(kind: str, running: str, intended: str, *faults: str, minute_s: float = 60.0) -> Bench:
        box = Box(kind, "sw1", Configuration(KINDS[kind]).load(running), set(faults), minute_s)
        monkeypatch.setattr(cli, "PORT", host.serve(box))
        source = SourceRef("park.yaml", 1, 1, "test")
        device = Device("sw1", Role.ACCESS_SWITCH, kind, source, management_ipv4="127.0.0.1/8")
        artifact = Artifact("sw1/config.txt", intended, ArtifactKind.CLI, kind, "sw1")
        login = Login("parkops", host.key, host.known_hosts, connect_timeout_s=5, rpc_timeout_s=3)
        run = Run(Workspace(tmp_path), login, Vault(tmp_path))
        site = Site(Job(device, (artifact,)), Steps(run, "sw1"), "parkops-1", 60, driver="vendor-cli")
        made.append(Bench(box, site, run, PerDevice(VendorCliDriver())))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for bench in made:
        bench.act(Phase.RELEASE)
