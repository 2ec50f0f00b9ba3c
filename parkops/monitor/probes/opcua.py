"""OPC UA (IEC 62541-4): a session, the server's state, and a node's value; needs asyncua."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from parkops.model import Sample, Target
from parkops.monitor.probes.base import Context, DownError, UnableError, Values, value
from parkops.monitor.probes.tcp import connection

STATE, TIME = "i=2259", "i=2258"  # Server_ServerStatus_State and _CurrentTime
RUNNING = 0
SESSION_MS = 60_000
SHARE = 0.9  # of the time; the rest is for the session's end
STATES = ("running", "failed", "no configuration", "suspended", "shut down", "test", "communication fault")

logging.getLogger("asyncua").addHandler(logging.NullHandler())  # what it logs is in the samples' reasons
logging.getLogger("asyncua").propagate = False


async def opcua(target: Target, context: Context) -> Sample:
    """Open a session and read the server's state and time, and ``node``, which ``min`` and ``max`` bound.

    ``path`` follows the address in the endpoint's URL; ``user`` and ``password`` (a reference) log in.
    """
    attempt, begin_s = context.start(target), asyncio.get_running_loop().time()
    async with connection(target, target.port):  # a port that is closed says so before a library is asked
        pass
    client = await _client(target, context)
    from asyncua.ua.uaerrors import UaError

    try:
        async with asyncio.timeout_at(begin_s + SHARE * context.timeout_s):
            await client.connect()
            context.step(f"session with {client.server_url.geturl()}")
            values = await _read(client, target, context)
    except UaError as error:
        raise DownError(_why(error)) from error
    except (ConnectionError, asyncio.IncompleteReadError) as error:
        raise DownError("closed the connection: it speaks no OPC UA here") from error
    finally:
        await _leave(client, (1 - SHARE) / 2 * context.timeout_s)
    return attempt.up(values=values)


async def _leave(client: Any, timeout_s: float) -> None:
    """End the session; a server that has fallen silent is not waited for."""
    try:
        with suppress(Exception):
            async with asyncio.timeout(timeout_s):
                await client.disconnect()
    finally:
        client.disconnect_socket()


async def _client(target: Target, context: Context) -> Any:  # asyncua has no types
    try:
        # the library takes a second to load: other probes go on meanwhile
        asyncua = await asyncio.to_thread(__import__, "asyncua")
    except ImportError as error:
        raise UnableError("OPC UA needs asyncua: pip install 'parkops[opcua]'") from error
    host = f"[{target.address}]" if ":" in target.address else target.address
    client = asyncua.Client(
        f"opc.tcp://{host}:{target.port}{target.param('path')}", timeout=context.timeout_s
    )
    client.application_uri = client.name = "urn:parkops:probe"
    client.session_timeout = SESSION_MS
    if target.param("user"):
        client.set_user(target.param("user"))
        reference = target.param("password")
        client.set_password(context.tools.secret(reference) if reference else "")
    return client


async def _read(client: Any, target: Target, context: Context) -> Values:
    state = int(await client.get_node(STATE).read_value())
    values = [value("server_state", state)]
    if state != RUNNING:
        what = STATES[state] if state < len(STATES) else str(state)
        raise DownError(f"the server's state is {what}", tuple(values))
    clock = await client.get_node(TIME).read_value()
    offset_s = (clock.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()
    values.append(value("offset_s", offset_s))
    context.step(f"server is running, its clock is {offset_s:+.3f} s off")
    if name := target.param("node"):
        found = await client.get_node(name).read_value()
        context.step(f"{name} = {found!r}")
        values += _judge(name, found, target, tuple(values))
    return tuple(values)


def _judge(name: str, found: object, target: Target, so_far: Values) -> Values:
    number = float(found) if isinstance(found, int | float) else None
    low, high = float(target.param("min", "-inf")), float(target.param("max", "inf"))
    bounded = target.param("min") or target.param("max")
    if number is None:
        if bounded:
            raise DownError(f"{name} is {found!r}, expected a number", so_far)
        return ()
    read = (value("node_value", number, name),)
    if not low <= number <= high:
        raise DownError(f"{name} is {number:g}, expected {low:g} to {high:g}", so_far + read)
    return read


def _why(error: Exception) -> str:
    name = type(error).__name__
    known = {
        "BadIdentityTokenRejected": "the server refuses the login: user or password",
        "BadUserAccessDenied": "the server refuses the login: user or password",
        "BadIdentityTokenInvalid": "the server takes no login of this kind",
        "BadNodeIdUnknown": "the server has no such node",
        "BadNotReadable": "the node cannot be read",
        "BadTooManySessions": "the server has too many sessions",
        "BadSecurityPolicyRejected": "the server refuses this security policy",
    }
    return known.get(name, f"the server refuses: {name.removeprefix('Bad') if name != 'UaError' else error}")
