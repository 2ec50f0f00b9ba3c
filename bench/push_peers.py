"""The peers of the push benchmark: stock ncclient, nornir with netmiko, and Ansible, each as documented."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from push_servers import USER, Servers

from parkops.transport.login import Login

PR_SET_CHILD_SUBREAPER = 36


@contextmanager
def ncclient(host: str, login: Login, port: int = 830) -> Iterator[Any]:
    """Open ncclient as its documentation does, with the host key checked."""
    from ncclient import manager

    with manager.connect(
        host=host, port=port, username=login.user, key_filename=str(login.key), timeout=30,
        allow_agent=False, look_for_keys=False, hostkey_b64=login.known_hosts.read_text().split()[2],
    ) as session:  # fmt: skip
        yield session


def nornir(found: Servers) -> None:
    """Open a shell on each device and ask one thing, by nornir's threaded runner and netmiko."""
    import netmiko
    from nornir.core import Nornir
    from nornir.core.inventory import Defaults, Groups, Host, Hosts, Inventory
    from nornir.plugins.runners import ThreadedRunner

    def ask(task: Any) -> None:
        with netmiko.ConnectHandler(
            device_type="linux", host=task.host.hostname, port=found.port, username=found.login.user,
            use_keys=True, key_file=str(found.login.key), ssh_strict=True, alt_host_keys=True,
            alt_key_file=str(found.login.known_hosts),
        ) as connection:  # fmt: skip
            connection.send_command("true")

    hosts = Hosts({address: Host(address, hostname=address) for address in found.addresses})
    runner = Nornir(inventory=Inventory(hosts, Groups(), Defaults()), runner=ThreadedRunner(num_workers=8))
    failed = runner.run(task=ask).failed_hosts
    if failed:
        raise SystemExit(f"nornir failed on {len(failed)} devices")


PLAYBOOK = """- hosts: all
  gather_facts: false
  tasks:
    - ansible.netcommon.netconf_get: {source: running}
"""


def ansible_missing() -> str:
    """Say what Ansible lacks here, "" for nothing."""
    if importlib.util.find_spec("ansible") is None:
        return "ansible-core"
    if importlib.util.find_spec("ansible_collections.ansible.netcommon") is None:
        return "ansible.netcommon (uv sync --group bench)"
    return ""


def ansible(found: Servers) -> None:
    """Read each device's running configuration, and nothing more."""
    folder = found.folder
    variables = (
        f"ansible_connection=ansible.netcommon.netconf ansible_port={found.port} ansible_user={USER} "
        f"ansible_ssh_private_key_file={found.login.key} ansible_network_os=default "
        f"ansible_python_interpreter={sys.executable}"
    )
    (folder / "hosts").write_text("[all:vars]\n" + variables.replace(" ", "\n") + "\n\n[all]\n"
                                  + "\n".join(found.addresses) + "\n")  # fmt: skip
    (folder / "play.yml").write_text(PLAYBOOK)
    home = folder / "home"
    (home / ".ssh").mkdir(parents=True, exist_ok=True)
    (home / ".ssh" / "known_hosts").write_bytes(found.login.known_hosts.read_bytes())
    environment = {
        **os.environ, "HOME": str(home), "ANSIBLE_HOME": str(home), "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_PERSISTENT_CONNECT_TIMEOUT": "5", "ANSIBLE_PERSISTENT_COMMAND_TIMEOUT": "4",
        "ANSIBLE_HOST_KEY_CHECKING": "False", "ANSIBLE_FORKS": "8",
    }  # fmt: skip
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "hosts", "play.yml"]
    _adopt_orphans()
    before = _children()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"Ansible failed: {(done.stdout + done.stderr)[-800:]}")
    _bury_orphans(before, 20)


def _adopt_orphans() -> None:
    """Be the parent of Ansible's connection daemons, so that their CPU is counted."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _children() -> set[int]:
    told = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=False
    )
    return {int(pid) for pid in told.stdout.split()}


def _bury_orphans(before: set[int], timeout_s: float) -> None:
    """Wait until the daemons, which end when they have been idle for a while, are gone."""
    stop_s = time.monotonic() + timeout_s
    while time.monotonic() < stop_s:
        for pid in (left := _children() - before):
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        if not {pid for pid in left if Path(f"/proc/{pid}").exists()}:
            return
        time.sleep(0.2)
