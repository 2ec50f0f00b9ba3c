"""Production networks: ring redundancy, time-sensitive streams, cellular access, network controllers."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from parkops.plan.schema.base import Flag, Id, Line, Number, Part, Text, Whole, examples

RingProtocol = Literal["rstp", "erps", "mrp", "prp", "hsr"]


class RingPlan(Part):
    """Redundancy of a site's switches, as a ring or as two parallel networks."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"protocol": "erps", "owner": 1, "neighbor": 2, "wtr_minutes": 5},
                {"protocol": "mrp", "manager": 1, "recovery_ms": 200},
            ]
        }
    )
    protocol: RingProtocol = Field(
        default="rstp",
        description="rstp (IEEE 802.1Q), erps (ITU-T G.8032), mrp (IEC 62439-2), prp or hsr (IEC 62439-3)",
    )
    owner: Whole | None = Field(
        default=None, ge=1, description="erps: switch that blocks its link to the neighbor; default 1"
    )
    neighbor: Whole | None = Field(
        default=None, ge=1, description="erps: switch at the blocked link's other end; default the last"
    )
    wtr_minutes: Whole | None = Field(
        default=None, ge=1, le=12, description="erps: wait before a repaired link is used again; default 5"
    )
    manager: Whole | None = Field(
        default=None, ge=1, description="mrp: media redundancy manager; rstp: root bridge; default 1"
    )
    recovery_ms: Literal[500, 200, 30, 10] | None = Field(
        default=None, description="mrp: longest recovery by its profile; default 200"
    )


class StreamPlan(Part):
    """A time-sensitive stream from one endpoint to others of the same segment (IEEE 802.1Qcc).

    A redundant one takes both ways of a ring by rstp or erps, each in a VLAN of its own; no listener is on
    its talker's switch, and a talker sends one redundant stream at most.
    """

    model_config = examples(
        {"from": "plc", "to": ["drive-1", "drive-2"], "period_us": 500, "frame_bytes": 128, "latency_us": 250}
    )

    talker: str = Field(alias="from", description="An endpoint or node of the site that sends")
    listeners: tuple[str, ...] = Field(alias="to", min_length=1, description="Endpoints or nodes of the site")
    period_us: Whole = Field(ge=31, le=1_000_000, description="One frame in each period")
    frame_bytes: Whole = Field(ge=64, le=1522, description="Ethernet frame with its tag and check sequence")
    latency_us: Number = Field(gt=0, description="Longest way from the talker to any listener")
    redundant: Flag = Field(default=False, description="Over both ways of the ring (IEEE 802.1CB)")
    mac: str = Field(
        default="",
        pattern=r"^([0-9A-Fa-f]{2}(-[0-9A-Fa-f]{2}){5})?$",
        description="Address that the talker sends to; default of a redundant stream: a group address",
    )
    pcp: Whole = Field(
        default=6, ge=1, le=6, description="Priority code point and queue; 7 is the network's own"
    )


class TsnPlan(Part):
    """Switches of a site that share time and schedule (IEEE 802.1AS, 802.1Qbv)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "cycle_us": 1000,
                    "grandmaster": 1,
                    "streams": {
                        "axis-1": {
                            "from": "plc",
                            "to": ["drive-1"],
                            "period_us": 500,
                            "frame_bytes": 128,
                            "latency_us": 250,
                        }
                    },
                }
            ]
        }
    )
    cycle_us: Whole = Field(default=1000, ge=31, le=1_000_000, description="Length of the gates' cycle")
    domain: Whole = Field(default=0, ge=0, le=127, description="IEEE 802.1AS domain number")
    grandmaster: Whole = Field(default=1, ge=1, description="Number of the switch that gives the time")
    standby: Whole | None = Field(
        default=None, ge=1, description="Number of the switch that takes over; default the next"
    )
    streams: dict[Id, StreamPlan] = Field(default_factory=dict, description="Streams by name")


class CpePlan(Part):
    """A 5G customer-premises device that brings cellular endpoints into a segment."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"segment": "mobile", "operator": "中国移动", "apn": "factory", "bandwidth_mbps": 200}
            ]
        }
    )
    segment: str = Field(description="Segment that it serves; the segment's access names 5g")
    operator: Text = Field(description="Who runs the mobile network")
    bandwidth_mbps: Whole = Field(gt=0, le=100_000, description="Rate that the operator promises, Mbit/s")
    apn: str = Field(
        default="",
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9.-]{0,98}[A-Za-z0-9])?)?$",
        description="Access point name of the operator",
    )
    slice: Whole | None = Field(
        default=None, ge=1, le=255, description="Slice/service type (3GPP TS 23.501, 5.15.2)"
    )
    title: Line = ""
    switch: Whole = Field(default=1, ge=1, description="Number of the switch that it hangs on")


class SdnPlan(Part):
    """A controller that network devices report to, beside parkops."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"controller": "sdn-1", "protocol": "netconf-call-home", "sites": ["huaxing.p1"]}]
        }
    )
    controller: str = Field(description="A management server")
    protocol: Literal["netconf-call-home", "openflow"] = Field(
        default="netconf-call-home", description="RFC 8071, or OpenFlow over TLS"
    )
    port: Whole | None = Field(default=None, ge=1, le=65535, description="Default 4334, or 6653")
    sites: tuple[str, ...] = Field(
        default=(), description="Sites whose switches it manages, as tenant.site; none: all sites"
    )
