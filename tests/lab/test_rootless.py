"""A lab without root: the same park in a user namespace."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
USER = f"parkops-t{os.getpid() % 100000}"
SCRIPT = f"""
import sys; sys.path[:0] = [{str(ROOT / "tests/lab")!r}, {str(ROOT)!r}]
from pathlib import Path
import lab_parks as parks
from switching import Access, connect, payload, replace
from parkops import lab
from parkops.lab import Fault, FaultKind
from parkops.lab.faults import heal, inject
from parkops.model import Workspace

folder = Path(sys.argv[1])
def run(where, node, *argv):
    done = lab.run_in(where, node, argv)
    assert done.returncode == 0, (node, argv, done.stdout, done.stderr)
    return done.stdout

routed = Workspace(folder / "routed")
assert lab.up(parks.routed(), routed).rootless
try:
    assert "hostname r-1" in run(routed, "r-1", "vtysh", "-c", "show running-config")
    assert run(routed, "gw-1", "su", "parkops", "-s", "/bin/sh", "-c", "sudo -n id -u").strip() == "0"
    run(routed, "gw-1", "service", "chrony", "start")
    inject(routed, Fault(FaultKind.NODE_DEAD, "r-1"))
    heal(routed)
    inject(routed, Fault(FaultKind.DELAY, "r-1:eth1", delay_ms=5))
    heal(routed)
finally:
    lab.down(routed)

ring = Workspace(folder / "ring")
lab.up(parks.ring_of_three(), ring)
try:
    lab.enter(ring)
    switch = connect(ring.root, "172.31.9.11")
    replace(switch, payload({{"p3": Access(101), "p4": Access(101)}}))
    for _ in range(20):
        if lab.run_in(ring, "h-1", ["ping", "-c1", "-W1", "10.9.1.4"]).returncode == 0:
            break
    else:
        raise AssertionError("no way from h-1 to h-4")
finally:
    lab.down(ring)
print("rootless works")
"""


@pytest.fixture
def tunnel() -> Iterator[None]:
    """Open vSwitch needs /dev/net/tun writable, as udev makes it; put it back afterwards."""
    device = Path("/dev/net/tun")
    if not device.exists():
        pytest.skip("this kernel has no /dev/net/tun")
    if os.geteuid() != 0:
        if not os.access(device, os.R_OK | os.W_OK):
            pytest.skip("/dev/net/tun is not writable for this user, and only root may change that")
        yield
        return
    mode = device.stat().st_mode & 0o777
    device.chmod(0o666)
    yield
    device.chmod(mode)


@pytest.fixture
def account() -> Iterator[pwd.struct_passwd]:
    """An ordinary user: whoever runs the tests, or one made by root for this test."""
    if os.geteuid() != 0:
        yield pwd.getpwuid(os.geteuid())
        return
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    subprocess.run(["useradd", "--no-create-home", USER], check=True, env=environment, timeout=30)
    try:
        yield pwd.getpwnam(USER)
    finally:
        subprocess.run(["userdel", USER], check=True, env=environment, timeout=30, capture_output=True)


def test_a_plain_user_runs_a_lab(tunnel: None, account: pwd.struct_passwd) -> None:
    folder = Path(f"/tmp/parkops-rootless-{os.getpid()}")
    folder.mkdir()
    for name in ("", "routed", "ring"):
        (folder / name).mkdir(exist_ok=True)
        os.chown(folder / name, account.pw_uid, account.pw_gid)
    call = {
        "env": {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "USER": account.pw_name,
            "LOGNAME": account.pw_name,
        },
        "cwd": folder,
        "capture_output": True,
        "text": True,
        "timeout": 120,
    }
    if os.geteuid() == 0:
        call.update(user=account.pw_uid, group=account.pw_gid, extra_groups=[])
    try:
        try:
            subprocess.run(
                [sys.executable, "-c", f"open({str(ROOT / 'pyproject.toml')!r})"], check=True, **call
            )
        except (PermissionError, subprocess.CalledProcessError):
            pytest.skip(f"an ordinary user may not read {ROOT} or its interpreter")
        done = subprocess.run([sys.executable, "-c", SCRIPT, str(folder)], check=False, **call)
        assert done.stdout.endswith("rootless works\n"), done.stdout + done.stderr
    finally:
        shutil.rmtree(folder)
