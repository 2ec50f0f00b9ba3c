"""Writes plans: a first plan from a few answers, and parks of any size for measuring."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

MIXES: dict[
    str, dict[str, str]
] = {  # name -> platform of each role; what is not named is open (FRR, Linux, IETF YANG)
    "open": {},
    "huawei": {"access-switch": "huawei_vrp", "ring-switch": "huawei_vrp", "core": "huawei_vrp"},
    "h3c": {"access-switch": "hp_comware", "ring-switch": "hp_comware", "core": "hp_comware"},
    "mixed": {"core": "juniper_junos", "access-switch": "arista_eos", "ring-switch": "cisco_iosxe"},
}
PARK_DEVICES = 2 + 1 + 2 + 2  # cores, firewall, the services' and the public switch, two nodes
TENANT_DEVICES = 25  # about; a boundary, and in each plant a ring of switches and a gateway
RING = 3  # switches that close a ring
FEW_TENANTS = 50  # for which core routers of the usual size have ports
MOST_PORTS = 576


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a first plan is to hold."""

    name: str = "park"
    title: str = "工业互联网园区"
    tenants: int = 2
    plants: int = 1  # of each tenant
    mix: str = "open"
    switches: int = 3  # of each plant


@dataclass(frozen=True, slots=True)
class Group:
    """Tenants of one size: switches of each plant."""

    first: int
    last: int
    switches: tuple[int, ...]


HEAD = """\
park: {id: <name>, title: <title>, operator: <operator>}

pools:
  management: {ipv4: 172.16.0.0/16}
  loopbacks: {ipv4: 10.255.0.0/16, ipv6: "fd00:0:0:ff::/64"}
  links: {ipv4: 10.254.0.0/16, ipv6: "fd00:0:fe::/48"}
  segments: {ipv4: 10.0.0.0/9, ipv6: "fd00:16::/32"}
  vlans: {first: 100, last: 4094}
<platforms>
zones:
  "t[<first>-<last>]-control": {title: "企业 {n} 生产控制区", kind: production, mlps_level: 2, industrial: true}
  "t[<first>-<last>]-office": {title: "企业 {n} 办公区", kind: enterprise}
  edge: {title: 边缘云区, kind: park-service}
  operations: {title: 运维管理区, kind: management}
  video: {title: 视频监控区, kind: public-service}
  internet: {title: 互联网, kind: external, mlps_level: 1}

backbone:
  title: 园区骨干网络
  cores: {count: 2}<ports>
  exit:
    circuits: {ct-1: {operator: 中国电信, bandwidth_mbps: 10000}}
    outside_ipv4: 203.0.113.0/30
    outside_ipv6: "2001:db8:ffff::/64"

services:                      # park services behind the park firewall
  title: 园区服务区
  kind: service
  segments: {edge: {zone: edge, title: 边缘云}, operations: {zone: operations, title: 运维管理}}
  nodes:
    ec-1:
      role: edge-cloud
      title: 园区边缘云节点
      segment: edge
      broker: true
      resources: {cpu_cores: 32, memory_gb: 128, storage_gb: 4000, objects: <objects>, protocols: [mqtt, opcua]}
    mgmt-1: {role: management-server, title: 运维服务器, segment: operations}

public:                        # a share of the backbone
  title: 园区公共服务网络
  kind: public
  mode: shared
  segments: {video: {zone: video, title: 视频监控}}
  endpoints:
    camera: {title: 园区摄像机, segment: video, element: environment, count: 64, protocol: rtsp, services: [tcp/554]}

profiles:
  tenant:
    manufacturer:
      parameters: {<parameters>}
      title: "企业 {tenant}"
      prefix: "{tenant}"
      sites:
<plants>
  site:
    line:                      # switches in a line
      parameters: {switches: 1}
      title: "车间 {site}"
      kind: plant
      switches: "{switches}"
      ip_code: IP40
      segments:
        control: {zone: "{tenant}-control", title: 生产控制}
        staff: {zone: "{tenant}-office", title: 办公}
      endpoints:
        plc: {title: 可编程控制器, segment: control, element: machines, count: 9, protocol: opcua, services: [tcp/4840]}
        pc: {title: 办公电脑, segment: staff, element: people, count: 40}
        tray: {title: 料盘识读器, segment: control, element: materials, count: 6, protocol: mqtt}
        climate: {title: 温湿度传感器, segment: control, element: environment, count: 10, protocol: mqtt}
      nodes:
        gw-1:
          role: edge-gateway
          title: 车间边缘网关
          segment: control
          broker: true
          resources: {cpu_cores: 4, memory_gb: 8, storage_gb: 128, objects: 60, protocols: [opcua, mqtt]}
    ring:                      # three or more switches in a ring
      profile: line
      with: {switches: "{switches}"}
      parameters: {switches: 3}
      ring: {protocol: rstp}

flows:                         # all that may pass a boundary; everything else is dropped
  "t[<first>-<last>]-data": {from: "t{n}-control", to: "t{n}-control", service: [tcp/1883], reason: 设备数据接入车间网关, owner: 生产部, traffic: control, local_only: true}
  "t[<first>-<last>]-read": {from: "t{n}-office", to: "t{n}-control", service: [tcp/4840], reason: 读取设备状态, owner: 信息部, traffic: control}
  "t[<first>-<last>]-edge": {from: "t{n}-control", to: edge, service: [tcp/1883], reason: 上传脱敏数据到边缘云, owner: 信息部}
  "t[<first>-<last>]-web": {from: "t{n}-office", to: internet, service: [tcp/443], reason: 员工上网, owner: 信息部, traffic: internet}
  video-wall: {from: operations, to: video, service: [tcp/554], reason: 监控中心调看视频, owner: 安保部, traffic: video}

management: {ntp: mgmt-1, syslog: mgmt-1, monitoring: mgmt-1}
"""


def first_plan(wanted: Wanted) -> str:
    """Return a plan for a few answers; it validates, and is made to be edited."""
    group = Group(1, wanted.tenants, (wanted.switches,) * wanted.plants)
    tenants = f'\ntenants:\n  "t[001-{wanted.tenants:03d}]": {_body(group)}\n'
    return _plan(wanted.name, wanted.title, [group], wanted.mix) + tenants


def generated(devices: int, mix: str = "open") -> dict[str, str]:
    """Return the files of a park of exactly so many managed devices (10 or more): a file for each tenant.

    About one tenant for 25 devices, each with its own boundary and one or two plants.
    """
    tenants = max(1, devices // TENANT_DEVICES)
    each, more = divmod(devices - PARK_DEVICES, tenants)
    groups = [_group(1, more, each + 1), _group(more + 1, tenants, each)]
    groups = [group for group in groups if group.last >= group.first]
    plan = _plan(f"scaled-{devices}", f"规模测试园区 {devices}", groups, mix)
    files = {"park.yaml": f"include: tenants/*.yaml\n\n{plan}"}
    for group in groups:
        for number in range(group.first, group.last + 1):
            text = f"tenants:\n  t{number:03d}: {_body(group)}\n"
            files[f"tenants/t{number:03d}.yaml"] = text
    return files


def _group(first: int, last: int, devices: int) -> Group:
    """Return tenants of so many devices: a boundary, and plants with switches and a gateway each."""
    plants = 2 if devices >= 2 * RING + 3 else 1
    switches = devices - 1 - plants
    shares = tuple(switches // plants + (index < switches % plants) for index in range(plants))
    return Group(first, last, shares)


def _plan(name: str, title: str, groups: list[Group], mix: str) -> str:
    last = groups[-1].last
    keys = [f"p{index + 1}" for index in range(len(groups[0].switches))]
    profile = "ring" if all(min(group.switches) >= RING for group in groups) else "line"
    platforms = "".join(f"  {role}: {folder}\n" for role, folder in MIXES[mix].items())
    plants = [f'        {key}: {{profile: {profile}, with: {{switches: "{{{key}}}"}}}}' for key in keys]
    values = {
        "name": name,
        "title": _quoted(title),
        "operator": _quoted(f"{title}运营公司"),
        "first": "001",
        "last": f"{last:03d}",
        "ports": f"\n  ports: {MOST_PORTS}" if last > FEW_TENANTS else "",
        "platforms": f"\nplatforms:\n{platforms}" if platforms else "",
        "objects": str(max(2000, last * 30)),
        "parameters": ", ".join(f"{key}: ~" for key in keys),
        "plants": "\n".join(plants),
    }
    return re.sub("<([a-z]+)>", lambda found: values[found[1]], HEAD)


def _quoted(text: str) -> str:
    """Return a text as YAML has it between double quotes (JSON is part of YAML 1.2)."""
    return json.dumps(text, ensure_ascii=False)


def _body(group: Group) -> str:
    arguments = ", ".join(f"p{index + 1}: {count}" for index, count in enumerate(group.switches))
    return f"{{profile: manufacturer, with: {{{arguments}}}}}"
