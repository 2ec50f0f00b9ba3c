"""Carry one phase out on devices of many drivers at the same time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Mapping, Sequence

from parkops.push.contract import Answer, Driver, Phase, Site
from parkops.push.job import Run


def stream(
    drivers: Mapping[str, Driver], phase: Phase, sites: Sequence[Site], run: Run
) -> Generator[Answer, None, None]:
    """Let each driver work on its sites in a thread of its own; yield one answer per site, as they come.

    An interrupt cancels the run and waits until every driver has ended what it was in the middle of.
    """
    answers: queue.SimpleQueue[Answer | None] = queue.SimpleQueue()

    def drive(name: str, part: Sequence[Site]) -> None:
        missing = {site.name: site for site in part}
        try:
            for answer in drivers[name].act(phase, part, run):
                missing.pop(answer.site.name, None)
                answers.put(answer)
        except BaseException as error:  # noqa: BLE001  # a driver's own fault fails its devices, not the others
            for site in missing.values():
                answers.put(Answer(site, error))
        finally:
            answers.put(None)

    parts: dict[str, list[Site]] = {}
    for site in sites:
        parts.setdefault(site.driver, []).append(site)
    threads = [threading.Thread(target=drive, args=part, name=part[0]) for part in parts.items()]
    for thread in threads:
        thread.start()
    try:
        working = len(threads)
        while working:
            answer = answers.get()
            if answer is None:
                working -= 1
            else:
                yield answer
    except BaseException:
        run.cancelled.set()
        raise
    finally:
        for thread in threads:
            thread.join()
