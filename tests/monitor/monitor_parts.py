"""Real servers on loopback, each stopped by the test that started it."""

import asyncio
import contextlib
import shutil
import socket
import subprocess
import time
from pathlib import Path

from parkops.errors import UsageError
from parkops.model import Target
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
            wait_until(lambda: ready() or running.poll() is not None, what=f"start of {command[0]}")
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
                *(probes.probe(t, Context(shared, probes.timeout_s(t))) for t in map(_complete, targets))
            )

    samples = asyncio.run(go())
    return samples[0] if len(samples) == 1 else samples


def _complete(one):
    from parkops.monitor import prepare

    return prepare([one])[0]


@contextlib.contextmanager
def tcp_server(talk):
    """Serve connections with ``talk(connection)`` in threads; for servers that misbehave."""
    import threading

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
