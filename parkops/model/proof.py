"""What proves something beside probes and configurations: values, files, changes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """A measured value of a target over the assessed window, by its name with unit ("offset_s")."""

    target: str
    name: str
    count: int
    minimum: float
    mean: float
    p95: float
    maximum: float
    last: float
    last_s: float  # Unix time of the last one


@dataclass(frozen=True, slots=True)
class FileSeen:
    """A file that the operator names as evidence; ``sha256`` is "" where it is not there."""

    path: str  # relative to the park's folder
    sha256: str = ""
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """One transaction of the push journal."""

    id: str
    who: str
    kind: str  # push | rollback
    begun_s: float
    ended_s: float | None
    ending: str  # open | committed | unchanged | refused | rolled back | given up
    devices: int
    changed: int
    plan_digest: str = ""
    guarantees: tuple[str, ...] = ()  # what the drivers promised, once each


@dataclass(frozen=True, slots=True)
class ChangeLog:
    """The push journal as read at the assessment; ``trouble`` says why its chain of hashes does not hold."""

    changes: tuple[ChangeRecord, ...] = ()
    trouble: str = ""
