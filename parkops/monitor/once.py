"""Probe one target once, now, and keep every step that the probe takes."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from parkops.model import Park, Sample, Target, Workspace
from parkops.monitor import probes
from parkops.monitor.clock import RecordClock
from parkops.monitor.probes.base import Context, Reads, Step, Tools
from parkops.monitor.probes.icmp import Pinger
from parkops.monitor.run import vantage_nodes
from parkops.monitor.sessions import Sessions
from parkops.monitor.throughput import Throughput, throughput
from parkops.monitor.vantage import Vantages
from parkops.monitor.watch import prepare
from parkops.store import pending
from parkops.transport import secrets
from parkops.transport.login import Login, login

TIMEOUT_S = 10.0
SESSIONS = ("paramiko", "ncclient.manager", "lxml.etree")
LIBRARIES = {
    "gnmi": ("grpc.aio",),
    "link": SESSIONS,
    "lldp": ("paramiko", "gufo.snmp.aio"),
    "netconf": SESSIONS,
    "opcua": ("asyncua",),
    "snmp": ("gufo.snmp.aio",),
    "ssh": ("paramiko",),
    "syslog": ("paramiko",),
}


@dataclass(frozen=True, slots=True)
class Look:
    """One probe of one target: what came of it, and how; times of steps count from its start."""

    target: Target  # with its port filled in
    timeout_s: float
    sample: Sample
    steps: tuple[Step, ...]
    took_s: float


def probe_once(park: Park, workspace: Workspace, target: Target) -> Look:
    """Probe a target as the park's monitor does; nothing is recorded.

    UsageError when it cannot be probed.
    """
    target = prepare([target])[0]
    return asyncio.run(_look(target, lambda: _tools(park, workspace)))


def measure(park: Park, workspace: Workspace, target: Target) -> Throughput:
    """Take a throughput sample of a target's device; DeviceError or UsageError when it cannot be taken."""
    return throughput(target, replace(login(park.access, workspace), connect_timeout_s=TIMEOUT_S))


def _tools(park: Park, workspace: Workspace) -> Tools:
    def log_in() -> Login:
        return login(park.access, workspace)

    sessions = Sessions(log_in, lambda device: pending.waits(workspace.state, device))
    return Tools(
        RecordClock(),
        Pinger(),
        sessions,
        Reads(),
        lambda name: secrets.resolve(name, workspace.root),
        Vantages(vantage_nodes(park), log_in),
    )


async def _look(target: Target, make: Callable[[], Tools]) -> Look:
    for name in LIBRARIES.get(target.probe, ()):  # loading them is no part of what is measured
        with suppress(ImportError):
            importlib.import_module(name)
    tools, steps = make(), list[Step]()
    timeout_s = probes.timeout_s(target)
    begin_s = time.perf_counter()
    try:
        sample = await probes.probe(target, Context(tools, timeout_s, steps))
        took_s = time.perf_counter() - begin_s
    finally:
        tools.pinger.close()
        if tools.vantages is not None:
            await tools.vantages.close()
        await tools.sessions.close()
    since = tuple(Step(step.at_s - begin_s, step.what) for step in steps)
    return Look(target, timeout_s, sample, since, took_s)
