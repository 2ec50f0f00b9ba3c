"""Events on paper: documents for programs, tables and pages for people; shared by several verbs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from parkops.model import Event, EventStep, Park, Target
    from parkops.store import Delivery

WIDE = 110  # columns from which there is room for more
COLOURS = {"critical": "bold red", "warning": "yellow"}


def ago(seconds: float) -> str:
    """Say a length of time in its two largest units: 42 s, 3 min 5 s, 2 h 10 min, 4 d 3 h."""
    left = max(0, round(seconds))
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
        elif parts:
            break
    return " ".join(parts[:2])


def unserved(count: int) -> str:
    """Say how many targets of the plan are left out in a lab, "" for none."""
    if not count:
        return ""
    return f"{count} target{'s are' if count > 1 else ' is'} left out: the lab's nodes do not serve that."


def length(seconds: float) -> str:
    """Say how long something was, to the tenth of a second while it is short."""
    return f"{seconds:.1f} s" if seconds < 60 else ago(seconds)


def clock(time_s: float, now_s: float) -> str:
    """Say when something was: the time of today, else the day too, and the year of another one."""
    then, now = time.localtime(time_s), time.localtime(now_s)
    form = "%Y-%m-%d %H:%M" if then[0] != now[0] else "%H:%M:%S" if then[7] == now[7] else "%m-%d %H:%M"
    return time.strftime(form, then)


def event_document(event: Event) -> dict[str, Any]:
    """Return one event for programs."""
    return {
        "id": event.id,
        "target": event.target,
        "device": event.device,
        "tenant": event.tenant,
        "kind": event.kind,
        "severity": event.severity,
        "phase": event.phase.value,
        "cause": event.cause,
        "parent": event.parent,
        "opened_s": event.opened_s,
        "acknowledged_s": event.acknowledged_s,
        "acknowledged_by": event.acknowledged_by,
        "work_s": event.work_s,
        "work_by": event.work_by,
        "resolved_s": event.resolved_s,
        "closed_s": event.closed_s,
        "closed_by": event.closed_by,
        "duration_s": event.duration_s,
        "acknowledge_by_s": event.acknowledge_by_s,
        "resolve_by_s": event.resolve_by_s,
        "overdue": event.overdue(time.time()),
        "reopened": event.reopened,
        "muted": event.muted,
        "change": event.change,
        "note": event.note,
    }


def event_table(found: Sequence[Event], followers: Mapping[int, int], width: int) -> RenderableType:
    """Lay events out, consequences under their cause, for a terminal's width."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    names = ("Id", "Opened", "Length", "Phase", "Target", "Cause", "With", "Note")
    shown = [name for name in names if width >= WIDE or name not in ("Note", "Phase")]
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True, expand=True)
    for name in shown:
        justify: Literal["left", "right"] = "right" if name in ("Id", "With") else "left"
        ratio = {"Cause": 2, "Note": 1}.get(name)
        most = max(20, width // 3) if name == "Target" else None
        table.add_column(
            name, justify=justify, no_wrap=True, overflow="ellipsis", ratio=ratio, min_width=4, max_width=most
        )
    now_s = time.time()
    for event in found:
        length_s = event.duration_s
        late = event.overdue(now_s)
        cells = {
            "Id": f"{event.id}",
            "Opened": clock(event.opened_s, now_s),
            "Length": f"open {ago(now_s - event.opened_s)}" if length_s is None else length(length_s),
            "Phase": f"{event.phase}, late" if late else str(event.phase),
            "Target": f"└ {event.target}" if event.parent is not None else event.target,
            "Cause": event.cause,
            "With": f"+{followers[event.id]}" if followers.get(event.id) else "",
            "Note": "; ".join(filter(None, (event.muted, event.acknowledged_by, event.note))),
        }
        style = COLOURS.get(event.severity, "") if event.resolved_s is None and not event.muted else "dim"
        table.add_row(*(Text(cells[name]) for name in shown), style=style)
    return table


def tree(events: Sequence[Event]) -> tuple[list[Event], dict[int, int]]:
    """Return events with their consequences right after them, and how many each has."""
    children: dict[int, list[Event]] = {}
    present = {event.id for event in events}
    for event in events:
        if event.parent is not None and event.parent in present:
            children.setdefault(event.parent, []).append(event)
    found = []
    waiting = [event for event in reversed(events) if event.parent is None or event.parent not in present]
    while waiting:
        event = waiting.pop()
        found.append(event)
        waiting += reversed(children.get(event.id, ()))
    return found, {number: len(items) for number, items in children.items()}


def page(
    event: Event, target: Target | None, steps: Sequence[EventStep], children: Sequence[Event],
    deliveries: Sequence[Delivery], park: Park,
) -> RenderableType:  # fmt: skip
    """Lay one event out whole: what it is, its times and deadlines, its history, who was told."""
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from parkops.monitor.words import headline, lost_with

    now_s = time.time()
    targets = {item.id: item for item in park.targets}
    style = COLOURS.get(event.severity, "") if event.resolved_s is None else "bold"
    facts = Table.grid(padding=(0, 2))
    for name, text in _facts(event, now_s):
        facts.add_row(Text(name, style="dim"), Text(text))
    parts: list[RenderableType] = [
        Text(f"Event {event.id}: {headline(event, target)}", style=style), Text(), facts, Text(),
    ]  # fmt: skip
    if children:
        parts += [Text(lost_with(children, targets).capitalize() + ":")]
        parts += [Text(f"  {child.id}  {child.target}: {child.cause} ({child.phase})") for child in children]
        parts.append(Text())
    history = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    for name in ("When", "Step", "Who", "Note"):
        history.add_column(name, overflow="fold")
    for step in steps:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(step.time_s))
        history.add_row(*map(Text, (when, step.step, step.by or "parkops", step.note)))
    parts.append(history)
    parts += [Text(_delivery(item)) for item in deliveries]
    return Group(*parts)


def _facts(event: Event, now_s: float) -> list[tuple[str, str]]:
    ended = event.duration_s
    late = event.overdue(now_s)
    lines = [
        ("state", f"{event.phase}, {event.severity}" + (f", {event.muted}" if event.muted else "")),
        ("seen at", f"{event.target} ({event.kind})" + (f", tenant {event.tenant}" if event.tenant else "")),
        ("length", f"open for {ago(now_s - event.opened_s)}" if ended is None else length(ended)),
    ]
    if event.parent is not None:
        lines.append(("because of", f"event {event.parent}"))
    if event.reopened:
        lines.append(("came back", f"{event.reopened} times"))
    for name, time_s in (("acknowledge by", event.acknowledge_by_s), ("resolve by", event.resolve_by_s)):
        if time_s is not None and event.resolved_s is None:
            mark = " (OVERDUE)" if late and name.startswith(late) else ""
            lines.append((name, clock(time_s, now_s) + mark))
    for name, text in (("taken by", event.acknowledged_by), ("worked on by", event.work_by),
                       ("closed by", event.closed_by), ("mended by push", event.change),
                       ("note", event.note)):  # fmt: skip
        if text:
            lines.append((name, text))
    return lines


def _delivery(item: Delivery) -> str:
    if item.done_s is None:
        state = f"waits, {item.attempts} attempts" + (f", {item.error}" if item.error else "")
    else:
        state = f"not told: {item.error}" if item.error else "told"
    return f"{item.receiver}: {item.what}: {state}"
