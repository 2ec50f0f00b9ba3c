"""Who the park is, how parkops logs in, and where addresses and VLANs come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from parkops.plan.schema.base import Id, Number, Part, Prefix4, Prefix6, Text, Whole, examples


class ParkInfo(Part):
    """Who and what the park is."""

    model_config = examples(
        {
            "id": "east",
            "title": "东区产业园",
            "operator": "东区园区公司",
            "horizon_years": 5,
            "growth_percent": 8,
        }
    )

    id: Id
    title: Text = Field(description="Name for people, any language")
    operator: Text = Field(description="Who runs the park")
    horizon_years: Whole = Field(default=5, ge=3, le=5, description="Years that the design must last")
    growth_percent: Number = Field(
        default=5, ge=0, le=200, description="Yearly growth of everything connected"
    )


System = Literal["production", "enterprise", "backbone", "public", "edge", "cloud", "identifier"]
PoolName = Literal["management", "loopbacks", "links", "segments", "vlans", "asns", "vnis"]
Yearly = Annotated[Number, Field(ge=-50, le=200)]
GrowthPlan = Annotated[
    dict[System | PoolName, Yearly | Annotated[tuple[Yearly, ...], Field(min_length=1, max_length=5)]],
    Field(
        description="Yearly growth in per cent of each system or pool: one number, or one for each year",
        json_schema_extra={"examples": [{"production": 8, "cloud": [20, 15, 10, 10, 10]}]},
    ),
]


class AccessInfo(Part):
    """How parkops logs in; secrets are references (env:NAME, file:PATH, age:FILE, vault:FILE)."""

    model_config = examples(
        {
            "user": "parkops",
            "key": "file:keys/id_ed25519",
            "known_hosts": "known_hosts",
            "jump": "ops@bastion.example",
        }
    )

    user: Id = "parkops"
    key: str = Field(
        default="file:.parkops/lab/ssh/id_ed25519",
        pattern=r"^((env|file|age|vault):.+)?$",
        description="Private key, as a reference; empty where a password is used",
    )
    known_hosts: str = Field(
        default=".parkops/lab/known_hosts", description="File of known host keys, in the format of OpenSSH"
    )
    password: str = Field(default="", pattern=r"^((env|file|age|vault):.+)?$", description="As a reference")
    enable: str = Field(
        default="",
        pattern=r"^((env|file|age|vault):.+)?$",
        description="Password of `enable`, as a reference, where a login is not privileged",
    )
    jump: str = Field(default="", description="Jump hosts, [user@]host[:port], separated by commas")
    management_vrf: str = Field(
        default="", pattern=r"^[A-Za-z0-9_.-]{0,15}$", description="This machine's VRF device to the devices"
    )
    call_home: str = Field(default="", description="Where devices that call home are awaited, address[:port]")


class Pool4(Part):
    """An IPv4 pool."""

    model_config = examples({"ipv4": "172.31.0.0/22"})

    ipv4: Prefix4 = Field(description="IPv4 prefix")


class Pool46(Pool4):
    """A dual-stack pool."""

    model_config = examples({"ipv4": "10.16.0.0/14", "ipv6": "fd00:16::/32"})

    ipv6: Prefix6 = Field(description="IPv6 prefix")


class VlanPool(Part):
    """The VLANs that parkops may use."""

    model_config = examples({"first": 100, "last": 999})

    first: Whole = Field(ge=2, le=4094)
    last: Whole = Field(ge=2, le=4094)


class AsnPool(Part):
    """The private AS numbers that parkops may use (RFC 6996)."""

    model_config = examples({"first": 4_200_000_001, "last": 4_200_009_999})

    first: Whole = Field(default=4_200_000_001, ge=1, le=4_294_967_294)
    last: Whole = Field(default=4_200_009_999, ge=1, le=4_294_967_294)


class VniPool(Part):
    """The VXLAN network identifiers that parkops may use (RFC 7348)."""

    model_config = examples({"first": 10_001, "last": 99_999})

    first: Whole = Field(default=10_001, ge=1, le=16_777_215)
    last: Whole = Field(default=99_999, ge=1, le=16_777_215)


class Pools(Part):
    """Where addresses and VLANs come from; what was given out stands in park.lock."""

    model_config = examples(
        {
            "management": {"ipv4": "172.31.0.0/22"},
            "loopbacks": {"ipv4": "10.255.0.0/24", "ipv6": "fd00:0:0:ff::/64"},
            "links": {"ipv4": "10.254.0.0/22", "ipv6": "fd00:0:fe::/48"},
            "segments": {"ipv4": "10.16.0.0/14", "ipv6": "fd00:16::/32"},
            "vlans": {"first": 100, "last": 999},
        }
    )

    management: Pool4 = Field(description="Management addresses of all devices")
    loopbacks: Pool46 = Field(description="Loopbacks of routers")
    links: Pool46 = Field(description="Transfer networks of the backbone")
    segments: Pool46 = Field(description="Networks of segments")
    vlans: VlanPool = Field(description="VLANs of segments, rings and redundant streams")
    vpn: Pool46 | None = Field(default=None, description="Addresses of remote-access users")
    asns: AsnPool = Field(default=AsnPool(), description="Private AS numbers of routers and boundaries")
    vnis: VniPool = Field(default=VniPool(), description="VXLAN network identifiers")
