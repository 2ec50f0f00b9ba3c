"""The traffic classes of a park where its plan states nothing else (RFC 4594)."""

from __future__ import annotations

from typing import Any

from parkops.plan.schema import QosPlan

DEFAULTS: dict[str, dict[str, Any]] = {
    name: {
        "dscp": dscp,
        "pcp": pcp,
        "queue": queue,
        "percent": percent,
        "strict": strict,
        "limit_percent": 0,
    }
    for name, dscp, pcp, queue, percent, strict in (
        ("network", 48, 6, 7, 5, True),
        ("control", 46, 5, 6, 20, True),
        ("video", 34, 4, 4, 30, False),
        ("management", 16, 2, 2, 10, False),
        ("data", 10, 1, 1, 25, False),
        ("internet", 0, 0, 0, 10, False),
    )
}


def classes(plan: QosPlan) -> dict[str, dict[str, Any]]:
    """Return every class with what the plan says about it."""
    stated: dict[str, dict[str, Any]] = {
        name: item.model_dump(exclude_none=True) for name, item in plan.items()
    }
    return {name: {**values, **stated.get(name, {})} for name, values in DEFAULTS.items()}
