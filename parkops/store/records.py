"""The latest observations of devices and flows: reachability, push results, running state, evidence."""

from __future__ import annotations

import json
from collections.abc import Iterable

from parkops.model import Evidence, EvidenceKind, Outcome, Reach, Result, Running, Step
from parkops.store.database import Database


def save_reach(connection: Database, results: Iterable[Reach]) -> None:
    """Keep the latest observation of each expectation."""
    connection.executemany(
        "INSERT INTO reach (expectation, passed, time_s, detail, rtt_s) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (expectation) DO UPDATE SET passed = excluded.passed, time_s = excluded.time_s,"
        " detail = excluded.detail, rtt_s = excluded.rtt_s WHERE excluded.time_s >= reach.time_s",
        ((r.expectation, r.passed, r.time_s, r.detail, r.rtt_s) for r in results),
    )


def reach(connection: Database) -> tuple[Reach, ...]:
    """Return the latest observation of each expectation, by expectation."""
    rows = connection.execute(
        "SELECT expectation, passed, time_s, detail, rtt_s FROM reach ORDER BY expectation"
    )
    return tuple(
        Reach(name, None if passed is None else bool(passed), time_s, detail, rtt_s)
        for name, passed, time_s, detail, rtt_s in rows
    )


def save_results(connection: Database, results: Iterable[Result], time_s: float) -> None:
    """Record one push with its per-device results."""
    push = connection.execute("INSERT INTO pushes (time_s) VALUES (?) RETURNING id", (time_s,)).fetchone()[0]
    connection.executemany(
        "INSERT INTO results (push, device, driver, outcome, message, diff, steps, duration_s)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        ((push, r.device, r.driver, r.outcome.value, r.message, r.diff, _steps_json(r), r.duration_s)
         for r in results),
    )  # fmt: skip


def _steps_json(result: Result) -> str:
    steps = [[step.name, step.detail, step.time_s] for step in result.steps]
    return json.dumps(steps, ensure_ascii=False)


def last_results(connection: Database) -> tuple[tuple[Result, ...], float | None]:
    """Return each device's latest result, by device, and the last push's Unix time; None without one."""
    push = connection.execute("SELECT time_s FROM pushes ORDER BY id DESC LIMIT 1").fetchone()
    if push is None:
        return (), None
    rows = connection.execute(
        "SELECT device, driver, outcome, message, diff, steps, duration_s FROM results"
        " WHERE (push, device) IN (SELECT max(push), device FROM results GROUP BY device) ORDER BY device"
    )
    results = tuple(
        Result(device, driver, Outcome(outcome), message, diff, _steps(steps), duration_s)
        for device, driver, outcome, message, diff, steps, duration_s in rows
    )
    return results, push[0]


def results_between(connection: Database, since_s: float, until_s: float) -> tuple[tuple[float, Result], ...]:
    """Return the results of all pushes from ``since_s`` to before ``until_s``, oldest first; no diffs."""
    rows = connection.execute(
        "SELECT time_s, device, driver, outcome, message, duration_s FROM results JOIN pushes ON id = push"
        " WHERE time_s >= ? AND time_s < ? ORDER BY time_s, push, device",
        (since_s, until_s),
    )
    return tuple(
        (time_s, Result(device, driver, Outcome(outcome), message, "", (), duration_s))
        for time_s, device, driver, outcome, message, duration_s in rows
    )


def _steps(text: str) -> tuple[Step, ...]:
    return tuple(Step(*step) for step in json.loads(text))


def save_running(connection: Database, runnings: Iterable[Running]) -> None:
    """Keep the latest running configuration of each device."""
    connection.executemany(
        "INSERT INTO running (device, driver, text, time_s, files, capabilities)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (device) DO UPDATE SET driver = excluded.driver,"
        " text = excluded.text, time_s = excluded.time_s, files = excluded.files,"
        " capabilities = excluded.capabilities",
        ((r.device, r.driver, r.text, r.time_s, json.dumps(r.files), json.dumps(r.capabilities))
         for r in runnings),
    )  # fmt: skip


def running(connection: Database) -> tuple[Running, ...]:
    """Return the latest running configuration of each device, by device."""
    rows = connection.execute(
        "SELECT device, driver, text, time_s, files, capabilities FROM running ORDER BY device"
    )
    return tuple(
        Running(device, driver, text, time_s, _pairs(files), tuple(json.loads(capabilities)))
        for device, driver, text, time_s, files, capabilities in rows
    )


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((str(path), str(body)) for path, body in json.loads(text))


def save_evidence(connection: Database, evidence: Iterable[Evidence]) -> None:
    """Keep the latest evidence of each kind, subject and source."""
    connection.executemany(
        "INSERT INTO evidence (kind, subject, source, text, time_s, max_age_s, digest)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, subject, source) DO UPDATE SET"
        " text = excluded.text, time_s = excluded.time_s, max_age_s = excluded.max_age_s,"
        " digest = excluded.digest",
        ((e.kind.value, e.subject, e.source, e.text, e.time_s, e.max_age_s, e.digest) for e in evidence),
    )


def evidence(connection: Database) -> tuple[Evidence, ...]:
    """Return all evidence, by kind, subject and source."""
    rows = connection.execute(
        "SELECT kind, subject, source, text, time_s, max_age_s, digest FROM evidence"
        " ORDER BY kind, subject, source"
    )
    return tuple(Evidence(EvidenceKind(kind), *rest) for kind, *rest in rows)
