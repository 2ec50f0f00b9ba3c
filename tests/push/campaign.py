"""A park of simulated devices, the pushes on it, and the judgement whether all of it is old or all is new."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from park import SOURCE
from simulated import Lab, SimulatedDriver, die, in_process

from parkops import push
from parkops.model import Access, Artifact, ArtifactKind, Device, Link, Park, Role, Workspace
from parkops.push import transaction
from parkops.push.contract import PerDevice
from parkops.push.fleet import Settings
from parkops.push.gate import Gate, NoGate
from parkops.push.journal import Journal, Note
from parkops.push.lock import Locks
from parkops.push.replay import Ending, replay
from parkops.push.results import Pushed

OLD, NEW = "old\n", "new\n"
DEVICES = {  # name -> role, platform, capabilities
    "core-1": (Role.CORE, "frr", ("confirmed", "persist")),
    "core-2": (Role.CORE, "frr", ()),
    "sw-1": (Role.RING_SWITCH, "ietf", ("candidate", "confirmed", "persist", "lock")),
    "sw-2": (Role.RING_SWITCH, "ietf", ("candidate", "confirmed", "lock")),
    "srv-1": (Role.EDGE_CLOUD, "linux", ("confirmed", "persist")),
}
PLATFORM_DRIVERS = ("netconf", "ssh", "ansible")
TIMEOUT_S = 60
KILLED = -9  # exit code of a process that was killed


def site_of(folder: Path) -> Park:
    """A park with a pair of cores and a ring."""
    (folder / "key").write_text("key")
    (folder / "hosts").write_text("")
    devices = tuple(
        Device(name, role, platform, SOURCE, ring="r1" if role is Role.RING_SWITCH else "",
               management_ipv4=f"192.0.2.{number}/24")
        for number, (name, (role, platform, _)) in enumerate(DEVICES.items(), start=1)
    )  # fmt: skip
    access = Access("parkops", key=f"file:{folder / 'key'}", known_hosts=str(folder / "hosts"))
    links = (Link("l1", "core-1", "e1", "core-2", "e1", "backbone"),)
    return Park(
        name="test", title="Test", operator="", plan_file="park.yaml", plan_digest="d" * 32, horizon_years=3,
        growth_percent=0.0, management_network="192.0.2.0/24", management_gateway="192.0.2.254",
        access=access, source=SOURCE, devices=devices, links=links,
    )  # fmt: skip


@dataclass(slots=True)
class Campaign:
    """One park, from which many faults are tried; every push runs in a process of its own."""

    folder: Path
    lab: Lab = field(init=False)
    site: Park = field(init=False)
    place: Workspace = field(init=False)
    gate: Gate = field(default_factory=NoGate)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lab, self.site = Lab(self.folder), site_of(self.folder)
        self.place = Workspace(self.folder)
        for name, (_, _, capabilities) in DEVICES.items():
            self.lab.add(name, *capabilities)

    def artifacts(self, text: str = NEW) -> list[Artifact]:
        """What is rendered: the same text for every device."""
        return [Artifact(f"{name}/x", text, ArtifactKind.CLI, "text", name) for name in DEVICES]

    def settings(self, on_call: Callable[[str], None] = lambda _: None) -> Settings:
        driver = PerDevice(SimulatedDriver(self.lab, on_call=on_call))
        return Settings(
            confirm_timeout_s=TIMEOUT_S, gate=self.gate, drivers=dict.fromkeys(PLATFORM_DRIVERS, driver),
            workers=1,
        )  # fmt: skip

    def push(self, text: str = NEW, *, at_entry: int = 0, at_call: int = 0) -> int:
        """Push in a process of its own, killed at an entry of the journal or a call of a driver."""
        return in_process(lambda: self._push(text, at_entry, at_call))

    def _push(self, text: str, at_entry: int, at_call: int) -> None:
        with impatient():
            kill_at_entry(at_entry)
            calls = counted(at_call)
            push.push(self.site, self.artifacts(text), self.place, settings=self.settings(calls))

    def resume(self) -> Pushed:
        """Finish forwards what was cut off."""
        with impatient():
            return push.resume(self.site, self.place, settings=self.settings())

    def rollback(self, tx: str = "") -> Pushed:
        """Take back what was cut off, or an earlier one."""
        with impatient():
            return push.rollback(self.site, self.place, tx, settings=self.settings())

    def running(self) -> dict[str, str]:
        """What each device runs, as read from it."""
        return {name: self.lab.running(name) for name in DEVICES}

    def trouble(self) -> list[str]:
        """Say what is not as it must be once a story is told to its end."""
        said: list[str] = []
        if len(set(self.running().values())) != 1:
            said.append(f"neither all old nor all new: {self.running()}")
        said += [f"{name} is still locked or pending" for name in DEVICES if self.lab.held(name)]
        said += [f"{name} would start with something else" for name in DEVICES
                 if self.lab.startup(name) != self.lab.running(name)]  # fmt: skip
        said += [f"{held.device} is locked in the store" for held in Locks(self.place.state).held()]
        with Journal(Locks(self.place.state).database) as journal:
            said += journal.verify().problems
            said += [f"{r.id} is open" for r in replay(journal.entries()) if r.ending is Ending.OPEN]
        return said

    def begun(self) -> bool:
        """Tell whether anything was pushed yet."""
        return Locks(self.place.state).database.exists()

    def open_ended(self) -> bool:
        """Tell whether a transaction was cut off."""
        with Journal(Locks(self.place.state).database) as journal:
            return any(record.ending is Ending.OPEN for record in replay(journal.entries()))


@contextmanager
def impatient() -> Iterator[None]:
    """Do not wait for devices that do not answer; afterwards all is as it was."""
    before = transaction.RETRY_S, transaction.SLACK_S
    transaction.RETRY_S, transaction.SLACK_S = 0.0, -float(TIMEOUT_S)
    try:
        yield
    finally:
        transaction.RETRY_S, transaction.SLACK_S = before


def kill_at_entry(number: int) -> None:
    """Kill this process as soon as so many entries are on disk; 0: never."""
    if not number:
        return
    real, written = Journal._append, [0]

    def append(self: Journal, notes: list[Note], *claim: Any) -> None:
        for note in notes:  # one by one, so that each entry is a place to die at
            real(self, [note], *claim)
            written[0] += 1
            if written[0] == number:
                die()

    Journal._append = append  # type: ignore[method-assign,assignment]


def counted(number: int) -> Callable[[str], None]:
    """Return a listener that kills this process at a driver's call; 0: never."""
    lock, calls = threading.Lock(), [0]

    def call(_: str) -> None:
        with lock:
            calls[0] += 1
            if calls[0] == number:
                die()

    return call
