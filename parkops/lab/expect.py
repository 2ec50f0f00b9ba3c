"""Try in the lab what a park's plan allows, and what it forbids."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

from parkops.errors import LabError, ParkopsError
from parkops.lab import state
from parkops.lab.access import run_in
from parkops.lab.places import LAB_FOLDER
from parkops.lab.spec import HOST
from parkops.model import Device, Expectation, IcmpError, Park, Reach, Workspace, arrived
from parkops.transport import questions, stopped
from parkops.transport.standalone import joined

_ATTEMPTS_WHEN_ALLOWED = 3


def try_expectations(
    park: Park,
    workspace: Workspace,
    expectations: Sequence[Expectation],
    timeout_s: float = 1.2,
    concurrency: int = 8,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[Reach, ...]:
    """Send each expectation's traffic from its source; return what passed, in the order given.

    ``timeout_s`` is for one attempt. Allowed traffic gets three, and passes when it is answered; forbidden
    traffic gets one, and passes when it arrives (``parkops.model.arrived``). ``concurrency`` is the number
    of nodes that try at the same time; each tries all of its expectations at once. ``progress`` hears how
    many are done.
    """
    state.require(workspace)
    by_source: dict[str, list[Expectation]] = {}
    for one in expectations:
        by_source.setdefault(one.src_device, []).append(one)
    reached: dict[str, Reach] = {}

    def try_from(source: str) -> list[Reach]:
        return _try_from(park, workspace, source, by_source[source], timeout_s)

    with ThreadPoolExecutor(max_workers=max(1, concurrency)) as pool:
        for reaches in pool.map(try_from, by_source):
            reached.update({reach.expectation: reach for reach in reaches})
            progress(len(reached))
    return tuple(reached[one.id] for one in expectations)


def _try_from(
    park: Park, workspace: Workspace, source: str, expectations: Sequence[Expectation], timeout_s: float
) -> list[Reach]:
    trials = json.dumps([_trial(park, one, timeout_s) for one in expectations])
    longest_s = 15.0 + _ATTEMPTS_WHEN_ALLOWED * (timeout_s + 0.5) * (1 + len(expectations) // 128)
    try:
        argv = ["/usr/bin/python3", "-I", "-c", _script()]
        done = run_in(workspace, source, argv, longest_s, trials)
        if done.returncode:
            raise LabError(done.stderr.strip()[-200:] or f"exit status {done.returncode}", where=source)
        outcomes = json.loads(done.stdout)
    except (ParkopsError, ValueError) as error:
        return [Reach(one.id, None, time.time(), f"could not be tried: {error}") for one in expectations]
    by_id = {outcome["id"]: outcome for outcome in outcomes}
    return [_reach(one, by_id[one.id], _must_answer(park, one)) for one in expectations]


@cache
def _script() -> str:
    return joined(Path(stopped.__file__), Path(questions.__file__), LAB_FOLDER / "prober.py")


def undecidable(park: Park, one: Expectation, reach: Reach) -> bool:
    """Tell whether nothing was learnt of a service that need not answer."""
    return reach.passed is None and not _must_answer(park, one)


def _must_answer(park: Park, one: Expectation) -> bool:
    """Tell whether silence of an allowed service says anything: not that of one which datagrams only feed."""
    return (
        one.protocol != "udp" or one.port in questions.QUESTIONS or _speaks(park.device(one.dst_device), one)
    )


def _reach(one: Expectation, outcome: dict[str, Any], must_answer: bool = True) -> Reach:
    """Return what an outcome says of an expectation."""
    icmp = IcmpError(*outcome["icmp"]) if outcome["icmp"] else None
    came = arrived(outcome["result"], _address(one), icmp)
    passed, detail = came, str(icmp or outcome["detail"])
    if one.allowed:
        passed = None if came is None else outcome["result"] == "answer"
        if outcome["result"] == "silent" and not must_answer:
            passed, detail = None, f"{detail}: a datagram need not be answered"
    elif came and outcome["result"] != "answer":
        detail += ": the packets arrived"
    return Reach(one.id, passed, outcome["time_s"], detail, outcome["rtt_s"])


def _address(one: Expectation) -> str:
    return one.dst_address.partition("/")[0]


def _trial(park: Park, one: Expectation, timeout_s: float) -> dict[str, object]:
    target = park.device(one.dst_device)
    return {
        "id": one.id,
        "address": _address(one),
        "protocol": one.protocol,
        "port": one.port,
        "timeout_s": timeout_s,
        "attempts": _ATTEMPTS_WHEN_ALLOWED if one.allowed else 1,
        "speak": _speaks(target, one),
        "name": target.name,
    }


def _speaks(target: Device, one: Expectation) -> bool:
    """Tell whether the far end is a listener of the lab's, which answers with its name."""
    return target.platform == HOST and any(
        service.port == one.port and service.protocol == one.protocol for service in target.services
    )
