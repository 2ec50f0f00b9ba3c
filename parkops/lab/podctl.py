"""Change a running lab from inside its pod: cables, and nodes that die and boot again."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

from parkops.lab import fabric, init, kernel
from parkops.lab.carrier import read_cuts, write_cuts
from parkops.lab.places import CABLES, LAB_FOLDER, POD_RELAYS, POD_SPEC, cable_end, netns
from parkops.lab.spec import load_spec

_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class CableState:
    """How a cable is to behave; the default is a sound one."""

    cut: bool = False
    loss_percent: float = 0.0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0

    def dump(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self))


def set_cable(index: int, state: CableState) -> None:
    """Make a cable behave so."""
    cuts = read_cuts()
    write_cuts(cuts | {index} if state.cut else cuts - {index})
    _end_relay(index)
    delayed = bool(state.delay_ms or state.jitter_ms) and state.loss_percent < 100.0
    fabric.set_loss(index, 100.0 if delayed else state.loss_percent)
    if delayed:
        _start_relay(index, state)
    os.kill(1, signal.SIGHUP)
    if state.cut:
        _wait_until_down(index)


def _wait_until_down(index: int) -> None:
    deadline_s = time.monotonic() + _TIMEOUT_S
    with kernel.network_namespace(netns(CABLES)), kernel.control_socket() as control:
        while any((kernel.link_flags(control, cable_end(index, side)) or 0) & kernel.IFF_UP for side in "ab"):
            if time.monotonic() > deadline_s:
                raise TimeoutError("the cable's ends do not go down")
            select.select([], [], [], 0.01)


def _start_relay(index: int, state: CableState) -> None:
    ends = [cable_end(index, side) for side in "ab"]
    numbers = [str(value) for value in (state.delay_ms, state.jitter_ms, state.loss_percent)]
    argv = [sys.executable, "-I", str(LAB_FOLDER / "relay.py"), *ends, *numbers]
    with kernel.network_namespace(netns(CABLES)):
        relay = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
    assert relay.stdout is not None
    if relay.stdout.readline() != b"ready\n":
        raise ChildProcessError("the relay does not start")
    POD_RELAYS.mkdir(exist_ok=True)
    (POD_RELAYS / str(index)).write_text(str(relay.pid))


def _end_relay(index: int) -> None:
    path = POD_RELAYS / str(index)
    if path.exists():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(path.read_text()), signal.SIGKILL)
        path.unlink()


def kill_node(name: str, pid: int) -> None:
    """Cut a node's power: every process of it ends, and its ports go dark."""
    node = load_spec(POD_SPEC.read_text()).node(name)
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        if not select.select([handle], [], [], _TIMEOUT_S)[0]:
            raise TimeoutError(f"{name} does not die")
    fabric.power_off(node)


def boot_node(name: str) -> dict[str, object]:
    """Boot a dead node; return its new first process and how it went."""
    lab = load_spec(POD_SPEC.read_text())
    node = lab.node(name)
    started_s = time.monotonic()
    fabric.renew_namespace(node)
    os.kill(1, signal.SIGHUP)
    reader, writer = os.pipe()
    pid = init.spawn(lab, node, writer)
    os.close(writer)
    with os.fdopen(reader) as stream:
        text = stream.readline()
    answer = json.loads(text) if text else {"state": "failed", "why": "its first process died"}
    return {"pid": pid, "seconds": round(time.monotonic() - started_s, 3), **answer}


def main() -> None:
    """Do what the arguments say; print JSON."""
    verb, *words = sys.argv[1:]
    try:
        answer: dict[str, object] = {}
        if verb == "cable":
            set_cable(int(words[0]), CableState(**json.loads(words[1])))
        elif verb == "kill":
            kill_node(words[0], int(words[1]))
        else:
            answer = boot_node(words[0])
    except subprocess.CalledProcessError as error:
        sys.exit(f"{' '.join(error.cmd)}: {error.stdout}")
    except (OSError, ValueError, LookupError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
