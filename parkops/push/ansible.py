"""The Ansible driver for Linux nodes: one run for all of them, check mode first, confirmed by each node."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from parkops.model import Change, Guarantee, Outcome, Result, Running
from parkops.push import ansible_run
from parkops.push.ansible_run import Answer
from parkops.push.driver import diff_size
from parkops.push.job import Job, Run, Steps

GUARANTEE = Guarantee(
    validate=True,
    confirmed_commit=True,
    persist=True,
    rollback=True,
    text="files checked, backed up, put in place; the node takes them back unless confirmed",
)


@dataclass(frozen=True, slots=True)
class AnsibleDriver:
    """Make each Linux node's files, services and live state what was rendered."""

    name: str = "ansible"

    def read(self, jobs: Sequence[Job], run: Run) -> Iterator[Running | Change]:
        """Read what the managed files, the ruleset, the addresses and the services are."""
        for job, answer in self._asked(jobs, run, "read"):
            yield self._failed(job, answer) if answer.error else _running(job, answer)

    def plan(self, jobs: Sequence[Job], run: Run) -> Iterator[Change]:
        """Compare in check mode."""
        for job, answer in self._asked(jobs, run, "compare"):
            if answer.error:
                yield self._failed(job, answer)
            else:
                yield Change(job.name, self.name, answer.diff, GUARANTEE)

    def apply(self, jobs: Sequence[Job], run: Run) -> Iterator[Result]:
        """Compare in check mode, then apply on the nodes that differ."""
        started_s = time.monotonic()
        steps = {job.name: Steps(run, job.name) for job in jobs}
        differing: dict[str, tuple[Job, str]] = {}
        for job, answer in self._asked(jobs, run, "compare", steps):
            if answer.error or not answer.diff:
                yield _result(job, answer, "", steps[job.name], started_s)
                continue
            added, removed = diff_size(answer.diff)
            services = f", services: {', '.join(answer.services)}" if answer.services else ""
            steps[job.name].note("differs", f"+{added} -{removed}{services}", record=answer.diff)
            differing[job.name] = (job, answer.diff)
        if run.cancelled.is_set():
            for job, diff in differing.values():
                stopped = Answer(job.name, error="interrupted before apply")
                result = _result(job, stopped, diff, steps[job.name], started_s)
                yield replace(result, outcome=Outcome.SKIPPED)
            return
        for name in differing:
            steps[name].note("apply", f"the node reverts after {ansible_run.REVERT_S} s unless confirmed")
        wanted = [job for job, _ in differing.values()]
        for answer in ansible_run.play(wanted, run, check=False):
            job, diff = differing[answer.device]
            yield _result(job, answer, diff, steps[answer.device], started_s)

    def _asked(
        self, jobs: Sequence[Job], run: Run, step: str, steps: dict[str, Steps] | None = None
    ) -> Iterator[tuple[Job, Answer]]:
        by_name = {job.name: job for job in jobs}
        for job in jobs:
            (steps[job.name] if steps else Steps(run, job.name)).note(step, job.address)
        for answer in ansible_run.play(jobs, run, check=True):
            yield by_name[answer.device], answer

    def _failed(self, job: Job, answer: Answer) -> Change:
        return Change(job.name, self.name, "", Guarantee(), answer.error)


def _running(job: Job, answer: Answer) -> Running:
    text = "".join(f"=== {name}\n{content}" for name, content in answer.running)
    files = tuple((name, content) for name, content in answer.running if name.startswith("/"))
    return Running(job.name, "ansible", text, time.time(), files)


def _result(job: Job, answer: Answer, diff: str, steps: Steps, started_s: float) -> Result:
    if answer.error:
        steps.note("failed", answer.error)
        outcome, message = Outcome.FAILED, answer.error
    elif not diff:
        outcome, message = Outcome.UNCHANGED, "runs what was rendered"
    else:
        added, removed = diff_size(diff)
        steps.note("confirm", "over a new connection")
        outcome, message = Outcome.CHANGED, f"+{added} -{removed}"
    spent_s = time.monotonic() - started_s
    return Result(job.name, "ansible", outcome, message, diff, tuple(steps.taken), spent_s)
