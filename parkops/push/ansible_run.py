"""One ansible-runner run over Linux nodes: inventory and jobs in, one answer per node out."""

from __future__ import annotations

import json
import os
import queue
import shutil
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parkops.errors import DeviceError, MachineError, Refused, Unreachable
from parkops.model import ArtifactKind
from parkops.push.contract import Site
from parkops.push.job import Job, Run
from parkops.resources import folder
from parkops.transport.login import KEX

RUN_S = 900  # the longest run; nodes that have not answered by then have failed
# The package that brings each service's daemon.
PACKAGES = {
    "ssh": "openssh-server",
    "sysctl": "procps",
    "networking": "ifupdown",
    "nginx": "nginx-light",
    "systemd-networkd": "systemd",
    "systemd-userdbd": "libnss-systemd",
    "pam-radius": "libpam-radius-auth",
    "wg-quick": "wireguard-tools",
    "strongswan": "charon-systemd",
    "parkops-ptp": "linuxptp",
    "parkops-qos": "iproute2",
    "parkops-portal": "python3",
    # OpenWrt's services
    "system": "base-files",
    "network": "netifd",
    "firewall": "firewall4",
    "sshd": "openssh-server",
    "park-accounts": "sudo",
}
UNITS = "parkops-"  # services whose unit is rendered: containers that podman runs
MEMORY = Path("/dev/shm")  # noqa: S108  # a private folder is made in it


@dataclass(frozen=True, slots=True)
class Said:
    """What a node said; ``error`` is None when all went well."""

    device: str
    error: DeviceError | None = None
    diff: str = ""
    running: tuple[tuple[str, str], ...] = ()  # (facet, text)
    snapshot: str = ""  # JSON: the managed files as they are, and what runs without a file to say so


def play(state: str, sites: Sequence[Site], run: Run) -> Iterator[Said]:
    """Run the playbook over the nodes, and yield what each said as it comes.

    ``state`` is look, apply, confirm or cancel. MachineError when Ansible is not installed.
    """
    if not sites:
        return
    _require_ansible()
    home = run.workspace.state / "ansible"
    inventory = _prepare(home, state, sites, run)
    answers: queue.SimpleQueue[Said | None] = queue.SimpleQueue()
    watcher = _Watcher(answers, 2 if state == "apply" else 1)
    # What takes a change back goes on when the rest of the run was interrupted.
    cancelled = run.cancelled.is_set if state != "cancel" else bool
    thread = threading.Thread(target=_run, args=(home, inventory, run, cancelled, watcher, answers))
    thread.start()
    missing = {site.name for site in sites}
    try:
        while (said := answers.get()) is not None:
            if said.device in missing:
                missing.discard(said.device)
                yield said
    finally:
        thread.join()
    for name in sorted(missing):
        what = "interrupted" if cancelled() else watcher.trouble or "Ansible gave no answer for it"
        yield Said(name, DeviceError(what, where=name))


def _require_ansible() -> None:
    if _program() is None:
        hint = "pip install 'parkops[ansible]'"
        raise MachineError("Linux nodes need Ansible, and ansible-playbook is not installed", hint=hint)


def _program() -> str | None:
    """Find ansible-playbook: beside this Python first, as it must import parkops."""
    beside = Path(sys.executable).parent
    return shutil.which("ansible-playbook", path=os.pathsep.join([str(beside), os.environ.get("PATH", "")]))


def _prepare(home: Path, state: str, sites: Sequence[Site], run: Run) -> Path:
    """Write the run's folder: an inventory and one job per node, with references where secrets belong."""
    folder_ = home / "jobs"
    shutil.rmtree(home / "env", ignore_errors=True)
    folder_.mkdir(parents=True, exist_ok=True, mode=0o700)
    hosts: dict[str, dict[str, str]] = {}
    for site in sites:
        path = folder_ / f"{site.name}.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(_job(site, run), ensure_ascii=False), encoding="utf-8")
        hosts[site.name] = {"ansible_host": site.job.address, "parkops_job": str(path)}
    inventory = home / "inventory.json"
    variables = {**_variables(run), "parkops_state": state}
    document = {"all": {"hosts": hosts, "vars": variables}}
    inventory.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return inventory


def _job(site: Site, run: Run) -> dict[str, Any]:
    files, live = _target(site.job)
    services = sorted({entry["reload"] for entry in files if entry["reload"]})
    return {
        "root": str(run.workspace.root),
        "transaction": run.transaction or "none",
        "timeout_s": site.timeout_s,
        "packages": sorted({_package(service) for service in services}),
        "files": files,
        "live": live,
    }


def _package(service: str) -> str:
    """Return the package that brings a service's daemon; ``wg-quick@wg0`` is an instance of a unit."""
    name = service.partition("@")[0]
    return PACKAGES.get(name, "podman" if name.startswith(UNITS) else name)


def _target(job: Job) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Return the files that a node is to have, and what of a snapshot runs without a file to say so."""
    if job.snapshot is not None:
        kept = json.loads(job.snapshot.data)
        return kept["files"], kept["live"]
    files = sorted((a for a in job.artifacts if a.kind is ArtifactKind.FILE), key=lambda a: a.destination)
    return [{"path": a.destination, "text": a.text, "mode": a.mode, "reload": a.reload} for a in files], {}


def _variables(run: Run) -> dict[str, str]:
    login = run.login
    options = {
        "UserKnownHostsFile": str(login.known_hosts),
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "IdentitiesOnly": "yes",
        "PreferredAuthentications": "publickey",
        "ConnectTimeout": f"{login.connect_timeout_s:.0f}",
        "ServerAliveInterval": "5",
        "ServerAliveCountMax": "3",
        "KexAlgorithms": "^" + ",".join(KEX[:2]),
        # Each task opens its own connection: the confirmation must not ride on one that was open before.
        "ControlMaster": "no",
        "ControlPath": "none",
    }
    variables = {
        "ansible_user": login.user,
        "ansible_ssh_args": " ".join(f"-o {name}={_quoted(value)}" for name, value in options.items()),
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    if login.key is not None:
        variables["ansible_ssh_private_key_file"] = str(login.key)
    return variables


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value


class _Watcher:
    """Turn Ansible's events into what the nodes said: the answer to the last of ``tasks`` counts."""

    def __init__(self, answers: queue.SimpleQueue[Said | None], tasks: int) -> None:
        self._answers, self._left = answers, defaultdict[str, int](lambda: tasks)
        self.trouble = ""  # what Ansible itself complained about

    def __call__(self, event: Mapping[str, Any]) -> bool:
        data = event.get("event_data") or {}
        host, result = data.get("host", ""), data.get("res") or {}
        kind = event.get("event", "")
        if kind in ("runner_on_failed", "runner_on_unreachable"):
            self._fail(host, kind, result)
        elif kind == "runner_on_ok":
            self._left[host] -= 1
            if self._left[host]:
                return False
            running = tuple((name, text) for name, text in result.get("running", ()))
            snapshot = json.dumps(result.get("snapshot", {}), ensure_ascii=False, sort_keys=True)
            self._answers.put(Said(host, None, result.get("parkops_diff", ""), running, snapshot))
        elif kind in ("error", "verbose") and "ERROR" in (event.get("stdout") or ""):
            self.trouble = self.trouble or " ".join(str(event["stdout"]).split())
        return False  # keep no event files: they would only pile up

    def _fail(self, host: str, kind: str, result: Mapping[str, Any]) -> None:
        said = " ".join(str(result.get("msg") or result.get("module_stderr") or "no reason given").split())
        failure = Refused if kind == "runner_on_failed" else Unreachable
        self._answers.put(Said(host, failure(said, where=host)))


def _run(
    home: Path,
    inventory: Path,
    run: Run,
    cancelled: Callable[[], bool],
    watcher: _Watcher,
    answers: queue.SimpleQueue[Said | None],
) -> None:
    """Run ansible-runner to its end, whatever it is; the queue's end mark comes last."""
    try:
        import ansible_runner

        playbooks = folder("playbooks")
        # ansible-runner notes its whole environment, in which secrets may stand: in memory, and not for long.
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else home) as notes:
            ansible_runner.run(
                private_data_dir=str(home),
                artifact_dir=notes,
                playbook=str(playbooks / "site.yml"),
                inventory=str(inventory),
                forks=max(1, min(run.workers, 8)),
                quiet=True,
                event_handler=watcher,
                cancel_callback=cancelled,
                settings={"idle_timeout": 0, "job_timeout": RUN_S},
                envvars=_environment(playbooks, home),
                suppress_env_files=True,  # what one run is told must not reach the next
            )
    except Exception as error:  # noqa: BLE001  # the boundary: nodes without an answer name it
        watcher.trouble = f"{type(error).__name__}: {error}"
    finally:
        answers.put(None)


def _environment(playbooks: Path, home: Path) -> dict[str, str]:
    """Tell Ansible where its settings and files are: nothing of the user's is read or left in their home."""
    program = Path(_program() or "ansible-playbook").parent
    return {
        "PATH": os.pathsep.join([str(program), os.environ.get("PATH", "")]),
        "ANSIBLE_CONFIG": str(playbooks / "ansible.cfg"),
        "ANSIBLE_LOCAL_TEMP": str(home / "tmp"),
    }
