"""Has each artifact read by the real parser of its language, where this machine has one."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import which

from parkops.model import Artifact, Evidence, EvidenceKind, Finding, Verdict

TIMEOUT_S = 20.0
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

PARSERS: dict[str, tuple[str, tuple[str, ...], str]] = {  # language -> (program, call, Debian package)
    "nftables": ("nft", ("unshare", "-r", "-n", "nft", "-c", "-f", "{file}"), "nftables"),
    "prometheus": ("promtool", ("promtool", "check", "config", "--syntax-only", "{file}"), "prometheus"),
    "prometheus-rules": ("promtool", ("promtool", "check", "rules", "{file}"), "prometheus"),
    "frr": ("vtysh", ("vtysh", "-C", "-f", "{file}"), "frr"),
}


def check_syntax(artifacts: tuple[Artifact, ...], workers: int = 4) -> Iterator[Finding]:
    """Yield one finding per artifact that has a parser, or a built-in reader (XML, YAML)."""
    wanted = [item for item in artifacts if item.language in PARSERS or item.language in BUILT_IN]
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(_check, wanted)


def _check(artifact: Artifact) -> Finding:
    if artifact.language in BUILT_IN:
        error = BUILT_IN[artifact.language](artifact.text)
        return _finding(artifact, Verdict.FAIL if error else Verdict.PASS, error or "accepted")
    program, call, package = PARSERS[artifact.language]
    if which(program, path=PATH) is None:
        return _finding(artifact, Verdict.UNKNOWN, f"{program} is not installed (Debian package {package})")
    with tempfile.TemporaryDirectory(prefix="parkops-") as folder:
        file = Path(folder) / Path(artifact.path).name
        file.write_text(artifact.text, encoding="utf-8")
        done = subprocess.run(
            [part.format(file=file) for part in call],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            env={"PATH": PATH},
            check=False,
        )
    output = (done.stderr + done.stdout).strip().replace(str(file), artifact.path)
    return _finding(
        artifact,
        Verdict.FAIL if done.returncode else Verdict.PASS,
        output.splitlines()[0] if done.returncode and output else "accepted",
    )


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
