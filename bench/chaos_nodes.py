"""The fault campaign's real servers: netconfd, FRR and Linux nodes that are cut, hung and filled up."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from campaign import KILLED, kill_at_entry
from chaos_tally import MOST, Tally
from nodes import Node, Nodes, set_network
from park import device, linux, park, router, switch, workspace
from simulated import die, in_process
from test_ssh import CONFIG

from parkops import push
from parkops.errors import DeviceError, ParkopsError, UsageError
from parkops.model import Artifact
from parkops.push.fleet import Settings
from parkops.push.journal import Journal
from parkops.push.lock import Locks
from parkops.push.replay import Ending, replay
from parkops.transport.login import Login
from parkops.transport.netconf import NetconfSession

YANG = Path(os.environ.get("PARKOPS_YANG", Path(__file__).resolve().parents[2] / "shared" / "yang"))
AWAY_S = 60.0  # in which a device must be read again once all faults are over
Progress = Callable[[str, str, str], None]


@dataclass
class Real:
    """Real servers with an old and a new configuration, and pushes in processes of their own."""

    nodes: Nodes
    folder: Path
    kinds: dict[str, str]
    running: dict[str, Node] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number, (name, kind) in enumerate(self.kinds.items(), start=10 + len(self.nodes.nodes)):
            self.running[name] = self.nodes.start(name, kind, number)
        self.login = Login("parkops", self.nodes.key, self.nodes.known_hosts)
        platform = {"switch": "ietf", "router": "frr", "linux": "linux"}
        devices = [
            device(name, platform[kind], self.running[name].address) for name, kind in self.kinds.items()
        ]
        self.site = park(*devices, key=self.login.key or Path(), known_hosts=self.login.known_hosts)
        self.place = workspace(self.folder)
        self.texts = {"old": self.rendered("old"), "new": self.rendered("new")}
        self.expected: dict[str, dict[str, str]] = {}
        for state in ("new", "old"):
            self.reset(state)
            self.expected[state] = self.read()

    def rendered(self, state: str) -> list[Artifact]:
        """Return the artifacts of a state."""
        found: list[Artifact] = []
        for name, kind in self.kinds.items():
            if kind == "switch":
                found.append(switch(name, vlans={101: state, 102: "office"}))
            elif kind == "router":
                found.append(router(name, CONFIG.replace("cost 10", "cost 20") if state == "new" else CONFIG))
            else:
                found += linux(name, chrony=f"# {state}\nserver 172.30.77.1 iburst\n")
        return found

    def reset(self, state: str) -> None:
        """Bring all devices to a state."""
        pushed = push.push(self.site, self.texts[state], self.place)
        assert pushed.ending in ("committed", "unchanged"), pushed.reason

    def read(self) -> dict[str, str]:
        """Read every device, again where one did not answer: it may still be on its way back."""
        end_s = time.monotonic() + AWAY_S
        while True:
            answers = push.read_running(self.site, self.texts["old"], self.place)
            if len(answers) == len(self.kinds) or time.monotonic() > end_s:
                return {answer.device: answer.text for answer in answers}
            time.sleep(1.0)

    def attempt(self, at_entry: int = 0, progress: Progress | None = None) -> int:
        """Push the new state in a process of its own."""

        def work() -> None:
            kill_at_entry(at_entry)
            settings = Settings(progress=progress, confirm_timeout_s=10)
            push.push(self.site, self.texts["new"], self.place, settings=settings)

        code = in_process(work)
        assert code in (0, KILLED), f"the push ended with {code}"
        return code

    def finish(self, how: str) -> None:
        """Tell the story to its end."""
        with Journal(Locks(self.place.state).database) as journal:
            opened = any(record.ending is Ending.OPEN for record in replay(journal.entries()))
        if opened:
            (push.rollback if how == "rollback" else push.resume)(self.site, self.place)

    def judge(self, tally: Tally, fault: str, step: str) -> None:
        """Read everything, and note how it came out; then all is old again."""
        now, trouble = self.read(), list[str]()
        state = next((state for state, texts in self.expected.items() if texts == now), "")
        if not state:
            wrong = [name for name in self.kinds if now.get(name) != self.expected["old"][name]]
            trouble.append(f"neither all old nor all new: {', '.join(wrong)} not old, or not to be read")
        trouble += [f"{held.device} is locked in the store" for held in Locks(self.place.state).held()]
        trouble += [f"{name}: {what}" for name, what in self.locked()]
        with Journal(Locks(self.place.state).database) as journal:
            trouble += journal.verify().problems
        tally.add(fault, step, f"all {state}", trouble)
        if state != "old":
            self.reset("old")

    def locked(self) -> Iterator[tuple[str, str]]:
        """Tell which switches somebody else still holds a lock of."""
        for name, kind in self.kinds.items():
            if kind == "switch":
                try:
                    with NetconfSession(name, self.running[name].address, self.login) as session:
                        for datastore in ("running", "candidate"):
                            session.lock(datastore)
                            session.unlock(datastore)
                except DeviceError as error:
                    yield name, str(error)


def kill_everywhere(tally: Tally, real: Real, finishes: tuple[str, ...]) -> None:
    """Kill a push at every entry of its journal."""
    for finish in finishes:
        for number in tally.chosen(range(1, MOST)):
            if real.attempt(at_entry=number) != KILLED:
                real.reset("old")
                break
            real.finish(finish)
            real.judge(
                tally, f"kill -9 ({', '.join(sorted(set(real.kinds.values())))}), {finish}", f"entry {number}"
            )


STEPS = ("survey", "prepare", "edit", "commit", "configure", "verify", "confirm")


def cut_everywhere(tally: Tally, real: Real) -> None:
    """Lose the session, the link or the server of each device at each of its steps; mend it after a while."""
    for name, node in real.running.items():
        back = "sleep 3; ip link set eth0 up"
        faults: dict[str, Callable[[], object]] = {
            "session dropped": node.drop_sessions,
            "link lost for 3 s": lambda node=node, back=back: node.run(  # type: ignore[misc]
                "sh", "-c", f"ip link set eth0 down; setsid sh -c '{back}' </dev/null >/dev/null 2>&1 &"
            ),
        }
        if real.kinds[name] == "switch":
            pid = "$(cat /run/netconfd.pid)"
            hang = f"kill -STOP {pid}; setsid sh -c 'sleep 6; kill -CONT {pid}'"
            faults["server hangs for 6 s"] = lambda node=node, hang=hang: node.run(  # type: ignore[misc]
                "sh", "-c", f"{hang} </dev/null >/dev/null 2>&1 &"
            )
        for fault, act in faults.items():
            for step in STEPS:
                if tally.quick and (fault, step) != ("session dropped", "commit"):
                    continue
                real.attempt(progress=_at(name, step, act))
                for _ in range(3):  # the device may still be away
                    with contextlib.suppress(ParkopsError):
                        real.finish("rollback")
                real.judge(tally, fault, f"{step} of {name}")


def _at(name: str, step: str, act: Callable[[], object]) -> Progress:
    done: list[str] = []

    def tell(device_name: str, taken: str, _: str) -> None:
        if (device_name, taken) == (name, step) and not done:
            done.append(step)
            act()

    return tell


def two_at_once(tally: Tally, real: Real) -> None:
    """Begin a second push while the first is in the middle of it: one of them is refused."""

    def second(name: str, step: str, _: str) -> None:
        if step == "verify":
            with contextlib.suppress(UsageError):
                push.push(real.site, real.texts["old"], real.place)
                raise AssertionError("the second push was let in")

    code = real.attempt(progress=second)
    assert code == 0, code
    real.judge(tally, "two pushes at once", "verify")


FULL = """[ -e /tmp/kept ] || { cp -a PLACE /tmp/kept; mount -t tmpfs -o size=192k tmpfs PLACE
cp -a /tmp/kept/. PLACE; chown --reference /tmp/kept PLACE; chmod --reference /tmp/kept PLACE; }"""
FILL = "dd if=/dev/zero of=PLACE/filler bs=1k 2>/dev/null; true"
SAVES = {"router": "/etc/frr", "linux": "/etc/chrony"}  # where a node keeps what a change replaces


def fill_disks(tally: Tally, real: Real) -> None:
    """Fill the disk of each node at each step; the push goes on, or dies; then there is room again."""
    for name, node in real.running.items():
        if not (place := SAVES.get(real.kinds[name])):
            continue
        node.run("sh", "-c", FULL.replace("PLACE", place))
        for step in ("survey", "prepare", "commit", "committed", "verified", "confirm"):
            for fault, last in (("disk full", bool), ("disk full, then kill -9", die)):

                def act(node: Node = node, place: str = place, last: Callable[[], object] = last) -> None:
                    node.run("sh", "-c", FILL.replace("PLACE", place))
                    last()

                real.attempt(progress=_at(name, step, act))
                if last is die and step != "survey":
                    _until_reverted(node)
                node.run("rm", "-f", f"{place}/filler")
                with contextlib.suppress(ParkopsError):
                    real.finish("rollback")
                real.judge(tally, fault, f"{step} of {name}")


def _until_reverted(node: Node) -> None:
    """Wait until the node's own timer has run out, while its disk is still full."""
    marks = "/var/lib/parkops/*ing.json /home/parkops/.parkops/*ing.json"
    end_s = time.monotonic() + AWAY_S
    while node.run("sh", "-c", f"ls {marks} 2>/dev/null", check=False) and time.monotonic() < end_s:
        time.sleep(0.5)


def on_real_servers(tally: Tally, folder: Path, groups: set[str]) -> None:
    """Start the servers in a management network of their own and try the groups' faults on them."""
    nodes = Nodes(folder / "nodes", YANG if YANG.is_dir() else None)
    back = nodes.enter()
    try:
        if "real" in groups:
            real = Real(nodes, folder / "park", {"sw-1": "switch", "sw-2": "switch", "r-1": "router"})
            kill_everywhere(tally, real, ("resume",) if tally.quick else ("resume", "rollback"))
            cut_everywhere(tally, real)
            two_at_once(tally, real)
        if "linux" in groups:
            kill_everywhere(tally, Real(nodes, folder / "linux", {"l-1": "linux"}), ("resume", "rollback"))
        if "disk" in groups:
            fill_disks(tally, Real(nodes, folder / "disk", {"r-2": "router", "l-2": "linux"}))
    finally:
        set_network(back)
        os.close(back)
        nodes.close()
