"""One measurement of the monitor, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import random
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from common import Json, peak_rss_mb

from parkops.figures import compute
from parkops.model import Access, Interval, Park, Sample, SourceRef, State, Target
from parkops.monitor import Hooks, Metrics, watch
from parkops.store import Store

HERE = SourceRef("park.yaml", 1, 1, "")
DAY_S = 86_400.0
WARM_ROUNDS = 2


def address(number: int) -> str:
    return f"127.{1 + number // 62_500}.{number // 250 % 250}.{number % 250 + 1}"


def targets(count: int, probe: str = "icmp", port: int = 0, interval_s: float = 1.0) -> list[Target]:
    names = [f"d{number:05}" for number in range(count)]
    return [
        Target(f"{name}/{probe}", probe, name, address(n), port, interval_s, f"t{n % 20}", f"z{n % 100}")
        for n, name in enumerate(names)
    ]


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def run(found: list[Target], seconds: float | None = None, rounds: int | None = None) -> Json:
    """Watch with a store, as `parkops monitor` does; measure after the first rounds."""
    marks: list[tuple[float, int, float]] = []
    metrics = Metrics()
    end_s = time.monotonic() + (seconds or 1e9)

    def on_round(number: int) -> None:
        if number >= WARM_ROUNDS:
            marks.append((cpu_s(), metrics.samples, time.monotonic()))

    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "parkops.db") as store:
        asyncio.run(
            watch(
                found,
                store,
                rounds=None if rounds is None else rounds + WARM_ROUNDS,
                until=lambda: time.monotonic() > end_s,
                hooks=Hooks(on_round=on_round),
                metrics=metrics,
            )
        )
        latest = store.latest()
    (cpu0, samples0, time0), (cpu1, samples1, time1) = marks[0], marks[-1]
    known = sum(interval.state is State.UP for interval in latest)
    return {
        "cpu_us": 1e6 * (cpu1 - cpu0) / (samples1 - samples0),
        "core": (cpu1 - cpu0) / (time1 - time0),
        "lost": sum(metrics._lost) + len(found) - known,
        "rss_mb": peak_rss_mb(),
        "max_lag_s": metrics.vitals.max_lag_s,
        "skipped": metrics.skipped,
        "gaps": metrics.vitals.gaps,
        "rounds": metrics.rounds,
    }


def icmp(size: str, rounds: str) -> Json:
    return run(targets(int(size)), rounds=int(rounds))


def tcp(size: str, rounds: str) -> Json:
    with socket.create_server(("0.0.0.0", 0), backlog=4096) as listener:
        server = os.fork()
        if not server:
            while True:
                listener.accept()[0].close()
        try:
            return run(targets(int(size), "tcp", listener.getsockname()[1]), rounds=int(rounds))
        finally:
            os.kill(server, 9)
            os.waitpid(server, 0)


def snmp(count: str) -> Json:
    """Time the monitor's SNMP probe of an agent that this starts."""
    from monitor_peers import agent

    from parkops.monitor import prepare, probes
    from parkops.monitor.clock import RecordClock
    from parkops.monitor.probes.base import Context, Reads, Tools
    from parkops.monitor.probes.icmp import Pinger
    from parkops.monitor.sessions import Sessions

    def no_login() -> object:
        raise RuntimeError

    with agent() as port:
        params = (("community", "env:BENCH_COMMUNITY"),)
        (target,) = prepare([Target("a/snmp", "snmp", "a", "127.0.0.1", port, 10.0, params=params)])

        async def go() -> float:
            import inspect

            pinger, sessions = Pinger(), Sessions(no_login)
            given = {"clock": RecordClock(), "pinger": pinger, "sessions": sessions, "reads": Reads(),
                     "secret": lambda _: "public"}  # fmt: skip
            names = inspect.signature(Tools).parameters
            tools = Tools(**{name: value for name, value in given.items() if name in names})
            context = Context(tools, 5.0)
            sample = await probes.probe(target, context)
            if sample.state is not State.UP:
                raise SystemExit(f"the agent does not answer: {sample.reason}")
            begin_s = cpu_s()
            for _ in range(int(count)):
                await probes.probe(target, context)
            spent_s = cpu_s() - begin_s
            pinger.close()
            await sessions.close()
            return spent_s

        return {"cpu_us": 1e6 * asyncio.run(go()) / int(count)}


def scrape(series: str) -> Json:
    count = int(series) // 6  # up, rtt, lost, three states
    metrics, found = Metrics(), targets(int(series) // 6)
    metrics.watch(found)
    for index, target in enumerate(found):
        sample = Sample(target.id, 1000.0, State.UP, 0.000_123_4 + index / 1e7)
        metrics.take(index, sample, (sample,))
    metrics.text()  # names are written once
    begin_s = cpu_s()
    for _ in range(3):
        body = metrics.text().encode()
    return {"cpu_ms": 1000 * (cpu_s() - begin_s) / 3, "bytes": len(body), "targets": count}


def year(size: str) -> Json:
    """Fill a year with 20 outages a target, and sum it."""
    now_s, rnd, found = 1_800_000_000.0, random.Random(7), targets(int(size), interval_s=10.0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "parkops.db"
        with Store.open(path) as store:
            with store.transaction():
                for target in found:
                    store.save_samples(_year(target.id, now_s, rnd))
                store.extend([(target.id, now_s) for target in found])
            park = Park("year", "", "", "", "", 5, 0.0, "", "", Access(), HERE, targets=tuple(found))
            begin_s = time.perf_counter()
            told = store.availability(now_s - 365 * DAY_S, now_s)
            year_s = time.perf_counter() - begin_s
            begin_s = time.perf_counter()
            kinds = ("device", "tenant", "zone", "park")
            compute(park, store, now_s - 365 * DAY_S, now_s, kinds=kinds, measured=False)
            report_s = time.perf_counter() - begin_s
            count = dict(store.counts())["state intervals"]
        size_mb = path.stat().st_size / 1e6
    assert sum(item.outages for item in told) == 20 * int(size)
    return {"year_s": year_s, "report_s": report_s, "intervals": count, "mb": round(size_mb, 1)}


def _year(name: str, now_s: float, rnd: random.Random) -> list[Sample]:
    samples = [Sample(name, now_s - 365 * DAY_S, State.UP)]
    for hour in sorted(rnd.sample(range(24, 364 * 24), 20)):  # apart: each is an outage of its own
        moment_s = now_s - 365 * DAY_S + 3600.0 * (hour + rnd.random() / 2)
        samples += [Sample(name, moment_s, State.DOWN, reason="no ICMP answer within 1 s"),
                    Sample(name, moment_s + 30.0, State.UP)]  # fmt: skip
    return samples


FIREWALL = """
add table ip bench
add set ip bench dead { type ipv4_addr; }
add chain ip bench in { type filter hook input priority 0; }
add rule ip bench in ip daddr @dead icmp type echo-request drop
"""


def nft(text: str) -> None:
    subprocess.run(["nft", "-f", "-"], input=text, text=True, check=True)


def own_network(part: str, *arguments: str) -> Json:
    """Run a part in a network namespace of its own, with a firewall that drops what is dead."""
    command = ["unshare", "-n", sys.executable, __file__, "--worker", f"{part}-inside", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    result: Json = json.loads(done.stdout.splitlines()[-1])
    return result


def prepare_network() -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    nft(FIREWALL)


def detect(count: str) -> Json:
    return own_network("detect", count)


def detect_inside(count: str) -> Json:
    """Let targets fail at random moments; time each from there to its event."""
    prepare_network()
    found = targets(int(count))
    failed_s: dict[str, float] = {}
    seen_s: dict[str, float] = {}
    rnd = random.Random(3)

    def fail() -> None:
        for target in found:
            time.sleep(rnd.uniform(0.0, 0.2))
            nft(f"add element ip bench dead {{ {target.address} }}")
            failed_s[target.id] = time.monotonic()

    thread = threading.Thread(target=fail)

    def on_round(number: int) -> None:
        if number == 3:
            thread.start()

    hooks = Hooks(on_event=lambda event: seen_s.setdefault(event.target, time.monotonic()), on_round=on_round)
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "parkops.db") as store:
        asyncio.run(watch(found, store, until=lambda: len(seen_s) == len(found), hooks=hooks))
    thread.join()
    rounds = sorted(seen_s[name] - failed_s[name] for name in seen_s)
    return {
        "count": len(rounds),
        "p50": round(rounds[len(rounds) // 2], 3),
        "p99": round(rounds[min(len(rounds) - 1, int(0.99 * len(rounds)))], 3),
        "max": round(rounds[-1], 3),
    }


def load(size: str, seconds: str) -> Json:
    return {"targets": int(size), "seconds": int(seconds), **run(targets(int(size)), seconds=float(seconds))}


def soak(size: str, seconds: str, seed: str) -> Json:
    return own_network("soak", size, seconds, seed)


def soak_inside(size: str, seconds: str, seed: str) -> Json:
    """Let 1 % of the targets flap; compare the store's intervals with what was really done."""
    prepare_network()
    found = targets(int(size))
    rnd = random.Random(int(seed))
    flapping = rnd.sample(found, max(1, int(size) // 100))
    truth: dict[str, list[tuple[float, float]]] = {target.id: [] for target in flapping}
    end_s = time.monotonic() + float(seconds)
    metrics = Metrics()
    thread = threading.Thread(target=_flap, args=(flapping, truth, end_s - 8.0, rnd))

    def on_round(number: int) -> None:
        if number == 2:
            thread.start()

    begin_cpu_s = cpu_s()
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "parkops.db") as store:
        asyncio.run(
            watch(found, store, until=lambda: time.monotonic() > end_s, hooks=Hooks(on_round=on_round),
                  metrics=metrics)
        )  # fmt: skip
        thread.join()
        spans = store.intervals()
        events = store.events()
    told = _compare(spans, truth)
    return {
        "targets": len(found), "flapping": len(flapping), "seconds": float(seconds), **told,
        "events": len(events), "samples": metrics.samples, "core": (cpu_s() - begin_cpu_s) / float(seconds),
        "rss_mb": peak_rss_mb(), "max_lag_s": metrics.vitals.max_lag_s, "gaps": metrics.vitals.gaps,
    }  # fmt: skip


def _flap(
    flapping: list[Target], truth: dict[str, list[tuple[float, float]]], end_s: float, rnd: random.Random
) -> None:
    """Take targets down for 4 to 12 s, up for as long, each in its own time; note the moments."""
    due = sorted((time.monotonic() + rnd.uniform(0, 6), n, False) for n in range(len(flapping)))
    down_s: dict[str, float] = {}
    while due:
        moment_s, number, is_down = due.pop(0)
        target = flapping[number]
        time.sleep(max(0.0, moment_s - time.monotonic()))
        if is_down:
            before_s = time.time()
            nft(f"delete element ip bench dead {{ {target.address} }}")
            truth[target.id].append((down_s.pop(target.id), before_s))
        elif time.monotonic() < end_s - 14.0:
            nft(f"add element ip bench dead {{ {target.address} }}")
            down_s[target.id] = time.time()
        else:
            continue
        due.append((time.monotonic() + rnd.uniform(4, 12), number, not is_down))
        due.sort()


def _compare(spans: tuple[Interval, ...], truth: dict[str, list[tuple[float, float]]]) -> Json:
    """Match outages one to one; an end may be off by what lies between two probes, and a timeout."""
    seen: dict[str, list[Interval]] = {}
    reasons: Counter[str] = Counter()
    for span in spans:
        if span.state is State.UNKNOWN:
            reasons[span.reason] += 1
        elif span.state is State.DOWN:
            seen.setdefault(span.target, []).append(span)
    unknown = reasons.total()
    missed = invented = 0
    off_s: list[float] = []
    for name in {*seen, *truth}:
        real, told = truth.get(name, []), seen.get(name, [])
        missed += max(0, len(real) - len(told))
        invented += max(0, len(told) - len(real))
        for (begin_s, end_s), span in zip(real, told, strict=False):
            off_s += [span.start_s - begin_s, span.end_s - end_s]
    return {
        "injected": sum(map(len, truth.values())), "seen": sum(map(len, seen.values())), "missed": missed,
        "invented": invented, "unknown": unknown, "unknown_why": dict(reasons.most_common(5)),
        "begin_or_end_late_s": round(max(off_s, default=0.0), 3),
        "begin_or_end_early_s": round(-min(off_s, default=0.0), 3),
        "exact": missed == invented == unknown == 0 and all(-0.1 <= off <= 1.6 for off in off_s),
    }  # fmt: skip


PARTS = {
    "icmp": icmp, "tcp": tcp, "snmp": snmp, "scrape": scrape, "year": year, "detect": detect,
    "detect-inside": detect_inside, "load": load, "soak": soak, "soak-inside": soak_inside,
}  # fmt: skip

if __name__ == "__main__":
    os.environ.setdefault("BENCH_COMMUNITY", "public")
    _, _, part, *rest = sys.argv
    print(json.dumps(PARTS[part](*rest)))
