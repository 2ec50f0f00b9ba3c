"""One ansible-runner run over Linux nodes: inventory and jobs in, one answer per node out."""

from __future__ import annotations

import json
import os
import queue
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parkops.errors import DeviceError, Diverged, MachineError, Refused, Unreachable
from parkops.model import ArtifactKind
from parkops.push.job import Job, Run
from parkops.resources import folder
from parkops.transport.login import KEX

REVERT_S = 120  # how long a node waits for its confirmation
RUN_S = 900  # the longest run; nodes that have not answered by then have failed
# The package that brings each service's daemon.
PACKAGES = {"ssh": "openssh-server", "sysctl": "procps", "networking": "ifupdown", "nginx": "nginx-light"}
MEMORY = Path("/dev/shm")  # noqa: S108  # a private folder is made in it


@dataclass(frozen=True, slots=True)
class Answer:
    """What a node said; ``error`` is empty when all went well."""

    device: str
    error: str = ""
    diff: str = ""
    services: tuple[str, ...] = ()
    running: tuple[tuple[str, str], ...] = ()  # (facet, text)


def play(jobs: Sequence[Job], run: Run, *, check: bool) -> Iterator[Answer]:
    """Run the playbook over the nodes, and yield each node's answer as it comes.

    MachineError when Ansible is not installed.
    """
    if not jobs:
        return
    _require_ansible()
    home = run.workspace.state / "ansible"
    inventory = _prepare(home, jobs, run)
    answers: queue.SimpleQueue[Answer | None] = queue.SimpleQueue()
    watcher = _Watcher(answers, check)
    thread = threading.Thread(target=_run, args=(home, inventory, run, check, watcher, answers))
    thread.start()
    missing = {job.name for job in jobs}
    try:
        while (answer := answers.get()) is not None:
            if answer.device in missing:
                missing.discard(answer.device)
                yield answer
    finally:
        thread.join()
    for name in sorted(missing):
        error = (
            "interrupted" if run.cancelled.is_set() else watcher.trouble or "Ansible gave no answer for it"
        )
        yield Answer(name, error=str(DeviceError(error, where=name)))


def _require_ansible() -> None:
    if _program() is None:
        hint = "pip install 'parkops[ansible]'"
        raise MachineError("Linux nodes need Ansible, and ansible-playbook is not installed", hint=hint)


def _program() -> str | None:
    """Find ansible-playbook: beside this Python first, as it must import parkops."""
    beside = Path(sys.executable).parent
    return shutil.which("ansible-playbook", path=os.pathsep.join([str(beside), os.environ.get("PATH", "")]))


def _prepare(home: Path, jobs: Sequence[Job], run: Run) -> Path:
    """Write the run's folder: an inventory and one job per node, with references where secrets belong."""
    folder_ = home / "jobs"
    shutil.rmtree(home / "env", ignore_errors=True)
    folder_.mkdir(parents=True, exist_ok=True, mode=0o700)
    hosts: dict[str, dict[str, str]] = {}
    for job in jobs:
        path = folder_ / f"{job.name}.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(_job(job, run), ensure_ascii=False), encoding="utf-8")
        hosts[job.name] = {"ansible_host": job.address, "parkops_job": str(path)}
    inventory = home / "inventory.json"
    document = {"all": {"hosts": hosts, "vars": _variables(run)}}
    inventory.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return inventory


def _job(job: Job, run: Run) -> dict[str, Any]:
    files = [artifact for artifact in job.artifacts if artifact.kind is ArtifactKind.FILE]
    services = sorted({artifact.reload for artifact in files if artifact.reload})
    return {
        "root": str(run.workspace.root),
        "transaction": run.transaction or "none",
        "timeout_s": REVERT_S,
        "packages": [PACKAGES.get(service, service) for service in services],
        "files": [
            {"path": a.destination, "text": a.text, "mode": a.mode, "reload": a.reload}
            for a in sorted(files, key=lambda a: a.destination)
        ],
    }


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
    """Turn Ansible's events into answers; in a check the first task's answer is all there is."""

    def __init__(self, answers: queue.SimpleQueue[Answer | None], check: bool) -> None:
        self._answers, self._check = answers, check
        self._applied: dict[str, Answer] = {}
        self.trouble = ""  # what Ansible itself complained about

    def __call__(self, event: Mapping[str, Any]) -> bool:
        data = event.get("event_data") or {}
        host, result = data.get("host", ""), data.get("res") or {}
        kind = event.get("event", "")
        if kind in ("runner_on_failed", "runner_on_unreachable"):
            self._fail(host, kind, result)
        elif kind == "runner_on_ok":
            self._ok(host, result)
        elif kind in ("error", "verbose") and "ERROR" in (event.get("stdout") or ""):
            self.trouble = self.trouble or " ".join(str(event["stdout"]).split())
        return False  # keep no event files: they would only pile up

    def _ok(self, host: str, result: Mapping[str, Any]) -> None:
        if "parkops_diff" in result:
            answer = Answer(
                host,
                diff=result["parkops_diff"],
                services=tuple(result["services"]),
                running=tuple((name, text) for name, text in result["running"]),
            )
            self._applied[host] = answer
            if self._check or not answer.diff:
                self._answers.put(answer)
            elif not result["pending"]:
                error = Diverged("Ansible said yes, but nothing was applied", where=host)
                self._answers.put(Answer(host, error=str(error)))
        elif host in self._applied:  # confirmed
            self._answers.put(self._applied[host])

    def _fail(self, host: str, kind: str, result: Mapping[str, Any]) -> None:
        said = " ".join(str(result.get("msg") or result.get("module_stderr") or "no reason given").split())
        if kind == "runner_on_failed":
            self._answers.put(Answer(host, error=str(Refused(said, where=host))))
            return
        if host in self._applied:
            said += f"; it does not answer after the change and takes it back within {REVERT_S} s"
        self._answers.put(Answer(host, error=str(Unreachable(said, where=host))))


def _run(
    home: Path,
    inventory: Path,
    run: Run,
    check: bool,
    watcher: _Watcher,
    answers: queue.SimpleQueue[Answer | None],
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
                cmdline="--check" if check else None,
                forks=max(1, min(run.workers, 8)),
                quiet=True,
                event_handler=watcher,
                cancel_callback=run.cancelled.is_set,
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
