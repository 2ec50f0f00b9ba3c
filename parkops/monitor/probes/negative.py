"""Negative probes: a flow that the plan forbids must get no answer (``expect=blocked``)."""

from __future__ import annotations

import asyncio
import errno

from parkops.model import Sample, Target
from parkops.monitor.probes.base import Context, DownError, Entry, Over
from parkops.monitor.probes.tcp import tcp

# A refusal may be a filter's reject as well as a closed port: nothing was served in either case.
STOPPED = frozenset({errno.ECONNREFUSED, errno.ECONNRESET, errno.EHOSTUNREACH, errno.ETIMEDOUT})


async def blocked(target: Target, context: Context, entry: Entry) -> Sample:
    """Try what is forbidden: up when nothing answers, down when anything does.

    Over TCP a connection is enough; over UDP any answer is, even one that the probe would complain about.
    What this side cannot try stays unknown.
    """
    attempt = context.start(target)
    try:
        async with asyncio.timeout(context.timeout_s):
            if entry.over is Over.TCP:
                await tcp(target, context)
            else:
                await entry.probe(target, context)
    except TimeoutError:
        context.step("nothing answers: it is blocked")
        return attempt.up()
    except OSError as error:
        if error.errno not in STOPPED:
            raise
        context.step("refused: it is blocked")
        return attempt.up()
    except DownError as error:
        if entry.over is Over.ICMP:  # no echo reply, or a router that says no
            context.step(f"{error}: it is blocked")
            return attempt.up()
        raise DownError(f"forbidden service answered: {error}", error.values) from error
    raise DownError("forbidden service answered")
