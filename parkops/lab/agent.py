"""Apply a switch's running datastore to Open vSwitch: the lab's switches act on what they are told.

Runs inside a switch node on the standard library alone, as a script. It is a NETCONF client of its
own switch (RFC 6241 over netconfd's subsystem, RFC 5277 notifications): after every notification
(a commit, a confirmed commit, its rollback) it reads running and makes the data plane equal to it.
It never polls: netconfd 2.13 lets no confirmed commit time out while a client keeps asking.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

NETCONF = "urn:ietf:params:xml:ns:netconf:base:1.0"
INTERFACES = "urn:ietf:params:xml:ns:yang:ietf-interfaces"
BRIDGE = "urn:ieee:std:802.1Q:yang:ieee802-dot1q-bridge"
RSTP = "urn:ieee:std:802.1Q:yang:ieee802-dot1q-rstp-bridge"
NS = {"nc": NETCONF, "if": INTERFACES, "b": BRIDGE, "r": RSTP}
SUBSYSTEM = ("/usr/sbin/netconf-subsystem", "--ncxserver-sockname=830@/run/netconfd/ncx.sock")
LOG = Path("/var/log/switch-agent.log")
READY = Path("/run/parkops/agent.ready")
NO_VLAN = 4095  # reserved by IEEE 802.1Q: a port that is in no VLAN carries only this one
ANSWER_TIMEOUT_S = 10.0
HELLO = (
    f'<hello xmlns="{NETCONF}"><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability>'
    "</capabilities></hello>"
)
_END = b"]]>]]>"  # RFC 6242, 4.3
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1


@dataclass(frozen=True)
class Port:
    """One bridge port as Open vSwitch is to have it."""

    name: str
    mode: str  # access | trunk | native-untagged
    tag: int  # 0 for none
    trunks: tuple[int, ...]
    edge: bool


@dataclass(frozen=True)
class Switch:
    """The whole data plane: ``priority`` is RSTP's in steps of 4096, None without RSTP."""

    exists: bool = False
    address: str = ""
    aging_s: int = 300
    priority: int | None = None
    max_age_s: int = 20
    forward_delay_s: int = 15
    ports: tuple[Port, ...] = ()
    down: tuple[str, ...] = ()  # ports with enabled=false
    names: tuple[tuple[int, str], ...] = field(default=())


def log(text: str) -> None:
    """Append a line to the agent's log."""
    with LOG.open("a", encoding="utf-8") as stream:
        stream.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} {text}\n")


def text_of(element: ET.Element | None, path: str, default: str = "") -> str:
    """Return the text of a descendant without its white space."""
    found = element.find(path, NS) if element is not None else None
    return (found.text or "").strip() if found is not None else default


def expand(vids: str) -> Iterable[int]:
    """Expand a list of VIDs and ranges, as in ``1,10-12``."""
    for part in vids.split(","):
        first, _, last = part.strip().partition("-")
        if first:
            yield from range(int(first), int(last or first) + 1)


def wanted(data: ET.Element, ports: Iterable[str]) -> Switch:
    """Read running (the ``<data>`` of a get-config) into what the data plane is to be."""
    interfaces = data.findall("if:interfaces/if:interface", NS)
    down = {text_of(one, "if:name") for one in interfaces if text_of(one, "if:enabled") == "false"}
    bridge = data.find("b:bridges/b:bridge", NS)
    component = bridge.find("b:component", NS) if bridge is not None else None
    known = set(ports)
    if bridge is None or component is None:
        return Switch(down=tuple(sorted(down & known)))
    names = (text_of(bridge, "b:name"), text_of(component, "b:name"))
    members = membership(component)
    found = [
        port_of(one, members, component.find("r:rstp", NS) is not None)
        for one in interfaces
        if text_of(one, "if:name") in known - down and attached(one) == names
    ]
    rstp = component.find("r:rstp", NS)
    priority = None if rstp is None else int(text_of(rstp, "r:bridge-id/r:bridge-priority") or 8)
    return Switch(
        exists=True,
        address=text_of(bridge, "b:address").replace("-", ":").lower(),
        aging_s=int(text_of(component, "b:filtering-database/b:aging-time") or 300),
        priority=priority,
        max_age_s=int(text_of(rstp, "r:bridge-max-age") or 20),
        forward_delay_s=int(text_of(rstp, "r:bridge-forward-delay") or 15),
        ports=tuple(sorted(found, key=lambda port: port.name)),
        down=tuple(sorted(down & known)),
    )


def attached(interface: ET.Element) -> tuple[str, str]:
    """Return the bridge and component that an interface belongs to."""
    port = interface.find("b:bridge-port", NS)
    return text_of(port, "b:bridge-name"), text_of(port, "b:component-name")


def membership(component: ET.Element) -> dict[int, dict[str, set[int]]]:
    """Return by port number the VIDs that it sends tagged and untagged (IEEE 802.1Q, 8.8.2)."""
    members: dict[int, dict[str, set[int]]] = {}
    for entry in component.findall("b:filtering-database/b:vlan-registration-entry", NS):
        vids = set(expand(text_of(entry, "b:vids")))
        for port_map in entry.findall("b:port-map", NS):
            static = port_map.find("b:static-vlan-registration-entries", NS)
            if not text_of(static, "b:registrar-admin-control").startswith("fixed"):
                continue
            number = int(text_of(port_map, "b:port-ref"))
            sent = text_of(static, "b:vlan-transmitted") or "tagged"
            members.setdefault(number, {"tagged": set(), "untagged": set()})[sent] |= vids
    return members


def port_of(interface: ET.Element, members: dict[int, dict[str, set[int]]], rstp: bool) -> Port:
    """Return one port's VLANs in Open vSwitch's terms (ovs-vswitchd.conf.db(5), Port table)."""
    name = text_of(interface, "if:name")
    number = int("".join(character for character in name if character.isdigit()) or 0)
    config = interface.find("b:bridge-port", NS)
    pvid = int(text_of(config, "b:pvid") or 1)
    accepts = text_of(config, "b:acceptable-frame", "admit-all-frames")
    sets = members.get(number, {"tagged": set(), "untagged": set()})
    tagged, untagged = sets["tagged"], sets["untagged"]
    native = pvid in untagged and accepts != "admit-only-VLAN-tagged-frames"
    if accepts == "admit-only-untagged-and-priority-tagged":
        tagged = set()
    edge = rstp and (text_of(config, "r:rstp/r:admin-edge-port") == "true" or not tagged)
    if native and not tagged:
        return Port(name, "access", pvid, (), edge)
    trunks = tuple(sorted(tagged | ({pvid} if native else set()))) or (NO_VLAN,)
    return Port(name, "native-untagged" if native else "trunk", pvid if native else 0, trunks, edge)


def transaction(switch: Switch, present: Iterable[str]) -> list[str]:
    """Return the arguments of the one ovs-vsctl call that makes the data plane so."""
    if not switch.exists:
        return ["--if-exists", "del-br", "br0"]
    ring = switch.priority is not None
    words = ["--may-exist", "add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev"]
    words += [
        "fail_mode=standalone",
        f"rstp_enable={str(ring).lower()}",
        f"other_config:hwaddr={switch.address}",
    ]
    words += [f"other_config:mac-aging-time={switch.aging_s}"]
    if ring:
        words += [
            f"other_config:rstp-priority={(switch.priority or 0) * 4096}",
            f"other_config:rstp-address={switch.address}",
            f"other_config:rstp-max-age={switch.max_age_s}",
            f"other_config:rstp-forward-delay={switch.forward_delay_s}",
        ]
    keep = {port.name for port in switch.ports}
    for name in sorted(set(present) - keep):
        words += ["--", "--if-exists", "del-port", "br0", name]
    for port in switch.ports:
        words += ["--", "--may-exist", "add-port", "br0", port.name, "--", "set", "port", port.name]
        words += [f"vlan_mode={port.mode}", f"tag={port.tag or '[]'}", f"trunks={json.dumps(port.trunks)}"]
        words += [
            f"other_config:rstp-enable={str(ring).lower()}",
            f"other_config:rstp-port-admin-edge={str(port.edge).lower()}",
        ]
    return words


def apply(switch: Switch, ports: Iterable[str]) -> None:
    """Make the data plane equal to ``switch``; what is no longer wanted goes."""
    listed = vsctl("--if-exists", "get", "bridge", "br0", "name")
    present = vsctl("list-ports", "br0").split() if listed.strip() else []
    vsctl(*transaction(switch, present))
    for name in ports:
        set_link(name, name not in switch.down)
    log(f"applied: {describe(switch)}")


def describe(switch: Switch) -> str:
    """Return the data plane in one line."""
    if not switch.exists:
        return "no bridge"
    rstp = "no rstp" if switch.priority is None else f"rstp priority {switch.priority * 4096}"
    ports = " ".join(
        f"{port.name}:{port.mode}:{port.tag or ''}:{','.join(map(str, port.trunks))}" for port in switch.ports
    )
    return f"br0 {switch.address} {rstp}; {ports}; down: {' '.join(switch.down) or 'none'}"


def vsctl(*words: str) -> str:
    """Call ovs-vsctl; RuntimeError with its words when it fails."""
    argv = ["ovs-vsctl", "--timeout=20", *words]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip()}")
    return done.stdout


def set_link(name: str, up: bool) -> None:
    """Set a port's administrative state (netdevice(7))."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14x", name.encode(), 0)
        try:
            flags = struct.unpack("16sH14x", fcntl.ioctl(control, _SIOCGIFFLAGS, request))[1]
        except OSError:  # no such port in this switch
            return
        fresh = flags | _IFF_UP if up else flags & ~_IFF_UP
        if fresh != flags:
            fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", name.encode(), fresh))


class Session:
    """A NETCONF session with the switch's own server."""

    def __init__(self) -> None:
        environment = {
            "PATH": os.environ.get("PATH", ""), "USER": "root", "LOGNAME": "root",
            "SSH_CONNECTION": "127.0.0.1 1 127.0.0.1 830",
        }  # fmt: skip
        self._process = subprocess.Popen(
            SUBSYSTEM,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        self._buffer = b""
        self._count = 0
        self.notified = False

    def open(self) -> None:
        """Exchange hellos."""
        self._message(ANSWER_TIMEOUT_S)
        self._send(HELLO)
        # netconfd 2.13 drops an RPC that arrives together with the hello.
        select.select([], [], [], 0.05)

    def _send(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(b'<?xml version="1.0" encoding="UTF-8"?>' + text.encode() + _END)
        self._process.stdin.flush()

    def _message(self, timeout_s: float | None) -> ET.Element | None:
        """Return the next message, None at the timeout; ConnectionError when the server is gone."""
        assert self._process.stdout is not None
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        while _END not in self._buffer:
            left_s = None if deadline_s is None else max(0.0, deadline_s - time.monotonic())
            if not select.select([self._process.stdout], [], [], left_s)[0]:
                return None
            data = os.read(self._process.stdout.fileno(), 65536)
            if not data:
                raise ConnectionError("the NETCONF server is gone")
            self._buffer += data
        message, self._buffer = self._buffer.split(_END, 1)
        return ET.fromstring(message.strip())

    def call(self, operation: str) -> ET.Element:
        """Send an RPC and return its reply; notices that come before it are noted."""
        self._count += 1
        self._send(f'<rpc xmlns="{NETCONF}" message-id="{self._count}">{operation}</rpc>')
        while True:
            message = self._message(ANSWER_TIMEOUT_S)
            if message is None:
                raise ConnectionError("the NETCONF server does not answer")
            if message.tag == f"{{{NETCONF}}}rpc-reply":
                return message
            self.notified = True

    def wait(self, timeout_s: float | None) -> bool:
        """Wait for a notice; False at the timeout."""
        if self.notified:
            self.notified = False
            return True
        return self._message(timeout_s) is not None

    def close(self) -> None:
        """End the session."""
        self._process.kill()
        self._process.wait(timeout=5)


def follow(ports: list[str]) -> None:
    """Apply running now and after every change, until the server goes."""
    session = Session()
    try:
        session.open()
        session.call('<create-subscription xmlns="urn:ietf:params:xml:ns:netconf:notification:1.0"/>')
        applied: Switch | None = None
        while True:
            reply = session.call("<get-config><source><running/></source></get-config>")
            data = reply.find("nc:data", NS)
            switch = wanted(data if data is not None else ET.Element("data"), ports)
            if switch != applied:
                apply(switch, ports)
                applied = switch
            READY.touch()
            session.wait(None)
            while session.wait(0.02):  # one change makes several notices
                pass
    finally:
        session.close()


def main() -> None:
    """Follow the switch's server for ever; a fault of one round is logged, and the next tries again."""
    ports = json.loads(sys.argv[1])
    said = ""
    while True:
        try:
            follow(ports)
        except (OSError, RuntimeError, ValueError, ET.ParseError, subprocess.SubprocessError) as error:
            if said != (said := f"error: {type(error).__name__}: {error}"):
                log(said)
        time.sleep(0.5)  # the server is being restarted


if __name__ == "__main__":
    main()
