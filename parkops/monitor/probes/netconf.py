"""NETCONF (RFC 6241, RFC 6242): a session with verified host key, the modules it needs, and an answer."""

from __future__ import annotations

import re
from contextlib import suppress

from parkops.errors import Refused
from parkops.model import Sample, Target
from parkops.monitor.probes.base import Context, DownError, value
from parkops.transport.netconf import NetconfSession

# A subtree filter that selects nothing (RFC 6241, 6.2.1): the cheapest request with an answer.
NOTHING = '<parkops xmlns="urn:parkops:probe"/>'


async def netconf(target: Target, context: Context) -> Sample:
    """Ask for nothing over a kept session, or over a new one with ``session=fresh``.

    ``modules`` names YANG modules that the server's hello must announce; ``get`` is an element in JSON
    notation, module:name, whose state must not be empty, and of which ``contains`` must be a part.
    """
    attempt = context.start(target)
    needed = modules(target.param("modules"))
    fresh = target.param("session") == "fresh"
    missing = await context.tools.sessions.netconf(
        target, lambda session: _ask(session, needed), context.timeout_s, fresh=fresh
    )
    context.step("hello, and an answer to a filter that selects nothing")
    if missing:
        raise DownError(f"the server does not announce {', '.join(missing)}")
    if not target.param("get"):
        return attempt.up()
    text = await context.tools.sessions.netconf(
        target, lambda session: _get(session, target.param("get")), context.timeout_s, fresh=fresh
    )
    context.step(f"get {target.param('get')}: {len(text)} bytes")
    values = (value("get_bytes", len(text)),)
    if not text:
        raise DownError(f"there is nothing at {target.param('get')}", values)
    if target.param("contains") not in text:
        raise DownError(f"{target.param('get')} does not contain {target.param('contains')!r}", values)
    return attempt.up(values=values)


def subtree(text: str) -> str:
    """Check the parameter ``get``; ValueError for what is no qualified name."""
    if not re.fullmatch(r"[A-Za-z_][\w.-]*:[A-Za-z_][\w.-]*", text):
        raise ValueError("expected module:element, e.g. ietf-system:system-state")
    return text


def _get(session: NetconfSession, name: str) -> str:
    """Return an element's state as text, "" where there is none; UsageError for an unknown module."""
    from lxml import etree

    module, _, element = name.partition(":")
    announced = re.compile(rf"[?&]module={re.escape(module)}(&|$)")
    uris = (uri.partition("?")[0] for uri in session.capabilities if announced.search(uri))
    namespace = next(uris, "")
    if not namespace:
        raise DownError(f"the server does not announce {module}")
    tree = etree.fromstring(session.get(f'<{element} xmlns="{namespace}"/>'))
    found = tree.find(f".//{{{namespace}}}{element}")
    return "" if found is None or not len(found) else etree.tostring(found, encoding="unicode")


def _ask(session: NetconfSession, needed: tuple[str, ...]) -> tuple[str, ...]:
    with suppress(Refused):  # a server that says no to a strange filter has answered
        session.get_config(filter_xml=NOTHING)
    announced = {match[1] for uri in session.capabilities if (match := re.search(r"[?&]module=([^&]+)", uri))}
    return tuple(name for name in needed if name not in announced)


def modules(text: str) -> tuple[str, ...]:
    """Return the names of a comma-separated list; ValueError for what is no YANG identifier."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name):
            raise ValueError(f"{name!r} is no YANG module name")
    return names
