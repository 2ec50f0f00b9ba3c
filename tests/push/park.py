"""A small park by hand: devices at test nodes, and what was rendered for them."""

from __future__ import annotations

from pathlib import Path

from parkops.model import Access, Artifact, ArtifactKind, Device, Park, Role, SourceRef, Workspace

SOURCE = SourceRef("park.yaml", 1, 1, "test")
ROLES = {"ietf": Role.ACCESS_SWITCH, "frr": Role.CORE, "linux": Role.BOUNDARY}
NC = "urn:ietf:params:xml:ns:netconf:base:1.0"
IF = "urn:ietf:params:xml:ns:yang:ietf-interfaces"
BR = "urn:ieee:std:802.1Q:yang:ieee802-dot1q-bridge"


def device(name: str, platform: str, address: str) -> Device:
    return Device(name, ROLES[platform], platform, SOURCE, site=name, management_ipv4=f"{address}/24")


def park(*devices: Device, key: Path, known_hosts: Path) -> Park:
    access = Access("parkops", key=f"file:{key}", known_hosts=str(known_hosts))
    return Park(
        name="test", title="Test", operator="", plan_file="park.yaml", plan_digest="d" * 32, horizon_years=3,
        growth_percent=0.0, management_network="172.30.77.0/24", management_gateway="172.30.77.1",
        access=access, source=SOURCE, devices=tuple(sorted(devices, key=lambda d: d.name)),
    )  # fmt: skip


def workspace(folder: Path) -> Workspace:
    folder.mkdir(parents=True, exist_ok=True)
    return Workspace(folder)


def switch(
    name: str, *, vlans: dict[int, str] | None = None, ports: str = "p1 p2", pvid: int = 101
) -> Artifact:
    """A switch's payload: the first port is an access port of ``pvid``, the others carry all VLANs."""
    vlans = vlans or {101: "control", 102: "office"}
    first, *others = ports.split()
    entries = "".join(_entry(vid, 1 if vid == pvid else 0, len(others)) for vid in vlans)
    names = "".join(f"<vlan><vid>{vid}</vid><name>{title}</name></vlan>" for vid, title in vlans.items())
    interfaces = _port(first, pvid, "admit-only-untagged-and-priority-tagged")
    interfaces += "".join(_port(port, 1, "admit-only-VLAN-tagged-frames") for port in others)
    text = f"""<config xmlns="{NC}">
  <bridges xmlns="{BR}"><bridge><name>br0</name><address>00-00-5E-00-53-01</address>
    <bridge-type>customer-vlan-bridge</bridge-type>
    <component><name>c0</name><type>c-vlan-component</type>
      <filtering-database>{entries}</filtering-database><bridge-vlan>{names}</bridge-vlan></component>
  </bridge></bridges>
  <interfaces xmlns="{IF}">{interfaces}</interfaces>
</config>
"""
    return Artifact(f"{name}/config.xml", text, ArtifactKind.NETCONF, "xml", name)


def _entry(vid: int, untagged: int, trunks: int) -> str:
    ports = [(1, "untagged")] if untagged else []
    ports += [(number + 2, "tagged") for number in range(trunks)]
    maps = "".join(
        f"<port-map><port-ref>{port}</port-ref><static-vlan-registration-entries>"
        f"<registrar-admin-control>fixed-new-ignored</registrar-admin-control>"
        f"<vlan-transmitted>{how}</vlan-transmitted></static-vlan-registration-entries></port-map>"
        for port, how in ports
    )
    return (
        f"<vlan-registration-entry><database-id>1</database-id><vids>{vid}</vids>"
        f"<entry-type>static</entry-type>{maps}</vlan-registration-entry>"
    )


def _port(name: str, pvid: int, frames: str) -> str:
    return f"""<interface><name>{name}</name><description>port {name}</description>
      <type xmlns:ianaift="urn:ietf:params:xml:ns:yang:iana-if-type">ianaift:ethernetCsmacd</type>
      <enabled>true</enabled>
      <bridge-port xmlns="{BR}"><bridge-name>br0</bridge-name><component-name>c0</component-name>
        <port-type>c-vlan-bridge-port</port-type><pvid>{pvid}</pvid>
        <acceptable-frame>{frames}</acceptable-frame>
        <enable-ingress-filtering>true</enable-ingress-filtering></bridge-port></interface>"""


def router(name: str, text: str) -> Artifact:
    return Artifact(f"{name}/frr.conf", text, ArtifactKind.CLI, "frr", name)


def file(name: str, destination: str, text: str, reload: str = "", mode: str = "0644") -> Artifact:
    path = f"{name}{destination}"
    return Artifact(path, text, ArtifactKind.FILE, "text", name, destination, mode, reload)


NFT = """#!/usr/sbin/nft -f
flush ruleset
table inet filter {
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    iifname "lo" accept
    iifname "eth0" accept
    meta l4proto { icmp, ipv6-icmp } accept
  }
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    iifname "eth1" oifname "eth2" ip daddr 10.1.2.0/24 tcp dport { 80, 443 } accept comment "f1"
  }
}
"""
PORTS = """auto eth1
iface eth1 inet static
    address 10.1.1.1/24
iface eth1 inet6 static
    address 2001:db8:1::1/64
    dad-attempts 0

auto eth2
iface eth2 inet static
    address 10.1.2.1/24
"""
SYSCTL = "net.ipv4.ip_forward = 1\nnet.ipv6.conf.all.forwarding = 1\n"
SSHD = "PermitRootLogin no\nPasswordAuthentication no\nX11Forwarding no\nMaxAuthTries 3\n"
CHRONY = "server 172.30.77.1 iburst\ndriftfile /var/lib/chrony/chrony.drift\nmakestep 1 3\n"


def linux(name: str, **changes: str) -> tuple[Artifact, ...]:
    texts = {"nft": NFT, "ports": PORTS, "sysctl": SYSCTL, "sshd": SSHD, "chrony": CHRONY} | changes
    return (
        file(name, "/etc/nftables.conf", texts["nft"], "nftables", "0755"),
        file(name, "/etc/network/interfaces.d/parkops.cfg", texts["ports"], "networking"),
        file(name, "/etc/sysctl.d/90-parkops.conf", texts["sysctl"], "sysctl"),
        file(name, "/etc/ssh/sshd_config.d/parkops.conf", texts["sshd"], "ssh", "0600"),
        file(name, "/etc/chrony/chrony.conf", texts["chrony"], "chrony"),
    )
