"""Find out what this machine lacks to run a lab, and say how to get it."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from parkops.errors import MachineError
from parkops.lab.places import PATH
from parkops.lab.spec import FRR, HOST, LINUX, SWITCH


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is not there: ``package`` is Debian's, "" when no package brings it."""

    what: str
    how: str
    package: str = ""


# Programs and files, with the Debian package that brings them.
_ALWAYS = (
    ("unshare", "util-linux"), ("nsenter", "util-linux"), ("setpriv", "util-linux"), ("ip", "iproute2"),
    ("nft", "nftables"), ("sshd", "openssh-server"), ("ssh-keygen", "openssh-client"),
    ("/usr/bin/python3", "python3-minimal"),
)  # fmt: skip
_BY_PLATFORM = {
    FRR: (("/usr/lib/frr/watchfrr", "frr"), ("vtysh", "frr")),
    SWITCH: (
        ("netconfd", "netconfd"),
        ("netconf-subsystem", "netconfd"),
        ("/usr/share/yuma/modules/ietf/ietf-interfaces@2014-05-08.yang", "libyuma-base"),
        ("yuma/libietf-interfaces.so", "netconfd-module-ietf-interfaces"),
        ("ovsdb-server", "openvswitch-switch"),
        ("ovs-vswitchd", "openvswitch-switch"),
    ),
    LINUX: (
        ("sudo", "sudo"), ("ifup", "ifupdown"), ("service", "init-system-helpers"), ("chronyd", "chrony"),
        ("mosquitto", "mosquitto"), ("mosquitto_pub", "mosquitto-clients"), ("nginx", "nginx-light"),
        ("prometheus", "prometheus"), ("prometheus-node-exporter", "prometheus-node-exporter"),
        ("rsyslogd", "rsyslog"), ("/usr/lib/frr/watchfrr", "frr"),
    ),
    HOST: (),
}  # fmt: skip


def preflight(platforms: Iterable[str] = (FRR, SWITCH, LINUX, HOST)) -> tuple[Missing, ...]:
    """Return everything that a lab of these platforms needs and this machine does not have."""
    wanted = dict.fromkeys([*_ALWAYS, *(pair for name in platforms for pair in _BY_PLATFORM[name])])
    missing = [
        Missing(name, f"install the package {package}", package)
        for name, package in wanted
        if not _present(name)
    ]
    if not Path("/proc/sys/net/ipv6").exists():
        missing.append(Missing("IPv6 in the kernel", "boot without ipv6.disable=1"))
    missing += _tunnel() if SWITCH in platforms else []
    if not any(one.package in ("util-linux", "uidmap") for one in missing):
        missing += _as_root() if os.geteuid() == 0 else _as_user()
    return tuple(missing)


def require(platforms: Iterable[str]) -> None:
    """Raise MachineError with the whole list when something is missing."""
    missing = preflight(tuple(platforms))
    if not missing:
        return
    packages = sorted({one.package for one in missing if one.package})
    lines = [f"  {one.what}: {one.how}" for one in missing]
    hint = f"\n  all packages at once: apt-get install {' '.join(packages)}" if packages else ""
    if os.geteuid() != 0 and _sudo_works():
        hint += "\n  or run the same command as root: sudo works here without a password"
    raise MachineError("this machine cannot run a lab yet:\n" + "\n".join(lines) + hint)


def _present(name: str) -> bool:
    if name.startswith("/"):
        return Path(name).exists()
    if "/" in name:
        return any(Path("/usr/lib").glob(f"*/{name}")) or (Path("/usr/lib") / name).exists()
    return shutil.which(name, path=PATH) is not None


def _tunnel() -> list[Missing]:
    device = Path("/dev/net/tun")
    if not device.exists():
        return [Missing(str(device), "load the module: modprobe tun")]
    if not os.access(device, os.R_OK | os.W_OK):
        return [Missing(str(device), "Open vSwitch needs it writable: sudo chmod 666 /dev/net/tun")]
    return []


def _as_root() -> list[Missing]:
    error = _try(["unshare", "--mount", "--net", "--uts", "--ipc", "true"])
    how = "root without CAP_SYS_ADMIN: run outside this container, or in one with --privileged"
    return [Missing(f"namespaces ({error})", how)] if error else []


def _as_user() -> list[Missing]:
    missing = []
    if shutil.which("newuidmap", path=PATH) is None:
        missing.append(Missing("newuidmap", "install the package uidmap", "uidmap"))
    user = getpass.getuser()
    for file in ("/etc/subuid", "/etc/subgid"):
        if not _has_range(file, user):
            how = f"sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {user}"
            missing.append(Missing(f"a range for {user} in {file}", how))
    for name, bad, good in (
        ("kernel/unprivileged_userns_clone", "0", "1"),
        ("user/max_user_namespaces", "0", "10000"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),
    ):
        path = Path("/proc/sys") / name
        if path.exists() and path.read_text().strip() == bad:
            setting = name.replace("/", ".")
            missing.append(Missing(f"{setting} is {bad}", f"sudo sysctl -w {setting}={good}"))
    if not missing:
        options = ["--user", "--map-auto", "--map-root-user", "--mount", "--net", "--pid", "--fork"]
        error = _try(["unshare", *options, "--mount-proc", "true"])
        if error:
            missing.append(Missing(f"user namespaces ({error})", "run as root, or on the machine itself"))
    return missing


def _has_range(file: str, user: str) -> bool:
    try:
        lines = Path(file).read_text().splitlines()
    except OSError:
        return False
    return any(line.split(":")[0] in (user, str(os.getuid())) for line in lines)


def _try(argv: list[str]) -> str:
    """Return why a command fails, "" when it does not."""
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return done.stderr.strip() if done.returncode else ""


def _sudo_works() -> bool:
    return shutil.which("sudo", path=PATH) is not None and not _try(["sudo", "-n", "true"])
