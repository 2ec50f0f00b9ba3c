"""The table of probes, the strict check of what targets ask of them, and the boundary around each."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections import Counter
from collections.abc import Mapping, Sequence

from parkops.errors import ParkopsError, UsageError
from parkops.model import Sample, State, Target
from parkops.monitor.probes.base import Context, DownError, Parameter, UnableError, explain, unable
from parkops.monitor.probes.link import PORTS
from parkops.monitor.probes.lldp import PORTS as LLDP_PORTS
from parkops.monitor.probes.negative import blocked
from parkops.monitor.probes.table import COMMON, EXPECT, PROBES

MAX_SHARE = 0.8  # of its interval: a probe ends before its target is due again


def check(targets: Sequence[Target]) -> None:
    """Refuse targets that no probe can serve; UsageError names every mistake."""
    counts = Counter(target.id for target in targets)
    problems = [f"{name}: is watched {count} times" for name, count in counts.items() if count > 1]
    for target in targets:
        problems += [f"{target.id}: {problem}" for problem in problems_of(target)]
    if problems:
        raise UsageError("targets that cannot be probed:\n  " + "\n  ".join(problems))


def problems_of(target: Target) -> list[str]:
    """Return what keeps a target from being probed at all."""
    entry = PROBES.get(target.probe)
    if entry is None:
        return [f"unknown probe {target.probe!r}: expected one of {', '.join(PROBES)}"]
    found = []
    try:
        ipaddress.ip_address(target.address)
    except ValueError:
        found.append(f"{target.address!r} is no IP address")
    if (target.probe == "flow") != bool(target.vantage):
        found.append("the probe flow, and no other, needs a vantage node")
    if not entry.portless and not (target.port or entry.port):
        found.append("needs a port")
    if not 0 <= target.port <= 65535:
        found.append(f"port {target.port} is out of range")
    if target.interval_s <= 0:
        found.append(f"interval {target.interval_s:g} s is not above 0")
    return found + _parameter_problems(target, known(target.probe))


def known(name: str) -> Mapping[str, Parameter]:
    """Return all parameters that a probe takes."""
    entry = PROBES[name]
    return {**COMMON, **(EXPECT if entry.over else {}), **entry.parameters}


def _parameter_problems(target: Target, known: Mapping[str, Parameter]) -> list[str]:
    given = dict(target.params)
    found = [f"needs the parameter {name!r}" for name in known if known[name].required and name not in given]
    for name, value in target.params:
        if name not in known:
            found.append(f"unknown parameter {name!r}: expected one of {', '.join(sorted(known))}")
            continue
        try:
            known[name].check(value)
        except ValueError as error:
            found.append(f"parameter {name}={value!r}: {error}")
    return found


def port(target: Target) -> int:
    """Return the port that a target's probe uses, 0 for none."""
    if target.probe == "link":
        return target.port or PORTS[target.param("source", "netconf")]
    if target.probe == "lldp":
        return target.port or LLDP_PORTS[target.param("source", "snmp")]
    return target.port or PROBES[target.probe].port


def timeout_s(target: Target) -> float:
    """Return how long a target's probe may take, in seconds."""
    wanted = target.param("timeout_s")
    return min(float(wanted) if wanted else PROBES[target.probe].timeout_s, MAX_SHARE * target.interval_s)


async def probe(target: Target, context: Context) -> Sample:
    """Probe a target once; whatever happens comes back as a sample with its reason."""
    entry = PROBES[target.probe]
    time_s = context.tools.clock.now()
    try:
        if entry.over and target.params and target.param("expect") == "blocked":
            return await blocked(target, context, entry)
        if entry.paced:
            return await entry.probe(target, context)
        async with asyncio.timeout(context.timeout_s):
            return await entry.probe(target, context)
    except DownError as error:
        return Sample(target.id, time_s, State.DOWN, reason=str(error), values=error.values)
    except UnableError as error:
        return Sample(target.id, time_s, State.UNKNOWN, reason=str(error))
    except TimeoutError:
        reason = f"no answer within {context.timeout_s:g} s"
        return Sample(target.id, time_s, entry.on_timeout, reason=reason)
    except ssl.SSLError as error:  # its number is OpenSSL's, not the system's
        return Sample(target.id, time_s, State.DOWN, reason=f"TLS: {_words(error)}")
    except OSError as error:
        state = State.UNKNOWN if unable(error) else State.DOWN
        return Sample(target.id, time_s, state, reason=explain(error))
    except ParkopsError as error:
        return Sample(target.id, time_s, State.UNKNOWN, reason=str(error))
    except Exception as error:  # noqa: BLE001 - the probes' boundary: a bug in one is no outage
        return Sample(target.id, time_s, State.UNKNOWN, reason=f"{type(error).__name__}: {error}")


def _words(error: ssl.SSLError) -> str:
    return (error.reason or error.strerror or str(error)).replace("_", " ").lower()


__all__ = ["PROBES", "check", "known", "port", "probe", "problems_of", "timeout_s"]
