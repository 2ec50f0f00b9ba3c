"""The formats of a report: one literal table, and those of other packages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from parkops.errors import UsageError
from parkops.report import csv_, html, json_, junit, oscal, pdf, prometheus, sarif, xlsx
from parkops.report.bundle import Report, Writer

GROUP = "parkops.reports"  # entry points of other packages: name = "module:writer"

WRITERS: Mapping[str, Writer] = {
    "html": html.files,
    "pdf": pdf.files,
    "xlsx": xlsx.files,
    "csv": csv_.files,
    "json": json_.files,
    "junit": junit.files,
    "sarif": sarif.files,
    "oscal": oscal.files,
    "prometheus": prometheus.files,
}


def installed() -> Mapping[str, Writer]:
    """Return the built-in writers and those of other packages; a built-in name cannot be taken."""
    from importlib.metadata import entry_points

    return {**{point.name: point.load() for point in entry_points(group=GROUP)}, **WRITERS}


def choose(names: Iterable[str]) -> dict[str, Writer]:
    """Return the writers of these formats in this order; UsageError for an unknown one."""
    known, chosen = installed(), list(names)
    for name in chosen:
        if name not in known:
            raise UsageError("no such format", where=name, hint=f"known: {', '.join(known)}")
    return {name: known[name] for name in chosen}


def write(report: Report, writers: Mapping[str, Writer], folder: Path) -> list[Path]:
    """Write the files of all formats, each at once or not at all; return them in order.

    Nothing is written when a format cannot be made.
    """
    files = {name: data for writer in writers.values() for name, data in writer(report).items()}
    return [put(folder / name, data) for name, data in files.items()]


def put(path: Path, data: bytes) -> Path:
    """Write a file at once, or not at all; return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(data)
    return partial.replace(path)
