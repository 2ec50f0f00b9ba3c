"""Identifier resolution (标识解析) over HTTP: a node resolves an identifier to what is registered for it."""

from __future__ import annotations

import json
from urllib.parse import quote

from parkops.model import Sample, Target
from parkops.monitor.probes import tls
from parkops.monitor.probes.base import Context, DownError
from parkops.monitor.probes.http import Answer, fetch, get

FOUND, NOT_FOUND = 200, 404


async def identifier(target: Target, context: Context) -> Sample:
    """Resolve ``identifier`` at a node; it must be known, and give ``value`` where one is stated.

    ``path`` is what stands before the identifier (default /resolve/); with ``tls=yes`` over TLS.
    """
    attempt = context.start(target)
    name = target.param("identifier")
    where = target.param("path", "/resolve/") + quote(name, safe="/")
    answer = await _ask(target, context, where)
    if answer.status == NOT_FOUND:
        raise DownError(f"does not know the identifier {name}")
    if answer.status != FOUND:
        raise DownError(f"answers HTTP status {answer.status} for {name}, expected {FOUND}")
    found, wanted = _value(answer), target.param("value")
    context.step(f"{name} resolves to {found}")
    if not found:
        raise DownError(f"resolves {name} to nothing")
    if wanted and found != wanted:
        raise DownError(f"resolves {name} to {found}, expected {wanted}")
    return attempt.up()


async def _ask(target: Target, context: Context, where: str) -> Answer:
    if target.param("tls") != "yes":
        return await get(target, target.port, where, context=context)
    reader, writer = await tls.connect(target, context)
    try:
        return await fetch(reader, writer, target, where, target.param("name"))
    finally:
        writer.close()


def _value(answer: Answer) -> str:
    """Return what an answer says: the value of a JSON document, or all of a text."""
    text = answer.body.decode("utf-8", "replace").strip()
    try:
        document = json.loads(text)
    except ValueError:
        return text
    if isinstance(document, dict):
        return str(document.get("value", ""))
    return str(document)
