"""Cross-checks of where the monitor listens, and of how long it keeps what it saw."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from itertools import combinations

from parkops.errors import Problem
from parkops.plan.marks import Marks
from parkops.plan.schema import Plan

Found = Iterator[Problem]
TRANSPORTS = {
    "syslog": {"udp", "tcp"}, "syslog_tls": {"tcp"}, "traps": {"udp"}, "flows": {"udp"},
}  # fmt: skip


def check_watching(plan: Plan, marks: Marks) -> Found:
    """Listeners have addresses and sockets of their own; what objectives are judged by is kept."""
    yield from _listeners(plan, marks)
    kept_days = plan.monitoring.retention.intervals_days
    for name, objective in plan.monitoring.objectives.items():
        if objective.window_days > kept_days:
            yield marks.problem(
                ("monitoring", "objectives", name, "window_days"),
                f"it is judged over {objective.window_days:g} days, and intervals are kept for {kept_days:g}",
                "at most `monitoring.retention.intervals_days`",
            )


def _listeners(plan: Plan, marks: Marks) -> Found:
    listen = plan.monitoring.listen
    found = {name: item for name in TRANSPORTS if (item := getattr(listen, name)) is not None}
    for name, item in found.items():
        if not _is_address(item.address):
            at = ("monitoring", "listen", name, "address")
            yield marks.problem(at, f"{item.address!r} is no IP address", "an address of this machine")
    for (one, first), (other, second) in combinations(found.items(), 2):
        same = TRANSPORTS[one] & TRANSPORTS[other]
        if same and first.port == second.port and _overlap(first.address, second.address):
            yield marks.key_problem(
                ("monitoring", "listen", other),
                f"{one} listens on {min(same)} port {first.port} as well",
                "a port or an address of its own",
            )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _overlap(one: str, other: str) -> bool:
    return one == other or any(ip_address(text).is_unspecified for text in (one, other) if _is_address(text))
