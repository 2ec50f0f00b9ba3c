"""Kill a daemon of a node so that it stays dead, and bring it back.

Runs inside a node on the standard library alone, as a script: ``daemonctl.py kill|start NAME``.
NAME is a program that the node's init keeps running, a daemon of FRR, or an init script.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

HOLDS, PIDS = Path("/run/parkops/hold"), Path("/run/parkops/pid")
FRR_PIDS, INIT_SCRIPTS = Path("/run/frr"), Path("/etc/init.d")
FRR_DAEMONS = ("zebra", "ospfd", "ospf6d", "bfdd", "staticd", "bgpd")
# Process names where they differ from the init script's.
PROCESSES: dict[str, tuple[str, ...]] = {"chrony": ("chronyd",), "rsyslog": ("rsyslogd",), "ssh": ("sshd",)}
PROCESSES["frr"] = ("watchfrr", *FRR_DAEMONS)
SOCKETS = {"netconfd": Path("/run/netconfd/ncx.sock"), "ovsdb-server": Path("/run/openvswitch/db.sock")}
TIMEOUT_S = 15.0


def processes(names: tuple[str, ...]) -> list[int]:
    """Return the processes that have one of these names."""
    found = []
    wanted = {name[:15] for name in names}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != 1:
            try:
                if (folder / "comm").read_text().strip() in wanted:
                    found.append(int(folder.name))
            except OSError:
                continue
    return found


def known() -> list[str]:
    """Return the names that can be killed here now."""
    names = {path.name for path in PIDS.glob("*")}
    names |= {path.stem for path in FRR_PIDS.glob("*.pid") if path.stem in FRR_DAEMONS}
    if INIT_SCRIPTS.is_dir() and Path("/etc/sudoers").exists():
        names |= {path.name for path in INIT_SCRIPTS.iterdir() if processes(process_names(path.name))}
    return sorted(names)


def process_names(service: str) -> tuple[str, ...]:
    """Return what a service's processes are called."""
    return PROCESSES.get(service, (service,))


def kill(name: str) -> None:
    """Kill a daemon; what would restart it is told not to."""
    if name not in known():
        sys.exit(f"no daemon {name} runs here: {', '.join(known())}")
    if (PIDS / name).exists():
        (HOLDS / name).touch()
        victims = [int((PIDS / name).read_text())]
    elif name in FRR_DAEMONS:
        vtysh(f"watchfrr ignore {name}")
        victims = [int((FRR_PIDS / f"{name}.pid").read_text())]
    else:
        victims = processes(process_names(name))
    for pid in victims:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    wait(lambda: not any(alive(pid) for pid in victims), f"{name} does not die")
    if name in FRR_DAEMONS:
        (FRR_PIDS / f"{name}.vty").unlink(missing_ok=True)


def start(name: str) -> None:
    """Bring a killed daemon back."""
    if (HOLDS / name).exists():
        former = (PIDS / name).read_text()
        (HOLDS / name).unlink()
        os.kill(1, signal.SIGHUP)
        wait(lambda: (PIDS / name).read_text() != former, f"{name} does not start")
        wait(lambda: name not in SOCKETS or SOCKETS[name].is_socket(), f"{name} does not listen")
    elif name in FRR_DAEMONS:
        vtysh(f"no watchfrr ignore {name}")
        if not processes((name,)):
            run("/usr/lib/frr/watchfrr.sh", "start", name)
        wait(lambda: watched(name), f"{name} does not start")
    else:
        run("service", name, "start")
        wait(lambda: bool(processes(process_names(name))), f"{name} does not start")


def vtysh(line: str) -> None:
    """Give watchfrr a command."""
    run("vtysh", "-d", "watchfrr", "-c", line)


def watched(name: str) -> bool:
    """Tell whether watchfrr sees a daemon up: before, FRR refuses to write its configuration."""
    argv = ["vtysh", "-c", "show watchfrr"]
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10, check=False
    )
    return any(line.split() == [name, "Up"] for line in done.stdout.splitlines())


def run(*argv: str) -> None:
    """Run a command; its failure ends this script with what it said."""
    quiet = subprocess.DEVNULL
    done = subprocess.run(argv, stdin=quiet, stdout=quiet, stderr=quiet, timeout=60, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(argv)}: exit status {done.returncode}")


def alive(pid: int) -> bool:
    """Tell whether a process lives (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def wait(condition: object, failure: str) -> None:
    """Wait until a condition holds; exit with ``failure`` when it does not in time."""
    deadline_s = time.monotonic() + TIMEOUT_S
    assert callable(condition)
    while not condition():
        if time.monotonic() > deadline_s:
            sys.exit(failure)
        time.sleep(0.02)


def main() -> None:
    """Do what the arguments say."""
    {"kill": kill, "start": start}[sys.argv[1]](sys.argv[2])


if __name__ == "__main__":
    main()
