"""A lab starts, says how it stands, and leaves nothing behind, whatever happens to it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import lab_parks as parks
import pytest
from conftest import needs_root
from waiting import eventually

from parkops import lab
from parkops.errors import LabError, UsageError
from parkops.lab import NodeState, state
from parkops.model import Workspace

TESTS = Path(__file__).parent
UP = f"""
import sys; sys.path[:0] = [{str(TESTS)!r}, {str(TESTS.parents[1])!r}]
from pathlib import Path
import lab_parks as parks
from parkops import lab
from parkops.model import Workspace
try:
    lab.up(parks.ring_of_three(), Workspace(Path(sys.argv[1])), lambda text: print(text, flush=True))
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    needs_root()
    return Workspace(tmp_path)


def descendants(root: int) -> set[tuple[int, int]]:
    """Return the processes below one, as (pid, start)."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found, queue = {root}, [root]
    while queue:
        parent = queue.pop()
        children = {pid for pid, above in parents.items() if above == parent} - found
        found |= children
        queue += children
    return {(pid, state.start_ticks(pid) or 0) for pid in found}


def pods(workspace: Workspace) -> list[int]:
    """Return the processes that write to a starting lab's log."""
    log = str(workspace.lab / "up.log")
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and str((folder / "fd/2").readlink()).removesuffix(" (deleted)") == log:
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def gone(processes: set[tuple[int, int]]) -> bool:
    return not any(ticks and state.start_ticks(pid) == ticks for pid, ticks in processes)


def mounts_and_links() -> tuple[list[str], set[str], set[str]]:
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    named = Path("/run/netns")
    spaces = {path.name for path in named.iterdir()} if named.exists() else set()
    return mounts, spaces, {path.name for path in Path("/sys/class/net").iterdir()}


def test_up_and_down_leave_nothing(workspace: Workspace) -> None:
    before = mounts_and_links()
    status = lab.up(parks.ring_of_three(), workspace)
    processes = descendants(status.pid)
    assert len(processes) > 15  # 3 switches of 6 programs, 4 hosts
    assert status.running
    assert {node.state for node in status.nodes} == {NodeState.UP}
    assert [node.name for node in status.nodes] == sorted(d.name for d in parks.ring_of_three().devices)
    assert (workspace.lab / "ssh/id_ed25519").stat().st_mode & 0o777 == 0o600
    assert mounts_and_links() == before  # nothing of the machine's was touched
    with pytest.raises(LabError, match="up already"):
        lab.up(parks.ring_of_three(), workspace)
    assert lab.status(workspace).pid == status.pid
    assert lab.down(workspace)
    assert gone(processes)
    assert mounts_and_links() == before
    assert not workspace.lab.exists()
    assert not lab.down(workspace)
    assert not lab.status(workspace).running


@pytest.mark.parametrize("lines", [0, 1, 3, 6])
def test_a_killed_up_leaves_nothing(workspace: Workspace, lines: int) -> None:
    up = subprocess.Popen([sys.executable, "-c", UP, str(workspace.root)], stdout=subprocess.PIPE, text=True)
    assert up.stdout is not None
    for _ in range(lines):
        assert up.stdout.readline()
    if not lines:
        eventually(lambda: pods(workspace) or up.poll() is not None)
    processes = {one for pid in pods(workspace) for one in descendants(pid)}
    assert processes
    up.send_signal(signal.SIGKILL)
    up.wait(timeout=10)
    eventually(lambda: gone(processes) and not pods(workspace), within_s=10)
    assert not lab.is_up(workspace)
    assert lab.up(parks.routed(), workspace).running  # over what is left of the files
    assert lab.down(workspace)


def test_an_interrupted_up_cleans_up(workspace: Workspace) -> None:
    up = subprocess.Popen([sys.executable, "-c", UP, str(workspace.root)], stdout=subprocess.PIPE, text=True)
    assert up.stdout is not None
    assert "network built" in up.stdout.readline()
    processes = {one for pid in pods(workspace) for one in descendants(pid)}
    up.send_signal(signal.SIGINT)
    assert up.wait(timeout=20) == 130
    assert processes
    assert gone(processes)
    assert not state.state_file(workspace).exists()


def test_a_recycled_pid_is_never_killed(workspace: Workspace) -> None:
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        ticks = state.start_ticks(bystander.pid)
        assert ticks is not None
        stale = state.LabRecord("small", bystander.pid, ticks - 100, False, 0.0, 0.0, ())
        state.write(workspace, stale)
        assert not lab.is_up(workspace)
        assert not lab.down(workspace)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_node_that_does_not_boot_is_named(workspace: Workspace) -> None:
    broken = parks.park(
        [
            parks.device("h-1", "host", addresses=[("eth1", "10.9.1.1/24", "")], gateway="192.0.2.1"),
            parks.device("h-2", "host"),
        ],
        ["h-1:eth1 h-2:eth1"],
    )
    with pytest.raises(LabError, match=r"(?s)h-1: ip route replace default via 192\.0\.2\.1"):
        lab.up(broken, workspace)
    assert not pods(workspace)
    assert not lab.is_up(workspace)


def test_unknown_names_come_with_near_ones(ring: object) -> None:
    workspace = ring.workspace  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="did you mean sw-1"):
        lab.run_in(workspace, "sw1", ["true"])


def test_an_official_switch_must_exist(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no switch nix"):
        lab.up(parks.ring_of_three(), workspace, official={"nix": tmp_path})
    with pytest.raises(UsageError, match=r"no ieee802-dot1q-bridge\.yang"):
        lab.up(parks.ring_of_three(), workspace, official={"sw-1": tmp_path})
    assert not lab.is_up(workspace)


def test_run_in_a_node(ring: object) -> None:
    workspace = ring.workspace  # type: ignore[attr-defined]
    done = lab.run_in(workspace, "sw-1", ["sh", "-c", "hostname; cat; exit 3"], input_text="said\n")
    assert (done.returncode, done.stdout) == (3, "sw-1\nsaid\n")
    with pytest.raises(LabError, match="no end within"):
        lab.run_in(workspace, "h-1", ["sleep", "30"], timeout_s=0.5)
    eventually(lambda: "sleep" not in lab.run_in(workspace, "h-1", ["ps", "ax"]).stdout)


def test_a_node_sees_nothing_of_the_machine(routed: object) -> None:
    run = routed.run  # type: ignore[attr-defined]
    assert run("gw-1", "hostname").strip() == "gw-1"
    assert run("gw-1", "ls", "/home").split() == ["parkops"]
    shadow = run("gw-1", "cat", "/etc/shadow")
    assert "$" not in shadow
    links = {entry["ifname"] for entry in json.loads(run("gw-1", "ip", "-j", "link"))}
    assert links == {"lo", "eth0", "eth1", "eth2"}
    assert "pytest" not in run("gw-1", "ps", "ax", "-o", "args=")


def test_nodes_boot_with_nothing_but_management(workspace: Workspace) -> None:
    park = parks.routed()
    lab.up(park, workspace)
    try:
        ports = {"r-1": ("eth1", "eth2"), "gw-1": ("eth1", "eth2")}
        for node, names in ports.items():
            addresses = json.loads(lab.run_in(workspace, node, ["ip", "-j", "-4", "addr"]).stdout)
            assert {entry["ifname"] for entry in addresses} == {"lo", "eth0"}
            assert not {entry["ifname"] for entry in addresses} & set(names)
        config = lab.run_in(workspace, "r-1", ["vtysh", "-c", "show running-config"]).stdout
        lines = [line for line in config.splitlines() if line.strip("! ")]
        assert lines[-4:] == [
            "frr defaults traditional",
            "hostname r-1",
            "service integrated-vtysh-config",
            "end",
        ]
        assert lab.run_in(workspace, "gw-1", ["ip", "route"]).stdout.startswith("172.31.9.0/24 dev eth0")
        listening = lab.run_in(workspace, "gw-1", ["ss", "-Hltun"]).stdout.splitlines()
        assert ["172.31.9.23:22" in line for line in listening] == [True]
    finally:
        lab.down(workspace)
