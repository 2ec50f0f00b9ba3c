"""SNMP: an agent that answers, and what it tells: interfaces, load, environment, rings, clients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parkops.model import Sample, Target
from parkops.monitor.probes import parameters as take
from parkops.monitor.probes.agent import Cell, ask
from parkops.monitor.probes.base import Context, DownError, UnableError, Values, value
from parkops.monitor.probes.columns import read
from parkops.monitor.probes.oids import TOPICS, table
from parkops.monitor.probes.rates import rates
from parkops.monitor.probes.sensors import sensors

if TYPE_CHECKING:
    from gufo.snmp.aio import SnmpSession

UPTIME = "1.3.6.1.2.1.1.3.0"  # sysUpTime (RFC 3418), hundredths of a second
HEALTH = "health"
TOLD = 4  # complaints that a reason names


@dataclass(slots=True)
class Found:
    """What was read so far, and what is wrong with it."""

    values: list[tuple[str, float]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


async def snmp(target: Target, context: Context) -> Sample:
    """Ask for sysUpTime, and collect the topics of ``collect`` by the MIBs of ``platform``.

    ``interface`` names interfaces that must be up, and the only ones that are told then. ``max`` bounds
    values by name: cpu_ratio=0.9,temperature_celsius=70.
    """
    attempt = context.start(target)
    found = await ask(target, context, lambda session: _read(session, target, context))
    values = tuple(found.values)
    wrong = [*found.wrong, *_too_much(target, values)]
    if wrong:
        more = f" and {len(wrong) - TOLD} more" if len(wrong) > TOLD else ""
        raise DownError("; ".join(wrong[:TOLD]) + more, values)
    return attempt.up(values=values)


async def _read(session: SnmpSession, target: Target, context: Context) -> Found:
    ticks = await session.get(UPTIME)
    uptime_s = int(ticks) / 100  # type: ignore[arg-type]
    context.step(f"sysUpTime {uptime_s:.2f} s")
    found = Found([value("uptime_s", uptime_s)])
    names: dict[str, dict[str, Cell]] = {}  # columns of labels are read once
    platform = target.param("platform", "standard")
    for topic in _topics(target.param("collect"), platform):
        columns = table().columns(topic, platform)
        if not columns:
            raise UnableError(f"nothing is known of how {platform} tells its {topic}")
        before = len(found.values)
        for column in columns:
            reader = sensors if column.sensor_table else read
            values, wrong = await reader(session, column, names)
            found.values += values
            found.wrong += wrong
        context.step(f"{topic}: {len(found.values) - before} values")
        if topic == "interfaces":
            found = _interfaces(target, context, found)
    if target.param("collect") and len(found.values) == 1:
        raise UnableError(f"the agent answers, but tells nothing of {target.param('collect')}")
    return found


def _topics(text: str, platform: str) -> tuple[str, ...]:
    """Return the topics that are asked for; health is all but the interfaces that a platform tells."""
    found = []
    for name in take.names(text) if text else ():
        if name == HEALTH:
            found += [item for item in TOPICS if item != "interfaces" and table().columns(item, platform)]
        else:
            found.append(name)
    return tuple(dict.fromkeys(found))


def _interfaces(target: Target, context: Context, found: Found) -> Found:
    """Keep the interfaces that were asked for, which must be up, and add their rates."""
    wanted = take.names(target.param("interface")) if target.param("interface") else ()
    if wanted:
        kept = tuple(f"[{name}]" for name in wanted)
        found.values = [item for item in found.values if item[0].endswith(kept) or "[" not in item[0]]
        states = dict(found.values)
        for name in wanted:
            state = states.get(f"if_up[{name}]")
            if state != 1:
                found.wrong.append(f"{name} is {'not present' if state is None else 'down'}")
    found.values += rates(context.tools.sessions.shared(("rates", target.id), dict), found.values)
    return found


def _too_much(target: Target, values: Values) -> Sequence[str]:
    limits = bounds(target.param("max")) if target.param("max") else {}
    return [
        f"{name} is {number:.3g}, expected at most {limits[kind]:g}"
        for name, number in values
        if (kind := name.partition("[")[0]) in limits and number > limits[kind]
    ]


def bounds(text: str) -> dict[str, float]:
    """Return limits by the name of their value; ValueError for what is none."""
    found = {}
    for part in take.names(text):
        name, equals, limit = part.partition("=")
        if not equals or not name.isidentifier():
            raise ValueError("expected limits by name, e.g. cpu_ratio=0.9,temperature_celsius=70")
        found[name] = take.number(limit)
    return found
