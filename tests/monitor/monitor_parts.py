"""Real servers on loopback, each stopped by the test that started it."""

import asyncio
import contextlib
import ctypes
import re
import shutil
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from parkops.errors import UsageError
from parkops.model import Access, Park, SourceRef, Target
from parkops.monitor import probes
from parkops.monitor.clock import RecordClock
from parkops.monitor.probes.base import Context, Reads, Tools
from parkops.monitor.probes.icmp import Pinger
from parkops.monitor.sessions import Sessions


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_until(holds, timeout_s=20.0, what="condition"):
    """Poll a condition outside of our process; there is nothing to be notified by."""
    deadline_s = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline_s, f"no {what} within {timeout_s} s"
        time.sleep(0.01)


def listens(port, address="127.0.0.1"):
    with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=1):
        return True
    return False


@contextlib.contextmanager
def process(*command, ready=None, **options):
    """Run a server until the block ends; ``ready`` tells when it serves."""
    options.setdefault("stdout", subprocess.DEVNULL)
    options.setdefault("stderr", subprocess.DEVNULL)
    running = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, **options)
    try:
        if ready is not None:
            started = f"start of {command[0]}"
            wait_until(lambda: ready() or running.poll() is not None, timeout_s=90, what=started)
            assert running.poll() is None, f"{command[0]} ended with {running.returncode}"
        yield running
    finally:
        running.terminate()
        try:
            running.wait(timeout=10)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


@contextlib.asynccontextmanager
async def tools(login=None, secret=None, clock=None):
    def no_login():
        raise UsageError("no login")

    pinger, sessions = Pinger(), Sessions(login or no_login)
    try:
        yield Tools(clock or RecordClock(), pinger, sessions, Reads(), secret or (lambda name: name))
    finally:
        pinger.close()
        await sessions.close()


def target(probe, port=0, address="127.0.0.1", interval_s=10.0, device="dev", detail="", **params):
    name = f"{device}/{probe}" + (f"/{detail}" if detail else "")
    pairs = tuple((key, str(value)) for key, value in params.items())
    return Target(name, probe, device, address, port, interval_s, params=pairs)


def look(*targets, login=None, secret=None):
    """Probe targets once, together; return the sample of one, or all samples."""

    async def go():
        async with tools(login, secret) as shared:
            return await asyncio.gather(
                *(probes.probe(t, Context(shared, _patience_s(t))) for t in map(_complete, targets))
            )

    samples = asyncio.run(go())
    return samples[0] if len(samples) == 1 else samples


def _patience_s(one):
    """A machine that runs tests is busy: only what a test states is a limit."""
    return probes.timeout_s(one) if one.param("timeout_s") else 20.0


def _complete(one):
    from parkops.monitor import prepare

    return prepare([one])[0]


@contextlib.contextmanager
def tcp_server(talk):
    """Serve connections with ``talk(connection)`` in threads; for servers that misbehave."""
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve(connection):
        with connection, contextlib.suppress(OSError):
            talk(connection)
            done.wait(10)

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        done.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


class Sshd:
    """A private sshd for root with a key of its own, with host keys right and wrong on file."""

    def __init__(self, folder, subsystem=""):
        self.folder, self.port = folder, free_port()
        for name in ("host", "other", "user", "stranger"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
        shutil.copy(folder / "user.pub", folder / "authorized_keys")
        (folder / "known").write_text(self._known("host"))
        (folder / "known_wrong").write_text(self._known("other"))
        (folder / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\n"
            f"AuthorizedKeysFile {folder}/authorized_keys\nStrictModes no\nUsePAM no\n"
            f"PasswordAuthentication no\nPermitRootLogin yes\nUseDNS no\nMaxStartups 100\n{subsystem}\n"
        )

    def _known(self, name):
        kind, key, *_ = (self.folder / f"{name}.pub").read_text().split()
        return f"[127.0.0.1]:{self.port} {kind} {key}\n"

    def _login(self, key, known):
        from parkops.transport.login import Login

        return Login("root", self.folder / key, self.folder / known)

    def login(self):
        return self._login("user", "known")

    def strange_host_key(self):
        return self._login("user", "known_wrong")

    def strange_user_key(self):
        return self._login("stranger", "known")

    def serving(self):
        Path("/run/sshd").mkdir(exist_ok=True)
        command = ("/usr/sbin/sshd", "-D", "-e", "-f", self.folder / "sshd_config")
        return process(*command, ready=lambda: listens(self.port))


ISLAND = """
set -e
mount --bind {d}/passwd /etc/passwd
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run/frr 2>/dev/null || { mkdir -p /run/frr; mount -t tmpfs tmpfs /run/frr; }
chown frr:frr /run/frr
mkdir -p /run/sshd {d}/data
ip link set lo up
for n in 1 2; do ip link add p$n type veth peer name q$n; ip link set p$n up; ip link set q$n up; done
export PATH={d}/bin:$PATH YUMA_HOME={d}
netconfd --module=ietf-interfaces --target=candidate --access-control=off --superuser=root \\
  --ncxserver-sockname={d}/ncx.sock --port=830 --startup={d}/startup.xml --log={d}/netconfd.log &
echo $! > {d}/netconfd.pid
while [ ! -S {d}/ncx.sock ]; do sleep 0.02; done
/usr/lib/frr/zebra -d -A 127.0.0.1 -f /dev/null
for port in 22 830; do /usr/sbin/sshd -f {d}/sshd_config.$port -E {d}/sshd.log; done
prometheus-node-exporter --web.listen-address=127.0.0.1:9100 --collector.disable-defaults \\
  --collector.netclass >/dev/null 2>&1 &
until ss -Hltn sport = :9100 | grep -q .; do sleep 0.02; done
echo ready
exec cat
"""


class Island:
    """A network namespace with a device in it: netconfd, FRR, sshd and node_exporter on its loopback.

    It lives as long as the pipe on its standard input.
    """

    def __init__(self, folder):
        self.folder = folder
        self.keys = Sshd(
            folder,
            f'Subsystem netconf "/usr/sbin/netconf-subsystem --ncxserver-sockname=830@{folder}/ncx.sock"',
        )
        common = (folder / "sshd_config").read_text().replace(f"Port {self.keys.port}\n", "")
        (folder / "sshd_config.830").write_text("Port 830\n" + common)
        force = '\nForceCommand /usr/bin/vtysh -c "$SSH_ORIGINAL_COMMAND"\n'
        (folder / "sshd_config.22").write_text("Port 22\n" + common + force)
        for name in ("known", "known_wrong"):
            file = folder / name
            key = file.read_text().split(" ", 1)[1]
            file.write_text(f"[127.0.0.1]:830 {key}127.0.0.1 {key}")
        # bash would read the rc files of the user for every session
        passwd = Path("/etc/passwd").read_text()
        (folder / "passwd").write_text(re.sub(r"(?m)^root:.*$", "root:x:0:0:root:/root:/bin/sh", passwd))
        (folder / "startup.xml").write_text('<config xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"/>')
        (folder / "bin").mkdir()
        helper = folder / "bin" / "get-interface-ipv4"  # netconfd aborts without one
        helper.write_text("#!/bin/sh\n")
        helper.chmod(0o755)

    def __enter__(self):
        script = ISLAND.replace("{d}", str(self.folder))
        self._log = (self.folder / "island.log").open("wb")
        self._process = subprocess.Popen(
            ["unshare", "-n", "-m", "-p", "-f", "--kill-child", "--mount-proc", "sh", "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        watchdog = threading.Timer(30, self._process.kill)
        watchdog.start()
        for line in self._process.stdout:
            if line == b"ready\n":
                watchdog.cancel()
                return self
        raise AssertionError((self.folder / "island.log").read_text())

    def __exit__(self, *error):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=10)
        self._log.close()

    def run(self, command):
        net = f"--net=/proc/{self._process.pid}/ns/net"
        subprocess.run(["nsenter", net, "sh", "-c", command], check=True)

    def netconfd_pid(self):
        """The process id of netconfd as seen from here."""
        inner = (self.folder / "netconfd.pid").read_text().strip()
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and (entry / "comm").read_text() == "netconfd\n":
                    words = (entry / "status").read_text().partition("NSpid:")[2].split("\n")[0].split()
                    if words[-1] == inner and (entry / "ns/net").readlink() == self._net:
                        return int(entry.name)
        raise AssertionError("netconfd does not run")

    @property
    def _net(self):
        return Path(f"/proc/{self._process.pid}/ns/net").readlink()

    def inside(self, function, *arguments, **named):
        """Call a function in a thread that is in the island's network; threads it starts are, too."""
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(self._enter_and, function, *arguments, **named).result()

    def _enter_and(self, function, *arguments, **named):
        with Path(f"/proc/{self._process.pid}/ns/net").open() as network:
            if ctypes.CDLL(None, use_errno=True).setns(network.fileno(), 0x40000000):
                raise OSError(ctypes.get_errno(), "setns")
        return function(*arguments, **named)


def park_of(*targets, access=None, devices=(), **fields):
    """A park with nothing but targets, and devices where a test needs them."""
    source = SourceRef("park.yaml", 1, 1, "")
    return Park(
        "test", "测试园区", "operator", "park.yaml", "digest", 3, 20.0, "127.0.0.0/8", "127.0.0.1",
        access or Access(), source, devices=tuple(devices), targets=targets, **fields,
    )  # fmt: skip


class Service:
    """A TCP port that can be taken away and brought back."""

    def __init__(self):
        self._listener = None
        self.port = free_port()
        self.start()

    def start(self):
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=1000)
        return time.time()

    def stop(self):
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        return time.time()
