"""What a probe costs the monitor, beside what others take; how soon it sees a failure; what a year costs.

Probes go to addresses of 127.0.0.0/8 only. CPU is user and system time of the process that probes, without
its start; peers run in turn with ours (A B A B), and a ratio is the median of the pairs' ratios.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from statistics import median

from common import RUNS, Json, in_process, table, write_json
from monitor_peers import PEERS, Missing

PARTS = ("icmp", "tcp", "snmp", "scrape", "year", "detect", "load")


def pairs(ours: Callable[[], float], peer: Callable[[], float], runs: int) -> tuple[float, float, float]:
    """Measure in turn; return both medians and the median of the ratios."""
    told = [(ours(), peer()) for _ in range(runs)]
    return (
        median(mine for mine, _ in told),
        median(theirs for _, theirs in told),
        median(mine / theirs for mine, theirs in told),
    )


class Bench:
    """Collects what was measured, and what is missing on this machine."""

    def __init__(self, quick: bool) -> None:
        self.quick, self.runs = quick, 1 if quick else RUNS
        self.ratios: Json = {}
        self.rows: list[tuple[str, object, object, object, str]] = []
        self.found: Json = {"missing": []}
        self.false_losses = 0

    def ours(self, part: str, *arguments: object, key: str = "cpu_us") -> float:
        """Run one measurement of ours."""
        result = in_process("bench/monitor_worker.py", part, *map(str, arguments))
        self.false_losses += int(result.get("lost", 0))
        return float(result[key])

    def against(
        self, name: str, peer: str, goal: str, ours: Callable[[], float], *arguments: object, unit: str = "µs"
    ) -> None:
        """Measure one pair and keep its ratio."""
        try:
            mine, theirs, ratio = pairs(ours, lambda: PEERS[peer](*arguments), self.runs)
        except Missing as missing:
            self.found["missing"].append(f"{name}: {missing}")
            return
        self.ratios[name] = round(ratio, 4)
        self.rows.append((name, f"{mine:.1f} {unit}", f"{theirs:.1f} {unit}", f"{ratio:.3f}", goal))

    def icmp(self) -> None:
        """ICMP at two sizes, a probe of each target a second."""
        rounds = 3 if self.quick else 10
        for size, name in ((1000, "1k"), (10_000, "10k")):
            goal = "at most 1.3" if name == "10k" else ""
            ours = lambda size=size: self.ours("icmp", size, rounds)  # noqa: E731
            self.against(f"icmp_{name}_vs_fping", "fping", goal, ours, size, rounds)
        count = 100 if self.quick else 500
        self.against(
            "icmp_vs_blackbox",
            "blackbox_icmp",
            "at most 0.05",
            lambda: self.ours("icmp", 1000, rounds),
            count,
        )

    def tcp(self) -> None:
        """TCP handshakes with one listener."""
        count = 100 if self.quick else 500
        rounds = 3 if self.quick else 10
        self.against(
            "tcp_vs_blackbox", "blackbox_tcp", "at most 0.5", lambda: self.ours("tcp", 500, rounds), count
        )

    def snmp(self) -> None:
        """SNMP gets of one agent."""
        count = 100 if self.quick else 400
        ours = lambda: self.ours("snmp", count)  # noqa: E731
        self.against("snmp_vs_pysnmp", "pysnmp", "at most 0.1", ours, count)
        self.against("snmp_vs_netsnmp", "netsnmp", "", ours, 20 if self.quick else 60)

    def scrape(self) -> None:
        """A scrape of 100,000 series."""
        series = 10_000 if self.quick else 100_000
        ours = lambda: self.ours("scrape", series, key="cpu_ms")  # noqa: E731
        name = "scrape_100k_vs_prometheus_client"
        self.against(name, "prometheus_client", "at most 0.1", ours, series, unit="ms")

    def year(self) -> None:
        """Figures of a year of 10,000 targets from their intervals."""
        size = 1000 if self.quick else 10_000
        told = [in_process("bench/monitor_worker.py", "year", str(size)) for _ in range(self.runs)]
        for key, words in (("year_s", "sums by target"), ("report_s", "grouped by device, zone and tenant")):
            seconds = median(item[key] for item in told)
            self.rows.append((f"year, {words}", f"{seconds:.3f} s", "", "", "below 1 s"))
            self.found["year_report_s" if key == "year_s" else "year_groups_s"] = round(seconds, 4)
        self.found["year_intervals"], self.found["year_store_mb"] = told[0]["intervals"], told[0]["mb"]

    def detect(self) -> None:
        """From a target's failure to its confirmed event, in rounds."""
        told = in_process("bench/monitor_worker.py", "detect", "20" if self.quick else "150")
        self.found["detect_rounds"] = {key: told[key] for key in ("p50", "p99", "max")}
        words = f"p50 {told['p50']:.2f}, p99 {told['p99']:.2f}, max {told['max']:.2f} rounds"
        self.rows.append((f"detection of {told['count']} failures", words, "", "", "at most 2"))

    def load(self, seconds: int) -> None:
        """10,000 targets a second for a while."""
        size = "2000" if self.quick else "10000"
        told = in_process("bench/monitor_worker.py", "load", size, str(seconds), seconds=seconds)
        self.false_losses += int(told["lost"])
        self.found["load"] = told
        words = f"{told['core']:.2f} of a core, {told['rss_mb']:.0f} MB, {told['max_lag_s']:.3f} s late"
        goal = "0.5 of a core, 200 MB"
        self.rows.append((f"{told['targets']} targets at 1 s for {seconds} s", words, "", "", goal))


def main(arguments: Sequence[str]) -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {', '.join(PARTS)}")
    parser.add_argument("--hour", action="store_true", help="run the load of 10,000 targets for an hour")
    parser.add_argument("--quick", action="store_true", help="a smoke run: small sizes, one run each")
    parser.add_argument("--json", metavar="FILE", help="write what was measured")
    asked = parser.parse_args(arguments)
    bench = Bench(asked.quick)
    for part in asked.only.split(","):
        if part not in PARTS:
            parser.error(f"there is no part {part!r}: {', '.join(PARTS)}")
        print(f"measuring {part} ...", file=sys.stderr)
        if part == "load":
            bench.load(3600 if asked.hour else 10 if asked.quick else 60)
        else:
            getattr(bench, part)()
    print(table(("what", "ours", "peer", "ratio", "goal"), bench.rows))
    print(f"false losses: {bench.false_losses}")
    for line in bench.found["missing"]:
        print(f"missing here: {line}")
    write_json(asked.json, {"ratios": bench.ratios, "false_losses": bench.false_losses, **bench.found})


if __name__ == "__main__":
    main(sys.argv[1:])
