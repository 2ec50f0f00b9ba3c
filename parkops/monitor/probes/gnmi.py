"""gNMI (OpenConfig gNMI 0.10): subscribe to a path and read its first updates; needs grpcio."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from parkops.model import Sample, Target
from parkops.monitor.probes.base import Context, DownError, UnableError, Values, value
from parkops.monitor.probes.gnmi_messages import Update, response_of, subscription
from parkops.monitor.probes.tcp import connection

METHOD = "/gnmi.gNMI/Subscribe"
MAX_UPDATES = 200


async def gnmi(target: Target, context: Context) -> Sample:
    """Subscribe to ``path`` and take what comes until the server has told all of it once.

    ``mode`` is once or stream; ``equals`` is what every leaf must be; ``tls`` no, or ``ca`` and ``name`` for
    what the certificate must be; ``user`` and ``password`` (a reference) log in.
    """
    attempt = context.start(target)
    async with connection(target, target.port):  # a port that is closed says so before a library is asked
        pass
    try:
        grpc = await asyncio.to_thread(__import__, "grpc.aio")
    except ImportError as error:
        raise UnableError("gNMI needs grpcio: pip install 'parkops[gnmi]'") from error
    channel = _channel(grpc, target)
    try:
        updates = await _updates(channel, target, context)
    except grpc.aio.AioRpcError as error:
        raise DownError(_why(error.code().name, error.details() or "")) from error
    finally:
        await channel.close()
    values = (value("gnmi_updates", len(updates)), *_numbers(updates))
    if not updates:
        raise DownError(f"nothing is at {target.param('path')}", values)
    wanted = target.param("equals")
    for update in updates if wanted else ():
        if str(update.content).lower() != wanted.lower():
            raise DownError(f"{update.path} is {update.content}, expected {wanted}", values)
    return attempt.up(values=values)


def _channel(grpc: Any, target: Target) -> Any:
    host = f"[{target.address}]" if ":" in target.address else target.address
    where = f"{host}:{target.port}"
    if target.param("tls") == "no":
        return grpc.aio.insecure_channel(where)
    roots = None
    if target.param("ca"):
        from pathlib import Path

        try:
            roots = Path(target.param("ca")).read_bytes()
        except OSError as error:
            raise UnableError(f"cannot read CAs from {target.param('ca')}: {error.strerror}") from error
    name = target.param("name")
    options = [("grpc.ssl_target_name_override", name)] if name else []
    return grpc.aio.secure_channel(where, grpc.ssl_channel_credentials(roots), options)


async def _updates(channel: Any, target: Target, context: Context) -> list[Update]:
    metadata = []
    if target.param("user"):
        reference = target.param("password")
        password = context.tools.secret(reference) if reference else ""
        metadata = [("username", target.param("user")), ("password", password)]
    mode = target.param("mode", "once")
    request = subscription(target.param("path"), mode, target.param("encoding", "json_ietf"))
    call = await _subscribe(channel, request, metadata, more=mode == "stream")
    context.step(f"subscribed to {target.param('path')}")
    found: list[Update] = []
    try:
        async for response in call:
            updates, synced = response_of(response)
            found += updates
            if synced or len(found) >= MAX_UPDATES:
                context.step(f"{len(found)} updates")
                break
    except ValueError as error:
        raise DownError("the answer is no gNMI") from error
    finally:
        call.cancel()
    return found[:MAX_UPDATES]


async def _subscribe(channel: Any, request: bytes, metadata: list[tuple[str, str]], *, more: bool) -> Any:
    """Send the only request; ``more`` keeps the client's half of the call open, as a stream needs.

    A server that ends the call before it has read an open half leaves grpcio nothing but "Internal error
    from Core"; the same request in one piece then tells the server's own status.
    """
    from grpc.aio import AioRpcError

    if more:
        call = channel.stream_stream(METHOD, _as_it_is, _as_it_is)(metadata=metadata)
        try:
            await call.write(request)
        except AioRpcError as error:
            if error.code().name != "INTERNAL":
                raise
        else:
            return call
    return channel.unary_stream(METHOD, _as_it_is, _as_it_is)(request, metadata=metadata)


def _as_it_is(data: bytes) -> bytes:
    return data


def _numbers(updates: list[Update]) -> Values:
    found = []
    for update in updates:
        content = update.content
        if isinstance(content, str) and re.fullmatch(r"-?\d+(\.\d+)?", content):
            content = float(content)  # RFC 7951: 64-bit numbers are texts
        if isinstance(content, int | float):
            found.append(value("gnmi_value", content, update.path))
    return tuple(found)


def _why(code: str, details: str) -> str:
    known = {
        "UNAVAILABLE": "no gRPC server answers",
        "UNAUTHENTICATED": "the server refuses the login",
        "PERMISSION_DENIED": "the server refuses the login",
        "UNIMPLEMENTED": "the server speaks no gNMI",
        "NOT_FOUND": "the server has no such path",
        "INVALID_ARGUMENT": "the server takes no such path",
    }
    if "certificate" in details.lower() or "ssl" in details.lower():
        return f"no TLS with it: {details}"
    return f"{known.get(code, code.lower().replace('_', ' '))}: {details}".rstrip(": ")
