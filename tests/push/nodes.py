"""Real nodes for the push tests: namespaces over an overlay of this machine's root, on one management bridge.

A node lives as long as the pipe on its standard input: when the test process dies, however it dies, so does
every process, mount and interface of the node.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

CLONE_NEWNET = 0x40000000
NETWORK = "172.30.77"
RSTP = Path(__file__).parents[2] / "parkops" / "lab" / "yang" / "rstp"  # netconfd cannot load the IEEE's

# The bridge has an address of its own: else it takes its lowest port's, and changes it when that node goes.
HOLDER = """
set -e
ip link set lo up
ip link add mgmt address 02:00:00:00:77:01 type bridge
ip addr add {network}.1/24 dev mgmt
ip link set mgmt up
echo ready
exec cat
"""

ROOT = """
set -e
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
hostname {name}
mount --make-rprivate /
mount -t tmpfs tmpfs {scratch}
mkdir {scratch}/up {scratch}/work {scratch}/root
mount -t overlay overlay -o lowerdir=/,upperdir={scratch}/up,workdir={scratch}/work {scratch}/root
cd {scratch}/root
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t sysfs sysfs sys 2>/dev/null || mount --rbind /sys sys
mkdir -p tmp/yang tmp/rstp tmp/old
if [ -n "{yang}" ]; then mount --bind {yang} tmp/yang; fi
mount --bind {rstp} tmp/rstp
pivot_root . tmp/old
umount -l /tmp/old
cd /
ip link set lo up
mkdir -p /run/sshd /run/lock /home/parkops/.ssh /var/lib/parkops
sed -i '/^parkops:/d' /etc/passwd /etc/shadow /etc/group
echo 'parkops:x:{uid}:{uid}::/home/parkops:{shell}' >> /etc/passwd
echo 'parkops:*:19000:0:99999:7:::' >> /etc/shadow
echo 'parkops:x:{uid}:' >> /etc/group
echo {shell} >> /etc/shells
for g in frr frrvty; do if getent group $g >/dev/null; then usermod -a -G $g parkops; fi; done
printf '%s\\n' '{public_key}' > /home/parkops/.ssh/authorized_keys
chmod 700 /home/parkops/.ssh; chown -R parkops:parkops /home/parkops
printf 'Defaults !requiretty\\nparkops ALL=(ALL) NOPASSWD: ALL\\n' > /etc/sudoers.d/parkops
chmod 440 /etc/sudoers.d/parkops
echo '127.0.1.1 {name}' >> /etc/hosts
rm -f /etc/ssh/sshd_config.d/*
cat > /etc/ssh/sshd_config <<END
Include /etc/ssh/sshd_config.d/*.conf
Port {port}
UsePAM no
UseDNS no
PidFile /run/sshd.pid
HostKey /etc/ssh/hostkey
MaxStartups 500:30:1000
MaxSessions 100
PasswordAuthentication no
PrintMotd no
Subsystem netconf "/usr/sbin/netconf-subsystem --ncxserver-sockname=830@/run/ncx.sock"
END
printf '%s\\n' '{host_key}' > /etc/ssh/hostkey
chmod 600 /etc/ssh/hostkey
{body}
for i in $(seq 500); do [ -s /run/sshd.pid ] && break; sleep 0.02; done  # written when sshd listens
echo ready
cat  # no exec: the shell, as process 1, must go on to reap what daemons leave
"""

SWITCH = """
# What netconfd's interface module calls, and aborts on when it is missing.
cd /usr/local/bin
for helper in get-interface-ipv4 ifconfig; do printf '#!/bin/sh\\n' > $helper; done
printf '#!/bin/sh\\n/bin/cat "$@" 2>/dev/null || echo notpresent\\n' > cat
chmod 755 get-interface-ipv4 ifconfig cat; cd /
export PATH=/usr/local/bin:$PATH
echo '<config xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"/>' > /run/startup.xml
MODULES=/usr/share/yuma/modules:/tmp/rstp:/tmp/yang/ieee:/tmp/yang/ietf
mkdir -p /run/yuma/data  # netconfd keeps its transaction number there
YUMA_HOME=/run/yuma setsid /usr/sbin/netconfd --modpath=$MODULES \
  --module=ietf-interfaces --module=ietf-ip --module=iana-if-type \
  --module=ieee802-dot1q-bridge --module=ieee802-dot1q-rstp-bridge {modules} \
  --target=candidate --access-control=off --superuser=parkops --ncxserver-sockname=/run/ncx.sock --port=830 \
  --startup=/run/startup.xml --log=/run/netconfd.log --log-level=info >/run/netconfd.out 2>&1 </dev/null &
echo $! > /run/netconfd.pid
for i in $(seq 500); do [ -S /run/ncx.sock ] && break; sleep 0.02; done
/usr/sbin/sshd -E /run/sshd.log
"""

WIDER = ("ietf-system", "ietf-ipv4-unicast-routing", "ietf-ipv6-unicast-routing",
         "ieee802-dot1ab-lldp", "ieee802-dot1x", "ieee1588-ptp-tt")  # fmt: skip
FRER = ("ieee802-dot1cb-stream-identification", "ieee802-dot1cb-frer")
# netconfd 2.13 dies of the counters that both modules add to interfaces : they are cut off.
UNCOUNTED = """
mkdir /tmp/frer
for module in {frer}; do
  sed '/^  augment "\\/if:interfaces/,$d' /tmp/yang/ieee/$module.yang > /tmp/frer/$module.yang
  echo '}' >> /tmp/frer/$module.yang
done
"""
# The login is vtysh for people, and Python for a push's revert timer, which runs as the login's own user.
ROUTER = """
cat > /usr/local/bin/router-login <<'END'
#!/bin/sh
[ "$1" = -c ] && [ "$2" = "python3 -" ] && exec /usr/bin/python3 -
exec /usr/bin/vtysh "$@"
END
chmod 755 /usr/local/bin/router-login
ip link add eth1 type veth peer name peer1; ip link set peer1 up
ip link add eth2 type veth peer name peer2; ip link set peer2 up
sed -i 's/^\\(ospfd\\|ospf6d\\|bfdd\\)=.*/\\1=yes/' /etc/frr/daemons
echo 'watchfrr_options="--log file:/run/watchfrr.log"' >> /etc/frr/daemons
echo 'hostname {name}' > /etc/frr/frr.conf
echo 'service integrated-vtysh-config' > /etc/frr/vtysh.conf
mkdir -p /run/frr /var/tmp/frr /var/log/frr; chown -R frr:frr /etc/frr /run/frr /var/tmp/frr /var/log/frr
setsid /usr/lib/frr/frrinit.sh start >/run/frr-start.log 2>&1 </dev/null
/usr/sbin/sshd -E /run/sshd.log
"""

LINUX = """
echo 'DAEMON_OPTS="-F 1 -x"' > /etc/default/chrony
ip link add eth1 type veth peer name peer1; ip link set peer1 up
ip link add eth2 type veth peer name peer2; ip link set peer2 up
rm -f /etc/network/interfaces.d/*
mkdir -p /etc/network/interfaces.d /run/network
printf 'auto lo\\niface lo inet loopback\\n' > /etc/network/interfaces
echo 'source /etc/network/interfaces.d/*.cfg' >> /etc/network/interfaces
/usr/sbin/sshd -E /run/sshd.log
"""

KINDS = {
    "switch": (SWITCH.replace("{modules}", ""), 830, "/bin/sh"),
    # netconfd 2.13 loads no ietf-access-control-list, ietf-ntp, ietf-syslog, and of IEEE no link aggregation
    "wider-switch": (
        SWITCH.replace("{modules}", " ".join(f"--module={name}" for name in WIDER)),
        830,
        "/bin/sh",
    ),
    "frer-switch": (
        UNCOUNTED.replace("{frer}", " ".join(FRER))
        + SWITCH.replace("{modules}", " ".join(f"--module={name}" for name in FRER)).replace(
            ":/tmp/rstp:", ":/tmp/rstp:/tmp/frer:"
        ),
        830,
        "/bin/sh",
    ),
    "router": (ROUTER, 22, "/usr/local/bin/router-login"),
    "bare-router": (ROUTER, 22, "/usr/bin/vtysh"),
    "linux": (LINUX, 22, "/bin/bash"),
}


@dataclass
class Node:
    """A running node: its root process as this machine sees it, and its management address."""

    name: str
    kind: str
    address: str
    process: subprocess.Popen[bytes]
    pid: int = 0

    def run(self, *command: str, check: bool = True, stdin: str | None = None) -> str:
        """Run a command inside the node and return what it printed."""
        enter = ["nsenter", "-t", str(self.pid), "-n", "-m", "-u", "-p", "-r", "-w"]
        done = subprocess.run(
            [*enter, *command], capture_output=True, text=True, timeout=60, check=False, input=stdin
        )
        if check and done.returncode:
            raise AssertionError(f"{self.name}: {command}: {done.stdout}{done.stderr}")
        return done.stdout + (done.stderr if not check else "")

    def drop_sessions(self) -> None:
        """Cut every SSH session into the node (in its own process namespace), not its listener."""
        self.run("pkill", "-f", "^sshd: parkops")

    def stop(self) -> None:
        """End the node with all that runs in it."""
        if self.process.stdin:
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)


@dataclass
class Nodes:
    """A management network with nodes on it."""

    folder: Path
    yang: Path | None
    holder: subprocess.Popen[bytes] = field(init=False)
    nodes: dict[str, Node] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for key in ("host", "client"):
            path = self.folder / key
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path], check=True
            )
        self.known_hosts.write_text("")
        self.holder, self.holder_pid = self._spawn("holder", HOLDER.format(network=NETWORK))
        self._await_ready("holder", self.holder)

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    @property
    def key(self) -> Path:
        return self.folder / "client"

    def _spawn(self, name: str, script: str) -> tuple[subprocess.Popen[bytes], int]:
        log = (self.folder / f"{name}.log").open("wb")
        flags = ["-n", "-m", "-u", "-i", "-p", "-f", "--kill-child", "--mount-proc"]
        process = subprocess.Popen(
            ["unshare", *flags, "sh", "-c", script],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True,
        )  # fmt: skip
        log.close()
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        deadline = time.monotonic() + 10
        while not children.read_text().split() and time.monotonic() < deadline:
            time.sleep(0.01)
        return process, int(children.read_text().split()[0])

    def start(self, name: str, kind: str, number: int) -> Node:
        """Start a node with management address NETWORK.number and wait until it is ready."""
        body, port, shell = KINDS[kind]
        scratch = self.folder / f"{name}.node"
        scratch.mkdir(exist_ok=True)
        uid = 947
        script = ROOT.format(
            name=name, scratch=scratch, body=body.replace("{name}", name), port=port, shell=shell, uid=uid,
            yang=self.yang or "", rstp=RSTP, public_key=self.key.with_suffix(".pub").read_text().strip(),
            host_key=(self.folder / "host").read_text().strip(),
        )  # fmt: skip
        process, pid = self._spawn(name, script)
        node = Node(name, kind, f"{NETWORK}.{number}", process, pid)
        with self._lock:
            self.nodes[name] = node
            self._attach(node, number)
            host = node.address if port == 22 else f"[{node.address}]:{port}"
            host_key = " ".join((self.folder / "host.pub").read_text().split()[:2])
            with self.known_hosts.open("a") as file:
                file.write(f"{host} {host_key}\n")
        self._await_ready(name, process)
        return node

    def _attach(self, node: Node, number: int) -> None:
        port = f"m{number}"
        commands = [
            f"link add {port} type veth peer name eth0 netns {node.pid}",
            f"link set {port} master mgmt up",
        ]
        for command in commands:
            subprocess.run(
                ["nsenter", f"--net=/proc/{self.holder_pid}/ns/net", "ip", *command.split()], check=True
            )
        for command in (f"addr add {node.address}/24 dev eth0", "link set eth0 up"):
            subprocess.run(["nsenter", f"--net=/proc/{node.pid}/ns/net", "ip", *command.split()], check=True)

    def _await_ready(self, name: str, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout
        output = b""
        while b"ready\n" not in output:
            chunk = os.read(process.stdout.fileno(), 4096)
            if not chunk:
                raise AssertionError((self.folder / f"{name}.log").read_text() + output.decode())
            output += chunk

    def enter(self) -> int:
        """Move this thread (and the threads it starts) into the management network; return the way back."""
        back = os.open("/proc/self/ns/net", os.O_RDONLY)
        with Path(f"/proc/{self.holder_pid}/ns/net").open() as target:
            set_network(target.fileno())
        return back

    def close(self) -> None:
        """End every node and the network."""
        for node in self.nodes.values():
            node.stop()
        assert self.holder.stdin
        self.holder.stdin.close()
        self.holder.wait(10)


def set_network(descriptor: int) -> None:
    """Enter the network namespace behind a file descriptor (setns(2))."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
