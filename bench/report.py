"""How long the report of a large park takes to write, and to open in a browser."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from common import RUNS, Json, arguments, in_process, medians, peak_rss_mb, plan_of, table, write_json

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
OPTIONS = "--headless --no-sandbox --disable-gpu --disable-extensions --no-first-run --dump-dom"
MEASURED = """<script>addEventListener("load", () => setTimeout(() => {
  const item = document.querySelector("details.req"); const begun = performance.now(); item.open = true;
  item.dispatchEvent(new Event("toggle")); const opened = performance.now() - begun;
  const box = document.getElementById("filter-text"); const typed = performance.now(); box.value = "p1";
  box.dispatchEvent(new Event("input"));
  document.title = ["measured", performance.getEntriesByType("navigation")[0].loadEventEnd, opened,
    performance.now() - typed].join(" "); }, 0));</script></body>"""


def worker(size: int) -> Json:
    """Assess a park of this size without a lab, write its page, and open it."""
    from parkops.assess import assess
    from parkops.design import design
    from parkops.model import EvidenceSet
    from parkops.plan import parse
    from parkops.render import render
    from parkops.report import html
    from parkops.report.bundle import Report

    park, _ = design(parse(plan_of(size)), {})
    evidence = EvidenceSet(artifacts=render(park), now_s=1_790_000_000.0)
    begun_s = time.process_time()
    assessment = assess(park, evidence)
    assess_cpu_s = time.process_time() - begun_s
    begun_s = time.process_time()
    page = html.page(Report(assessment, park, evidence))
    html_cpu_s = time.process_time() - begun_s
    findings = sum(len(r.findings) for r in (*assessment.requirements, *assessment.controls))
    opened = [_open(page) for _ in range(RUNS)]
    return {
        "devices": len(park.managed),
        "findings": findings,
        "assess_cpu_s": assess_cpu_s,
        "html_cpu_s": html_cpu_s,
        "html_mb": len(page.encode()) / 1e6,
        "rss_mb": peak_rss_mb(),
        **medians(opened),
    }


def _open(page: str) -> Json:
    """Open the page in a fresh browser; times are the browser's own, from navigation to the end of load."""
    if BROWSER is None:
        raise SystemExit("no Chromium here: apt-get install chromium")
    text = page.replace("script-src 'sha256-", "script-src 'unsafe-inline' 'x-").replace("</body>", MEASURED)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        path.write_text(text, encoding="utf-8")
        done = subprocess.run(
            [BROWSER, *OPTIONS.split(), f"--user-data-dir={folder}/profile", path.as_uri()],
            capture_output=True, text=True, timeout=300, check=True,
        )  # fmt: skip
    title = done.stdout.partition("<title>")[2].partition("</title>")[0].split()
    if title[:1] != ["measured"]:
        raise SystemExit(f"the page did not load: {title}")
    load, unfold, search = (float(value) / 1000 for value in title[1:])
    return {"load_s": load, "unfold_s": unfold, "search_s": search}


def main() -> None:
    """Measure each size in a process of its own."""
    parser = arguments(__doc__ or "", "1000,10000")
    options = parser.parse_args()
    if options.worker:
        import json

        print(json.dumps(worker(int(options.worker[0]))))
        return
    sizes = [100] if options.quick else [int(size) for size in options.sizes.split(",")]
    runs = [in_process(__file__, str(size)) for size in sizes]
    heads = list(runs[0])
    print(table(heads, [[run[head] for head in heads] for run in runs]))
    write_json(options.json, {"runs": runs})


if __name__ == "__main__":
    main()
