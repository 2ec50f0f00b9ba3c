"""The check on what configurations say, by the rules of each platform's ``audit.yaml``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address

from parkops.assess.config import Audits, File, Observation, Posture, examine, find_audits, plane_of
from parkops.assess.config.folders import all_facts
from parkops.assess.context import CONFIG_MAX_AGE_S, Context, plan
from parkops.assess.outcome import Outcome, decided, listed, not_applicable
from parkops.model import ArtifactKind, Device, Evidence, EvidenceKind, Verdict, digest

PLAIN = ("host",)  # platforms without a configuration of ours
_READ = (ArtifactKind.CLI, ArtifactKind.NETCONF, ArtifactKind.FILE)


@dataclass(frozen=True, slots=True)
class Examined:
    """A device's configuration as facts, or why there are none."""

    posture: Posture | None
    why_not: str
    time_s: float | None  # None: rendered, and not read back
    digests: tuple[tuple[str, str], ...] = ()  # path -> digest of the text

    def cite(self, device: str, seen: Observation) -> Iterator[Evidence]:
        """Cite the lines of an observation."""
        digests = dict(self.digests)
        origin = "rendered, not read back" if self.time_s is None else "running"
        max_age_s = None if self.time_s is None else CONFIG_MAX_AGE_S
        for line in seen.lines:
            yield Evidence(
                EvidenceKind.CONFIG,
                device,
                f"{device}:{line.path}:{line.number}",
                f"{line.text[:300]} ({origin})",
                self.time_s,
                max_age_s,
                digests.get(line.path, ""),
            )


def config_holds(
    context: Context,
    facts: Sequence[str],
    roles: Sequence[str] = (),
    besides: Sequence[str] = (),
    needed: bool = False,
) -> Iterator[Outcome]:
    """Decide whether devices' configurations show each of ``facts`` (names in config/facts.yaml).

    ``besides`` names platforms that other checks of the same entry judge; with ``needed`` it is a failure
    that a configuration has nothing that a fact speaks of.
    """
    known = all_facts()
    unknown = [name for name in facts if name not in known]
    if unknown:
        yield decided(None, "facts that are known", f"no such fact: {listed(unknown)}")
    devices = [
        device
        for device in context.devices(*roles)
        if device.platform not in PLAIN and device.platform not in besides
    ]
    if not devices:
        yield not_applicable(
            "; ".join(known[name].title for name in facts if name in known), "no such device"
        )
    for device in devices:
        examined = context.once(("examined", device.name), partial(_examined, context, device))
        yield from _outcomes(device, examined, [name for name in facts if name in known], needed)


def _outcomes(device: Device, examined: Examined, facts: Sequence[str], needed: bool) -> Iterator[Outcome]:
    """Yield what does not hold fact by fact, and what holds in one."""
    known = all_facts()
    if examined.posture is None:
        expected = "; ".join(known[name].expected for name in facts)
        cited = [plan(device.source, device.name, device.name)]
        yield decided(None, expected, examined.why_not, cited, device.name)
        return
    held: list[Observation] = []
    absent: list[Observation] = []
    for name in facts:
        seen = examined.posture.facts[name]
        if seen.verdict is Verdict.PASS:
            held.append(seen)
        elif seen.verdict is Verdict.NOT_APPLICABLE and not needed:
            absent.append(seen)
        else:
            yield _open(device, examined, seen, known[name].expected)
    if held:
        expected = "; ".join(known[seen.fact].expected for seen in held)
        cited = [evidence for seen in held for evidence in list(examined.cite(device.name, seen))[:2]]
        actual = "; ".join(seen.actual for seen in held)
        yield decided(True, expected, actual, cited or [_whole(device, examined)], device.name)
    elif absent:
        expected = "; ".join(known[seen.fact].expected for seen in absent)
        actual = "; ".join(dict.fromkeys(seen.actual for seen in absent))
        cited = [_whole(device, examined)]
        yield Outcome(Verdict.NOT_APPLICABLE, expected, actual, tuple(cited), device.name)


def _open(device: Device, examined: Examined, seen: Observation, expected: str) -> Outcome:
    cited: Iterable[Evidence] = list(examined.cite(device.name, seen)) or [_whole(device, examined)]
    held = None if seen.verdict is Verdict.UNKNOWN else False
    return decided(held, expected, seen.actual, cited, device.name, seen.mend)


def _whole(device: Device, examined: Examined) -> Evidence:
    """Cite a configuration as a whole, where no line of it speaks."""
    path, seal = examined.digests[0] if examined.digests else ("configuration", "")
    age_s = None if examined.time_s is None else CONFIG_MAX_AGE_S
    source, text = f"{device.name}:{path}:1", "the configuration as a whole"
    return Evidence(EvidenceKind.CONFIG, device.name, source, text, examined.time_s, age_s, seal)


def _examined(context: Context, device: Device) -> Examined:
    audits = context.once("audits", lambda: find_audits(context.platform_dirs))
    audit = audits.get(device.platform)
    if audit is None:
        return Examined(None, f"the platform {device.platform} has no audit.yaml", None)
    files, time_s = texts_of(context, device, audits)
    if not files:
        return Examined(None, "no configuration was rendered or read", None)
    if time_s is not None and not context.fresh(time_s, CONFIG_MAX_AGE_S):
        return Examined(None, "the configuration was read too long ago", time_s)
    posture = examine(audit, files, plane_of(device))
    return Examined(posture, "", time_s, tuple((file.path, digest(file.text)) for file in files))


def texts_of(context: Context, device: Device, audits: Audits) -> tuple[tuple[File, ...], float | None]:
    """Return a device's texts that its audit reads: those read from it, else the rendered ones."""
    audit = audits.get(device.platform)
    running = context.running.get(device.name)
    if running is not None and (running.text or running.files):
        if running.files:
            files = tuple(File(path, text) for path, text in running.files)
            return tuple(file for file in files if audit and audit.reads(file.path)), running.time_s
        return (File("running-config", running.text),), running.time_s
    return tuple(
        File(artifact.destination or artifact.path, artifact.text)
        for artifact in context.artifacts.get(device.name, ())
        if artifact.kind in _READ and audit and audit.reads(artifact.destination or artifact.path)
    ), None


def addresses_match_plan(context: Context) -> Iterator[Outcome]:
    """Decide whether each address of the plan's interfaces stands in its device's configuration."""
    expected = "every address of the plan on its device"
    devices = [
        device
        for device in context.devices()
        if device.platform not in PLAIN and any(port.ipv4 or port.ipv6 for port in device.interfaces)
    ]
    if not devices:
        yield not_applicable(expected, "no device with addresses")
    for device in devices:
        yield _addresses(context, device, expected)


def _addresses(context: Context, device: Device, expected: str) -> Outcome:
    texts, time_s = all_texts_of(context, device)
    cited = [plan(device.source, device.name, device.name)]
    if not texts:
        return decided(None, expected, "no configuration was rendered or read", cited, device.name)
    if time_s is not None and not context.fresh(time_s, CONFIG_MAX_AGE_S):
        return decided(None, expected, "the configuration was read too long ago", cited, device.name)
    have = set(_ADDRESS.findall("\n".join(file.text for file in texts).lower()))
    wanted = {
        address.partition("/")[0]: port
        for port in device.interfaces
        for address in (port.ipv4, port.ipv6)
        if address
    }
    missing = [
        f"{port.name} {address}"
        for address, port in wanted.items()
        if address.lower() not in have and str(ip_address(address)) not in have
    ]
    examined = Examined(None, "", time_s, tuple((file.path, digest(file.text)) for file in texts))
    actual = f"missing: {listed(missing)}" if missing else f"{len(wanted)} addresses, all there"
    return decided(not missing, expected, actual, [_whole(device, examined), *cited], device.name)


_ADDRESS = re.compile(r"[0-9a-f]*[.:][0-9a-f.:]*[0-9a-f:]")


def all_texts_of(context: Context, device: Device) -> tuple[tuple[File, ...], float | None]:
    """Return all of a device's texts: those read from it, else the rendered ones."""
    running = context.running.get(device.name)
    if running is not None and (running.text or running.files):
        files = tuple(File(path, text) for path, text in running.files)
        return (*files, File("running-config", running.text)), running.time_s
    return tuple(
        File(artifact.destination or artifact.path, artifact.text)
        for artifact in context.artifacts.get(device.name, ())
        if artifact.kind in _READ
    ), None
