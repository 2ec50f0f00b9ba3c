"""SNMP: an agent that answers, and what it tells: interfaces, load, environment, rings, clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class Asked:
    """What a target's parameters ask for."""

    platform: str
    collect: str
    topics: tuple[str, ...]
    interfaces: tuple[str, ...]
    limits: Mapping[str, float]


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
    asked = context.tools.sessions.shared(("asked", target.id, target.params), lambda: _asked(target))
    found = await ask(target, context, lambda session: _read(session, asked, target, context))
    values = tuple(found.values)
    wrong = [*found.wrong, *_too_much(asked.limits, values)]
    if wrong:
        more = f" and {len(wrong) - TOLD} more" if len(wrong) > TOLD else ""
        raise DownError("; ".join(wrong[:TOLD]) + more, values)
    return attempt.up(values=values)


def _asked(target: Target) -> Asked:
    platform, collect = target.param("platform", "standard"), target.param("collect")
    interfaces, limits = target.param("interface"), target.param("max")
    return Asked(
        platform,
        collect,
        _topics(collect, platform),
        take.names(interfaces) if interfaces else (),
        bounds(limits) if limits else {},
    )


async def _read(session: SnmpSession, asked: Asked, target: Target, context: Context) -> Found:
    ticks = await session.get(UPTIME)
    uptime_s = int(ticks) / 100  # type: ignore[arg-type]
    if context.steps is not None:
        context.step(f"sysUpTime {uptime_s:.2f} s")
    found = Found([value("uptime_s", uptime_s)])
    if not asked.collect:
        return found
    names: dict[str, dict[str, Cell]] = {}  # columns of labels are read once
    for topic in asked.topics:
        columns = table().columns(topic, asked.platform)
        if not columns:
            raise UnableError(f"nothing is known of how {asked.platform} tells its {topic}")
        before = len(found.values)
        for column in columns:
            reader = sensors if column.sensor_table else read
            values, wrong = await reader(session, column, names)
            found.values += values
            found.wrong += wrong
        context.step(f"{topic}: {len(found.values) - before} values")
        if topic == "interfaces":
            found = _interfaces(asked.interfaces, target, context, found)
    if len(found.values) == 1:
        raise UnableError(f"the agent answers, but tells nothing of {asked.collect}")
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


def _interfaces(wanted: Sequence[str], target: Target, context: Context, found: Found) -> Found:
    """Keep the interfaces that were asked for, which must be up, and add their rates."""
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


def _too_much(limits: Mapping[str, float], values: Values) -> Sequence[str]:
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
