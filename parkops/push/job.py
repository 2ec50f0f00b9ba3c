"""What a driver works on: one device with its artifacts, and the run that it belongs to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from parkops.errors import ParkopsError
from parkops.model import Artifact, Device, Running, Step, Workspace
from parkops.push.journal import Journal, Note
from parkops.transport.login import Login
from parkops.transport.secrets import Vault

Progress = Callable[[str, str, str], None]  # device, step, detail


class Interrupted(ParkopsError):
    """The run was interrupted; what this device was in the middle of has been taken back."""


@dataclass(frozen=True, slots=True)
class Job:
    """One device with what it is to run: what was rendered for it, or what it ran once."""

    device: Device
    artifacts: tuple[Artifact, ...]
    snapshot: Running | None = None  # the target, instead of what was rendered

    @property
    def name(self) -> str:
        """The device's name."""
        return self.device.name

    @property
    def address(self) -> str:
        """The management address."""
        return self.device.management_address


@dataclass(frozen=True, slots=True)
class Run:
    """What all jobs of a run share."""

    workspace: Workspace
    login: Login
    vault: Vault
    workers: int = 8
    progress: Progress | None = None
    journal: Journal | None = None
    transaction: str = ""
    confirm_timeout_s: int = 60
    cancelled: threading.Event = field(default_factory=threading.Event)


@dataclass(slots=True)
class Steps:
    """The steps of one device in one run: kept for its result, journalled, and shown as they happen."""

    run: Run
    device: str
    taken: list[Step] = field(default_factory=list)

    def take(self, name: str, detail: str = "") -> None:
        """Record a step that is about to be taken; Interrupted when the run was interrupted."""
        if self.run.cancelled.is_set():
            raise Interrupted("interrupted before " + name, where=self.device)
        self.note(name, detail)

    def note(
        self,
        name: str,
        detail: str = "",
        data: Mapping[str, object] = MappingProxyType({}),
        texts: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Record a step that happens also when the run is interrupted, such as taking a change back.

        It is on its way to disk; the transaction waits for it where that matters.
        """
        detail = self.run.vault.redact(detail)
        step = Step(name, detail, time.time())
        self.taken.append(step)
        if self.run.journal is not None:
            kept = {kind: self.run.vault.redact(text) for kind, text in texts.items()}
            note = Note(self.run.transaction, self.device, name, detail, data, kept, step.time_s)
            self.run.journal.write(note, wait=False)
        if self.run.progress is not None:
            self.run.progress(self.device, name, detail)
