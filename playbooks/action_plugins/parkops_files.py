"""Hand a node's files to the module: read from the job's folder, with secrets filled in on the way only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from parkops.errors import ParkopsError
from parkops.transport.secrets import Vault


class ActionModule(ActionBase):
    """Run ``parkops_files`` on the node; what comes back holds references, not secrets."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Fill secrets in, execute the module, redact its answer."""
        del tmp
        job = json.loads(Path(self._task.args["job"]).read_text(encoding="utf-8"))
        vault = Vault(Path(job["root"]))
        try:
            files = [{**entry, "text": vault.fill(entry["text"])} for entry in job["files"]]
        except ParkopsError as error:
            raise AnsibleActionFail(str(error)) from error
        arguments = {
            "state": self._task.args["state"],
            "files": json.dumps(files),  # as text: a list would be templated
            "packages": job["packages"],
            "transaction": job["transaction"],
            "timeout_s": job["timeout_s"],
            "live": job["live"],
        }
        answer = self._execute_module("parkops_files", module_args=arguments, task_vars=task_vars)
        answer.pop("invocation", None)
        return dict(json.loads(vault.redact(json.dumps(answer, ensure_ascii=False, default=str))))
