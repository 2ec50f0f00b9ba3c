"""The exception tree: every error says where, what, and how to mend it.

ParkopsError                 anything that parkops tells a user; ``exit_code`` decides the process's
├── PlanError                one or more mistakes in a plan (exit 2), each a ``Problem``
├── UsageError               a wrong call: unknown device, bad option value (exit 2)
├── DesignError              the plan is well-formed but cannot be built (exit 2), each a ``Problem``
├── RenderError              a template needs what the design does not give (exit 2)
├── DeviceError              one device refused, vanished or lied (exit 1)
│   ├── Unreachable          no session could be opened, or it was lost
│   ├── Refused              the device answered, and said no
│   └── Diverged             the device said yes, but its running configuration differs
├── LabError                 the lab could not be built or asked (exit 1)
└── MachineError             this machine lacks something (exit 3): what, and how to get it
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a file: ``file:line:col: what: expected: hint`` (line and column from 1)."""

    file: str
    line: int
    col: int
    what: str
    expected: str = ""
    hint: str = ""

    def __str__(self) -> str:
        parts = [f"{self.file}:{self.line}:{self.col}", self.what]
        parts += [part for part in (self.expected, self.hint) if part]
        return ": ".join(parts)


class ParkopsError(Exception):
    """Anything that parkops tells a user; ``where``, ``what`` and ``hint`` make its message."""

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        self.where, self.what, self.hint = where, what, hint
        super().__init__(": ".join(part for part in (where, what, hint) if part))


class ProblemsError(ParkopsError):
    """Several mistakes found in one go; nothing is reported one at a time."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class PlanError(ProblemsError):
    """The plan breaks its schema, or points at something that does not exist."""


class DesignError(ProblemsError):
    """The plan is well-formed, but no network can be built from it."""


class UsageError(ParkopsError):
    """A wrong call."""

    exit_code = 2


class RenderError(ParkopsError):
    """A template needs what the design does not give."""

    exit_code = 2


class DeviceError(ParkopsError):
    """One device refused, vanished or lied."""


class Unreachable(DeviceError):
    """No session could be opened, or it was lost."""


class Refused(DeviceError):
    """The device answered, and said no."""


class Diverged(DeviceError):
    """The device said yes, but its running configuration differs from what was sent."""


class LabError(ParkopsError):
    """The lab could not be built or asked."""


class MachineError(ParkopsError):
    """Something that the machine lacks; the hint says how to get it."""

    exit_code = 3
