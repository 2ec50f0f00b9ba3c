"""What runs on the network: edge workloads, cloud, services, growth and objectives."""

from __future__ import annotations

from dataclasses import dataclass

from parkops.model.source import SourceRef


@dataclass(frozen=True, slots=True)
class Workload:
    """A program that an edge node or the edge cloud runs."""

    id: str
    device: str
    image: str  # container image with its tag or digest
    cpu_cores: float
    memory_mb: int
    storage_gb: int
    kind: str  # controller | opcua-gateway | modbus-bridge | analytics | application
    ports: tuple[tuple[str, int], ...]  # (protocol, port)
    source: SourceRef
    tenant: str = ""
    replicas: int = 1
    local_only: bool = False  # its data stay inside the plant
    env: tuple[tuple[str, str], ...] = ()  # values or secret references
    cycle_us: int = 0  # control cycle of a controller, 0 elsewhere


@dataclass(frozen=True, slots=True)
class CloudZone:
    """An availability or service zone of the cloud."""

    id: str
    title: str
    model: str  # private | park | public | hybrid
    source: SourceRef
    hosts: tuple[str, ...] = ()  # Device.name
    provider: str = ""


@dataclass(frozen=True, slots=True)
class CloudTenant:
    """A tenant's project in the cloud with its quotas."""

    id: str
    tenant: str
    zones: tuple[str, ...]
    vcpus: int
    memory_gb: int
    storage_gb: int
    networks: tuple[str, ...]  # Segment.id
    floating_ips: int
    source: SourceRef


@dataclass(frozen=True, slots=True)
class HostedService:
    """A platform, a database or an application as the plan knows it: where it listens, who may use it."""

    id: str
    title: str
    kind: str  # platform | database | application | portal | upstream
    tenant: str
    device: str  # Device.name it runs on, "" when it is outside
    address: str
    ports: tuple[tuple[str, int], ...]
    source: SourceRef
    published: bool = False  # reachable from outside the park
    database: str = ""  # industry | park | enterprise | government
    users: tuple[str, ...] = ()  # zones or segments
    level: str = ""  # of an upstream platform: government | city | national


@dataclass(frozen=True, slots=True)
class Growth:
    """Yearly growth of one system, per cent, one number per year of the horizon."""

    system: str  # production | enterprise | backbone | public | edge | cloud | identifier | <pool>
    percent: tuple[float, ...]
    source: SourceRef


@dataclass(frozen=True, slots=True)
class Objective:
    """A service level objective: what share of time, and how fast."""

    id: str
    subject: str  # all | device:<role> | zone:<id> | tenant:<id> | flow:<id> | class:<traffic class>
    availability_percent: float
    window_days: int
    source: SourceRef
    latency_ms: float = 0
    loss_percent: float = 0


@dataclass(frozen=True, slots=True)
class OneWay:
    """A one-way gateway (data diode) between two zones."""

    id: str
    device: str
    src_zone: str
    dst_zone: str
    source: SourceRef


@dataclass(frozen=True, slots=True)
class Pair:
    """Two devices that stand in for each other; never changed at the same time."""

    id: str
    kind: str  # vrrp | mlag | stack | firewall | reflector
    devices: tuple[str, ...]
    source: SourceRef


@dataclass(frozen=True, slots=True)
class Conduit:
    """All communication between two zones, taken together (IEC 62443-3-2, 3.1.6)."""

    id: str
    title: str
    zones: tuple[str, str]
    flows: tuple[str, ...]  # Flow.id
    enforcers: tuple[str, ...]  # devices that filter it
    security_level: int  # SL-T (IEC 62443-3-3), 0 when none is stated
    source: SourceRef


@dataclass(frozen=True, slots=True)
class Advice:
    """Something that the design may do, but that falls short of what a rule or the horizon asks for."""

    topic: str  # mlps | growth | flow | vantage | access | expiry | baseline
    what: str
    expected: str
    source: SourceRef
