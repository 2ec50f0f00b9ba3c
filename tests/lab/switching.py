"""Write the lab's NETCONF payloads by hand, as a plain client would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NETCONF = "urn:ietf:params:xml:ns:netconf:base:1.0"
INTERFACES = "urn:ietf:params:xml:ns:yang:ietf-interfaces"
BRIDGE = "urn:ieee:std:802.1Q:yang:ieee802-dot1q-bridge"
RSTP = "urn:ieee:std:802.1Q:yang:ieee802-dot1q-rstp-bridge"
ETHERNET = '<type xmlns:ianaift="urn:ietf:params:xml:ns:yang:iana-if-type">ianaift:ethernetCsmacd</type>'


@dataclass(frozen=True)
class Access:
    vid: int


@dataclass(frozen=True)
class Trunk:
    vids: tuple[int, ...]


def payload(
    ports: Mapping[str, Access | Trunk | None],
    *,
    number: int = 1,
    priority: int | None = None,
    disabled: Sequence[str] = (),
) -> str:
    """Return the children of <config> for a switch's whole configuration."""
    vids: dict[int, list[tuple[int, str]]] = {}
    for name, port in ports.items():
        index = int(name.removeprefix("p"))
        for vid in port.vids if isinstance(port, Trunk) else ([port.vid] if port else []):
            vids.setdefault(vid, []).append((index, "tagged" if isinstance(port, Trunk) else "untagged"))
    interfaces = "".join(_interface(name, port, name not in disabled) for name, port in ports.items())
    entries = "".join(_entry(vid, members) for vid, members in sorted(vids.items()))
    vlans = "".join(f"<vlan><vid>{vid}</vid><name>v{vid}</name></vlan>" for vid in sorted(vids))
    rstp = (
        f'<rstp xmlns="{RSTP}"><force-protocol-version>rstp</force-protocol-version>'
        f"<bridge-id><bridge-priority>{priority}</bridge-priority></bridge-id></rstp>"
        if priority is not None
        else ""
    )
    return (
        f'<interfaces xmlns="{INTERFACES}">{interfaces}</interfaces>'
        f'<bridges xmlns="{BRIDGE}"><bridge><name>br0</name><address>02-00-00-00-00-{number:02X}</address>'
        "<bridge-type>customer-vlan-bridge</bridge-type><component><name>c0</name>"
        f"<type>c-vlan-component</type><filtering-database>{entries}</filtering-database>"
        f"<bridge-vlan>{vlans}</bridge-vlan>{rstp}</component></bridge></bridges>"
    )


def _interface(name: str, port: Access | Trunk | None, enabled: bool) -> str:
    bridge = ""
    if port is not None:
        pvid, frames = (
            (port.vid, "admit-only-untagged-and-priority-tagged")
            if isinstance(port, Access)
            else (1, "admit-only-VLAN-tagged-frames")
        )
        bridge = (
            f'<bridge-port xmlns="{BRIDGE}"><bridge-name>br0</bridge-name><component-name>c0</component-name>'
            f"<port-type>c-vlan-bridge-port</port-type><pvid>{pvid}</pvid>"
            f"<acceptable-frame>{frames}</acceptable-frame>"
            "<enable-ingress-filtering>true</enable-ingress-filtering></bridge-port>"
        )
    return (
        f"<interface><name>{name}</name><description>port {name}</description>{ETHERNET}"
        f"<enabled>{str(enabled).lower()}</enabled>{bridge}</interface>"
    )


def _entry(vid: int, members: Sequence[tuple[int, str]]) -> str:
    maps = "".join(
        f"<port-map><port-ref>{index}</port-ref><static-vlan-registration-entries>"
        "<registrar-admin-control>fixed-new-ignored</registrar-admin-control>"
        f"<vlan-transmitted>{sent}</vlan-transmitted></static-vlan-registration-entries></port-map>"
        for index, sent in members
    )
    return (
        f"<vlan-registration-entry><database-id>1</database-id><vids>{vid}</vids>"
        f"<entry-type>static</entry-type>{maps}</vlan-registration-entry>"
    )


def connect(root: Path, address: str) -> Any:
    """Open an ncclient session; the process must have entered the lab."""
    from ncclient import manager

    return manager.connect(
        host=address,
        port=830,
        username="parkops",
        key_filename=str(root / ".parkops/lab/ssh/id_ed25519"),
        ssh_config=None,
        hostkey_verify=False,
        allow_agent=False,
        look_for_keys=False,
        timeout=20,
    )


def replace(session: Any, children: str, *, confirmed_s: int = 0) -> None:
    """Make running equal to the payload (the two top containers are replaced)."""
    for tag in ("<interfaces ", "<bridges "):
        children = children.replace(tag, f'{tag}xmlns:nc="{NETCONF}" nc:operation="replace" ', 1)
    session.edit_config(target="candidate", config=f'<config xmlns="{NETCONF}">{children}</config>')
    if confirmed_s:
        session.commit(confirmed=True, timeout=str(confirmed_s))
    else:
        session.commit()


def oper_status(session: Any, port: str) -> str:
    """Return a port's operational state as the switch tells it."""
    state = f'<interfaces-state xmlns="{INTERFACES}"><interface><name>{port}</name><oper-status/></interface>'
    reply = session.get(filter=("subtree", state + "</interfaces-state>")).data_ele
    return str(reply.findtext(f".//{{{INTERFACES}}}oper-status"))
