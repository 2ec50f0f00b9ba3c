"""Has each artifact read by the real parser of its language, where this machine has one."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from parkops.model import Artifact, Evidence, EvidenceKind, Finding, Verdict

TIMEOUT_S = 20.0
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Parser:
    """A program that reads a language: its call, with {file} and {folder}, and its Debian package."""

    call: tuple[str, ...]
    package: str
    program: str = ""  # default: the first word of the call
    folder: str = ""  # must be there, or the program refuses everything; of tmpfiles.d, or a started service

    @property
    def name(self) -> str:
        """The program."""
        return self.program or self.call[0]


# A network namespace of its own; an ordinary user makes one inside a user namespace.
ALONE = ("unshare", "-n") if os.geteuid() == 0 else ("unshare", "-r", "-n")
NGINX = (
    "printf 'pid {folder}/pid; error_log stderr; events {{}} http {{ access_log off; include {file};"
    " client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;"
    " uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; }}' > {folder}/nginx.conf"
    " && exec nginx -t -q -c {folder}/nginx.conf"
)
SSHD = "ssh-keygen -q -t ed25519 -N '' -f {folder}/key && exec /usr/sbin/sshd -t -h {folder}/key -f {file}"
# Show a folder that this machine lacks to one program, in a mount namespace of its own.
SHOW = 'mount -t tmpfs tmpfs "${1%/*}" && mkdir -m 755 "$1" && shift && exec "$@"'
SHOWN = (*(("unshare", "-m") if os.geteuid() == 0 else ("unshare", "-r", "-m")), "sh", "-c", SHOW, "sh")
STAMP = re.compile(r"^[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}[T ]\S+ (\[emerg\] [0-9#]+: )?")
CHATTER = re.compile(r"Checking |FAILED|rsyslogd: version |.*: warnings occurred in file ")
ELSEWHERE = re.compile(r"'/etc/ssl/parkops/[^']*' could not be accessed")  # what the node itself has
PARSERS: dict[str, Parser] = {  # by language
    "nftables": Parser((*ALONE, "nft", "-c", "-f", "{file}"), "nftables", "nft"),
    "prometheus": Parser(("promtool", "check", "config", "--syntax-only", "{file}"), "prometheus"),
    "prometheus-rules": Parser(("promtool", "check", "rules", "{file}"), "prometheus"),
    "frr": Parser(("vtysh", "-C", "-f", "{file}"), "frr"),
    "chrony": Parser(("chronyd", "-p", "-f", "{file}"), "chrony"),
    "ifupdown": Parser(("ifquery", "--interfaces", "{file}", "--list", "--all"), "ifupdown"),
    "rsyslog": Parser(("rsyslogd", "-N1", "-f", "{file}"), "rsyslog"),
    "sshd": Parser(("sh", "-c", SSHD), "openssh-server", "sshd", folder="/run/sshd"),
    "nginx": Parser((*ALONE, "sh", "-c", NGINX), "nginx-light", "nginx"),
    "shell": Parser(("sh", "-n", "{file}"), "dash"),
}


def check_syntax(artifacts: tuple[Artifact, ...], workers: int = 4) -> Iterator[Finding]:
    """Yield one finding per artifact that has a parser, or a built-in reader (XML, YAML, JSON)."""
    wanted = [item for item in artifacts if item.language in PARSERS or item.language in BUILT_IN]
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(_check, wanted)


def _check(artifact: Artifact) -> Finding:
    if artifact.language in BUILT_IN:
        error = " ".join(BUILT_IN[artifact.language](artifact.text).split())
        return _finding(artifact, Verdict.FAIL if error else Verdict.PASS, error or "accepted")
    parser = PARSERS[artifact.language]
    if which(parser.name, path=PATH) is None:
        what = f"{parser.name} is not installed (Debian package {parser.package})"
        return _finding(artifact, Verdict.UNKNOWN, what)
    with tempfile.TemporaryDirectory(prefix="parkops-") as folder:
        before = showing(parser.folder, Path(folder))
        if before is None:
            what = f"{parser.name} wants {parser.folder}, which is not here"
            return _finding(artifact, Verdict.UNKNOWN, what)
        file = Path(folder) / Path(artifact.path).name
        file.write_text(artifact.text, encoding="utf-8")
        try:
            code, output = _run([*before, *(part.format(file=file, folder=folder) for part in parser.call)])
        except subprocess.TimeoutExpired:
            what = f"{parser.name} did not answer within {TIMEOUT_S:g} s"
            return _finding(artifact, Verdict.UNKNOWN, what)
    if code == 0:
        return _finding(artifact, Verdict.PASS, "accepted")
    complaint = _complaint(output.replace(str(file), artifact.path))
    if ELSEWHERE.search(complaint):
        return _finding(artifact, Verdict.UNKNOWN, f"cannot be told on this machine: {complaint}")
    return _finding(artifact, Verdict.FAIL, complaint or f"{parser.name} ended with {code} and said nothing")


def showing(folder: str, work: Path) -> tuple[str, ...] | None:
    """Return the words before a program's call that let it see a folder; none where it is there.

    ``work`` is where its files are, which must not be hidden. None where the folder cannot be shown.
    """
    if not folder or Path(folder).is_dir():
        return ()
    words = (*SHOWN, folder)
    if work.resolve().is_relative_to(Path(folder).parent.resolve()) or _run([*words, "true"])[0]:
        return None
    return words


def _complaint(output: str) -> str:
    """Return the first line that says what is wrong, without the time and the process that said it."""
    lines = (STAMP.sub("", line.strip()) for line in output.splitlines())
    return next((line for line in lines if line and not CHATTER.match(line)), "")


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


def _read_json(text: str) -> str:
    import json

    try:
        json.loads(text)
    except ValueError as error:
        return str(error)
    return ""


BUILT_IN: dict[str, Callable[[str], str]] = {
    "xml": _read_xml,
    "json": _read_json,
    "yaml": _read_yaml,
    "containerlab": _read_yaml,
    "ansible-inventory": _read_yaml,
}
