"""Tables of the design: columns with English and Chinese heads, a row per thing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from unicodedata import east_asian_width

from parkops.model import Park
from parkops.show import rows
from parkops.show.rows import Row, Select

WIDEST = 24  # what a column is counted for at most: longer cells fold


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
        rows.devices,
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
        rows.ports,
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
        rows.links,
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
        rows.segments,
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
        rows.addresses,
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
        rows.vlans,
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
        rows.vrfs,
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
        rows.rings,
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
        rows.streams,
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
        rows.flows,
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
        rows.rules,
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
        rows.workloads,
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
        rows.targets,
    ),
}


def table(park: Park, name: str, wanted: Select = None) -> Table:
    """Return a table of TABLES over the wanted devices; KeyError for another name."""
    title, columns, of = TABLES[name]
    return Table(name, title, columns, tuple(of(park, wanted)))
