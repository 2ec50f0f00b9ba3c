"""The plan's short tables agree with the catalogues and standards that they are taken from."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from parkops.plan.indicators import COMPONENTS, INDICATORS
from parkops.plan.protocols import COLLECTED, PORTS, SERVERS, expand, implied

CATALOGUE = Path(__file__).resolve().parents[2] / "parkops" / "assess" / "catalogue" / "indicators.yaml"


def test_the_indicators_are_those_of_the_catalogue() -> None:
    catalogue = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))["indicators"]
    assert {item["id"]: (item["kind"], item["unit"]) for item in catalogue} == INDICATORS
    named = {
        item["id"]: tuple(part["name"] for part in item["components"])
        for item in catalogue
        if item.get("components")
    }
    assert named == COMPONENTS


@pytest.mark.parametrize("port", sorted({port for ports in PORTS.values() for port in ports}))
def test_ports_of_protocols_exist(port: str) -> None:
    protocol, _, number = port.partition("/")
    assert protocol in ("tcp", "udp")
    assert 1 <= int(number) <= 65535


def test_protocols_expand_to_their_ports_once() -> None:
    assert expand(["https", "tcp/443", "dns"]) == ("tcp/443", "udp/53", "tcp/53")
    assert implied("opcua") == ("tcp/4840",)
    assert implied("mqtt") == ()
    assert set(SERVERS) | set(COLLECTED) <= set(PORTS)
