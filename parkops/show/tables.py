"""Tables of the design: columns with English and Chinese heads, a row per thing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from unicodedata import east_asian_width

from parkops.model import Device, Link, Park, PortMode, Segment
from parkops.model.frer import MemberStream

Row = tuple[str, ...]
WIDEST = 24  # what a column is counted for at most: longer cells fold
Select = frozenset[str] | None  # names of the devices that are wanted, None for all


@dataclass(frozen=True, slots=True)
class Column:
    """A column; ``key`` is stable, for programs; of a narrow terminal's the highest ``rank`` goes first."""

    key: str
    en: str
    zh: str
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its rows; a cell is text, "" where there is nothing."""

    name: str
    title_zh: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    def records(self) -> list[dict[str, str]]:
        """Return a mapping per row."""
        keys = [column.key for column in self.columns]
        return [dict(zip(keys, row, strict=True)) for row in self.rows]

    def fitting(self, width: int) -> tuple[int, ...]:
        """Return the columns to show in ``width`` characters: those that hold something and fit."""
        widths = {
            index: max(display_width(text) for text in (column.en, *(row[index] for row in self.rows)))
            for index, column in enumerate(self.columns)
            if index == 0 or any(row[index] for row in self.rows)
        }
        for index in sorted(widths, key=lambda index: (-self.columns[index].rank, -index)):
            needed = sum(min(cell, WIDEST) for cell in widths.values()) + 2 * len(widths)
            if needed <= width or not self.columns[index].rank:
                break
            del widths[index]
        return tuple(widths)


def display_width(text: str) -> int:
    """Return the width in narrow characters; wide ones take two (UAX #11)."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def _devices(park: Park, wanted: Select) -> Iterator[Row]:
    for device in _chosen(park, wanted):
        yield (
            device.name,
            device.role.value,
            device.platform,
            device.tenant,
            device.site,
            device.management_address,
            device.loopback_ipv4.partition("/")[0],
            device.model,
            device.title,
        )


def _ports(park: Park, wanted: Select) -> Iterator[Row]:
    """Every port with what is on the other end: the table that cabling is done from."""
    kinds = {link.id: link for link in park.links}
    for device in _chosen(park, wanted):
        for port in device.interfaces:
            link = kinds.get(port.link)
            yield (
                device.name,
                port.name,
                port.mode.value,
                port.peer_device,
                port.peer_interface,
                link.kind if link else "",
                str(link.rate_mbps) if link else "",
                str(port.pvid) if port.pvid else "",
                ",".join(map(str, port.vids)),
                port.lag,
                port.description,
            )
        for name in device.unused:
            yield (device.name, name, PortMode.UNUSED.value, *[""] * 8)


def _links(park: Park, wanted: Select) -> Iterator[Row]:
    for link in park.links:
        if _touches(link, wanted):
            yield (
                link.a_device,
                link.a_interface,
                link.b_device,
                link.b_interface,
                link.kind,
                str(link.rate_mbps),
            )


def _segments(park: Park, wanted: Select) -> Iterator[Row]:
    for segment in _chosen_segments(park, wanted):
        yield (
            segment.id,
            segment.zone,
            segment.tenant,
            str(segment.vlan),
            str(segment.vni) if segment.vni else "",
            segment.vrf,
            segment.ipv4,
            segment.ipv6,
            f"{segment.gateway_device} {segment.gateway_interface}".strip(),
            segment.title,
        )


def _addresses(park: Park, wanted: Select) -> Iterator[Row]:
    for device in _chosen(park, wanted):
        if device.management_ipv4:
            yield (device.name, "management", device.management_ipv4, "", "", "", device.title)
        if device.loopback_ipv4:
            yield (device.name, "loopback", device.loopback_ipv4, device.loopback_ipv6, "", "", device.title)
        for port in device.interfaces:
            if port.ipv4 or port.ipv6:
                yield (
                    device.name,
                    port.name,
                    port.ipv4,
                    port.ipv6,
                    port.vrf,
                    port.segment,
                    port.description or device.title,
                )


def _vlans(park: Park, wanted: Select) -> Iterator[Row]:
    members: dict[int, set[str]] = {}
    for device in _chosen(park, wanted):
        for vid, _ in device.vlans:
            members.setdefault(vid, set()).add(device.name)
    for segment in sorted(_chosen_segments(park, wanted), key=lambda segment: (segment.vlan, segment.id)):
        switches = members.get(segment.vlan, set())
        yield (
            str(segment.vlan),
            segment.id,
            segment.title,
            str(segment.vni) if segment.vni else "",
            segment.site,
            str(len(switches)),
        )


def _vrfs(park: Park, _wanted: Select) -> Iterator[Row]:
    for vrf in park.vrfs:
        yield (
            vrf.name,
            vrf.tenant,
            vrf.rd,
            ",".join(vrf.imports),
            ",".join(vrf.exports),
            str(vrf.l3_vni) if vrf.l3_vni else "",
        )


def _rings(park: Park, wanted: Select) -> Iterator[Row]:
    members = {
        (member.ring, device.name): member for device in park.devices for member in device.ring_members
    }
    for ring in park.rings:
        for name in ring.devices:
            if wanted is None or name in wanted:
                member = members.get((ring.id, name))
                yield (
                    ring.id,
                    ring.protocol,
                    name,
                    member.role if member else "",
                    member.port0 if member else "",
                    member.port1 if member else "",
                    str(member.control_vlan) if member and member.control_vlan else "",
                )


def _streams(park: Park, _wanted: Select) -> Iterator[Row]:
    for stream in park.streams:
        yield (
            stream.id,
            stream.domain,
            stream.talker,
            ",".join(stream.listeners),
            f"{stream.interval_ns / 1000:g}",
            str(stream.frame_bytes),
            f"{stream.latency_us:g}",
            f"{stream.bound_us:.1f}",
            "yes" if stream.redundant else "",
            stream.destination,
            "; ".join(map(_member, stream.members)),
        )


def _member(member: MemberStream) -> str:
    """Name a member stream's VLAN, the switches on its way and its worst case."""
    ways = dict.fromkeys(device for device, _ in member.ports)
    return f"{member.name} VLAN {member.vlan}: {' > '.join(ways)}, {member.bound_us:.1f} µs"


def _flows(park: Park, wanted: Select) -> Iterator[Row]:
    for flow in park.flows:
        if wanted is not None and not _flow_wanted(park, wanted, flow.id):
            continue
        ports = ",".join(str(port) for port in flow.ports)
        service = f"{flow.protocol}/{ports}" if ports else flow.protocol
        yield (flow.id, flow.src, flow.dst, service, flow.traffic_class, flow.owner, flow.reason)


def _rules(park: Park, wanted: Select) -> Iterator[Row]:
    for device in _chosen(park, wanted):
        for rule in device.rules:
            ports = ",".join(str(port) for port in rule.ports)
            yield (
                device.name,
                rule.id,
                rule.flow,
                rule.in_interface,
                rule.out_interface or "(itself)",
                f"{rule.protocol}/{ports}" if ports else rule.protocol,
                ",".join((*rule.src_v4, *rule.src_v6)),
                ",".join((*rule.dst_v4, *rule.dst_v6)),
                rule.reason,
            )


def _targets(park: Park, wanted: Select) -> Iterator[Row]:
    for target in park.targets:
        if wanted is None or target.device in wanted:
            address = f"{target.address}:{target.port}" if target.port else target.address
            yield (target.id, target.probe, address, f"{target.interval_s:g}", target.vantage)


def _workloads(park: Park, wanted: Select) -> Iterator[Row]:
    for load in park.workloads:
        if wanted is None or load.device in wanted:
            yield (
                load.id,
                load.device,
                load.kind,
                load.image,
                f"{load.cpu_cores:g}",
                str(load.memory_mb),
                str(load.storage_gb),
                "yes" if load.local_only else "",
            )


def _chosen(park: Park, wanted: Select) -> Iterable[Device]:
    return park.devices if wanted is None else (device for device in park.devices if device.name in wanted)


def _touches(link: Link, wanted: Select) -> bool:
    return wanted is None or link.a_device in wanted or link.b_device in wanted


def _chosen_segments(park: Park, wanted: Select) -> Iterable[Segment]:
    if wanted is None:
        return park.segments
    named = {port.segment for device in _chosen(park, wanted) for port in device.interfaces if port.segment}
    named |= {segment.id for segment in park.segments if segment.gateway_device in wanted}
    return (segment for segment in park.segments if segment.id in named)


def _flow_wanted(park: Park, wanted: frozenset[str], flow: str) -> bool:
    return any(rule.flow == flow for device in _chosen(park, wanted) for rule in device.rules)


_DEVICE = Column("device", "device", "设备")
_TITLE = Column("title", "title", "说明")
_ZONE = Column("zone", "zone", "安全域")
_TENANT = Column("tenant", "tenant", "企业", 1)
_SITE = Column("site", "site", "场所", 1)
_V4, _V6 = Column("ipv4", "IPv4", "IPv4 地址"), Column("ipv6", "IPv6", "IPv6 地址")
_REASON = Column("reason", "reason", "用途")
_SERVICE = Column("service", "service", "服务")

Rows = Callable[[Park, Select], Iterable[Row]]

TABLES: dict[str, tuple[str, tuple[Column, ...], Rows]] = {
    "devices": (
        "设备清单",
        (
            _DEVICE,
            Column("role", "role", "角色"),
            Column("platform", "platform", "平台"),
            _TENANT,
            _SITE,
            Column("management", "management", "管理地址"),
            Column("loopback", "loopback", "环回地址", 3),
            Column("model", "model", "型号", 2),
            _TITLE,
        ),
        _devices,
    ),
    "ports": (
        "端口互联表",
        (
            _DEVICE,
            Column("port", "port", "端口"),
            Column("mode", "mode", "模式"),
            Column("peer", "peer", "对端设备"),
            Column("peer_port", "peer port", "对端端口"),
            Column("kind", "kind", "链路类型", 1),
            Column("rate_mbps", "Mbit/s", "速率 (Mbit/s)", 2),
            Column("pvid", "PVID", "缺省 VLAN"),
            Column("tagged", "tagged", "允许 VLAN"),
            Column("lag", "LAG", "聚合组"),
            Column("description", "description", "描述", 3),
        ),
        _ports,
    ),
    "links": (
        "链路表",
        (
            Column("a", "a", "设备 A"),
            Column("a_port", "port", "端口 A"),
            Column("b", "b", "设备 B"),
            Column("b_port", "port", "端口 B"),
            Column("kind", "kind", "链路类型"),
            Column("rate_mbps", "Mbit/s", "速率 (Mbit/s)"),
        ),
        _links,
    ),
    "segments": (
        "网段规划",
        (
            Column("segment", "segment", "网段"),
            _ZONE,
            _TENANT,
            Column("vlan", "VLAN", "VLAN"),
            Column("vni", "VNI", "VNI", 2),
            Column("vrf", "VRF", "VRF"),
            _V4,
            _V6,
            Column("gateway", "gateway", "网关"),
            _TITLE,
        ),
        _segments,
    ),
    "addresses": (
        "地址规划表",
        (
            _DEVICE,
            Column("port", "port", "端口"),
            _V4,
            _V6,
            Column("vrf", "VRF", "VRF"),
            Column("segment", "segment", "网段", 1),
            Column("description", "description", "描述", 2),
        ),
        _addresses,
    ),
    "vlans": (
        "VLAN 规划",
        (
            Column("vlan", "VLAN", "VLAN"),
            Column("segment", "segment", "网段"),
            _TITLE,
            Column("vni", "VNI", "VNI"),
            _SITE,
            Column("switches", "switches", "交换机数"),
        ),
        _vlans,
    ),
    "vrfs": (
        "VRF 规划",
        (
            Column("vrf", "VRF", "VRF"),
            _TENANT,
            Column("rd", "RD", "RD"),
            Column("imports", "imports", "导入 RT"),
            Column("exports", "exports", "导出 RT"),
            Column("l3_vni", "L3 VNI", "L3 VNI"),
        ),
        _vrfs,
    ),
    "rings": (
        "环网",
        (
            Column("ring", "ring", "环"),
            Column("protocol", "protocol", "协议"),
            _DEVICE,
            Column("role", "role", "角色"),
            Column("port0", "port 0", "端口 0"),
            Column("port1", "port 1", "端口 1"),
            Column("control_vlan", "control VLAN", "控制 VLAN"),
        ),
        _rings,
    ),
    "streams": (
        "时间敏感流",
        (
            Column("stream", "stream", "流"),
            Column("domain", "domain", "域"),
            Column("talker", "talker", "发送端"),
            Column("listeners", "listeners", "接收端"),
            Column("interval_us", "every µs", "周期 (µs)"),
            Column("frame_bytes", "bytes", "帧长 (字节)"),
            Column("latency_us", "limit µs", "时延要求 (µs)"),
            Column("bound_us", "bound µs", "时延上界 (µs)"),
            Column("redundant", "redundant", "冗余"),
            Column("destination", "destination", "目的地址"),
            Column("members", "members", "成员流"),
        ),
        _streams,
    ),
    "flows": (
        "流量清单",
        (
            Column("flow", "flow", "流量"),
            Column("from", "from", "源"),
            Column("to", "to", "目的"),
            _SERVICE,
            Column("class", "class", "类别"),
            Column("owner", "owner", "责任人"),
            _REASON,
        ),
        _flows,
    ),
    "rules": (
        "安全策略",
        (
            _DEVICE,
            Column("rule", "rule", "规则"),
            Column("flow", "flow", "流量"),
            Column("in", "in", "入接口"),
            Column("out", "out", "出接口"),
            _SERVICE,
            Column("sources", "sources", "源地址", 3),
            Column("destinations", "destinations", "目的地址", 2),
            _REASON,
        ),
        _rules,
    ),
    "workloads": (
        "边缘应用",
        (
            Column("workload", "workload", "应用"),
            _DEVICE,
            Column("kind", "kind", "类型"),
            Column("image", "image", "镜像"),
            Column("cpu_cores", "cores", "CPU 核"),
            Column("memory_mb", "MB", "内存 (MB)"),
            Column("storage_gb", "GB", "存储 (GB)"),
            Column("local_only", "local", "数据不出厂"),
        ),
        _workloads,
    ),
    "targets": (
        "监测目标",
        (
            Column("target", "target", "目标"),
            Column("probe", "probe", "探测"),
            Column("address", "address", "地址"),
            Column("interval_s", "every s", "间隔 (s)"),
            Column("vantage", "from", "探测点"),
        ),
        _targets,
    ),
}


def table(park: Park, name: str, wanted: Select = None) -> Table:
    """Return a table of TABLES over the wanted devices; KeyError for another name."""
    title, columns, rows = TABLES[name]
    return Table(name, title, columns, tuple(rows(park, wanted)))
