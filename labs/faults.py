"""Breaks a running lab in ten ways, and shows what the monitor made of each: injected against detected.

    .venv/bin/python labs/faults.py [--park mini] [--quiet-min 5] [--only link-cut,loss] [--json FILE]

It runs the demo park (or labs/mini, with three of the faults) as a lab of its own in a temporary folder,
pushes it, watches it quietly to count false alarms, then brings about one fault after the other. Needs
what `parkops lab up` needs.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from parkops import lab
from parkops.evidence import keep_push
from parkops.gate import gate
from parkops.lab.faults import heal, inject
from parkops.lab.state import Fault, FaultKind
from parkops.model import Event, Park, State, Target, Workspace
from parkops.monitor import MonitorThread
from parkops.monitor.words import headline
from parkops.pipeline import build_park, load_park
from parkops.push import Settings
from parkops.push import run as push
from parkops.store import Store

ROOT = Path(__file__).resolve().parents[1]
INTERVAL_S = 1.0
CORRELATION_S = 5.0
SETTLE_S, DETECT_S, HEAL_S = 240.0, 150.0, 240.0
KEEP_S = 12.0  # a fault stays for so long after it was seen
TLS_PORT = 9443


@dataclass(frozen=True)
class Case:
    """One fault, and the event that must come of it."""

    name: str
    fault: Fault | None
    target: str  # pattern of the event's target
    kind: str
    cause: str  # pattern of the event's cause
    break_: Callable[[], object] | None = None
    mend: Callable[[], object] | None = None


@dataclass
class Row:
    """What came of a fault."""

    fault: str
    where: str
    held: bool = False
    event: str = ""
    cause: str = ""
    detected_s: float | None = None
    closed_s: float | None = None
    consequences: int = 0
    others: list[str] = field(default_factory=list)  # further events that stand alone


class Certificates:
    """A TLS server in a node, whose certificate is replaced by an expired one."""

    def __init__(self, workspace: Workspace, node: str, address: str) -> None:
        self.workspace, self.node, self.address = workspace, node, address
        self.ca = workspace.state / "faults-ca.pem"

    def target(self) -> Target:
        """Return the target that watches it."""
        params = (("ca", str(self.ca)), ("name", "portal.park.example"))
        return Target(f"{self.node}/tls/portal", "tls", self.node, self.address, TLS_PORT, 2.0, params=params)

    def serve(self, days: float) -> None:
        """Serve a certificate that ends in so many days."""
        key, certificate = _certificate(days)
        self.ca.write_text(certificate, encoding="ascii")  # it is trusted, so that only its age is wrong
        text = f"cat > /tmp/portal.pem <<'END'\n{key}{certificate}END\n"
        self._sh(text + "test ! -f /tmp/portal.pid || kill $(cat /tmp/portal.pid) || true\n"
                 "for n in 1 2 3 4 5 6 7 8 9; do "
                 f"setsid openssl s_server -quiet -naccept 1000000 -accept {TLS_PORT} -cert /tmp/portal.pem"
                 " -key /tmp/portal.pem -www </dev/null >/dev/null 2>&1 & "
                 "echo $! > /tmp/portal.pid; sleep 0.3; "
                 "kill -0 $(cat /tmp/portal.pid) 2>/dev/null && break; done")  # fmt: skip

    def allow(self) -> None:
        """Let the server be reached: the node's own filter knows nothing of it."""
        self._sh(f"nft insert rule inet parkops input tcp dport {TLS_PORT} accept || true")

    def _sh(self, script: str) -> None:
        done = lab.run_in(self.workspace, self.node, ["sh", "-s"], 30.0, script)
        if done.returncode:
            raise RuntimeError(f"{self.node}: {done.stderr}")


def _certificate(days: float) -> tuple[str, str]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name.from_rfc4514_string("CN=portal.park.example")
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400)).not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("portal.park.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return text.decode(), made.public_bytes(serialization.Encoding.PEM).decode()


def cases(portal: Certificates) -> list[Case]:
    """Return the faults, and what must become of them; the names are those of the demo park."""
    return [
        Case("link-cut", Fault(FaultKind.LINK_DOWN, "hx-p1-sw-1--hx-p1-sw-2"),
             r"hx-p1-sw-\d/link/.*", "outage", r"down"),
        Case("silent-loss", Fault(FaultKind.SILENT_LOSS, "fw-1--pub-sw-1:pub-video"),
             r"flow/video-wall/.*", "outage", r"suspected is the cable .*pub-video"),
        Case("loss-5-percent", Fault(FaultKind.LOSS, "svc-sw-1--ec-1", loss_percent=5),
             r"flow/hx-edge/.*", "loss", r"loss of \d+ %"),
        Case("delay-50-ms", Fault(FaultKind.DELAY, "svc-sw-1--ec-1", delay_ms=50),
             r"flow/hx-edge/.*", "latency", r"above the objective flow/hx-edge of 20 ms"),
        Case("node-dead", Fault(FaultKind.NODE_DEAD, "hx-p1-sw-2"),
             r"hx-p1-sw-2/icmp", "outage", r"."),
        Case("daemon-dead", Fault(FaultKind.DAEMON_DEAD, "mgmt-1:chrony"), r"mgmt-1/ntp", "outage", r"."),
        Case("certificate-expired", None, r"mgmt-1/tls/portal", "outage", r"certificate expired",
             lambda: portal.serve(-1.5), lambda: portal.serve(200)),
        Case("clock-off", Fault(FaultKind.CLOCK_OFF, "mgmt-1", offset_s=0.5),
             r"mgmt-1/ntp", "value:offset_s", r"the clock is [+-]0\.[45]\d* s off"),
        Case("broker-down", Fault(FaultKind.DAEMON_DEAD, "hx-p1-gw-1:mosquitto"),
             r"hx-p1-gw-1/mqtt", "outage", r"refused"),
        Case("rogue-flow", Fault(FaultKind.FLOW_OPENED, "fw-1:tcp/502"),
             r"forbidden/.*/pub-meter/tcp/502", "outage", r"."),
    ]  # fmt: skip


def mini_cases(_: Certificates) -> list[Case]:
    """Return three faults of labs/mini."""
    return [
        Case("link-cut", Fault(FaultKind.LINK_DOWN, "ac-p1-sw-1--ac-p1-sw-2"),
             r"ac-p1-sw-\d/link/.*", "outage", r"down"),
        Case("daemon-dead", Fault(FaultKind.DAEMON_DEAD, "mgmt-1:chrony"), r"mgmt-1/ntp", "outage", r"."),
        Case("broker-down", Fault(FaultKind.DAEMON_DEAD, "ac-p1-gw-1:mosquitto"),
             r"ac-p1-gw-1/mqtt", "outage", r"refused"),
    ]  # fmt: skip


PARKS = {"demo": (ROOT / "inventories" / "demo", cases), "mini": (ROOT / "labs" / "mini", mini_cases)}


@contextmanager
def park_running(home: Path, folder: Path, say: Callable[[str], None]) -> Iterator[tuple[Park, Workspace]]:
    """Run a park as a lab, with its configuration pushed."""
    shutil.copy(home / "park.yaml", folder)
    workspace = Workspace(folder)
    park = load_park(workspace)
    artifacts, _ = build_park(park, workspace)
    say("lab up")
    lab.up(park, workspace)
    try:
        lab.enter(workspace)
        say("push")
        results = push(park, artifacts, workspace, settings=Settings(gate=gate("full", park, workspace)))
        failed = [f"{item.device}: {item.message}" for item in results if not item.ok]
        if failed:
            raise RuntimeError("; ".join(failed))
        with Store.open(workspace.database) as store:
            keep_push(park, artifacts, workspace, store, results)
        yield park, workspace
    finally:
        lab.down(workspace)


class Watch:
    """The monitor, the store that it writes, and what has been wrong so far."""

    def __init__(self, park: Park, workspace: Workspace, monitor: MonitorThread) -> None:
        self.park, self.workspace, self.monitor = park, workspace, monitor
        self.targets = {target.id: target for target in park.targets}

    def events(self) -> tuple[Event, ...]:
        """Return every event."""
        with Store.open(self.workspace.database) as store:
            return store.events()

    def healthy(self) -> bool:
        """Tell whether nothing is wrong."""
        return all(event.resolved_s is not None for event in self.events())

    def wait(self, holds: Callable[[], bool], limit_s: float) -> bool:
        """Wait until something holds; asked again as rounds go on."""
        deadline_s = time.monotonic() + limit_s
        while not holds():
            rounds = self.monitor.rounds
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                return False
            self.monitor.wait_for(lambda m, rounds=rounds: m.rounds > rounds, min(left_s, 3 * INTERVAL_S))
        return True


def settle(watch: Watch) -> None:
    """Wait until everything answers and nothing is open."""
    names = list(watch.targets)
    up = watch.wait(lambda: all(watch.monitor.state(name) is State.UP for name in names), SETTLE_S)
    if not up or not watch.wait(watch.healthy, SETTLE_S):
        bad = [f"{name}: {watch.monitor.sample(name)}" for name in names if watch.monitor.state(name) != "up"]
        raise RuntimeError(
            f"the park does not settle: {bad[:3]} {[e for e in watch.events() if not e.resolved_s]}"
        )


def quiet(watch: Watch, minutes: float) -> list[Event]:
    """Watch while nothing is broken; return the false alarms."""
    before = {event.id: event.reopened for event in watch.events()}
    end_s = time.monotonic() + 60 * minutes
    watch.wait(lambda: time.monotonic() >= end_s, 60 * minutes + 10)
    return [event for event in watch.events() if before.get(event.id) != event.reopened]


def try_case(watch: Watch, case: Case) -> Row:
    """Bring a fault about, find its event, heal it, see the event end."""
    row = Row(case.name, case.fault.where if case.fault else "mgmt-1, TLS port 9443")
    before = {event.id: event.reopened for event in watch.events()}
    placed = None
    begun_s = time.time()
    if case.fault is not None:
        placed = inject(watch.workspace, case.fault)
    elif case.break_ is not None:
        case.break_()

    def fresh() -> list[Event]:
        return [event for event in watch.events() if before.get(event.id) != event.reopened]

    def right() -> Event | None:
        for event in fresh():
            fits = re.fullmatch(case.target, event.target) and event.kind == case.kind
            if fits and event.parent is None and re.search(case.cause, event.cause):
                return event
        return None

    row.held = watch.wait(lambda: right() is not None, DETECT_S)
    event = right()
    if event is not None:
        row.detected_s = round(_seen_s(watch, event) - begun_s, 1)
    kept_s = time.monotonic() + KEEP_S
    watch.wait(lambda: time.monotonic() >= kept_s, KEEP_S + 5)
    event = right() or event
    found = fresh()
    if event is not None:
        row.event = headline(event, watch.targets.get(event.target))
        row.cause, row.consequences = event.cause, sum(other.parent == event.id for other in found)
    mended_s = time.time()
    if placed is not None:
        heal(watch.workspace, placed)
    elif case.mend is not None:
        case.mend()
    ended = watch.wait(lambda: all(item.resolved_s is not None for item in fresh()), HEAL_S)
    now = {item.id: item for item in watch.events()}
    if ended and event is not None:
        closed = now[event.id]
        row.closed_s = round((closed.resolved_s or 0.0) - mended_s, 1)
        row.held = row.held and closed.closed_s is not None
    row.held = row.held and ended
    alone = [item for item in fresh() if item.parent is None and (event is None or item.id != event.id)]
    row.others = [headline(item, watch.targets.get(item.target)) for item in alone]
    return row


def _seen_s(watch: Watch, event: Event) -> float:
    """Return when the monitor took it for an event: the first loss is the start, a second confirms."""
    with Store.open(watch.workspace.database) as store:
        steps = [step for step in store.event_steps(event.id) if step.step in ("detected", "reopened")]
    return max(step.time_s for step in steps) + (INTERVAL_S / 4 if event.kind == "outage" else 0.0)


def show(rows: Sequence[Row], alarms: Sequence[Event], minutes: float, width: int | None = None) -> None:
    """Print the table."""
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for name in ("injected", "where", "seen after", "closed after", "with it", ""):
        table.add_column(name, overflow="fold")
    for row in rows:
        after = f"{row.detected_s:.1f} s" if row.detected_s is not None else "-"
        closed = f"{row.closed_s:.1f} s" if row.closed_s is not None else "-"
        held = "yes" if row.held else "NO"
        table.add_row(row.fault, row.where, after, closed, str(row.consequences or ""), held)
    console = Console(width=width)
    console.print(table)
    for row in rows:
        console.print(f"{row.fault}: {row.event or 'NOT SEEN'}", markup=False)
        for other in row.others:
            console.print(f"  beside it: {other}", markup=False)
    console.print(f"{len(alarms)} false alarms in {minutes:g} quiet minutes.")
    for alarm in alarms:
        console.print(f"  {alarm.target}: {alarm.cause}", markup=False)


def run(
    name: str, minutes: float, only: Sequence[str], say: Callable[[str], None], interval_s: float = INTERVAL_S
) -> tuple[list[Row], list[Event]]:
    """Run everything in one of the parks; return the rows and the false alarms."""
    home, faults = PARKS[name]
    with (
        tempfile.TemporaryDirectory(prefix="parkops-faults-") as folder,
        park_running(home, Path(folder), say) as (
            park,
            workspace,
        ),
    ):
        portal = Certificates(workspace, "mgmt-1", park.device("mgmt-1").management_address)
        portal.allow()
        portal.serve(200)
        policy = replace(park.policy, correlation_s=CORRELATION_S, hold_s=0.0)
        watched = replace(park, targets=(*park.targets, portal.target()), policy=policy)
        with MonitorThread(watched, workspace, interval_s=interval_s) as monitor:
            watch = Watch(watched, workspace, monitor)
            say("settle")
            settle(watch)
            say(f"quiet for {minutes:g} min")
            alarms = quiet(watch, minutes)
            rows = []
            for case in faults(portal):
                if not only or case.name in only:
                    say(case.name)
                    rows.append(try_case(watch, case))
                    say(f"  {rows[-1].event or 'NOT SEEN'} after {rows[-1].detected_s} s")
                    settle(watch)
        return rows, alarms


def main() -> int:
    """Do what the arguments say; 1 when a fault was not seen as it must be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--park", choices=PARKS, default="demo", help="which park runs as the lab")
    parser.add_argument(
        "--interval", type=float, default=INTERVAL_S, help="seconds between probes of a target"
    )
    parser.add_argument("--quiet-min", type=float, default=3.0, help="minutes of quiet before the faults")
    parser.add_argument("--only", default="", help="names of faults, separated by commas")
    parser.add_argument("--json", type=Path, help="write what was seen")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))  # the lab is taken down whatever happens
    rows, alarms = run(given.park, given.quiet_min, [name for name in given.only.split(",") if name],
                       lambda text: print(text, file=sys.stderr, flush=True), given.interval)  # fmt: skip
    show(rows, alarms, given.quiet_min)
    if given.json:
        document = {
            "faults": [asdict(row) for row in rows], "quiet_min": given.quiet_min,
            "false_alarms": [f"{alarm.target}: {alarm.cause}" for alarm in alarms],
        }  # fmt: skip
        given.json.write_text(json.dumps(document, ensure_ascii=False, indent=2), encoding="utf-8")
    return 0 if all(row.held for row in rows) and not alarms else 1


if __name__ == "__main__":
    sys.exit(main())
