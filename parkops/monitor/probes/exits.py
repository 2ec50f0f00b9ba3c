"""Exits to public clouds: a service outside is reached, by the exit that shall carry it."""

from __future__ import annotations

import asyncio

from parkops.model import Sample, Target
from parkops.monitor.probes import parameters as take
from parkops.monitor.probes.base import Context, DownError, UnableError, value
from parkops.monitor.probes.hops import Hop, trace
from parkops.monitor.probes.tcp import connection

HOPS, MOST_HOPS = 4, 16
SHARE = 0.4  # of the time, for each of the two looks


async def exits(target: Target, context: Context) -> Sample:
    """Connect to a service outside from ``source``, and tell by which of ``exits`` its way leaves the park.

    ``exits`` are names with the addresses of routers that only they pass: ct-1=203.0.113.1. ``through`` is
    the exit that must carry it.
    """
    attempt = context.start(target)
    source, most = target.param("source"), int(target.param("hops", str(HOPS)))
    known = routers(target.param("exits"))
    hops = await trace(target.address, source, most, context.timeout_s * SHARE)
    told = ", ".join(hop.address or "?" for hop in hops) or "nobody tells"
    context.step(f"first hops from {source or 'here'}: {told}")
    carried = next((known[hop.address] for hop in hops if hop.address in known), "")
    values = (
        value("exit_hops", len(hops)),
        *(value("exit_carries", name == carried, name) for name in dict.fromkeys(known.values())),
        *_rtt(hops),
    )
    wanted = target.param("through")
    if carried and wanted and carried != wanted:
        raise DownError(f"leaves by {carried}, expected {wanted}", values)
    await _reach(target, source, context, carried)
    if not carried:
        raise UnableError(f"no exit is seen on the way ({told})")
    context.step(f"reached by {carried}")
    return attempt.up(values=values)


def routers(text: str) -> dict[str, str]:
    """Read ``name=address`` by commas as address -> name; ValueError for anything else."""
    found = {}
    for part in take.names(text):
        name, equals, address = part.partition("=")
        if not equals or not name.strip():
            raise ValueError(f"{part!r} is no exit, expected name=address")
        found[take.address(address.strip())] = name.strip()
    return found


def _rtt(hops: tuple[Hop, ...]) -> list[tuple[str, float]]:
    return [value("hop_rtt_s", hop.rtt_s, str(at)) for at, hop in enumerate(hops, 1) if hop.rtt_s is not None]


async def _reach(target: Target, source: str, context: Context, carried: str) -> None:
    by = f" by {carried}" if carried else ""
    try:
        async with asyncio.timeout(context.timeout_s * SHARE), connection(target, target.port, source):
            return
    except TimeoutError as error:
        raise DownError(f"{target.address} port {target.port} does not answer{by}") from error
    except ConnectionRefusedError as error:
        raise DownError(f"{target.address} refuses port {target.port}{by}") from error
