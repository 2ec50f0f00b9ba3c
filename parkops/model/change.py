"""What is rendered, what is changed on devices, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b


def digest(text: str | bytes) -> str:
    """Return the 128-bit BLAKE2b digest (RFC 7693) in hex."""
    data = text.encode() if isinstance(text, str) else text
    return blake2b(data, digest_size=16).hexdigest()


class ArtifactKind(StrEnum):
    """What an artifact is for."""

    CLI = "cli"  # a device configuration in its command language
    NETCONF = "netconf"  # a <config> document
    FILE = "file"  # a file that is put on a Linux node
    MONITORING = "monitoring"
    INVENTORY = "inventory"
    LAB = "lab"
    CLOUD = "cloud"  # what a cloud is set up from
    ORIGIN = "origin"  # where another artifact's blocks come from; no device gets it


@dataclass(frozen=True, slots=True)
class Artifact:
    """One rendered file; ``path`` is relative to the build folder."""

    path: str
    text: str
    kind: ArtifactKind
    language: str  # frr | xml | nftables | ini | yaml | ...
    device: str = ""
    destination: str = ""  # absolute path on a Linux node
    mode: str = "0644"
    reload: str = ""  # service to reload or restart when the file changes

    @property
    def digest(self) -> str:
        """The digest of the text."""
        return digest(self.text)


@dataclass(frozen=True, slots=True)
class Guarantee:
    """What a device's driver can promise; the dry run prints it."""

    candidate: bool = False
    confirmed_commit: bool = False
    persist: bool = False
    validate: bool = False
    rollback: bool = False
    text: str = "best effort"


@dataclass(frozen=True, slots=True)
class Change:
    """What would change on one device, in its own language (a unified diff)."""

    device: str
    driver: str  # netconf | ssh | ansible
    diff: str
    guarantee: Guarantee
    error: str = ""  # why the difference could not be told
    remediation: tuple[str, ...] = ()  # what a push would enter, in this order
    rollback: tuple[str, ...] = ()  # what would take it back
    unsafe: str = ""  # why there is a difference, and no safe way to mend it
    notes: tuple[str, ...] = ()  # what who decides must know: an account that is kept, a session at risk

    @property
    def empty(self) -> bool:
        """True when the device already runs what was rendered."""
        return not self.diff and not self.error


class Outcome(StrEnum):
    """How a device came out of a push."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a driver: name, what happened, and when (Unix time, seconds)."""

    name: str
    detail: str
    time_s: float


@dataclass(frozen=True, slots=True)
class Result:
    """What a push did to one device."""

    device: str
    driver: str
    outcome: Outcome
    message: str = ""
    diff: str = ""
    steps: tuple[Step, ...] = ()
    duration_s: float = 0.0

    @property
    def ok(self) -> bool:
        """True when the device runs what was rendered."""
        return self.outcome in (Outcome.CHANGED, Outcome.UNCHANGED)


@dataclass(frozen=True, slots=True)
class Running:
    """A device's running configuration as read at ``time_s``, in its driver's canonical text."""

    device: str
    driver: str
    text: str
    time_s: float
    files: tuple[tuple[str, str], ...] = ()  # (path, text) of a Linux node's managed files
    capabilities: tuple[str, ...] = ()
    data: str = ""  # what its driver needs beyond the text to go back to it

    @property
    def digest(self) -> str:
        """The digest of the text."""
        return digest(self.text)
