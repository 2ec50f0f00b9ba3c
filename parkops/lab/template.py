"""Prepare the ``/etc`` that every node's own ``/etc`` is laid over: programs' defaults, no host secrets."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

# Copied from the machine where it is world-readable; everything else of /etc stays outside the lab.
_COPIED = (
    "alternatives", "bash.bashrc", "bindresvport.blacklist", "chrony", "debian_version", "default",
    "dpkg", "environment", "ethertypes", "gai.conf", "host.conf", "init.d", "inputrc", "iproute2",
    "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "libaudit.conf", "locale.alias", "localtime", "login.defs",
    "logrotate.d", "lsb-release", "magic", "magic.mime", "mime.types", "mosquitto", "nginx", "os-release",
    "pam.conf", "pam.d", "perl", "profile", "prometheus", "protocols", "python3", "python3.11", "rpc",
    "rsyslog.conf", "rsyslog.d", "security", "services", "shells", "skel", "ssl/certs", "ssl/openssl.cnf",
    "sudo.conf", "sysctl.conf", "terminfo", "timezone", "ucf.conf", "xattr.conf",
)  # fmt: skip

_PAM_PERMIT = "auth required pam_permit.so\naccount required pam_permit.so\nsession required pam_permit.so\n"

_NFTABLES = """#!/bin/sh
### BEGIN INIT INFO
# Provides:          nftables
# Required-Start:    $local_fs
# Required-Stop:     $local_fs
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: packet filter
### END INIT INFO
case "$1" in
start|restart|reload|force-reload) exec /usr/sbin/nft -f /etc/nftables.conf ;;
stop) /usr/sbin/nft delete table inet parkops 2>/dev/null; exit 0 ;;
status) /usr/sbin/nft list table inet parkops >/dev/null 2>&1 || exit 3 ;;
*) echo "Usage: $0 {start|stop|restart|reload|status}" >&2; exit 2 ;;
esac
"""

# Debian 12 ships none for rsyslog; its one for mosquitto makes a pid file that the daemon may not
# write, and returns from "stop" before the daemon has ended.
_DAEMON = """#!/bin/sh
### BEGIN INIT INFO
# Provides:          {name}
# Required-Start:    $local_fs $network
# Required-Stop:     $local_fs
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: {title}
### END INIT INFO
. /lib/lsb/init-functions
DAEMON={daemon}
PIDFILE={pid_file}
start() {{ start-stop-daemon --start --quiet --oknodo --pidfile $PIDFILE \\
    --exec $DAEMON -- {options}; }}
stop() {{ start-stop-daemon --stop --quiet --oknodo --retry TERM/5/KILL/2 --pidfile $PIDFILE \\
    --exec $DAEMON; rm -f $PIDFILE; }}
case "$1" in
start) start ;;
stop) stop ;;
restart|force-reload) stop; start ;;
reload) {reload} ;;
status) status_of_proc -p $PIDFILE $DAEMON {name} ;;
*) echo "Usage: $0 {{start|stop|restart|reload|status}}" >&2; exit 2 ;;
esac
"""

_FRR_DAEMONS = """zebra=yes
bgpd=no
ospfd=yes
ospf6d=yes
bfdd=yes
staticd=yes
vtysh_enable=yes
zebra_options="  -A 127.0.0.1 -s 90000000"
ospfd_options="  -A 127.0.0.1"
ospf6d_options=" -A ::1"
staticd_options="-A 127.0.0.1"
bfdd_options="   -A 127.0.0.1"
"""

_RSYSLOG_CONF = """module(load="imuxsock")
include(file="/etc/rsyslog.d/*.conf" mode="optional")
*.*;auth,authpriv.none action(type="omfile" file="/var/log/syslog")
auth,authpriv.* action(type="omfile" file="/var/log/auth.log")
"""

_WRITTEN = {
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "resolv.conf": "",
    "fstab": "",
    "nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files\nservices: files\n"
    "protocols: files\nnetworks: files\n",
    "network/interfaces": "auto lo\niface lo inet loopback\n\nsource /etc/network/interfaces.d/*.cfg\n",
    "nftables.conf": "#!/usr/sbin/nft -f\n",
    "frr/daemons": _FRR_DAEMONS,
    "frr/vtysh.conf": "service integrated-vtysh-config\n",
    "default/chrony": 'DAEMON_OPTS="-x"\n',  # -x: the clock belongs to the machine
    "pam.d/sudo": _PAM_PERMIT,
    "pam.d/sshd": _PAM_PERMIT,
    "pam.d/frr": _PAM_PERMIT,
    "rsyslog.conf": _RSYSLOG_CONF,  # no imklog: the kernel's log belongs to the machine
    "machine-id": "",
    "chrony/chrony.keys": "",
}
_EMPTY = (
    "network/if-up.d", "network/if-down.d", "network/if-pre-up.d", "network/if-post-down.d",
    "network/interfaces.d", "ssh/sshd_config.d", "sysctl.d", "sudoers.d", "rsyslog.d",
    "openvswitch", "rc2.d", "modprobe.d",
)  # fmt: skip


def build_etc(target: Path, machine: Path = Path("/etc")) -> None:
    """Fill ``target``; files that not everybody may read on the machine are left out."""
    target.mkdir(parents=True)
    for name in _COPIED:
        if (machine / name).exists():
            _copy(machine / name, target / name)
    shutil.rmtree(target / "rsyslog.d", ignore_errors=True)
    for name in _EMPTY:
        (target / name).mkdir(parents=True, exist_ok=True)
    for name, text in _WRITTEN.items():
        write(target / name, text)
    for name, text in _scripts().items():
        write(target / "init.d" / name, text, 0o755)
    passwd, group = system_accounts((machine / "passwd").read_text(), (machine / "group").read_text())
    write(target / "passwd", passwd)
    write(target / "group", group)
    for path in (target / "frr", *(target / "frr").iterdir()):
        if has_user("frr"):
            shutil.chown(path, "frr", "frr")


def _scripts() -> dict[str, str]:
    """Return the init scripts that the lab brings along."""
    hangup = "start-stop-daemon --stop --signal HUP --quiet --pidfile $PIDFILE --exec $DAEMON"
    return {
        "nftables": _NFTABLES,
        "rsyslog": _DAEMON.format(
            name="rsyslog",
            title="system log",
            daemon="/usr/sbin/rsyslogd",
            options="",
            pid_file="/run/rsyslogd.pid",
            reload="stop; start",
        ),
        "mosquitto": _DAEMON.format(
            name="mosquitto",
            title="MQTT broker",
            daemon="/usr/sbin/mosquitto",
            options="-d -c /etc/mosquitto/mosquitto.conf",
            pid_file="/run/mosquitto/mosquitto.pid",
            reload=hangup,
        ),
    }


def has_user(name: str) -> bool:
    """Tell whether the machine has a user, which its package makes."""
    return f"\n{name}:" in Path("/etc/passwd").read_text()


def system_accounts(passwd: str, group: str) -> tuple[str, str]:
    """Keep the accounts of programs (numbers below 1000, and nobody): people stay outside."""
    users = [line.split(":") for line in passwd.splitlines() if _of_system(line)]
    names = {user[0] for user in users}
    groups = [line.split(":") for line in group.splitlines() if _of_system(line)]
    for fields in groups:
        fields[3] = ",".join(name for name in fields[3].split(",") if name in names)
    lines = ["\n".join(":".join(fields) for fields in table) + "\n" for table in (users, groups)]
    return lines[0], lines[1]


def _of_system(line: str) -> bool:
    fields = line.split(":")
    return len(fields) > 3 and (int(fields[2]) < 1000 or int(fields[2]) == 65534)


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file with its mode, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def _copy(source: Path, target: Path) -> None:
    """Copy what is world-readable; links stay links."""
    status = source.lstat()
    target.parent.mkdir(parents=True, exist_ok=True)
    if stat.S_ISLNK(status.st_mode):
        target.symlink_to(source.readlink())
    elif stat.S_ISDIR(status.st_mode):
        if status.st_mode & 0o005 == 0o005:
            target.mkdir(exist_ok=True)
            for entry in source.iterdir():
                _copy(entry, target / entry.name)
    elif stat.S_ISREG(status.st_mode) and status.st_mode & 0o004:
        shutil.copyfile(source, target)
        target.chmod(status.st_mode & 0o755)
