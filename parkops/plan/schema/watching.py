"""Where the monitor listens, and how long it keeps what it saw."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from parkops.plan.schema.base import Flag, Line, Number, Part, Whole, examples

Port = Annotated[Whole, Field(ge=1, le=65535)]
Address = Annotated[str, Field(max_length=45)]  # that it is one is checked with the place
ALL = "0.0.0.0"  # noqa: S104  # a listener is there to be sent to
ADDRESS = "IP address of this machine at which to listen; 0.0.0.0 and :: mean all"


class SyslogListenerPlan(Part):
    """Log messages over UDP, and over TCP on the same port (RFC 5424, RFC 3164, RFC 6587)."""

    model_config = examples({"address": "172.31.0.1", "port": 514})

    address: Address = Field(default=ALL, description=ADDRESS)
    port: Port = Field(default=514, description="UDP and TCP port")


class SyslogTlsListenerPlan(Part):
    """Log messages over TLS (RFC 5425)."""

    model_config = examples({"certificate": "tls/monitor.pem", "key": "tls/monitor.key"})

    address: Address = Field(default=ALL, description=ADDRESS)
    port: Port = Field(default=6514, description="TCP port")
    certificate: Annotated[Line, Field(min_length=1)] = Field(
        description="File of our certificate (PEM), with its chain; relative to the park's folder"
    )
    key: Line = Field(default="", description="File of its private key; default in the certificate's file")
    authority: Line = Field(
        default="",
        description="File of the authority whose certificates senders must show; default none",
    )


class TrapListenerPlan(Part):
    """SNMP traps v1, v2c and v3, and informs, which are answered."""

    model_config = examples({"port": 1162})

    address: Address = Field(default=ALL, description=ADDRESS)
    port: Port = Field(default=162, description="UDP port")


class FlowListenerPlan(Part):
    """Flow records: sFlow 5, NetFlow 5 and 9, IPFIX, on one port."""

    model_config = examples({"port": 2055})

    address: Address = Field(default=ALL, description=ADDRESS)
    port: Port = Field(default=6343, description="UDP port")


class ListenPlan(Part):
    """Where the monitor takes what devices say by themselves; what is not named is not listened for.

    Options of `parkops monitor` of the same names override it; `none` turns one off.
    """

    model_config = examples(
        {
            "syslog": {"port": 514},
            "traps": {"address": "172.31.0.1"},
            "flows": {},
            "netconf": True,
        }
    )

    syslog: SyslogListenerPlan | None = Field(default=None, description="Log messages")
    syslog_tls: SyslogTlsListenerPlan | None = Field(default=None, description="Log messages over TLS")
    traps: TrapListenerPlan | None = Field(default=None, description="SNMP traps and informs")
    flows: FlowListenerPlan | None = Field(default=None, description="Flow records")
    netconf: Flag = Field(
        default=False, description="Subscribe to the notifications of NETCONF devices (RFC 5277)"
    )


class RetentionPlan(Part):
    """How long the store keeps what; the monitor deletes once an hour what is older."""

    model_config = examples({"raw_hours": 24, "rollups_days": 800, "intervals_days": 3650})

    raw_hours: Number = Field(
        default=6, ge=0.5, le=168, description="Every sample; 256 MB of them at most, whatever this says"
    )
    rollups_days: Number = Field(default=400, ge=1, le=36500, description="Hourly figures of each target")
    intervals_days: Number = Field(
        default=1825, ge=30, le=36500, description="State intervals, from which availability is told"
    )
    events_days: Number | None = Field(
        default=None,
        ge=180,
        le=36500,
        description="Events since their closing, with their history; default for good",
    )
