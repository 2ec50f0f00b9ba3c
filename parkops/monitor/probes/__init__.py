"""The table of probes, the strict check of what targets ask of them, and the boundary around each."""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter
from collections.abc import Mapping, Sequence

from parkops.errors import ParkopsError, UsageError
from parkops.model import Sample, State, Target
from parkops.monitor.probes.base import UNABLE, Context, DownError, Entry, Parameter, UnableError, explain
from parkops.monitor.probes.http import http
from parkops.monitor.probes.icmp import icmp
from parkops.monitor.probes.link import PORTS, SOURCES, interfaces, link
from parkops.monitor.probes.mqtt import mqtt
from parkops.monitor.probes.netconf import modules, netconf
from parkops.monitor.probes.ntp import ntp
from parkops.monitor.probes.ssh import ssh
from parkops.monitor.probes.tcp import tcp

MAX_SHARE = 0.8  # of its interval: a probe ends before its target is due again


def _one_of(*values: str) -> Parameter:
    def check(text: str) -> None:
        if text not in values:
            raise ValueError(f"expected one of {', '.join(values)}")

    return Parameter(check)


def _text(text: str) -> str:
    if not text or not text.isprintable():
        raise ValueError("expected printable text")
    return text


def _path(text: str) -> str:
    if not text.startswith("/") or " " in text or not text.isprintable():
        raise ValueError("expected a path that begins with /, without spaces")
    return text


def _positive(text: str) -> float:
    if not 0 < float(text) < float("inf"):
        raise ValueError("expected a number above 0")
    return float(text)


def _between(low: int, high: int) -> Parameter:
    def check(text: str) -> None:
        if not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"expected a whole number from {low} to {high}")

    return Parameter(check)


def _reference(text: str) -> str:
    if not text.startswith(("env:", "file:")):
        raise ValueError("expected a secret reference, env:NAME or file:PATH")
    return text


COMMON: Mapping[str, Parameter] = {
    "timeout_s": Parameter(_positive),
    "severity": _one_of("critical", "warning"),
}

# All requests to one NETCONF server come together: between them it must have its quiet, because netconfd
# 2.13 does not let a confirmed commit time out while requests arrive each half second.
PROBES: Mapping[str, Entry] = {
    "icmp": Entry(icmp, timeout_s=1.0, portless=True, severity="critical", paced=True),
    "tcp": Entry(tcp, timeout_s=2.0),
    "ssh": Entry(ssh, timeout_s=3.0, port=22, parameters={"login": _one_of("yes", "no")}),
    "netconf": Entry(
        netconf,
        timeout_s=5.0,
        port=830,
        parameters={"modules": Parameter(modules), "session": _one_of("keep", "fresh")},
        together=lambda target: f"netconf/{target.address}",
    ),
    "mqtt": Entry(
        mqtt,
        timeout_s=3.0,
        port=1883,
        parameters={
            "topic": Parameter(_text),
            "user": Parameter(_text),
            "password": Parameter(_reference),
        },
    ),
    "http": Entry(
        http,
        timeout_s=3.0,
        port=80,
        parameters={
            "path": Parameter(_path),
            "status": _between(100, 599),
            "body": Parameter(_text),
            "host": Parameter(_text),
        },
    ),
    "ntp": Entry(
        ntp,
        timeout_s=2.0,
        port=123,
        parameters={"max_stratum": _between(1, 15), "max_offset_s": Parameter(_positive)},
    ),
    "link": Entry(
        link,
        timeout_s=5.0,
        portless=True,  # the source decides
        parameters={
            "interface": Parameter(interfaces, required=True),
            "source": _one_of(*SOURCES),
            "link": Parameter(_text),  # Link.id, for people
        },
        on_timeout=State.UNKNOWN,
        severity="critical",
        together=lambda target: f"{target.param('source', 'netconf')}/{target.address}",
    ),
}


def check(targets: Sequence[Target]) -> None:
    """Refuse targets that no probe can serve; UsageError names every mistake."""
    counts = Counter(target.id for target in targets)
    problems = [f"{name}: is watched {count} times" for name, count in counts.items() if count > 1]
    for target in targets:
        problems += [f"{target.id}: {problem}" for problem in _problems(target)]
    if problems:
        raise UsageError("targets that cannot be probed:\n  " + "\n  ".join(problems))


def _problems(target: Target) -> list[str]:
    entry = PROBES.get(target.probe)
    if entry is None:
        return [f"unknown probe {target.probe!r}: expected one of {', '.join(PROBES)}"]
    found = []
    try:
        ipaddress.ip_address(target.address)
    except ValueError:
        found.append(f"{target.address!r} is no IP address")
    if not entry.portless and not (target.port or entry.port):
        found.append("needs a port")
    if not 0 <= target.port <= 65535:
        found.append(f"port {target.port} is out of range")
    if target.interval_s <= 0:
        found.append(f"interval {target.interval_s:g} s is not above 0")
    return found + _parameter_problems(target, {**COMMON, **entry.parameters})


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
        if entry.paced:
            return await entry.probe(target, context)
        async with asyncio.timeout(context.timeout_s):
            return await entry.probe(target, context)
    except DownError as error:
        return Sample(target.id, time_s, State.DOWN, reason=str(error))
    except UnableError as error:
        return Sample(target.id, time_s, State.UNKNOWN, reason=str(error))
    except TimeoutError:
        reason = f"no answer within {context.timeout_s:g} s"
        return Sample(target.id, time_s, entry.on_timeout, reason=reason)
    except OSError as error:
        state = State.UNKNOWN if error.errno in UNABLE else State.DOWN
        return Sample(target.id, time_s, state, reason=explain(error))
    except ParkopsError as error:
        return Sample(target.id, time_s, State.UNKNOWN, reason=str(error))
    except Exception as error:  # noqa: BLE001 - the probes' boundary: a bug in one is no outage
        return Sample(target.id, time_s, State.UNKNOWN, reason=f"{type(error).__name__}: {error}")


__all__ = ["PROBES", "check", "port", "probe", "timeout_s"]
