"""What a sheet of a workbook or a CSV file is made of."""

from __future__ import annotations

from dataclasses import dataclass

from parkops.report.words import Words

Cell = str | float | int | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its stable key, its head, its width in characters and what it holds."""

    key: str
    head: Words
    width: int
    kind: str = "text"  # text | number | verdict | remark


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet or file; ``name`` is stable."""

    name: str
    title: Words
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
