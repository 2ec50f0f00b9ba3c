"""Grafana's dashboards, from a table of panels (templates/monitoring/dashboards.yaml)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from parkops.model import Device, Park, Role

TABLE = Path("monitoring") / "dashboards.yaml"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS, ROW_HEIGHT, STAT_HEIGHT = 24, 8, 4
BOUNDARIES = frozenset((Role.BOUNDARY, Role.PARK_FIREWALL, Role.EXIT, Role.ONE_WAY_GATEWAY))
EDGE = frozenset((Role.EDGE_CONTROLLER, Role.EDGE_GATEWAY, Role.EDGE_CLOUD))
UP_AND_DOWN = [
    {"type": "value", "options": {"0": {"text": "down", "color": "red", "index": 1}}},
    {"type": "value", "options": {"1": {"text": "up", "color": "green", "index": 0}}},
]


def dashboards(park: Park, roots: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """Yield each dashboard's name and JSON; the first of the roots that has the table wins."""
    file = next(path for root in roots if (path := root / TABLE).is_file())
    table: dict[str, dict[str, Any]] = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
    for name, entry in table.items():
        document = _dashboard(park, name, entry)
        yield name, json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _dashboard(park: Park, name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    variables = [_variable(park, key, what) for key, what in entry.get("variables", {}).items()]
    return {
        "uid": f"parkops-{park.name}-{name}"[:40],
        "title": f"{park.title or park.name}: {entry['title']}",
        "description": f"Rendered by parkops from {park.plan_file}.",
        "tags": ["parkops", park.name],
        "timezone": "browser",
        "editable": False,
        "graphTooltip": 1,
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [_source(), *variables]},
        "panels": list(_panels(entry["panels"])),
    }


def _source() -> dict[str, Any]:
    return {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}


def _variable(park: Park, name: str, what: str) -> dict[str, Any]:
    """Return a choice: the values of a label, or names of the park with what stands for them in queries."""
    if "(" in what:
        query = {"query": what, "refId": name}
        return {"name": name, "type": "query", "datasource": SOURCE, "query": query, "refresh": 2, "sort": 1}
    choices = list(_choices(park, what))
    options = [{"text": text, "value": value, "selected": not n} for n, (text, value) in enumerate(choices)]
    query_text = ",".join(f"{text} : {value}" for text, value in choices)
    current = {"current": options[0]} if options else {}
    return {"name": name, "type": "custom", "query": query_text, "options": options, **current}


def _choices(park: Park, what: str) -> Iterable[tuple[str, str]]:
    if what == "rings":
        return ((ring.id, "|".join(ring.devices)) for ring in park.rings)
    roles = {"boundaries": BOUNDARIES, "edge": EDGE}[what]
    return ((device.name, device.name) for device in park.managed if _is(device, roles))


def _is(device: Device, roles: frozenset[Role]) -> bool:
    return device.role in roles


def _panels(rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield panels, laid out from left to right and down."""
    left = top = height = 0
    for number, row in enumerate(rows, start=1):
        if left + row["width"] > COLUMNS:
            left, top = 0, top + height
        height = STAT_HEIGHT if row["kind"] == "stat" else ROW_HEIGHT
        yield _panel(number, row, {"x": left, "y": top, "w": row["width"], "h": height})
        left += row["width"]


def _panel(number: int, row: Mapping[str, Any], place: dict[str, int]) -> dict[str, Any]:
    kind = row["kind"]
    defaults: dict[str, Any] = {"unit": row.get("unit", "none")}
    if "alarm" in row:
        steps = [{"value": None, "color": "green"}, {"value": row["alarm"], "color": "red"}]
        defaults["thresholds"] = {"mode": "absolute", "steps": steps}
    if kind == "state-timeline":
        defaults["mappings"] = UP_AND_DOWN
    return {
        "id": number,
        "type": kind,
        "title": row["title"],
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "targets": [
            _query(letter, legend, expression, instant=kind in ("stat", "table", "bargauge"))
            for letter, (legend, expression) in zip("ABCDEFGH", row["queries"].items(), strict=False)
        ],
    }


def _query(letter: str, legend: str, expression: str, *, instant: bool) -> dict[str, Any]:
    return {
        "refId": letter,
        "expr": expression,
        "legendFormat": legend or "__auto",
        "datasource": SOURCE,
        "instant": instant,
        "range": not instant,
        "format": "table" if instant and not legend else "time_series",
    }
