"""A flow of the plan, tried from a node of its source; or what must not pass, from there as well."""

from __future__ import annotations

import asyncio

from parkops.model import Sample, Target, arrived
from parkops.monitor.probes.base import Context, DownError, UnableError

KINDS = ("tcp", "udp", "icmp", "dns", "http", "tls")
SHARE = 0.75  # of the whole time is the node's own; the rest is for the way there and back


async def flow(target: Target, context: Context) -> Sample:
    """Ask the target's vantage node; its duration counts, never its clock.

    What the node could not try is unknown. ``expect=blocked`` is good where nothing arrived.
    """
    from parkops.monitor.vantage.session import Ask

    vantages = context.tools.vantages
    if vantages is None:
        raise UnableError("this monitor was given no vantage nodes")
    attempt, kind = context.start(target), target.param("kind", "tcp")
    ask = Ask(
        kind,
        target.address,
        target.port,
        SHARE * context.timeout_s,
        target.param("host"),
        target.param("path"),
    )
    try:
        async with asyncio.timeout(context.timeout_s):
            answer = await vantages.ask(target.vantage, ask)
    except TimeoutError:
        raise UnableError(f"{target.vantage} said nothing within {context.timeout_s:g} s") from None
    if answer.result == "unable":
        raise UnableError(f"{target.vantage}: {answer.detail}")
    if target.param("expect") == "blocked":
        rejects = target.param("boundary") == "reject"
        if arrived(answer.result, target.address, answer.icmp, rejects=rejects) is not False:
            raise DownError(f"it passes, and no flow of the plan allows it: {answer.detail}")
        return attempt.silent()
    if answer.result == "silent" and kind == "udp":
        raise UnableError(f"{answer.detail}: a datagram need not be answered")
    if answer.result != "answer":
        raise DownError(answer.detail)
    return attempt.up(answer.rtt_s) if answer.rtt_s is not None else attempt.silent()
