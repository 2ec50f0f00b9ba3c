"""Fault campaign of the push: kill, cut, refuse, lie at every step; then read every device.

    .venv/bin/python bench/chaos_push.py [--only simulated,real,linux] [--seed N] [--quick] [--json FILE]

After each fault the story is told to its end (`push --resume` or `rollback`), and then every device must run
the old configuration or every device the new one, as read from it; the journal must be whole, nothing locked.
``simulated``: five devices of mixed capabilities, every entry of the journal and every call of a driver.
``real``: netconfd and FRR behind sshd, one network namespace each. ``linux``: a Linux node by Ansible.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "push")]

# ruff: noqa: E402  # the folders above have to be on the path first
from campaign import DEVICES, KILLED, Campaign, impatient, kill_at_entry
from common import table, write_json
from nodes import Node, Nodes, set_network
from park import device, linux, park, router, switch, workspace
from simulated import in_process
from test_chaos import CASES
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

YANG = Path(os.environ.get("PARKOPS_YANG", ROOT.parent / "shared" / "yang"))
MOST = 500  # places to die at; there are fewer


@dataclass(frozen=True)
class Case:
    """One fault and how it came out: "all new", "all old", or what was wrong."""

    fault: str
    step: str
    outcome: str
    healed: bool
    journal_whole: bool = True


@dataclass
class Tally:
    """What was tried; ``quick`` takes a sample of the places, drawn by the seed."""

    seed: int
    quick: bool
    cases: list[Case] = field(default_factory=list)

    def chosen(self, places: range) -> Iterator[int]:
        """Yield every place, or in a quick run some of them."""
        drawn = random.Random(self.seed)
        yield from (n for n in places if not self.quick or drawn.random() < 0.1)

    def add(self, fault: str, step: str, outcome: str, trouble: list[str]) -> None:
        """Note a case."""
        whole = not any(said.startswith("entry ") for said in trouble)
        self.cases.append(Case(fault, step, "; ".join(trouble) or outcome, not trouble, whole))
        if trouble:
            print(f"IN DOUBT: {fault} at {step}: {'; '.join(trouble)}", flush=True)


def simulated(tally: Tally, folder: Path) -> None:
    """Enumerate every place to die at, and every fault of every operation of every device."""
    for how in ("at_entry", "at_call"):
        for finish in ("resume", "rollback", "timers, then resume"):
            for number in tally.chosen(range(1, MOST)):
                campaign = Campaign(folder / f"{how}-{finish[:6]}-{number}")
                code = campaign.push(**{how: number})
                if code != KILLED:
                    break
                if finish.startswith("timers"):
                    campaign.lab.let_time_pass(1000.0)
                if campaign.open_ended():
                    (campaign.rollback if finish == "rollback" else campaign.resume)()
                tally.add(f"kill -9, {finish}", f"{how[3:]} {number}", said(campaign), campaign.trouble())
    for operation, fault in CASES:
        for name in DEVICES:
            campaign = Campaign(folder / f"{operation}-{fault}-{name}")
            campaign.lab.fault(name, operation, fault)
            campaign.push()
            campaign.lab.fault(name, operation)
            if campaign.open_ended():
                campaign.rollback()
            tally.add(f"device: {fault}", f"{operation} of {name}", said(campaign), campaign.trouble())


def said(campaign: Campaign) -> str:
    """Say what all devices run."""
    return f"all {campaign.running()['sw-1'].strip()}"


@dataclass
class Real:
    """Real servers with an old and a new configuration, and pushes in processes of their own."""

    nodes: Nodes
    folder: Path
    kinds: dict[str, str]
    running: dict[str, Node] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number, (name, kind) in enumerate(self.kinds.items(), start=10):
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
        """Read every device."""
        for _ in range(5):  # a device may still be on its way back
            answers = push.read_running(self.site, self.texts["old"], self.place)
            if len(answers) == len(self.kinds):
                break
        return {answer.device: answer.text for answer in answers}

    def attempt(self, at_entry: int = 0, progress: Callable[[str, str, str], None] | None = None) -> int:
        """Push the new state in a process of its own."""

        def work() -> None:
            kill_at_entry(at_entry)
            settings = Settings(progress=progress, confirm_timeout_s=10)
            push.push(self.site, self.texts["new"], self.place, settings=settings)

        return in_process(work)

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


def _at(name: str, step: str, act: Callable[[], object]) -> Callable[[str, str, str], None]:
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
    finally:
        set_network(back)
        os.close(back)
        nodes.close()


def main() -> None:
    """Run the campaign, print the table, write the figures; exit 1 where a device is left in doubt."""
    parser = argparse.ArgumentParser(description="Fault campaign of the push.")
    parser.add_argument("--only", default="simulated,real,linux", help="groups, comma-separated")
    parser.add_argument("--seed", type=int, default=1, help="draws the sample of a quick run")
    parser.add_argument("--quick", action="store_true", help="a tenth of the places")
    parser.add_argument("--json", metavar="FILE", help="write what was found")
    options = parser.parse_args()
    tally, groups = Tally(options.seed, options.quick), set(options.only.split(","))
    # Interrupted, it reports what it has tried.
    with tempfile.TemporaryDirectory(prefix="parkops-chaos-") as name, contextlib.suppress(KeyboardInterrupt):
        if groups & {"real", "linux"}:
            on_real_servers(tally, Path(name), groups)
        if "simulated" in groups:
            impatient()
            simulated(tally, Path(name))
    _report(tally, options.json)
    sys.exit(0 if all(case.healed for case in tally.cases) else 1)


def _report(tally: Tally, file: str | None) -> None:
    tried = Counter(case.fault for case in tally.cases)
    healed = Counter(case.fault for case in tally.cases if case.healed)
    new = Counter(case.fault for case in tally.cases if case.outcome == "all new")
    rows = [[f, n, healed[f], new[f], healed[f] - new[f], n - healed[f]] for f, n in tried.items()]
    print(table(("fault", "tried", "survived", "all new", "all old", "in doubt"), rows))
    document = {
        "tried": len(tally.cases),
        "healed": sum(case.healed for case in tally.cases),
        "in_doubt": sum(not case.healed for case in tally.cases),
        "journal_whole": all(case.journal_whole for case in tally.cases),
        "cases": [asdict(case) for case in tally.cases],
    }
    print(f"{document['tried']} faults tried, {document['healed']} survived, {document['in_doubt']} in doubt")
    write_json(file, document)


if __name__ == "__main__":
    main()
