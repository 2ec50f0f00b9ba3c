"""What a node's services need: how to check their files, reload them, and see that they run."""

from __future__ import annotations

import fnmatch
import ipaddress
import json
import os
import re
import shutil
import signal
import time
from pathlib import Path

from ansible.module_utils.parkops_shell import Failure, attempt, run

# Kernel first, then addresses, routing and filters, then the daemons; the way in comes last.
FIRST = ("sysctl", "networking", "systemd-networkd", "frr", "nftables")
LAST = ("ssh",)
NO_DAEMON = ("sysctl", "networking", "nftables", "systemd-userdbd", "pam-radius")
UNITS = "parkops-"  # services whose unit is one of the rendered files
# How each service takes new files when it runs; the others are restarted.
RELOAD = {"ssh": "reload", "nginx": "reload"}
# Where a machine without systemd-tmpfiles has lost a daemon's folder below /run: its path and user.
RUN_FOLDERS = {"mosquitto": "/run/mosquitto"}
# Without systemd, Debian 12 has no init script for rsyslog, and one for mosquitto that makes the pid file
# as root where mosquitto must write it: pid file and start command of both.
BARE = {
    "rsyslog": ("/run/rsyslogd.pid", ("rsyslogd",)),
    "mosquitto": ("/run/mosquitto/mosquitto.pid", ("mosquitto", "-d", "-c", "/etc/mosquitto/mosquitto.conf")),
}
# Parsers of single files, before they are put in place.
CHECKS = (
    ("nftables", "*", ("nft", "-c", "-f", "{file}")),
    ("keepalived", "*", ("keepalived", "-t", "-f", "{file}")),
    ("dnsmasq", "*", ("dnsmasq", "--test", "-C", "{file}")),
    ("chrony", "*.conf", ("chronyd", "-p", "-f", "{file}")),
    ("prometheus", "*/prometheus.yml", ("promtool", "check", "config", "--syntax-only", "{file}")),
    ("prometheus", "*rules*.yml", ("promtool", "check", "rules", "{file}")),
    ("frr", "*/frr.conf", ("vtysh", "-C", "-f", "{file}")),
    ("*", "/etc/sudoers.d/*", ("visudo", "-c", "-q", "-f", "{file}")),
)
# Parsers of a service's whole configuration, after its files are in place and before it is told.
WHOLE_CHECKS = {"ssh": ("sshd", "-t"), "nginx": ("nginx", "-t", "-q")}
UP_S = 8.0


def in_order(names):
    """Return services in the order in which they may take a change."""
    names = set(names)
    middle = sorted(names - set(FIRST) - set(LAST))
    return [n for n in FIRST if n in names] + middle + [n for n in LAST if n in names]


def check_file(service, path, temporary):
    """Let a file's own parser read it; Failure with what the parser says."""
    for name, pattern, command in CHECKS:
        if fnmatch.fnmatch(service, name) and fnmatch.fnmatch(path, pattern):
            code, output = attempt(*(part.format(file=temporary) for part in command))
            if code not in (0, 127):
                said = " ".join(output.replace(temporary, path).split())
                raise Failure(f"{path} is refused by {command[0]}: {said}")
    if service == "networking":
        _check_ports(path, Path(temporary).read_text(encoding="utf-8"))


def _check_ports(path, text):
    """See that each port is there before any is touched: taking them down and up interrupts traffic."""
    if "pre-up" in text:
        return  # it may make ports of its own
    ports = set(re.findall(r"^iface (\S+) inet6? static$", text, re.MULTILINE))
    lacking = sorted(port for port in ports if not Path("/sys/class/net", port).exists())
    if lacking:
        raise Failure(f"{path}: this node has no port {', '.join(lacking)}: planned, but not there yet?")


def check_whole(service):
    """Let a service read all its files; Failure with what it says."""
    command = WHOLE_CHECKS.get(service)
    if command is not None:
        code, output = attempt(*command)
        if code:
            raise Failure(f"{service} refuses its configuration: {' '.join(output.split())}")


def running(service):
    """Tell whether a service's daemon runs; what has none always does."""
    if service in NO_DAEMON:
        return True
    if _bare(service):
        return _bare_pid(service) is not None
    return attempt("service", service, "status")[0] == 0


def take(service):
    """Make a daemon read its files: reload it where it can, restart it, or start it."""
    if service in RUN_FOLDERS:
        Path(RUN_FOLDERS[service]).mkdir(mode=0o755, exist_ok=True)
        shutil.chown(RUN_FOLDERS[service], service, service)
    if _bare(service):
        stop(service)
        run(*BARE[service][1])
        return
    if service in NO_DAEMON:  # read when it is asked, and no daemon keeps it
        return
    if service.startswith((UNITS, "wg-quick@")):
        run("systemctl", "daemon-reload")
        run("systemctl", "enable", service)
    verb = RELOAD.get(service, "restart") if running(service) else "start"
    code, output = attempt("service", service, verb)
    if code:
        raise Failure(f"service {service} {verb}: {' '.join(output.split()) or f'exit code {code}'}")


def stop(service):
    """Stop a daemon."""
    if not _bare(service):
        attempt("service", service, "stop")
        return
    pid = _bare_pid(service)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        end_s = time.monotonic() + UP_S
        while _bare_pid(service) is not None and time.monotonic() < end_s:
            time.sleep(0.1)


def _bare(service):
    """Tell whether a daemon must be run without an init system's help."""
    return service in BARE and not Path("/run/systemd/system").is_dir()


def _bare_pid(service):
    """Return the daemon's process, None when it does not run."""
    pid_file, command = BARE[service]
    try:
        pid = int(Path(pid_file).read_text(encoding="ascii"))
        name = Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip()
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except (OSError, ValueError):
        return None
    return pid if name == command[0] and state != "Z" else None


def await_running(services):
    """Wait until each daemon runs; Failure with the names of those that do not, and their last words."""
    end_s = time.monotonic() + UP_S
    left = list(services)
    while left and time.monotonic() < end_s:
        left = [service for service in left if not running(service)]
        if left:
            time.sleep(0.2)
    if left:
        raise Failure(f"not running after the change: {', '.join(left)}")


def ruleset(path=None):
    """Return the nftables ruleset as the kernel lists it: the live one, or what a file would make of it.

    The file is loaded in a network namespace of its own; None where the node does not allow one.
    """
    if path is None:
        code, output = attempt("nft", "-s", "list", "ruleset")
        return output if code == 0 else ""
    code, output = attempt(
        "unshare", "-n", "sh", "-c", 'nft -f "$0" && echo "# loaded" && nft -s list ruleset', path
    )
    return output.partition("# loaded\n")[2] if code == 0 else None


def tables(text):
    """Split a listed ruleset into its tables: {"inet parkops": text}."""
    found, name = {}, ""
    for line in text.splitlines():
        if line.startswith("table "):
            name = line.removeprefix("table ").rstrip(" {")
        if name:
            found.setdefault(name, []).append(line)
    return {name: "".join(f"{line}\n" for line in lines if line) for name, lines in found.items()}


def comparable(live, expected, text):
    """Return both rulesets as far as the file owns them: all where it flushes, else its tables."""
    wanted, present = tables(expected), tables(live)
    if not re.search(r"^\s*flush ruleset", text, re.MULTILINE):
        present = {name: present[name] for name in present if name in wanted}
    return "".join(present[name] for name in sorted(present)), "".join(wanted[n] for n in sorted(wanted))


def sysctl_keys(text):
    """Return the (key, value) pairs of a sysctl.d file; keys that may be missing (``-key``) are left out."""
    pairs = []
    for line in text.splitlines():
        key, separator, value = line.partition("=")
        if separator and not line.lstrip().startswith(("#", ";", "-")):
            pairs.append((key.strip().replace("/", "."), " ".join(value.split())))
    return pairs


def sysctl_value(key):
    """Return a live kernel parameter, "" when there is none."""
    code, output = attempt("sysctl", "-n", key)
    return " ".join(output.split()) if code == 0 else ""


def stanzas(text):
    """Return the text of each interface in an ifupdown file: {name: lines}, comments dropped."""
    found, name = {}, ""
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "iface":
            name = words[1]
        elif words[0] in ("auto", "source", "mapping") or words[0].startswith("allow-"):
            name = ""
        if name:
            found.setdefault(name, []).append(" ".join(words))
    return found


def stated_addresses(text):
    """Return the addresses of an ifupdown file as sorted "port address/length" lines, and "port up"."""
    lines = set()
    for name, block in stanzas(text).items():
        lines.add(f"{name} up")
        netmask = ""
        for line in block:
            match = re.match(r"netmask (\S+)", line)
            netmask = match[1] if match else netmask
        for line in block:
            match = re.match(r"address (\S+)", line)
            if match:
                stated = match[1] if "/" in match[1] else f"{match[1]}/{netmask}"
                lines.add(f"{name} {ipaddress.ip_interface(stated)}")
    return sorted(lines)


def live_addresses(ports):
    """Return the static addresses of ports as the kernel has them, in the form of `stated_addresses`."""
    lines = []
    for entry in json.loads(run("ip", "-j", "address", "show") or "[]"):
        name = entry.get("ifname", "")
        if name not in ports:
            continue
        if "UP" in entry["flags"]:
            lines.append(f"{name} up")
        for address in entry["addr_info"]:
            if address.get("local") and not address.get("dynamic") and address["scope"] == "global":
                lines.append(f"{name} {address['local']}/{address['prefixlen']}")
    return sorted(lines)


def change_ports(before, after, differing, management):
    """Take ports down by their old text and up by their new one; the management port is never touched.

    ``before`` and ``after`` are (path, text) of the ifupdown files; ``differing`` are the ports whose live
    addresses are not what the new text says.
    """
    old, new = stanzas(before[1]), stanzas(after[1])
    changed = {name for name in {*old, *new} if old.get(name) != new.get(name)} | set(differing)
    if management in changed and management in new:
        raise Failure(f"{after[0]} would change the management port {management}")
    for name in sorted(changed - {management, "lo"}):
        if name in old:
            attempt("ifdown", "--force", "-i", before[0], name)
        attempt("ip", "address", "flush", "dev", name, "scope", "global")
    for name in sorted((changed & {*new}) - {management}):
        code, output = attempt("ifup", "--force", "-i", after[0], name)
        if code:
            raise Failure(f"ifup {name}: {' '.join(output.split())}")
