"""How much CPU all checks take, by size of the park; with --mutations, what those of hardening notice."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from common import RUNS, arguments, in_process, medians, peak_rss_mb, table, write_json

from parkops.model import Artifact, EvidenceSet, Park

NOW = 1_795_000_000.0
GROWTH = (1000, 10000)


def evidence_of(park: Park, artifacts: tuple[Artifact, ...]) -> EvidenceSet:
    """Return what a push and a day of monitoring leave, all in order."""
    from parkops.model import (
        Availability,
        Interval,
        Outcome,
        Reach,
        Result,
        Running,
        Signal,
        State,
        Step,
    )

    files: dict[str, list[tuple[str, str]]] = {}
    texts: dict[str, str] = {}
    for artifact in artifacts:
        if artifact.destination:
            files.setdefault(artifact.device, []).append((artifact.destination, artifact.text))
        elif artifact.device:
            texts.setdefault(artifact.device, artifact.text)
    day_s = 86_400.0
    return EvidenceSet(
        artifacts=artifacts,
        running=tuple(
            Running(d.name, d.platform, texts.get(d.name, ""), NOW - 60, tuple(files.get(d.name, ())))
            for d in park.managed
        ),
        intervals=tuple(Interval(t.id, NOW - day_s, NOW - 1, State.UP, open=True) for t in park.targets),
        availability=tuple(Availability(t.id, day_s, 0, 0, 0) for t in park.targets),
        reach=tuple(Reach(e.id, e.allowed, NOW - 30, "", 0.001) for e in park.expectations),
        results=tuple(
            Result(d.name, "x", Outcome.CHANGED, steps=(Step("apply", "", NOW - 70),)) for d in park.managed
        ),
        pushed_s=NOW - 70,
        signals=tuple(Signal(NOW - 300, "syslog", d.name, "login", "info") for d in park.managed),
        now_s=NOW,
    )


def worker(size: int) -> None:
    """Assess a generated park of a size in this fresh process."""
    from parkops.assess import assess
    from parkops.model import Workspace
    from parkops.pipeline import design_park, render_park
    from parkops.plan.generate import generated

    with TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in generated(size).items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text, encoding="utf-8")
        workspace = Workspace(folder)
        park, _ = design_park(workspace)
        evidence = evidence_of(park, render_park(park, workspace))
    begun = time.process_time()
    assessment = assess(park, evidence)
    spent = time.process_time() - begun
    results = (*assessment.requirements, *assessment.controls)
    found = {
        "devices": len(park.managed),
        "tenants": len(park.tenants),
        "controls": len(results),
        "findings": sum(len(result.findings) for result in results),
        "cpu_s": spent,
        "rss_mb": peak_rss_mb(),
    }
    print(json.dumps(found))


def mutations() -> dict[str, object]:
    """Return how many weakened lines of hardening were tried, how many noticed, and which were not."""
    from assess_mutations import lines_of, run, told

    found = run()
    print("\n".join(lines_of(found)))
    return dict(told(found))


def main() -> None:
    """Measure, print a table, and write JSON if asked to."""
    parser = arguments(__doc__ or "", "1000,10000", mutations="also weaken each rendered hardening line")
    args = parser.parse_args()
    if args.worker:
        worker(int(args.worker[0]))
        return
    sizes = [100] if args.quick else [int(size) for size in args.sizes.split(",")]
    rows = [
        medians([in_process(__file__, str(size)) for _ in range(1 if args.quick else RUNS)]) for size in sizes
    ]
    heads = ("devices", "tenants", "controls", "findings", "cpu_s", "rss_mb")
    print(table(heads, [[row[head] for head in heads] for row in rows]))
    by_size = dict(zip(sizes, rows, strict=True))
    document: dict[str, object] = {"runs": rows}
    if GROWTH[0] in by_size:
        document["cpu_1000_s"] = by_size[GROWTH[0]]["cpu_s"]
    if all(size in by_size for size in GROWTH):
        growth = by_size[GROWTH[1]]["cpu_s"] / by_size[GROWTH[0]]["cpu_s"]
        document["growth"] = round(growth, 2)
        print(f"from {GROWTH[0]} to {GROWTH[1]} devices: {growth:.1f} times the CPU")
    if args.mutations:
        document["mutations"] = mutations()
    write_json(args.json, document)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
