"""Make a lab's network: one namespace per node, cables between ports, a flat management network.

A cable is two veth pairs whose inner ends lie in a namespace of their own and pass every frame to
each other (nftables ``fwd``). So a cable can be cut, lose or delay frames from outside: both ends see
what they would see of a real one, and nothing inside a node is touched.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from parkops.lab import kernel
from parkops.lab.places import CABLES, cable_end, netns
from parkops.lab.spec import FRR, HOST, SWITCH, CableSpec, LabSpec, NodeSpec

BRIDGE = "mgmt"
BRIDGE_MAC = "02:70:61:72:6b:01"  # fixed: else it is the lowest of its ports, and changes when a node dies
_ROUTING = {"net/ipv4/conf/all/forwarding": "1", "net/ipv6/conf/all/forwarding": "1"}
_SILENT = {"net/ipv6/conf/all/disable_ipv6": "1", "net/ipv6/conf/default/disable_ipv6": "1"}
_ANY = {
    "net/ipv4/ping_group_range": "0 65535",
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/default/rp_filter": "0",
    "net/ipv6/conf/default/accept_ra": "0",
    "net/ipv6/conf/default/accept_dad": "0",  # addresses work at once; the design gives each one once
    "net/ipv6/conf/default/router_solicitations": "0",
}


def command(*argv: str, text: str = "", timeout_s: float = 60.0) -> str:
    """Run a program with a text on its input; CalledProcessError carries what it said."""
    done = subprocess.run(
        argv, check=True, input=text, text=True, timeout=timeout_s,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return done.stdout


def build(lab: LabSpec) -> None:
    """Make all namespaces, cables and the management network, in the pod."""
    names = [CABLES, *(node.name for node in lab.nodes)]
    command("ip", "-batch", "-", text="".join(f"netns add {name}\n" for name in names))
    _sysctls(_SILENT)
    with kernel.control_socket() as control:
        kernel.set_link(control, "lo", True)
    with kernel.network_namespace(netns(CABLES)):
        _sysctls(_SILENT)
    for node in lab.nodes:
        prepare_namespace(node, netns(node.name))
    _management(lab)
    _cables(lab.cables)


def prepare_namespace(node: NodeSpec, path: str) -> None:
    """Set a fresh namespace's defaults, before any port is in it."""
    with kernel.network_namespace(path):
        _sysctls(_ANY)
        if node.platform == SWITCH:
            _sysctls(_SILENT)
        if node.platform == FRR:
            _sysctls(_ROUTING)
        if node.platform != HOST:
            _sysctls({"net/ipv4/conf/default/arp_ignore": "1"})


def _sysctls(values: dict[str, str]) -> None:
    for name, value in values.items():
        Path("/proc/sys", name).write_text(value)


def _management(lab: LabSpec) -> None:
    length = lab.management_network.partition("/")[2]
    lines = [
        f"link add {BRIDGE} address {BRIDGE_MAC} type bridge",
        f"addr add {lab.management_gateway}/{length} dev {BRIDGE}",
    ]
    for index, node in enumerate(lab.nodes):
        if node.management:
            lines.append(f"link add m{index} type veth peer name eth0 netns {node.name}")
            lines.append(f"link set m{index} master {BRIDGE} up")
    lines.append(f"link set {BRIDGE} up")
    command("ip", "-batch", "-", text="\n".join(lines) + "\n")


def _cables(cables: Iterable[CableSpec]) -> None:
    lines, up, rules = [], ["link set lo up"], []
    for index, cable in enumerate(cables):
        for side, node, port in (("a", cable.a_node, cable.a_port), ("b", cable.b_node, cable.b_port)):
            end = cable_end(index, side)
            lines.append(f"link add {end} netns {CABLES} type veth peer name {port} netns {node}")
            up.append(f"link set {end} up")
        rules += [_chain(index, "a"), _chain(index, "b")]
    command("ip", "-batch", "-", text="\n".join(lines) + "\n")
    command("ip", "-n", CABLES, "-batch", "-", text="\n".join(up) + "\n")
    in_cables("nft", "-f", "-", text="table netdev cables {\n" + "".join(rules) + "}\n")


def _chain(index: int, side: str) -> str:
    end = cable_end(index, side)
    return (
        f' chain {end} {{ type filter hook ingress device "{end}" priority 0; policy drop;\n'
        f"  {_pass(index, side)}\n }}\n"
    )


def _pass(index: int, side: str, loss_percent: float = 0.0) -> str:
    other = cable_end(index, "b" if side == "a" else "a")
    drop = f"numgen random mod 10000 < {round(loss_percent * 100)} drop; " if loss_percent else ""
    return f'{drop}fwd to "{other}"'


def in_cables(*argv: str, text: str = "") -> str:
    """Run a program in the cables' namespace."""
    return command("nsenter", f"--net={netns(CABLES)}", *argv, text=text)


def set_loss(index: int, loss_percent: float) -> None:
    """Let a cable lose a share of its frames, both ways; 100 loses all, 0 none."""
    lines = []
    for side in ("a", "b"):
        chain = f"netdev cables {cable_end(index, side)}"
        lines.append(f"flush chain {chain}")
        if loss_percent < 100.0:
            for rule in _pass(index, side, loss_percent).split("; "):
                lines.append(f"add rule {chain} {rule}")
    in_cables("nft", "-f", "-", text="\n".join(lines) + "\n")


def power_off(node: NodeSpec) -> None:
    """Take all ports of a dead node down, so that its neighbours lose the link."""
    with kernel.network_namespace(netns(node.name)), kernel.control_socket() as control:
        for port in (*node.ports, "eth0"):
            kernel.set_link(control, port, False)


def renew_namespace(node: NodeSpec) -> None:
    """Give a dead node a fresh network namespace, and plug its ports into it."""
    fresh = f"{node.name}.new"
    command("ip", "netns", "add", fresh)
    try:
        prepare_namespace(node, netns(fresh))
        ports = [*node.ports, *(["eth0"] if node.management else [])]
        moves = "".join(f"link set {port} netns {fresh}\n" for port in ports)
        command("ip", "-n", node.name, "-batch", "-", text=moves)
        kernel.unmount(netns(node.name), kernel.MNT_DETACH)
        kernel.mount(netns(fresh), netns(node.name), "", kernel.MS_BIND)
    finally:
        command("ip", "netns", "del", fresh)
