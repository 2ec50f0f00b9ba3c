"""Every artifact of the demo park is accepted by the real parser of its format, and broken ones are not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from render_parsers import PARSERS, PATH, WITHOUT, need

from parkops.model import Artifact


@pytest.mark.parametrize("language", sorted(PARSERS))
def test_parser_accepts(language: str, demo_artifacts: tuple[Artifact, ...], tmp_path: Path) -> None:
    artifacts = [item for item in demo_artifacts if item.language == language]
    assert artifacts, f"no artifact in {language}"
    refused = {item.path: said for item in artifacts if (said := PARSERS[language](item.text, tmp_path))}
    assert not refused


BROKEN = {  # language -> a change that its parser must refuse: an artifact is really read
    "nftables": ("tcp dport", "tcp port"),
    "frr": (" ip ospf area 0", " ip ospf aria 0"),
    "chrony": ("makestep", "make-step"),
    "sshd": ("MaxAuthTries", "MaxAuthTry"),
    "rsyslog": ("module(load", "modul(load"),
    "nginx": ("return 404;", "return 404"),
    "prometheus": ("scrape_interval", "scrape_intervall"),
    "prometheus-rules": ("== 0", "= 0"),
    "alertmanager": ("receiver: park", "receiver: parc"),
    "blackbox": ("prober: icmp", "probe: icmp"),
    "json": ('"labels"', "labels"),
    "grafana": ('"title"', '"titel"'),
    "netmiko": ("device_type: linux", "device_type: linucks"),
    "ifupdown": ("inet static", "inet statick"),
    "sysctl": ("net.ipv4.ip_forward", "net.ipv4.ip_foward"),
    "shell": ("zebra=yes", "zebra=(yes"),
    "xml": ("c-vlan-bridge-port", "d-vlan-bridge-port"),
    "containerlab": ("topology:", "topologie:"),
    "ansible-inventory": ("  hosts:", "  hosts: ["),
}


@pytest.mark.parametrize("language", sorted(PARSERS))
def test_parser_refuses(language: str, demo_artifacts: tuple[Artifact, ...], tmp_path: Path) -> None:
    good, bad = BROKEN[language]
    artifact = next(item for item in demo_artifacts if item.language == language and good in item.text)
    assert PARSERS[language](artifact.text.replace(good, bad, 1), tmp_path)


def test_every_language_is_accounted_for(demo_artifacts: tuple[Artifact, ...]) -> None:
    assert {item.language for item in demo_artifacts} == PARSERS.keys() | WITHOUT.keys()


def test_mosquitto_starts_on_its_configuration(demo_artifacts: tuple[Artifact, ...], tmp_path: Path) -> None:
    need("mosquitto", "unshare")
    files = {item.destination: item.text for item in demo_artifacts if item.device == "ec-1"}
    acl = tmp_path / "parkops.acl"
    acl.write_text(files["/etc/mosquitto/parkops.acl"], encoding="utf-8")
    text = files["/etc/mosquitto/conf.d/parkops.conf"].replace("/etc/mosquitto/parkops.acl", str(acl))
    config = tmp_path / "mosquitto.conf"
    config.write_text(f"user root\n{text}", encoding="utf-8")
    broker = subprocess.Popen(
        ["unshare", "-r", "-n", "mosquitto", "-c", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"PATH": PATH},
    )
    try:
        said = []
        assert broker.stdout is not None
        for line in broker.stdout:  # ends when the broker does
            said.append(line)
            if " running" in line:
                break
    finally:
        _end(broker)
    assert " running" in said[-1], "".join(said)


def _end(broker: subprocess.Popen[str]) -> None:
    """Ask until it ends: mosquitto forgets a signal that comes before its loop."""
    for _ in range(50):
        broker.terminate()
        try:
            broker.wait(timeout=0.2)
            return
        except subprocess.TimeoutExpired:
            continue
    broker.kill()
    broker.wait(timeout=10)
