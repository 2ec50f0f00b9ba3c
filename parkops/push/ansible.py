"""The Ansible driver for Linux nodes: one run per phase for all of them, a timer on each node."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from parkops.errors import Diverged
from parkops.model import Guarantee, Running
from parkops.push import ansible_run
from parkops.push.ansible_run import Said
from parkops.push.contract import Answer, Phase, Site, redacted
from parkops.push.driver import changed_lines, compare
from parkops.push.job import Run

GUARANTEE = Guarantee(
    validate=True,
    confirmed_commit=True,
    persist=True,
    rollback=True,
    text="timer on the node puts the saved files back unless confirmed",
)
STATES = {  # what a phase asks of a node; a run that applies also reads back, over a new connection
    Phase.READ: "look",
    Phase.SURVEY: "look",
    Phase.COMMIT: "apply",
    Phase.CONFIRM: "confirm",
    Phase.CANCEL: "cancel",
}


@dataclass(frozen=True, slots=True)
class AnsibleDriver:
    """Make each Linux node's files, services and live state what is wanted.

    A node's files are validated by their own parsers when it is surveyed, and backed up on the node when the
    change is applied: there is nothing to prepare.
    """

    name: str = "ansible"

    def act(self, phase: Phase, sites: Sequence[Site], run: Run) -> Iterator[Answer]:
        """Carry a phase out on all nodes in one run."""
        if phase not in STATES:
            yield from (Answer(site, _read_back(site) if phase is Phase.VERIFY else None) for site in sites)
            return
        by_name = {site.name: site for site in sites}
        for said in ansible_run.play(STATES[phase], sites, run):
            site = by_name[said.device]
            yield Answer(site, said.error or _judge(phase, site, said, run))


def _judge(phase: Phase, site: Site, said: Said, run: Run) -> Exception | None:
    """Take what a node said, and tell what is wrong with it."""
    if phase in (Phase.READ, Phase.SURVEY):
        site.guarantee, site.diff = GUARANTEE, said.diff
        site.snapshot = redacted(_running(site, said), run)
    elif phase is Phase.COMMIT:
        site.session = said.diff
    elif phase is Phase.CANCEL:
        return _not_back(site, said)
    return None


def _read_back(site: Site) -> Diverged | None:
    """Judge what the node ran after its change, as read over a new connection."""
    if site.session:
        return Diverged(f"running is not what was sent: {changed_lines(site.session)}", where=site.name)
    return None


def _not_back(site: Site, said: Said) -> Diverged | None:
    """Compare what is there after going back with the snapshot."""
    before, after = _kept(site.before.data), _kept(said.snapshot)
    try:
        compare(_printed(after), _printed(before), site.name)
    except Diverged as error:
        return Diverged(error.what.replace("what was sent", "what it was"), where=site.name)
    return None


def _kept(text: str) -> dict[str, Any]:
    return dict(json.loads(text or "{}"))


def _printed(kept: dict[str, Any]) -> str:
    """Print a snapshot's files with their modes, to be compared line by line."""
    files = kept.get("files", ())
    return "".join(
        f"=== {e['path']} {e['mode']}\n{e['text']}" for e in sorted(files, key=lambda e: e["path"])
    )


def _running(site: Site, said: Said) -> Running:
    text = "".join(f"=== {name}\n{content}" for name, content in said.running)
    files = tuple((name, content) for name, content in said.running if name.startswith("/"))
    return Running(site.name, "ansible", text, time.time(), files, data=said.snapshot)
