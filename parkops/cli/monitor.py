"""`parkops monitor`: probe the park until it is stopped."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from parkops.cli.common import Context
from parkops.cli.listening import Wanted, address, listen_options, listeners

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType

    from parkops.model import Event, Listening, Park
    from parkops.monitor import Metrics


LOW_PORTS = 1024  # below, ports are bound with CAP_NET_BIND_SERVICE only (capabilities(7))
UNIT = """\
[Unit]
Description=parkops monitor of {park}
Wants=network-online.target
After=network-online.target

[Service]
# {listens}
# for PGPASSWORD, PARKOPS_REMOTE_WRITE and other secrets
EnvironmentFile=-{state}/monitor.env
ExecStart={command}
Restart=on-failure
RestartSec=2
KillSignal=SIGINT
TimeoutStopSec=30
LimitNOFILE=65536
AmbientCapabilities={rights}
CapabilityBoundingSet={rights}
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths={state}
PrivateTmp=yes

[Install]
WantedBy=multi-user.target
"""


@click.command()
@click.option("--rounds", type=click.IntRange(1), help="Stop when every target was probed N times.")
@click.option("--for", "for_s", type=click.FloatRange(0, min_open=True), help="Stop after SECONDS.")
@click.option(
    "--interval", "interval_s", type=click.FloatRange(0.1), help="Seconds between a target's probes."
)
@click.option("--listen", metavar="HOST:PORT", help="Serve /metrics for Prometheus, e.g. 127.0.0.1:9469.")
@click.option("--systemd-unit", "unit", is_flag=True, help="Print a unit that runs this monitor, and end.")
@click.option(
    "--remote-write",
    "remote_url",
    metavar="URL",
    envvar="PARKOPS_REMOTE_WRITE",
    help="Send samples to Prometheus' remote-write receiver, e.g. http://127.0.0.1:9090/api/v1/write.",
)
@listen_options
@click.pass_obj
def monitor(
    ctx: Context,
    /,
    rounds: int | None,
    for_s: float | None,
    interval_s: float | None,
    listen: str | None,
    unit: bool,
    remote_url: str | None,
    **heard: Any,
) -> None:
    """Probe the park and record its state until Ctrl-C.

    A target is down when two probes in a row fail; an event then opens, and closes at the next good
    answer. Where a probe cannot be carried out, the state is unknown. Stopping the monitor is its normal
    end: the exit code is 0, whatever it saw. `parkops status` tells what it saw. What devices say by
    themselves is taken where `monitoring.listen` of the plan or `--listen-...` names an address; none turns
    one off that the plan names. `parkops signals` lists it.

    \b
    Example:
      parkops monitor --listen 127.0.0.1:9469
      parkops monitor --rounds 3 --interval 2
      parkops monitor --listen-syslog 0.0.0.0:514 --listen-traps 0.0.0.0:162 --listen-flows 0.0.0.0:6343
      parkops monitor --listen 0.0.0.0:9469 --systemd-unit > /etc/systemd/system/parkops-monitor.service
    """
    from parkops import monitor as room
    from parkops.mended import change_of

    if unit:
        click.echo(_systemd_unit(ctx, listen, remote_url, Wanted(**heard)), nl=False)
        return
    park = ctx.park()
    room.prepare(park.targets, interval_s)  # mistakes before anything is started
    with ExitStack() as stack:
        metrics, signals = room.Metrics(), room.Signals()
        secret = _secrets(ctx)
        # Whoever is told of events is reached from here, too: its thread keeps this network.
        stack.enter_context(room.Deliverer(park, ctx.workspace.database, secret))
        if listen:
            # The socket is made before the move into the lab's network, so that it is reached from here.
            exporter = stack.enter_context(room.Exporter.bind(*address(listen)))
            pages = room.pages(park, metrics, exporter.url)
            exporter.serve(replace(pages, alerts=lambda body: signals.take_alerts(park, body)))
            ctx.console.print(f"Metrics: {exporter.url}")
        remote = None
        if remote_url:
            remote = stack.enter_context(room.RemoteWriter(remote_url, park.targets, metrics))
        if not ctx.enter_lab():
            ctx.console.print(f"No lab of this park runs: probing {park.management_network} from here.")
        ears = listeners(ctx, Wanted(**heard), signals, metrics)
        if ears is not None:
            stack.enter_context(ears)
        park = ctx.park()  # without what a lab does not serve
        live = ctx.console.is_terminal
        view = stack.enter_context(_Live(ctx, park, metrics)) if live else _Lines(ctx, park, metrics)
        summary = room.run(
            park,
            ctx.workspace,
            rounds=rounds,
            until=_after(for_s),
            interval_s=interval_s,
            hooks=room.Hooks(remote.put if remote else None, view.on_event, view.on_round),
            metrics=metrics,
            change_of=change_of(ctx.workspace),
            signals=signals,
        )
    ctx.console.print(
        f"{summary.rounds} rounds, {summary.samples} probes, "
        f"{summary.opened} events opened, {summary.closed} closed."
    )


def _after(seconds: float | None) -> Callable[[], bool] | None:
    if seconds is None:
        return None
    deadline_s = time.monotonic() + seconds
    return lambda: time.monotonic() >= deadline_s


def _secrets(ctx: Context) -> Callable[[str], str]:
    from parkops.transport import secrets

    return lambda reference: secrets.resolve(reference, ctx.workspace.root)


def _systemd_unit(ctx: Context, listen: str | None, remote_url: str | None, wanted: Wanted) -> str:
    """Return a unit of systemd that runs the monitor of this park, with no more rights than it needs.

    Passwords do not stand in it: anybody may read units.
    """
    import shlex
    import sys

    from parkops.store.postgres import without_password

    park, root = ctx.park(), ctx.workspace.root
    store = without_password(ctx.workspace.store).replace(":***@", "@")
    program = [sys.executable, "-m", "parkops", "-p", str(root), *(["--store", store] if store else [])]
    remote = ["--remote-write", remote_url] if remote_url and "@" not in remote_url else []
    command = [*program, "monitor", *(["--listen", listen] if listen else []), *remote, *wanted.words]
    line = " ".join(shlex.quote(word).replace("%", "%%") for word in command)
    told = wanted.over(park.listening)
    ports = [port for _, (_, port) in told.sockets] + ([address(listen)[1]] if listen else [])
    low = ["CAP_NET_BIND_SERVICE"] if any(port < LOW_PORTS for port in ports) else []
    return UNIT.format(
        park=park.name,
        command=line,
        state=str(ctx.workspace.state).replace("%", "%%"),
        rights=" ".join(["CAP_NET_RAW", "CAP_NET_ADMIN", *low]),
        listens=_listens(told),
    )


def _listens(told: Listening) -> str:
    """Say in one line what is listened for."""
    said = [f"{name} at {_joined(socket)}" for name, socket in told.sockets]
    said += ["the notifications of NETCONF devices"] if told.netconf else []
    return f"listens for {', '.join(said)}" if said else "listens for nothing that devices say by themselves"


def _joined(socket: tuple[str, int]) -> str:
    return f"[{socket[0]}]:{socket[1]}" if ":" in socket[0] else f"{socket[0]}:{socket[1]}"


def _event_line(event: Event) -> str:
    if event.resolved_s is None:
        since = time.strftime("%H:%M:%S", time.localtime(event.opened_s))
        what = f"is a consequence of event {event.parent}" if event.parent is not None else "opened"
        what = "came back" if event.reopened and event.parent is None else what
        muted = f" [{event.muted}]" if event.muted else ""
        return f"event {event.id} {what}: {event.target}: {event.cause} since {since}{muted}"
    done = "closed" if event.closed_s is not None else "resolved"
    note = f" ({event.note})" if event.note else ""
    lasted = "was down" if event.kind == "outage" else "lasted"
    return f"event {event.id} {done}: {event.target} {lasted} for {event.duration_s or 0.0:.1f} s{note}"


class _Lines:
    """Plain lines: what changes, with its time."""

    def __init__(self, ctx: Context, park: Park, metrics: Metrics) -> None:
        self._console, self._metrics = ctx.console, metrics
        self._told = ""
        self._say(f"watching {len(park.targets)} targets of {park.name}")

    def _say(self, text: str) -> None:
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        self._console.print(f"{stamp} {text}", markup=False, soft_wrap=True)

    def on_event(self, event: Event) -> None:
        self._say(_event_line(event))

    def on_round(self, number: int) -> None:
        counts = self._metrics.counts
        told = ", ".join(f"{count} {state.value}" for state, count in counts.items())
        if told != self._told:
            self._say(f"round {number}: {told}")
        self._told = told


class _Live:
    """The status screen, twice a second, while the monitor runs."""

    def __init__(self, ctx: Context, park: Park, metrics: Metrics) -> None:
        from rich.live import Live

        self._ctx, self._park, self._metrics = ctx, park, metrics
        self._live = Live(
            get_renderable=self._screen, console=ctx.console, refresh_per_second=2, transient=False
        )

    def __enter__(self) -> _Live:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def _screen(self) -> RenderableType:
        import os

        from rich.console import Group
        from rich.text import Text

        from parkops.cli.status import look, screen
        from parkops.monitor.board import By

        with self._ctx.open_store() as store:  # opened here: this runs in the live view's thread
            seen = look(self._park, store, By.ROLE)
        own = self._metrics
        line = f"round {own.rounds}, {own.samples} probes, lag {own.lag_s * 1000:.0f} ms. Ctrl-C stops."
        return Group(screen(self._park, seen, By.ROLE, os.getpid(), self._ctx.console.size), Text(line))

    def on_event(self, event: Event) -> None:
        stamp = time.strftime("%H:%M:%S")
        self._live.console.print(f"{stamp} {_event_line(event)}", markup=False)

    def on_round(self, number: int) -> None:
        """Nothing to do: the screen is refreshed by time."""
