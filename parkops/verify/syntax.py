"""Has each artifact read by the real parser of its language, where this machine has one."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import which

from parkops.model import Artifact, Evidence, EvidenceKind, Finding, Verdict

TIMEOUT_S = 20.0
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# A network namespace of its own; an ordinary user makes one inside a user namespace.
ALONE = ("unshare", "-n") if os.geteuid() == 0 else ("unshare", "-r", "-n")
PARSERS: dict[str, tuple[str, tuple[str, ...], str]] = {  # language -> (program, call, Debian package)
    "nftables": ("nft", (*ALONE, "nft", "-c", "-f", "{file}"), "nftables"),
    "prometheus": ("promtool", ("promtool", "check", "config", "--syntax-only", "{file}"), "prometheus"),
    "prometheus-rules": ("promtool", ("promtool", "check", "rules", "{file}"), "prometheus"),
    "frr": ("vtysh", ("vtysh", "-C", "-f", "{file}"), "frr"),
    "chrony": ("chronyd", ("chronyd", "-p", "-f", "{file}"), "chrony"),
}


def check_syntax(artifacts: tuple[Artifact, ...], workers: int = 4) -> Iterator[Finding]:
    """Yield one finding per artifact that has a parser, or a built-in reader (XML, YAML)."""
    wanted = [item for item in artifacts if item.language in PARSERS or item.language in BUILT_IN]
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(_check, wanted)


def _check(artifact: Artifact) -> Finding:
    if artifact.language in BUILT_IN:
        error = " ".join(BUILT_IN[artifact.language](artifact.text).split())
        return _finding(artifact, Verdict.FAIL if error else Verdict.PASS, error or "accepted")
    program, call, package = PARSERS[artifact.language]
    if which(program, path=PATH) is None:
        return _finding(artifact, Verdict.UNKNOWN, f"{program} is not installed (Debian package {package})")
    with tempfile.TemporaryDirectory(prefix="parkops-") as folder:
        file = Path(folder) / Path(artifact.path).name
        file.write_text(artifact.text, encoding="utf-8")
        try:
            code, output = _run([part.format(file=file) for part in call])
        except subprocess.TimeoutExpired:
            return _finding(artifact, Verdict.UNKNOWN, f"{program} did not answer within {TIMEOUT_S:g} s")
    if code == 0:
        return _finding(artifact, Verdict.PASS, "accepted")
    complaint = _complaint(output.replace(str(file), artifact.path))
    return _finding(artifact, Verdict.FAIL, complaint or f"{program} ended with {code} and said nothing")


def _complaint(output: str) -> str:
    """Return the first line that says what is wrong, without the time at which it was said."""
    lines = (re.sub(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T\S+ ", "", line.strip()) for line in output.splitlines())
    return next((line for line in lines if line and not line.startswith(("Checking ", "FAILED"))), "")


def _run(call: list[str]) -> tuple[int, str]:
    done = subprocess.run(
        call, capture_output=True, text=True, timeout=TIMEOUT_S, env={"PATH": PATH}, check=False
    )
    return done.returncode, done.stderr + done.stdout


def _finding(artifact: Artifact, verdict: Verdict, actual: str) -> Finding:
    return Finding(
        "verify.syntax",
        artifact.language,
        verdict,
        f"Expected: {artifact.language} accepts it. Actual: {actual}.",
        (
            Evidence(
                EvidenceKind.CONFIG,
                artifact.device or "park",
                artifact.path,
                actual,
                None,
                digest=artifact.digest,
            ),
        ),
        artifact.path,
    )


def _read_xml(text: str) -> str:
    from lxml import etree

    try:
        etree.fromstring(text.encode())
    except etree.XMLSyntaxError as error:
        return str(error)
    return ""


def _read_yaml(text: str) -> str:
    import yaml

    try:
        yaml.load(text, yaml.CSafeLoader)
    except yaml.YAMLError as error:
        return str(error)
    return ""


BUILT_IN: dict[str, Callable[[str], str]] = {
    "xml": _read_xml,
    "containerlab": _read_yaml,
    "ansible-inventory": _read_yaml,
}
