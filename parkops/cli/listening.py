"""Options of `parkops monitor` that name where to listen for what devices say by themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from parkops.errors import UsageError

if TYPE_CHECKING:
    from parkops.cli.common import Context
    from parkops.monitor import Metrics, Signals
    from parkops.monitor.passive import Listeners
    from parkops.monitor.passive.usm import User

F = TypeVar("F", bound=Callable[..., Any])

OPTIONS = (
    click.option("--listen-syslog", metavar="ADDR:PORT", help="Take log messages, over UDP and TCP."),
    click.option("--listen-syslog-tls", metavar="ADDR:PORT", help="Take log messages over TLS (RFC 5425)."),
    click.option("--tls-cert", metavar="FILE", help="Certificate for TLS, with its key or beside --tls-key."),
    click.option("--tls-key", metavar="FILE", help="Private key of that certificate."),
    click.option("--tls-ca", metavar="FILE", help="Senders must show a certificate of this authority."),
    click.option("--listen-traps", metavar="ADDR:PORT", help="Take SNMP traps and informs, v1 to v3."),
    click.option("--listen-flows", metavar="ADDR:PORT", help="Take sFlow, NetFlow and IPFIX records."),
    click.option("--listen-netconf", is_flag=True, help="Subscribe to the notifications of NETCONF devices."),
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
    listen_netconf: bool = False

    @property
    def words(self) -> list[str]:
        """The options as words of a command line."""
        found = []
        for name in self.__slots__:
            value = getattr(self, name)
            if value:
                option = f"--{name.replace('_', '-')}"
                found += [option] if value is True else [option, value]
        return found


def listen_options(function: F) -> F:
    """Add the options."""
    for option in reversed(OPTIONS):
        function = option(function)
    return function


def address(text: str) -> tuple[str, int]:
    """Split HOST:PORT or [HOST]:PORT; UsageError for anything else."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise UsageError(f"{text!r} is no address to listen on", hint="write HOST:PORT, e.g. 127.0.0.1:9469")
    return host.strip("[]"), int(port)


def listeners(ctx: Context, wanted: Wanted, signals: Signals, metrics: Metrics) -> Listeners | None:
    """Bind what is wanted, None for nothing; in the network from which devices are reached."""
    from parkops.monitor.passive import Listen, Listeners, Stream
    from parkops.monitor.passive.sockets import server_tls
    from parkops.store import pending
    from parkops.transport.login import login

    park = ctx.park()
    listen = Listen(
        syslog=_optional(wanted.listen_syslog),
        syslog_tls=_optional(wanted.listen_syslog_tls),
        traps=_optional(wanted.listen_traps),
        flows=_optional(wanted.listen_flows),
    )
    if listen.syslog_tls:
        if not wanted.tls_cert:
            raise UsageError("--listen-syslog-tls needs --tls-cert")
        listen = replace(listen, tls=server_tls(wanted.tls_cert, wanted.tls_key or "", wanted.tls_ca or ""))
    if wanted.listen_netconf:
        streams = (Stream(t.device, t.address, t.port) for t in park.targets if t.probe == "netconf")
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


def _optional(text: str | None) -> tuple[str, int] | None:
    return address(text) if text else None


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
