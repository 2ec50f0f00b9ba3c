"""The real parser of each format: what it says about an artifact, and why it cannot be asked here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from parkops.verify.syntax import showing

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
YANG = Path(os.environ.get("PARKOPS_YANG", SHARED / "yang"))
SCHEMA = SHARED / "schemas" / "containerlab-topology.schema.json"
MODULES = (
    "ietf/ietf-interfaces.yang",
    "ietf/iana-if-type@2014-05-08.yang",
    "ieee/ieee802-dot1q-bridge.yang",
    "ieee/ieee802-dot1q-rstp-bridge.yang",
)
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TIMEOUT_S = 30


def need(*programs: str) -> None:
    """Fail where a program is not installed: the set-up can install every one of them."""
    for program in programs:
        if shutil.which(program, path=PATH) is None:
            pytest.fail(f"{program} is not installed: `sh setup.sh test` installs it", pytrace=False)


def run(*call: str | Path, cwd: Path | None = None) -> str:
    """Return what a program complains about, "" when it accepts."""
    done = subprocess.run(
        [str(part) for part in call],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        cwd=cwd,
        env={"PATH": PATH, "LC_ALL": "C.UTF-8"},
        check=False,
    )
    return (done.stderr + done.stdout).strip() or f"ended with {done.returncode}" if done.returncode else ""


def _file(folder: Path, text: str, name: str = "artifact") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def nftables(text: str, folder: Path) -> str:
    need("nft", "unshare")
    return run("unshare", "-r", "-n", "nft", "-c", "-f", _file(folder, text))


def frr(text: str, folder: Path) -> str:
    need("vtysh")
    return run("vtysh", "-C", "-f", _file(folder, text))


def chrony(text: str, folder: Path) -> str:
    need("chronyd")
    return run("chronyd", "-p", "-f", _file(folder, text))


def sshd_call(folder: Path) -> tuple[str, ...]:
    """Return how sshd is called where it never ran as well: it wants a folder that its service makes."""
    before = showing("/run/sshd", folder)
    if before is None:
        pytest.skip("sshd -t wants /run/sshd, which is not here and cannot be shown in a namespace")
    return (*before, shutil.which("sshd", path=PATH) or "sshd")


def sshd(text: str, folder: Path) -> str:
    need("sshd", "ssh-keygen")
    key = folder / "host_key"
    if not key.exists():
        assert run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key) == ""
    return run(*sshd_call(folder), "-t", "-h", key, "-f", _file(folder, text))


def rsyslog(text: str, folder: Path) -> str:
    need("rsyslogd")
    return run("rsyslogd", "-N1", "-f", _file(folder, text))


def nginx_wrapper(text: str, folder: Path) -> Path:
    """Return a whole nginx configuration around a site."""
    site = _file(folder, text, "site")
    wrapper = (
        f"user root root;\ndaemon off;\nerror_log stderr;\npid {folder}/nginx.pid;\nevents {{}}\nhttp {{\n"
    )
    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
        wrapper += f"  {kind}_temp_path {folder}/{kind};\n"
    return _file(folder, f"{wrapper}  access_log off;\n  include {site};\n}}\n", "nginx.conf")


def nginx(text: str, folder: Path) -> str:
    need("nginx", "unshare")
    return run("unshare", "-r", "-n", "nginx", "-t", "-q", "-c", nginx_wrapper(text, folder))


def prometheus(text: str, folder: Path) -> str:
    need("promtool")
    return run("promtool", "check", "config", "--syntax-only", _file(folder, text))


def prometheus_rules(text: str, folder: Path) -> str:
    need("promtool")
    return run("promtool", "check", "rules", _file(folder, text))


def alertmanager(text: str, folder: Path) -> str:
    need("amtool")
    return run("amtool", "check-config", _file(folder, text))


def blackbox(text: str, folder: Path) -> str:
    need("prometheus-blackbox-exporter")
    return run("prometheus-blackbox-exporter", "--config.check", f"--config.file={_file(folder, text)}")


def json_text(text: str, folder: Path) -> str:
    try:
        json.loads(text)
    except ValueError as error:
        return str(error)
    return ""


def grafana(text: str, folder: Path) -> str:
    """Read a dashboard into Grafana's own types and back; what they do not know is lost, and told."""
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models.dashboard import Dashboard

    register_default_plugins()
    document = json.loads(text)
    again = json.loads(JSONEncoder(sort_keys=True).encode(Dashboard.from_json(document)))
    return "; ".join(lost(document, again, ""))


def lost(before: object, after: object, place: str) -> list[str]:
    """Return what of a document is not in another one, which may hold more."""
    if isinstance(before, dict) and isinstance(after, dict):
        missing = [f"{place}.{key} is lost" for key in sorted(before.keys() - after.keys())]
        both = sorted(before.keys() & after.keys())
        return missing + [item for key in both for item in lost(before[key], after[key], f"{place}.{key}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return [item for number, (one, other) in pairs for item in lost(one, other, f"{place}[{number}]")]
    return [] if before == after else [f"{place}: {before!r} became {after!r}"]


def netmiko(text: str, folder: Path) -> str:
    """Make a connection of each device, without opening it: netmiko checks the kind and the arguments."""
    from netmiko import ConnectHandler
    from netmiko.utilities import load_devices

    document = load_devices(str(_file(folder, text, "netmiko.yml")))
    key = {"key_file": str(_file(folder, "", "key"))}  # netmiko looks whether it is there
    try:
        for entry in document.values():
            if isinstance(entry, dict):
                ConnectHandler(**entry | (key if "key_file" in entry else {}), auto_connect=False)
            else:
                assert all(isinstance(document[name], dict) for name in entry)
    except (ValueError, TypeError, KeyError) as error:
        return str(error)
    return ""


def ifupdown(text: str, folder: Path) -> str:
    need("ifquery")
    return run("ifquery", "--interfaces", _file(folder, text), "--list", "--all")


def sysctl(text: str, folder: Path) -> str:
    need("sysctl", "unshare")
    return run("unshare", "-r", "-n", "sysctl", "-p", _file(folder, text))


def shell(text: str, folder: Path) -> str:
    return run("sh", "-n", _file(folder, text))


def netconf(text: str, folder: Path) -> str:
    """Validate a payload on the official modules; the outer <config> is NETCONF's own."""
    need("yanglint")
    missing = [module for module in MODULES if not (YANG / module).is_file()]
    if missing:
        pytest.skip(f"{missing[0]} is not below {YANG}; PARKOPS_YANG names another place")
    head, _, rest = text.partition("\n")
    assert head.startswith("<config ")
    body, _, tail = rest.rpartition("</config>")
    assert not tail.strip()
    file = _file(folder, body, "artifact.xml")
    paths = [part for name in ("ieee", "ietf") for part in ("-p", YANG / name)]
    return run("yanglint", *paths, "-t", "config", *(YANG / module for module in MODULES), file)


def containerlab(text: str, folder: Path) -> str:
    import jsonschema

    if not SCHEMA.is_file():
        pytest.skip(f"{SCHEMA} is not here")
    schema = json.loads(SCHEMA.read_text(encoding="utf-8").replace(r"\\p{N}\\p{L}", r"\\w"))
    validator = jsonschema.Draft7Validator(schema)
    return "; ".join(error.message for error in validator.iter_errors(yaml.safe_load(text)))


def ansible_inventory(text: str, folder: Path) -> str:
    program = ROOT / ".venv" / "bin" / "ansible-inventory"
    found = str(program) if program.is_file() else shutil.which("ansible-inventory")
    if not found:
        pytest.skip("ansible-inventory is not installed (extra `ansible`)")
    done = subprocess.run(
        [found, "-i", str(_file(folder, text, "hosts.yml")), "--list"],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        env={
            "PATH": PATH,
            "HOME": str(folder),
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",
            "LC_ALL": "C.UTF-8",
        },
        check=False,
    )
    if done.returncode:
        return done.stderr
    hosts = json.loads(done.stdout)["_meta"]["hostvars"]
    return (
        "" if hosts.keys() == yaml.safe_load(text)["all"]["hosts"].keys() else f"hosts read: {sorted(hosts)}"
    )


PARSERS: dict[str, Callable[[str, Path], str]] = {
    "nftables": nftables,
    "frr": frr,
    "chrony": chrony,
    "sshd": sshd,
    "rsyslog": rsyslog,
    "nginx": nginx,
    "prometheus": prometheus,
    "prometheus-rules": prometheus_rules,
    "alertmanager": alertmanager,
    "blackbox": blackbox,
    "json": json_text,
    "grafana": grafana,
    "netmiko": netmiko,
    "ifupdown": ifupdown,
    "sysctl": sysctl,
    "shell": shell,
    "xml": netconf,
    "containerlab": containerlab,
    "ansible-inventory": ansible_inventory,
}
WITHOUT = {  # languages that have no parser to ask
    "prometheus-tests": "run beside the rules in another test",
    "nornir": "its files are read together in another test",
    "text": "free text",
    "mosquitto": "mosquitto has no dry run; it is started in another test",
}
