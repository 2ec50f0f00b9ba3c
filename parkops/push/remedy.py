"""What a change is made of in a device's own terms: the lines that make it, and that take it back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from parkops.errors import ParkopsError, UsageError
from parkops.model import ArtifactKind, Running
from parkops.push import frr
from parkops.push.contract import Site
from parkops.push.driver import reason
from parkops.push.job import Job, Run


@dataclass(frozen=True, slots=True)
class Remedy:
    """Lines in the order in which they are entered, without secrets; or why there are none."""

    lines: tuple[str, ...] = ()
    rollback: tuple[str, ...] = ()
    error: str = ""
    notes: tuple[str, ...] = ()  # what who decides on the change must know


def remedy(site: Site, run: Run) -> Remedy:
    """Return the remedy of a surveyed site; nothing for one that runs what it is to run."""
    if site.snapshot is None:
        return Remedy()
    clean = run.vault.redact
    notes: list[str] = []
    try:
        if site.driver == "vendor-cli":
            notes += _way_in(site, site.snapshot, run)
        lines, rollback = KINDS[site.driver](site.job, site.snapshot, run) if site.diff else ((), ())
    except ParkopsError as error:
        return Remedy(error=clean(reason(error)), notes=tuple(map(clean, notes)))
    return Remedy(tuple(map(clean, lines)), tuple(map(clean, rollback)), notes=tuple(map(clean, notes)))


def _way_in(site: Site, running: Running, run: Run) -> Iterator[str]:
    """Yield what concerns the management session itself; Unsafe where no timer would save it."""
    from parkops.push.vendor_cli import VendorCliDriver, refuse_to_cut

    driver, user = VendorCliDriver(), run.login.user
    kept = driver.kept_account(site.job, running, run)
    if kept:
        yield f"kept, as parkops logs in with {user!r}, which was not rendered: {'; '.join(kept)}"
    risks = driver.at_risk(site.job, running, run)
    if not site.guarantee.confirmed_commit:
        refuse_to_cut(risks, site.name)
    for risk in risks:
        yield f"may cut off the management itself: {risk}; {site.guarantee.text} would take it back"


Lines = tuple[str, ...]


def _vendor(job: Job, running: Running, run: Run) -> tuple[Lines, Lines]:
    from parkops.push.vendor_cli import VendorCliDriver

    found = VendorCliDriver().remediation(job, running, run)
    return found.lines, found.rollback


def _frr(job: Job, running: Running, run: Run) -> tuple[Lines, Lines]:
    before = frr.parse(run.vault.fill(running.text))
    after = frr.parse(_wanted(job, ArtifactKind.CLI, run))
    return frr.remediate(before, after), frr.remediate(after, before)


def _netconf(job: Job, running: Running, run: Run) -> tuple[Lines, Lines]:
    from parkops.push import datatree
    from parkops.push.scope import with_login

    before = datatree.parse(run.vault.fill(running.data))
    wanted = datatree.parse(_wanted(job, ArtifactKind.NETCONF, run))
    after = with_login(wanted, before, run.login.user)
    return _indented(datatree.edit(before, after)), _indented(datatree.edit(after, before))


def _files(job: Job, running: Running, run: Run) -> tuple[Lines, Lines]:
    """Name the files that differ, and what is reloaded for them; their diff has their lines."""
    kept = dict(running.files)
    changed = [
        a
        for a in job.artifacts
        if a.kind is ArtifactKind.FILE
        and run.vault.fill(a.text) != run.vault.fill(kept.get(a.destination, ""))
    ]
    lines = [f"install -m {a.mode} {a.destination}" for a in changed]
    reloads = [f"reload {name}" for name in dict.fromkeys(a.reload for a in changed if a.reload)]
    back = [f"{'restore' if a.destination in kept else 'remove'} {a.destination}" for a in changed]
    return (*lines, *reloads), (*back, *reloads)


def _wanted(job: Job, kind: ArtifactKind, run: Run) -> str:
    if job.snapshot is not None:
        return run.vault.fill(job.snapshot.data if kind is ArtifactKind.NETCONF else job.snapshot.text)
    texts = [artifact.text for artifact in job.artifacts if artifact.kind is kind]
    if len(texts) != 1:
        raise UsageError(f"{len(texts)} configurations were rendered, expected one", where=job.name)
    return run.vault.fill(texts[0])


def _indented(xml: str) -> Lines:
    """Return a document with an element a line."""
    from lxml import etree

    if not xml:
        return ()
    top = etree.fromstring(xml.encode())
    etree.indent(top)
    return tuple(re.sub(r"\s+$", "", line) for line in etree.tostring(top, encoding="unicode").splitlines())


KINDS: dict[str, Callable[[Job, Running, Run], tuple[Lines, Lines]]] = {
    "netconf": _netconf,
    "vendor-netconf": _netconf,
    "ssh": _frr,
    "vendor-cli": _vendor,
    "ansible": _files,
}
