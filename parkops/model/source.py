"""Where in the plan something was asked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class SourceRef:
    """Where in the plan something was asked for; line and column from 1."""

    file: str
    line: int
    col: int
    path: str  # e.g. "tenants.huaxing.plants.p1.ring"

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.path}"
