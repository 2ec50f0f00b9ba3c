"""Routers and Linux nodes are reached over SSH as the park's plan says, with verified host keys."""

from __future__ import annotations

import subprocess

import pytest
from conftest import Lab

NODES = {"r-1": "172.31.9.21", "r-2": "172.31.9.22", "gw-1": "172.31.9.23"}


def ssh(lab: Lab, node: str, command: str, *options: str, text: str = "") -> subprocess.CompletedProcess[str]:
    folder = lab.workspace.lab
    argv = ["ssh", "-F", "/dev/null", "-i", str(folder / "ssh/id_ed25519"), "-o", "BatchMode=yes"]
    argv += ["-o", f"UserKnownHostsFile={folder / 'known_hosts'}", "-o", "StrictHostKeyChecking=yes"]
    argv += [*options, f"parkops@{NODES[node]}", *([command] if command else [])]
    with lab.network():
        return subprocess.run(argv, input=text, capture_output=True, text=True, timeout=30, check=False)


def test_a_router_answers_in_its_own_language(routed: Lab) -> None:
    done = ssh(routed, "r-1", "show running-config")
    assert done.returncode == 0, done.stderr
    assert "hostname r-1" in done.stdout
    assert done.stdout.rstrip().endswith("end")


def test_a_router_takes_and_keeps_configuration(routed: Lab) -> None:
    lines = "configure terminal\ninterface lo\nip address 10.255.0.2/32\nend\nwrite memory\nexit\n"
    done = ssh(routed, "r-2", "", "-tt", text=lines)
    assert "[OK]" in done.stdout
    assert "10.255.0.2/32" in routed.run("r-2", "cat", "/etc/frr/frr.conf")
    assert "10.255.0.2/32" in routed.run("r-2", "ip", "addr", "show", "dev", "lo")


def test_netmiko_speaks_with_a_router(routed: Lab) -> None:
    from netmiko import ConnectHandler

    folder = routed.workspace.lab
    with routed.network():
        session = ConnectHandler(
            device_type="cisco_ios",
            host=NODES["r-1"],
            username="parkops",
            use_keys=True,
            key_file=str(folder / "ssh/id_ed25519"),
            conn_timeout=10,
        )
    assert "FRRouting" in session.send_command("show version")
    session.disconnect()


def test_a_linux_node_gives_root_by_sudo(routed: Lab) -> None:
    done = ssh(routed, "gw-1", "id -un; hostname; sudo -n id -u; python3 -c 'print(1 + 1)'")
    assert done.stdout.split() == ["parkops", "gw-1", "0", "2"]


@pytest.mark.parametrize("service", ["chrony", "mosquitto", "nftables", "rsyslog", "nginx", "frr"])
def test_services_start_restart_and_stop(routed: Lab, service: str) -> None:
    script = (
        f"sudo service {service} start && sudo service {service} restart && sudo service {service} status"
    )
    if service == "nftables":
        script = "echo 'table inet parkops { }' | sudo tee /etc/nftables.conf && " + script
    done = ssh(routed, "gw-1", script)
    assert done.returncode == 0, done.stdout + done.stderr
    done = ssh(routed, "gw-1", f"sudo service {service} stop; sudo service {service} status")
    assert done.returncode != 0, done.stdout


def test_the_service_of_ports_never_touches_management(routed: Lab) -> None:
    ports = "auto eth1\\niface eth1 inet static\\n address 10.8.7.1/24\\n"
    script = f"printf '{ports}' | sudo tee /etc/network/interfaces.d/parkops.cfg >/dev/null"
    script += (
        " && sudo service networking restart && ip -br addr show eth1 && sudo sysctl -w net.ipv4.ip_forward=1"
    )
    done = ssh(routed, "gw-1", script)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10.8.7.1/24" in done.stdout


def test_data_never_leaves_by_the_management_port(routed: Lab) -> None:
    """A router must not become a way around the park's firewalls."""
    routed.run("r-1", "ip", "addr", "replace", "10.8.1.1/24", "dev", "eth2")
    assert routed.pings("a-1", "10.8.1.1")
    routed.run("r-2", "ip", "route", "replace", "10.8.1.0/24", "via", NODES["r-1"])
    try:
        assert not routed.pings("a-1", NODES["r-2"])
        routed.run("r-1", "nft", "delete", "table", "inet", "lab_oob")
        assert routed.pings("a-1", NODES["r-2"])  # so it was that rule
    finally:
        routed.run("r-1", "nft", "-f", "/run/parkops/oob.nft")
        routed.run("r-2", "ip", "route", "del", "10.8.1.0/24")


def test_another_host_key_is_refused(routed: Lab) -> None:
    known = routed.workspace.lab / "known_hosts"
    kept = known.read_text()
    lines = [line for line in kept.splitlines() if not line.startswith("[")]
    keys = {line.split()[0]: line.split()[2] for line in lines}
    assert len(set(keys.values())) == len(NODES)  # each node has its own
    try:
        known.write_text(kept.replace(keys[NODES["r-1"]], keys[NODES["r-2"]]))
        assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in ssh(routed, "r-1", "show version").stderr
    finally:
        known.write_text(kept)
