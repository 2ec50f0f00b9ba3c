"""Committed renderings, small and named after what they show; a change to one is a decision."""

from __future__ import annotations

from pathlib import Path

import pytest
import test_render_ietf as ietf
import test_render_linux as linux
import test_render_portal as portal

from parkops.model import Artifact, Park
from parkops.render import render

HERE = Path(__file__).parent
CASES = {  # platform/what it shows -> the plan, the artifact
    "frr/core-router": ("demo", "core-1/frr.conf"),
    "frr/firewall-originates-default-route": ("base", "fw-1/files/etc/frr/frr.conf"),
    "frr/boundary-announces-its-segments": ("base", "ac-bd-1/files/etc/frr/frr.conf"),
    "ietf/ring-switch-with-rstp": ("base", "ac-p1-sw-2/netconf.xml"),
    "ietf/access-switch-of-one-vlan": ("base", "ac-hq-sw-1/netconf.xml"),
    "linux/nftables-boundary": ("base", "ac-bd-1/files/etc/nftables.conf"),
    "linux/nftables-exit-with-nat": ("base", "fw-1/files/etc/nftables.conf"),
    "linux/nftables-broker-on-gateway": ("base", "ac-p1-gw-1/files/etc/nftables.conf"),
    "linux/nftables-management-server": ("base", "mgmt-1/files/etc/nftables.conf"),
    "linux/interfaces-of-a-boundary": ("base", "ac-bd-1/files/etc/network/interfaces.d/parkops.cfg"),
    "linux/interfaces-of-a-node": ("base", "ac-p1-gw-1/files/etc/network/interfaces.d/parkops.cfg"),
    "linux/chrony-server": ("base", "mgmt-1/files/etc/chrony/chrony.conf"),
    "linux/chrony-client": ("base", "ac-bd-1/files/etc/chrony/chrony.conf"),
    "linux/rsyslog-server": ("base", "mgmt-1/files/etc/rsyslog.d/parkops.conf"),
    "linux/rsyslog-client": ("base", "ac-bd-1/files/etc/rsyslog.d/parkops.conf"),
    "linux/sshd-hardening": ("base", "ac-bd-1/files/etc/ssh/sshd_config.d/parkops.conf"),
    "linux/sysctl-of-a-router": ("base", "ac-bd-1/files/etc/sysctl.d/60-parkops.conf"),
    "linux/mosquitto-on-gateway": ("base", "ac-p1-gw-1/files/etc/mosquitto/conf.d/parkops.conf"),
    "linux/nginx-resolves-identifiers": ("demo", "id-1/files/etc/nginx/sites-enabled/default"),
}


@pytest.fixture(scope="module")
def rendered(base_park: Park, demo_artifacts: tuple[Artifact, ...]) -> dict[str, dict[str, str]]:
    plans = {"base": render(base_park), "demo": demo_artifacts}
    return {plan: {item.path: item.text for item in artifacts} for plan, artifacts in plans.items()}


@pytest.mark.parametrize("case", sorted(CASES))
def test_golden(case: str, rendered: dict[str, dict[str, str]], goldens) -> None:
    plan, path = CASES[case]
    goldens.check(HERE / case / Path(path).name, rendered[plan][path])


def test_no_golden_is_left_over() -> None:
    """Other platforms' cases stand in tests of their own."""
    kept = {
        str(file.parent.relative_to(HERE))
        for platform in {case.partition("/")[0] for case in CASES}
        for file in HERE.glob(f"{platform}/*/*")
    }
    others = linux.CASES.keys() | linux.FRR.keys() | {linux.CORE} | ietf.CASES.keys() | portal.CASES.keys()
    assert kept == CASES.keys() | others
