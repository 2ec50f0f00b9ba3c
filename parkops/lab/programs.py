"""Name the programs that each kind of node runs, and tell when they are ready."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from parkops.lab import rootfs, template
from parkops.lab.places import NETCONF_SOCKET, NETCONF_STARTUP, PATH, SCRIPTS
from parkops.lab.spec import FRR, HOST, LINUX, SWITCH, LabSpec, NodeSpec

PYTHON = "/usr/bin/python3"
YANG_MODULES = (
    "ietf-interfaces",
    "ietf-ip",
    "iana-if-type",
    "ieee802-dot1q-bridge",
    "ieee802-dot1q-rstp-bridge",
)
_FRR_DAEMONS = ("zebra", "ospfd", "ospf6d", "bfdd", "staticd")
_ROUTER_LOGIN = Path("/etc/parkops/login")
# vtysh for people, Python for the revert timer of a push as the login's own user, sh for Ansible.
_ROUTER_SHELL = """#!/bin/sh
[ "$1" = -c ] && case "$2" in
  "python3 -") exec /usr/bin/python3 - ;;
  "/bin/sh -c "*) exec /bin/sh -c "$2" ;;
esac
exec /usr/bin/vtysh "$@"
"""
_OVS_DB = "/etc/openvswitch/conf.db"
_OVS_SOCKET = "/run/openvswitch/db.sock"
# A service of a Linux node is started at boot when its configuration was put there before (the
# files are the node's own layer over the machine's defaults): path below /etc, init script.
_AT_BOOT = (
    ("sysctl.d", "procps"),
    ("network/interfaces.d", "networking"),
    ("nftables.conf", "nftables"),
    ("rsyslog.d", "rsyslog"),
    ("chrony", "chrony"),
    ("frr/frr.conf", "frr"),
    ("mosquitto", "mosquitto"),
    ("nginx", "nginx"),
    ("default/prometheus-node-exporter", "prometheus-node-exporter"),
    ("prometheus", "prometheus"),
)


@dataclass(frozen=True, slots=True)
class Program:
    """A program that the node's init keeps running, and the condition that it is ready."""

    name: str
    argv: tuple[str, ...]
    ready: Callable[[], bool] = lambda: True
    path: str = PATH
    stale: Path | None = None  # what a killed instance leaves, and a new one stumbles over


def environment(path: str = PATH) -> dict[str, str]:
    """Return the environment of everything in a node: nothing of the machine's."""
    return {"PATH": path, "HOME": "/root", "LANG": "C.UTF-8", "TERM": "dumb"}


def run(*argv: str, timeout_s: float = 60.0) -> str:
    """Run a command to its end and return what it said; CalledProcessError carries it too."""
    with tempfile.TemporaryFile("w+") as said:  # a pipe would stay open as long as a daemon lives
        done = subprocess.run(
            argv, env=environment(), timeout=timeout_s, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            cwd="/", check=False,
        )  # fmt: skip
        said.seek(0)
        text = said.read()
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, argv, text)
    return text


def prepare(lab: LabSpec, node: NodeSpec, first: bool) -> tuple[Program, ...]:
    """Write a node's own files, run what runs once; return what is to be kept running."""
    return _PLATFORMS[node.platform](lab, node, first)


def accounts(lab: LabSpec, shell: str, groups: tuple[str, ...]) -> None:
    """Give the node its login: locked passwords, a key, and the shell of its platform."""
    passwd = Path("/etc/passwd").read_text()
    if f"\n{lab.user}:" not in passwd:
        Path("/etc/passwd").write_text(f"{passwd}{lab.user}:x:1000:1000::/home/{lab.user}:{shell}\n")
        lines = Path("/etc/group").read_text().splitlines()
        lines = [_joined(line, lab.user) if line.split(":")[0] in groups else line for line in lines]
        Path("/etc/group").write_text("\n".join([*lines, f"{lab.user}:x:1000:"]) + "\n")
    names = [line.split(":")[0] for line in Path("/etc/passwd").read_text().splitlines()]
    template.write(Path("/etc/shadow"), "".join(f"{name}:*:19000:0:99999:7:::\n" for name in names), 0o640)
    shutil.chown("/etc/shadow", "root", "shadow")
    home = Path("/home") / lab.user
    home.mkdir(exist_ok=True)
    os.chown(home, 1000, 1000)
    rules = f'Defaults secure_path="{PATH}"\nroot ALL=(ALL) ALL\n{lab.user} ALL=(ALL) NOPASSWD: ALL\n'
    template.write(Path("/etc/sudoers"), rules, 0o440)


def _joined(group: str, user: str) -> str:
    """Return a line of ``/etc/group`` with one more member."""
    return group + user if group.endswith(":") else f"{group},{user}"


def ssh_server(lab: LabSpec, node: NodeSpec, port: int, subsystem: str) -> None:
    """Write the SSH server's configuration, host key and the lab's public key."""
    template.write(Path("/etc/ssh/ssh_host_ed25519_key"), node.host_key, 0o600)
    template.write(Path(f"/etc/ssh/authorized_keys/{lab.user}"), lab.public_key + "\n")
    config = f"""Include /etc/ssh/sshd_config.d/*.conf
Port {port}
ListenAddress {node.management_address}
HostKey /etc/ssh/ssh_host_ed25519_key
PidFile /run/sshd.pid
AuthorizedKeysFile /etc/ssh/authorized_keys/%u
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
UseDNS no
PrintMotd no
PrintLastLog no
MaxStartups 500:30:1000
MaxSessions 100
AllowUsers {lab.user}
SetEnv PATH={PATH}
Subsystem {subsystem}
"""
    template.write(Path("/etc/ssh/sshd_config"), config)


def answers(address: str, port: int) -> Callable[[], bool]:
    """Return a condition: the SSH server there sends its banner."""

    def ready() -> bool:
        try:
            with socket.create_connection((address, port), timeout=2) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False

    return ready


def _sshd(address: str, port: int) -> Program:
    return Program("sshd", ("/usr/sbin/sshd", "-D", "-E", "/var/log/sshd.log"), answers(address, port))


def _router(lab: LabSpec, node: NodeSpec, first: bool) -> tuple[Program, ...]:
    template.write(_ROUTER_LOGIN, _ROUTER_SHELL, 0o755)
    accounts(lab, str(_ROUTER_LOGIN), ("frr", "frrvty"))
    ssh_server(lab, node, 22, "sftp internal-sftp")
    _frr_identity(node, first)
    Path("/var/log/frr.out").write_text(run("/usr/lib/frr/frrinit.sh", "start"))
    vtys = [Path(f"/run/frr/{name}.vty") for name in (*_FRR_DAEMONS, "watchfrr")]
    return (
        Program("frr", (), lambda: all(vty.is_socket() for vty in vtys)),
        _sshd(node.management_address, 22),
    )


def _frr_identity(node: NodeSpec, first: bool) -> None:
    config = Path("/etc/frr/frr.conf")
    if first:
        template.write(config, f"hostname {node.name}\n", 0o640)
    for path in (config, Path("/etc/frr")):
        shutil.chown(path, "frr", "frr")


def _linux(lab: LabSpec, node: NodeSpec, first: bool) -> tuple[Program, ...]:
    accounts(lab, "/bin/bash", ())
    ssh_server(lab, node, 22, "sftp /usr/lib/openssh/sftp-server")
    run("service", "ssh", "start")
    if not first:
        for path, service in _AT_BOOT:
            if configured(path):
                with contextlib.suppress(subprocess.SubprocessError):
                    run("service", service, "start")
    return (Program("ssh-ready", (), answers(node.management_address, 22)),)


_own_layer: list[str] = []


def remember_layer(upper: Path) -> None:
    """Note which files of ``/etc`` are the node's own, before the pod's folders go out of sight."""
    _own_layer.clear()
    for folder, _folders, files in os.walk(upper):
        _own_layer.extend(f"{os.path.relpath(folder, upper)}/{name}".removeprefix("./") for name in files)


def configured(path: str) -> bool:
    """Tell whether a file of the node's own stands at or below a path of ``/etc``."""
    return any(name == path or name.startswith(path + "/") for name in _own_layer)


def _switch(lab: LabSpec, node: NodeSpec, first: bool) -> tuple[Program, ...]:
    accounts(lab, "/bin/sh", ())
    Path("/root/.yuma").mkdir(exist_ok=True)  # netconfd keeps its transaction number there
    ssh_server(
        lab, node, 830,
        f'netconf "/usr/sbin/netconf-subsystem --ncxserver-sockname=830@{NETCONF_SOCKET}"',
    )  # fmt: skip
    if not NETCONF_STARTUP.exists():
        template.write(NETCONF_STARTUP, '<config xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"/>\n', 0o600)
    helpers = _netconf_helpers()
    Path(_OVS_DB).unlink(missing_ok=True)  # the data plane's memory; startup is the control plane's
    run("ovsdb-tool", "create", _OVS_DB, "/usr/share/openvswitch/vswitch.ovsschema")
    modules = tuple(f"--module={name}" for name in YANG_MODULES)
    folders = (rootfs.yang_path(index) for index in range(len(node.yang)))
    modpath = ":".join(["/usr/share/yuma/modules", *folders])
    netconfd = (
        "/usr/sbin/netconfd", f"--modpath={modpath}", *modules, "--target=candidate",
        "--access-control=off", f"--superuser={lab.user}", f"--ncxserver-sockname={NETCONF_SOCKET}",
        "--port=830", f"--startup={NETCONF_STARTUP}", "--log=/var/log/netconfd.log", "--log-level=info",
    )  # fmt: skip
    ports = json.dumps(list(node.ports))
    return (
        Program(
            "ovsdb-server",
            ("ovsdb-server", _OVS_DB, f"--remote=punix:{_OVS_SOCKET}", "--pidfile", "-vconsole:off"),
            Path(_OVS_SOCKET).is_socket,
        ),
        Program(
            "ovs-vswitchd",
            ("ovs-vswitchd", f"unix:{_OVS_SOCKET}", "--pidfile", "-vconsole:off"),
            Path("/run/openvswitch/ovs-vswitchd.pid").exists,
        ),
        Program("netconfd", netconfd, NETCONF_SOCKET.is_socket, helpers + ":" + PATH, NETCONF_SOCKET),
        Program(
            "agent", (PYTHON, "-I", f"{SCRIPTS}/agent.py", ports), Path("/run/parkops/agent.ready").exists
        ),
        _sshd(node.management_address, 830),
    )


def _netconf_helpers() -> str:
    """Write the small programs that netconfd's interface module calls, and return their folder.

    The module (yuma123 2.13) asks ``get-interface-ipv4``, which Debian does not ship, and aborts on
    a missing answer; it reads ``operstate`` with ``cat`` and aborts when the interface has just
    gone; it sets ports by ``ifconfig``, which here is the agent's business.
    """
    folder = Path("/run/netconfd/bin")
    state = '#!/bin/sh\n/bin/cat "$@" 2>/dev/null || echo notpresent\n'
    for name, text in (("get-interface-ipv4", "#!/bin/sh\n"), ("ifconfig", "#!/bin/sh\n"), ("cat", state)):
        template.write(folder / name, text, 0o755)
    return str(folder)


def _host(lab: LabSpec, node: NodeSpec, first: bool) -> tuple[Program, ...]:
    commands = [f"link set {port} up" for port in node.ports]
    for address in node.addresses:
        commands += [
            f"addr add {value} dev {address.interface}" for value in (address.ipv4, address.ipv6) if value
        ]
    if node.gateway_ipv4:
        commands.append(f"route replace default via {node.gateway_ipv4}")
    if node.gateway_ipv6:
        commands.append(f"-6 route replace default via {node.gateway_ipv6}")
    for command in commands:
        run("ip", *command.split())
    if not node.listeners:
        return ()
    listeners = [{"port": one.port, "protocol": one.protocol, "kind": one.kind} for one in node.listeners]
    argv = (PYTHON, "-I", f"{SCRIPTS}/listeners.py", json.dumps({"name": node.name, "listeners": listeners}))
    return (Program("listeners", argv, Path("/run/parkops/listeners.ready").exists),)


_PLATFORMS: dict[str, Callable[[LabSpec, NodeSpec, bool], tuple[Program, ...]]] = {
    FRR: _router,
    SWITCH: _switch,
    LINUX: _linux,
    HOST: _host,
}
