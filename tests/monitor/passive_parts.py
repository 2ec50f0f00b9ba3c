"""A park whose devices are on loopback addresses, and listeners that keep what they hear."""

import contextlib
import shutil
import socket
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

from monitor_parts import wait_until

from parkops.model import Workspace
from parkops.monitor.passive import Listen, Listeners
from parkops.monitor.passive.usm import User
from parkops.pipeline import load_park
from parkops.store import Store

DEMO = Path(__file__).resolve().parents[2] / "inventories/demo"
HERE = ("127.0.0.1", 0)
# who sends from which address
AT = {"hx-bd-1": "127.0.0.1", "hx-p1-sw-1": "127.0.0.2", "fw-1": "127.0.0.3", "mgmt-1": "127.0.0.4"}
STRANGER = "127.0.0.99"


def demo_park():
    """The shipped demo park with some devices on loopback addresses."""
    park = load_park(Workspace(DEMO))
    devices = tuple(
        replace(device, management_ipv4=f"{AT[device.name]}/8") if device.name in AT else device
        for device in park.devices
    )
    return replace(park, devices=devices)


class Heard:
    """What the sink was given."""

    def __init__(self):
        self.signals = []
        self._changed = threading.Condition()

    def __call__(self, signal):
        with self._changed:
            self.signals.append(signal)
            self._changed.notify_all()

    def names(self):
        return [signal.name for signal in self.signals]


@contextlib.contextmanager
def listening(folder, park=None, users=None, **listen):
    """Listeners on loopback; yields (listeners, heard)."""
    heard = Heard()
    known = {user.name: user for user in users or ()}
    with Listeners(park or demo_park(), folder / "parkops.db", Listen(**listen), heard, known) as running:
        yield running, heard


def rows(folder):
    with Store.open(folder / "parkops.db") as store:
        return {row.name: row for row in store.signals()}


def heard_row(folder, name, timeout_s=30, count=1):
    """Wait until the store has a name, and return its row."""
    wait_until(
        lambda: (row := rows(folder).get(name)) is not None and row.count >= count,
        timeout_s, f"{name} in the store",
    )  # fmt: skip
    return rows(folder)[name]


def send(data, port, source="127.0.0.1"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((source, 0))
        sock.sendto(data, ("127.0.0.1", port))


def run(*command, check=True, timeout=60):
    words = [str(part) for part in command]
    done = subprocess.run(words, capture_output=True, text=True, timeout=timeout, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done


def needs(*programs):
    missing = [name for name in programs if shutil.which(name) is None]
    assert not missing, f"missing: {missing}; run setup.sh test"


USERS = tuple(
    User(f"user-{auth}", auth, b"authphrase1", "des" if auth == "md5" else "aes128", b"privphrase1")
    for auth in ("md5", "sha", "sha224", "sha256", "sha384", "sha512")
)
