"""Fixtures: a management network with real nodes, entered by the test's thread."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from misbehave import Server
from nodes import NETWORK, Node, Nodes, set_network

from parkops.push import fleet
from parkops.transport.login import Login

NEEDED = ("unshare", "nsenter", "ip", "sshd", "netconfd", "vtysh", "nft", "ssh-keygen")
YANG = Path(os.environ.get("PARKOPS_YANG", Path(__file__).parents[3] / "shared" / "yang"))
Start = Callable[[str, str], Node]


def _why_not() -> str:
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    tried = subprocess.run(["unshare", "-n", "-m", "-p", "-f", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "this user may not make namespaces"


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """The management network; nodes are started by tests."""
    if reason := _why_not():
        pytest.skip(reason)
    if not YANG.is_dir():
        pytest.skip(f"the official YANG modules are not at {YANG}")
    nodes = Nodes(tmp_path_factory.mktemp("nodes"), YANG)
    try:
        yield nodes
    finally:
        nodes.close()


_numbers = count(10)


@pytest.fixture
def start(network: Nodes) -> Iterator[Start]:
    """Start nodes in the management network that this test's thread is in until its end."""
    begun: list[Node] = []

    def begin(name: str, kind: str) -> Node:
        node = network.start(name, kind, next(_numbers))
        begun.append(node)
        return node

    back = network.enter()
    try:
        yield begin
    finally:
        set_network(back)
        os.close(back)
        for node in begun:
            node.stop()
            network.nodes.pop(node.name, None)


@pytest.fixture
def misbehaving(network: Nodes, start: Start) -> Iterator[Callable[[str], str]]:
    """Start misbehaving NETCONF servers by fault; return the address of each."""
    servers: list[Server] = []

    def begin(fault: str) -> str:
        address = f"{NETWORK}.{next(_numbers)}"
        subprocess.run(["ip", "address", "add", f"{address}/24", "dev", "mgmt"], check=True)
        key = " ".join((network.folder / "host.pub").read_text().split()[:2])
        with network.known_hosts.open("a") as file:
            file.write(f"[{address}]:830 {key}\n")
        server = Server(address, network.folder / "host", network.key.with_suffix(".pub"), fault)
        servers.append(server.__enter__())
        return address

    try:
        yield begin
    finally:
        for server in servers:
            server.__exit__()


@pytest.fixture(autouse=True)
def _short_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests of dead lines short."""
    real = fleet.login
    short = {"connect_timeout_s": 5.0, "rpc_timeout_s": 5.0}
    monkeypatch.setattr(fleet, "login", lambda access, workspace: replace(real(access, workspace), **short))


@pytest.fixture
def login(network: Nodes) -> Login:
    """The login of all nodes."""
    return Login("parkops", network.key, network.known_hosts, connect_timeout_s=5, rpc_timeout_s=10)
