"""Negative probes: a flow that the plan forbids must not arrive (``expect=blocked``)."""

from __future__ import annotations

import asyncio
import errno
from contextlib import suppress
from subprocess import SubprocessError

from parkops.model import IcmpError, Sample, Target, arrived
from parkops.monitor.probes.base import Context, DownError, Entry, Over, UnableError, Values, explain
from parkops.monitor.probes.tcp import tcp
from parkops.monitor.vantage import neighbours
from parkops.transport.stopped import StoppedError

CLOSED = frozenset({errno.ECONNREFUSED, errno.ECONNRESET})


async def blocked(target: Target, context: Context, entry: Entry) -> Sample:
    """Try what is forbidden: up when it does not arrive (``parkops.model.arrived``), down when it does.

    Over TCP a connection is enough; over UDP any answer is, even one that the probe would complain about.
    What this side cannot try stays unknown.
    """
    attempt = context.start(target)
    result, icmp, what = "answer", None, ""
    values: Values = ()
    try:
        async with asyncio.timeout(context.timeout_s):
            if entry.over is Over.TCP:
                await tcp(target, context)
            else:
                await entry.probe(target, context)
    except DownError as error:  # of ICMP: no echo reply, or a router that says no
        result = "silent" if entry.over is Over.ICMP else "failed"
        what, values = f": {error}", error.values
    except OSError as error:
        result, icmp = _refusal(error)
    if result == "silent" and await asyncio.to_thread(_neighbour_silent, target.address):
        raise UnableError("this machine's next hop does not answer")
    if arrived(result, target.address, icmp, rejects=target.param("boundary") == "reject"):
        raise DownError(_words(result, icmp) + what, values)
    context.step(f"it does not arrive: {icmp or result}{what}")
    return attempt.up()


def _neighbour_silent(address: str) -> bool:
    """Tell whether this machine's next hop is known not to answer; the kernel may give up after the probe."""
    with suppress(OSError, ValueError, IndexError, SubprocessError, neighbours.UnableError):
        return neighbours.neighbour_silent(address)
    return False


def _refusal(error: OSError) -> tuple[str, IcmpError | None]:
    """Return what an error of a socket tells; it is raised again where it tells of this side only."""
    if isinstance(error, TimeoutError):
        return "silent", None
    if isinstance(error, StoppedError):
        return "stopped", IcmpError(*error.icmp)
    if error.errno in CLOSED:
        return "refused", None
    if error.errno == errno.EHOSTUNREACH:  # said by this machine itself: its next hop does not answer
        raise UnableError(explain(error)) from error
    raise error


def _words(result: str, icmp: IcmpError | None) -> str:
    if icmp is not None or result == "refused":
        return f"it arrives, and only the service is closed ({icmp or 'refused by the far end'})"
    return "forbidden service answered"
