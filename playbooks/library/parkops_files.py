#!/usr/bin/python
"""Put a node's rendered files in place, make its services take them, and take all of it back on a failure."""

from __future__ import annotations

import json
from difflib import unified_diff

from ansible.module_utils import parkops_boot as boot
from ansible.module_utils import parkops_node as node
from ansible.module_utils import parkops_watch as watch
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.parkops_packages import install
from ansible.module_utils.parkops_shell import Failure

DOCUMENTATION = r"""
module: parkops_files
short_description: Manage all rendered files of a node in one call
description:
  - Compares files, modes, packages, the live ruleset, addresses, kernel parameters and services.
  - Applies with a backup; a change that is not confirmed over a new connection is taken back.
options:
  state: {choices: [look, apply, confirm, cancel], required: true, type: str}
  files: {description: JSON list of path, text, mode and reload., required: true, type: str}
  packages: {type: list, elements: str, default: []}
  transaction: {type: str, required: true}
  timeout_s: {type: int, default: 120}
  live: {description: Of a snapshot, what ran without a file to say so., type: dict, default: {}}
  management: {type: str, default: eth0}
"""


def main():
    """Read the arguments, do what the state says, and answer."""
    module = AnsibleModule(
        argument_spec={
            "state": {"choices": ["look", "apply", "confirm", "cancel"], "required": True},
            "files": {"type": "str", "required": True, "no_log": True},
            "packages": {"type": "list", "elements": "str", "default": []},
            "transaction": {"type": "str", "required": True},
            "timeout_s": {"type": "int", "default": 120},
            "live": {"type": "dict", "default": {}},
            "management": {"type": "str", "default": "eth0"},
        },
        supports_check_mode=True,
    )
    arguments = module.params
    spec = node.Spec(
        files=json.loads(arguments["files"]),
        packages=arguments["packages"],
        transaction=arguments["transaction"],
        timeout_s=arguments["timeout_s"],
        management=arguments["management"],
        live=arguments["live"],
    )
    try:
        answer = STATES["look" if module.check_mode else arguments["state"]](spec)
    except (Failure, OSError) as failure:
        module.fail_json(msg=str(failure))
    module.exit_json(**answer)


def look(spec):
    """Compare, and let every parser read its file; nothing is changed.

    What FRR showed last time is no measure while a change waits for its confirmation.
    """
    facets = node.look(spec)
    if watch.pending() is not None:
        facets = [facet for facet in facets if not facet.name.startswith("vtysh ")]
    if any(facet.differs for facet in facets):
        node.check(spec)
    return _answer(spec, facets)


def apply(spec):
    """Compare and change; the change is pending until it is confirmed."""
    facets = node.look(spec)
    differing = [facet for facet in facets if facet.differs]
    answer = _answer(spec, facets)
    if differing:
        node.check(spec)
        watch.await_reverted()
        watch.refuse_if_pending()
        _install_missing(facets)
        _change(spec, differing, [name for name in answer["services"] if name])
    return {**answer, "changed": bool(differing)}


def _answer(spec, facets):
    return {
        "changed": False,
        "parkops_diff": diff(facets),
        "running": [[facet.name, facet.running] for facet in facets],
        "snapshot": node.snapshot(spec),
        "services": sorted({facet.service for facet in facets if facet.differs and facet.service}),
    }


def _install_missing(facets):
    for facet in facets:
        if facet.name == "missing packages" and facet.differs:
            install(facet.running.split())


def _change(spec, differing, names):
    """Put files in place and activate them; on a failure everything is as it was."""
    backup = node.backup_of(spec)
    paths = {facet.name.replace("mode of ", "", 1) for facet in differing}
    backup.take(spec, {path for path in paths if path.startswith("/")}, names)
    boot.install()
    watch.arm(spec, backup)
    try:
        node.place(spec, differing)
        node.activate(spec, names, backup)
        _prove(spec)
    except Exception as failure:  # whatever it is, nothing may be left half done
        problems = watch.take_back(spec, backup)
        left = f"; and it could not all be taken back: {'; '.join(problems)}" if problems else "; taken back"
        raise Failure(f"{failure}{left}") from failure


def _prove(spec):
    """Compare once more: what still differs did not take."""
    left = [facet for facet in node.look(spec) if facet.differs and not facet.name.startswith("vtysh ")]
    if left:
        raise Failure("after the change this still differs: " + one_line(diff(left)))


def confirm(spec):
    """End the watch over a change, once the node has been seen to run it; a second time it only proves it."""
    watch.await_reverted()
    change = watch.pending()
    _prove(spec)
    if change is not None:
        if change["transaction"] != spec.transaction:
            raise Failure("another push waits for its confirmation")
        if not watch.claim():
            raise Failure("the confirmation came too late: the node has taken the change back")
    node.record(spec)
    node.backup_of(spec).drop_spares()
    return {"changed": False, "confirmed": True}


def cancel(spec):
    """Take a change back, pending or confirmed; nothing is done where there was none."""
    watch.await_reverted()
    backup = node.backup_of(spec)
    if backup.taken:
        problems = watch.take_back(spec, backup)
        if problems:
            raise Failure(f"it could not all be taken back: {'; '.join(problems)}")
    return _answer(spec, node.look(spec))


def diff(facets):
    """Return the unified diff over all facets."""
    lines = []
    for facet in facets:
        lines += unified_diff(
            facet.running.splitlines(),
            facet.intended.splitlines(),
            f"{facet.name} running",
            f"{facet.name} intended",
            lineterm="",
        )
    return "".join(f"{line}\n" for line in lines)


def one_line(text):
    """Return the first changed lines of a diff in one line."""
    lines = [line for line in text.splitlines() if line[:1] in "+-" and line[:3] not in ("---", "+++")]
    return " | ".join(lines[:6])


STATES = {"look": look, "apply": apply, "confirm": confirm, "cancel": cancel}

if __name__ == "__main__":
    main()
