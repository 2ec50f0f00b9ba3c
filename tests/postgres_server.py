"""A PostgreSQL of the tests' own."""

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

BIN = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


class Postgres:
    """A server on a socket in a folder of its own; nobody else reaches it."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="parkops-pg-"))
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:  # initdb refuses root
            shutil.chown(self.folder, "postgres")
        self._number = itertools.count()

    def run(self, *command):
        as_user = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()
        done = subprocess.run(
            [*as_user, *map(str, command)], capture_output=True, text=True, cwd="/", timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def __enter__(self):
        self.run(BIN / "initdb", "-D", self.folder / "data", "-A", "trust", "--no-sync", "--locale=C.UTF-8")
        self.start()
        return self

    def start(self):
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=off -c shared_buffers=16MB"
        log = self.folder / "log"
        self.run(BIN / "pg_ctl", "-D", self.folder / "data", "-l", log, "-w", "-o", options, "start")

    def stop(self):
        self.run(BIN / "pg_ctl", "-D", self.folder / "data", "-m", "immediate", "-w", "stop")

    def __exit__(self, *error):
        self.stop()
        shutil.rmtree(self.folder)

    def new(self):
        """Return the URL of an empty database."""
        name = f"park{next(self._number)}"
        self.run(BIN / "createdb", "-h", self.folder, name)
        return f"postgresql:///{name}?host={self.folder}&user={self.user}"


@pytest.fixture(scope="session")
def postgres():
    """A server that runs as long as the tests of one process."""
    if BIN is None:
        pytest.fail("PostgreSQL is not installed: `sh setup.sh test` installs it")
    with Postgres() as server:
        yield server
