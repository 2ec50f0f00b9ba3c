"""Name the paths that the pod and its nodes agree on."""

from __future__ import annotations

from pathlib import Path

# Inside the pod's own mount namespace.
POD = Path("/run/parkops")
POD_ETC = POD / "etc"
POD_SUDO = POD / "sudo"
POD_NODES = POD / "nodes"
POD_SPEC = POD / "spec.json"
POD_CUTS = POD / "cuts"
POD_RELAYS = POD / "relays"
POD_LOG = POD / "pod.log"
NETNS = Path("/run/netns")
CABLES = "_cables"

# Inside a node.
SCRIPTS = Path("/opt/parkops")
HOLDS = Path("/run/parkops/hold")
PIDS = Path("/run/parkops/pid")
NETCONF_SOCKET = Path("/run/netconfd/ncx.sock")
NETCONF_STARTUP = Path("/var/lib/netconfd/startup.xml")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

LAB_FOLDER = Path(__file__).resolve().parent


def netns(node: str) -> str:
    """Return the file of a node's network namespace, in the pod."""
    return str(NETNS / node)


def cable_end(index: int, side: str) -> str:
    """Return the name of a cable's end in the cables' network namespace; ``side`` is a or b."""
    return f"c{index}{side}"
