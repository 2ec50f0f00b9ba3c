"""Prometheus's text format 0.0.4 and OpenMetrics 1.0, for families whose lines are already written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Family:
    """All series of one name."""

    name: str
    kind: str  # counter | gauge
    help: str
    lines: Sequence[str]  # "name{labels} value\n"


def family(name: str, kind: str, text: str, lines: Sequence[str]) -> Family:
    """Return a family; a counter's name ends in ``_total``."""
    return Family(name, kind, text, lines)


def write(item: Family, openmetrics: bool) -> str:
    """Return a family as text; OpenMetrics names a counter's family without ``_total``."""
    name = item.name.removesuffix("_total") if openmetrics and item.kind == "counter" else item.name
    return f"# HELP {name} {item.help}\n# TYPE {name} {item.kind}\n{''.join(item.lines)}"


def openmetrics_end() -> str:
    """Return the line that ends an OpenMetrics document."""
    return "# EOF\n"


def accepts_openmetrics(accept: str) -> bool:
    """Tell whether an Accept header prefers OpenMetrics to plain text (RFC 9110, 12.5.1)."""
    best = {"application/openmetrics-text": 0.0, "text/plain": 0.0}
    for part in accept.split(","):
        kind, *parameters = (text.strip() for text in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                quality = _number(value)
        if kind in best:
            best[kind] = max(best[kind], quality)
    wanted = best["application/openmetrics-text"]
    return wanted > 0 and wanted >= best["text/plain"]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def labels(pairs: Iterable[tuple[str, str]]) -> str:
    """Return labels as text, escaped."""
    return ",".join(f'{name}="{_escape(value)}"' for name, value in pairs)


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
