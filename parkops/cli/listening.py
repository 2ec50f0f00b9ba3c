"""Where `parkops monitor` listens for what devices say by themselves: by the plan, or by its options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from parkops.errors import UsageError
from parkops.model import Listening
from parkops.model.watching import Socket

if TYPE_CHECKING:
    from parkops.cli.common import Context
    from parkops.monitor import Metrics, Signals
    from parkops.monitor.passive import Listeners
    from parkops.monitor.passive.usm import User

F = TypeVar("F", bound=Callable[..., Any])
NONE = "none"  # turns off what the plan listens for

OPTIONS = (
    click.option("--listen-syslog", metavar="ADDR:PORT|none", help="Take log messages, over UDP and TCP."),
    click.option(
        "--listen-syslog-tls", metavar="ADDR:PORT|none", help="Take log messages over TLS (RFC 5425)."
    ),
    click.option("--tls-cert", metavar="FILE", help="Certificate for TLS, with its key or beside --tls-key."),
    click.option("--tls-key", metavar="FILE", help="Private key of that certificate."),
    click.option("--tls-ca", metavar="FILE", help="Senders must show a certificate of this authority."),
    click.option("--listen-traps", metavar="ADDR:PORT|none", help="Take SNMP traps and informs, v1 to v3."),
    click.option("--listen-flows", metavar="ADDR:PORT|none", help="Take sFlow, NetFlow and IPFIX records."),
    click.option(
        "--listen-netconf/--no-listen-netconf",
        default=None,
        help="Subscribe to the notifications of NETCONF devices.",
    ),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options as they were given."""

    listen_syslog: str | None = None
    listen_syslog_tls: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None
    tls_ca: str | None = None
    listen_traps: str | None = None
    listen_flows: str | None = None
    listen_netconf: bool | None = None

    @property
    def words(self) -> list[str]:
        """The options as words of a command line."""
        found = []
        for name in self.__slots__:
            value = getattr(self, name)
            option = name.replace("_", "-")
            if isinstance(value, bool):
                found.append(f"--{option}" if value else f"--no-{option}")
            elif value:
                found += [f"--{option}", value]
        return found

    def over(self, plan: Listening) -> Listening:
        """Return what to listen for: by these options, else by the plan; UsageError for no address."""
        return Listening(
            syslog=_either(self.listen_syslog, plan.syslog),
            syslog_tls=_either(self.listen_syslog_tls, plan.syslog_tls),
            certificate=self.tls_cert or plan.certificate,
            key=self.tls_key or ("" if self.tls_cert else plan.key),
            authority=self.tls_ca or plan.authority,
            traps=_either(self.listen_traps, plan.traps),
            flows=_either(self.listen_flows, plan.flows),
            netconf=plan.netconf if self.listen_netconf is None else self.listen_netconf,
        )


def listen_options(function: F) -> F:
    """Add the options."""
    for option in reversed(OPTIONS):
        function = option(function)
    return function


def address(text: str) -> tuple[str, int]:
    """Split HOST:PORT or [HOST]:PORT; UsageError for anything else."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise UsageError(f"{text!r} is no address to listen on", hint="write HOST:PORT, e.g. 127.0.0.1:9469")
    return host.strip("[]"), int(port)


def listeners(ctx: Context, wanted: Wanted, signals: Signals, metrics: Metrics) -> Listeners | None:
    """Bind what is wanted, None for nothing; in the network from which devices are reached."""
    from parkops.monitor.passive import Listen, Listeners, Stream
    from parkops.monitor.passive.netconf import MOST_DEVICES
    from parkops.monitor.passive.sockets import server_tls
    from parkops.store import pending
    from parkops.transport.login import login

    park = ctx.park()
    told = wanted.over(park.listening)
    listen = Listen(syslog=told.syslog, syslog_tls=told.syslog_tls, traps=told.traps, flows=told.flows)
    if listen.syslog_tls:
        if not told.certificate:
            raise UsageError("--listen-syslog-tls needs --tls-cert")
        files = (_file(ctx, name) for name in (told.certificate, told.key, told.authority))
        listen = replace(listen, tls=server_tls(*files))
    if told.netconf:
        streams = [Stream(t.device, t.address, t.port) for t in park.targets if t.probe == "netconf"]
        if (over := len(streams) - MOST_DEVICES) > 0:
            what = f"not subscribed to {over} NETCONF devices: {MOST_DEVICES} at most, the first ones"
            ctx.console.print(what, markup=False)
        listen = replace(listen, netconf=tuple(streams))
    if not listen.anything:
        return None
    made = Listeners(
        park,
        ctx.workspace.database,
        listen,
        signals.put,
        _users(ctx) if listen.traps else {},
        lambda: login(park.access, ctx.workspace),
        lambda device: pending.waits(ctx.workspace.state, device),
    )
    metrics.heard = made.counts
    return made


def _either(text: str | None, planned: Socket | None) -> Socket | None:
    """Return the socket that an option names, else the plan's."""
    if text is None:
        return planned
    return None if text == NONE else address(text)


def _file(ctx: Context, name: str) -> str:
    """Return a file as it is reached from here: options name it so, the plan from the park's folder."""
    beside = ctx.workspace.root / name
    return str(beside) if name and not Path(name).exists() and beside.exists() else name


def _users(ctx: Context) -> dict[str, User]:
    """Return the plan's SNMPv3 users with their keys; one whose keys are missing is left out, and told."""
    from parkops.monitor.passive.usm import User
    from parkops.transport import secrets

    park, found = ctx.park(), {}
    for user in park.plane.snmp_users if park.plane else ():
        try:
            names = (user.auth_key, user.privacy_key)
            keys = [secrets.resolve(name, ctx.workspace.root).encode() for name in names]
        except UsageError as error:
            ctx.console.print(
                f"SNMP user {user.name}: its notifications cannot be read: {error}", markup=False
            )
            continue
        found[user.name] = User(user.name, user.auth, keys[0], user.privacy, keys[1])
    return found
