"""Configuration texts of a device: read from it where that was done, else as rendered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from parkops.assess.context import CONFIG_MAX_AGE_S, Context
from parkops.model import Device, Evidence, EvidenceKind, digest

NFTABLES_NODES = ("linux", "frr", "host")  # platforms whose nodes filter by nftables
NFTABLES = "/etc/nftables.conf"
SSHD = "/etc/ssh/sshd_config.d/parkops.conf"
CHRONY = "/etc/chrony/chrony.conf"
RSYSLOG = "/etc/rsyslog.d/parkops.conf"
SYSCTL = "/etc/sysctl.d/60-parkops.conf"
MOSQUITTO = "/etc/mosquitto/conf.d/parkops.conf"

_LIVE = re.compile(r"^=== nft list ruleset\n(.*?)(?=^=== |\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Text:
    """One configuration text; ``time_s`` is None when it was rendered and not read back."""

    device: str
    path: str
    body: str
    time_s: float | None
    stale: bool = False
    memo: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)  # what was read out of it

    @cached_property
    def seal(self) -> str:
        """The digest of the whole text."""
        return digest(self.body)

    @property
    def origin(self) -> str:
        """How the text is known, for people."""
        return "rendered, not read back" if self.time_s is None else "running"

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield (number from 1, stripped line) of lines that say something."""
        for number, line in enumerate(self.body.splitlines(), 1):
            stripped = line.strip()
            if stripped and stripped[0] not in "#!;":
                yield number, stripped

    def find(self, *starts: str) -> tuple[int, str] | None:
        """Return the first line that starts with one of ``starts`` (case is ignored)."""
        lowered = tuple(start.lower() for start in starts)
        return next(((n, line) for n, line in self.lines() if line.lower().startswith(lowered)), None)

    def cite(self, line: int, text: str) -> Evidence:
        """Cite one line."""
        source = f"{self.device}:{self.path}:{line}"
        seen = f"{text[:300]} ({self.origin})"
        max_age_s = None if self.time_s is None else CONFIG_MAX_AGE_S
        return Evidence(EvidenceKind.CONFIG, self.device, source, seen, self.time_s, max_age_s, self.seal)


def file_of(context: Context, device: Device, destination: str) -> Text | None:
    """Return a Linux node's file: the running one where it was read, else the rendered one."""
    return context.once(("file", device.name, destination), lambda: _file(context, device, destination))


def _file(context: Context, device: Device, destination: str) -> Text | None:
    running = context.running.get(device.name)
    if running is not None:
        for path, body in running.files:
            if path == destination:
                stale = not context.fresh(running.time_s, CONFIG_MAX_AGE_S)
                return Text(device.name, path, body, running.time_s, stale)
    for artifact in context.artifacts.get(device.name, ()):
        if artifact.destination == destination:
            return Text(device.name, destination, artifact.text, None)
    return None


def config_of(context: Context, device: Device, language: str) -> Text | None:
    """Return a device's whole configuration in one language (``frr`` or ``xml``)."""
    return context.once(("config", device.name, language), lambda: _config(context, device, language))


def _config(context: Context, device: Device, language: str) -> Text | None:
    running = context.running.get(device.name)
    if running is not None and running.text:
        stale = not context.fresh(running.time_s, CONFIG_MAX_AGE_S)
        return Text(device.name, "running-config", running.text, running.time_s, stale)
    for artifact in context.artifacts.get(device.name, ()):
        if artifact.language == language:
            return Text(device.name, artifact.path, artifact.text, None)
    return None


def ruleset_of(context: Context, device: Device) -> Text | None:
    """Return the packet filter of a Linux node: as its kernel lists it where that was read, else its file."""
    return context.once(("ruleset", device.name), lambda: _ruleset(context, device))


def _ruleset(context: Context, device: Device) -> Text | None:
    running = context.running.get(device.name)
    found = _LIVE.search(running.text) if running else None
    if running is not None and found is not None:
        stale = not context.fresh(running.time_s, CONFIG_MAX_AGE_S)
        return Text(device.name, "nft list ruleset", found.group(1), running.time_s, stale)
    return file_of(context, device, NFTABLES)
