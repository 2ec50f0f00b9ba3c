"""Linux nodes and FRR: golden cases by feature, each file read by the daemon that it is for."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import sample
from render_parsers import PARSERS, PATH, TIMEOUT_S, frr, need, nftables, rsyslog, run, sshd, sshd_call
from sample import at, only

from parkops.model import (
    Artifact,
    Device,
    Interface,
    Need,
    PortMode,
    Ptp,
    Role,
    Service,
    Vpn,
    Workload,
    Workspace,
)
from parkops.pipeline import load_park
from parkops.push import frr as language
from parkops.render import Renderer

HERE = Path(__file__).parent
DEMO = Path(__file__).resolve().parents[2] / "inventories" / "demo"
CORE = "linux/nftables-of-a-core"  # of the demo park, with cores of Linux
LOGINS = ("aaa", "local-users", "snmpv3", "ntp-authentication", "syslog-tls", "dns", "lldp")
KEY = "QJ0v3T3oQ3l4jX0nAc3JUkV3ce7l2m8dEDYx4j6j0kU="


def needing(device: Device, *features: str) -> Device:
    return replace(device, needs=tuple(Need(feature, at("nodes")) for feature in features))


def workload(name: str, kind: str, port: int, **env: str) -> Workload:
    ports = (("tcp", port),)
    settings = tuple(sorted(env.items()))
    image = "registry.example/x:1"
    return Workload(f"gw-1.{name}", "gw-1", image, 1.5, 512, 4, kind, ports, at("nodes.gw-1"), env=settings)


def gateway() -> Device:
    """An edge gateway with everything that one may run."""
    port = Interface(
        "eth1",
        PortMode.ROUTED,
        "to sw",
        ipv4="10.1.11.10/24",
        ipv6="2001:db8:1:11::a/64",
        segment="control",
        ptp=True,
    )
    device = Device(
        "gw-1",
        Role.EDGE_GATEWAY,
        "linux",
        at("nodes.gw-1"),
        management_ipv4="172.31.0.91/24",
        plane=sample.PLANE,
        gateway_ipv4="10.1.11.1",
        gateway_ipv6="2001:db8:1:11::1",
        interfaces=(port,),
        services=(Service("mqtt", 1883),),
        properties=(("mqtt", "tls"),),
        ptp=Ptp(0, 100, 248, ("eth1",)),
        workloads=(
            workload("analytics", "analytics", 8080, MODE="fast", TOKEN="env:TOKEN"),
            workload(
                "opc",
                "opcua-gateway",
                4841,
                OPCUA_SERVERS="plc-1=opc.tcp://10.1.11.20:4840",
                OPCUA_NODES="ns=2;i=2",
            ),
            workload("mb", "modbus-bridge", 502, MODBUS_UNITS="1=10.1.11.30:502"),
        ),
    )
    return needing(device, *LOGINS, "gptp", "containers", "opcua-gateway", "modbus-bridge")


def boundary() -> Device:
    """The boundary of the sample park, with tunnels of people who work from outside."""
    device = sample.boundary("linux")
    staff = Vpn(
        "huaxing.staff",
        "wireguard",
        "bd-1",
        "remote-access",
        "huaxing",
        51820,
        "10.250.2.0/24",
        "2001:db8:250:2::/64",
        ("huaxing.hq.office",),
        "env:PARK_WG",
        (("zhang", "4uGZkzKYoVQUd26DLWJ5Mu2q3tHN8oLvxvq6mv5oGHk=", "10.250.2.2/32,2001:db8:250:2::2/128"),),
        source=at("tenants.huaxing.remote_access.staff"),
        interface="wg0",
    )
    device = replace(device, vpns=(*device.vpns, staff))
    return needing(device, *LOGINS, "ipsec", "vrrp", "vrrp-track", "dhcp-relay", "wireguard", "qos")


PLAN = (*LOGINS, "banner", "idle-timeout", "login-limits", "control-plane-protection", "management-vrf")


def firewall() -> Device:
    """A park firewall whose management plane has an instance of its own."""
    return needing(replace(sample.exit_router("linux"), name="fw-1", role=Role.PARK_FIREWALL), *PLAN)


def router() -> Device:
    """A core router of FRR whose host the plan asks for, too."""
    return needing(replace(sample.core("frr"), name="core-1"), *PLAN, "qos")


DEVICES = {
    "gw-1": gateway,
    "fw-1": firewall,
    "core-1": router,
    "bd-1": boundary,
    "exit-1": lambda: sample.exit_router("linux"),
    "leaf-1": lambda: sample.leaf("linux"),
    "agg-1": lambda: sample.aggregation("linux"),
}
CASES = {  # what it shows -> the device, the file
    "linux/nftables-filters-and-pair": ("bd-1", "/etc/nftables.conf"),
    "linux/nftables-choice-of-exit": ("exit-1", "/etc/nftables.conf"),
    "linux/vrrp-by-keepalived": ("bd-1", "/etc/keepalived/keepalived.conf"),
    "linux/classes-by-htb": ("bd-1", "/etc/parkops/qos.tc"),
    "linux/ipsec-by-swanctl": ("bd-1", "/etc/swanctl/conf.d/parkops.conf"),
    "linux/remote-access-by-wireguard": ("bd-1", "/etc/wireguard/wg0.conf"),
    "linux/dhcp-relay": ("bd-1", "/etc/dnsmasq.d/parkops.conf"),
    "linux/mosquitto-tls": ("gw-1", "/etc/mosquitto/conf.d/parkops.conf"),
    "linux/chrony-with-keys": ("gw-1", "/etc/chrony/chrony.conf"),
    "linux/rsyslog-two-collectors": ("gw-1", "/etc/rsyslog.d/parkops.conf"),
    "linux/snmpd-v3": ("gw-1", "/etc/snmp/snmpd.conf"),
    "linux/container-unit": ("gw-1", "/etc/systemd/system/parkops-analytics.service"),
    "linux/opcua-gateway-unit": ("gw-1", "/etc/systemd/system/parkops-opc.service"),
    "linux/gptp-by-ptp4l": ("gw-1", "/etc/linuxptp/parkops.conf"),
    "linux/pam-with-radius": ("gw-1", "/etc/pam.d/common-auth"),
    "linux/audit-rules": ("gw-1", "/etc/audit/rules.d/60-parkops.rules"),
    "linux/management-vrf": ("fw-1", "/etc/systemd/network/50-mgmt.network"),
    "linux/management-port-in-its-vrf": ("fw-1", "/etc/systemd/network/50-eth0.network"),
    "linux/nftables-with-management-vrf": ("fw-1", "/etc/nftables.conf"),
    "linux/sshd-in-the-management-vrf": ("fw-1", "/etc/ssh/sshd_config.d/parkops.conf"),
    "linux/sshd-after-its-vrf": ("fw-1", "/etc/systemd/system/ssh.service.d/parkops.conf"),
    "linux/radius-over-the-management-vrf": ("fw-1", "/etc/pam_radius_auth.conf"),
    "frr/control-plane-protection": ("core-1", "/etc/nftables.conf"),
    "frr/daemons": ("core-1", "/etc/frr/daemons"),
    "frr/chrony-in-the-management-vrf": ("core-1", "/etc/chrony/chrony.conf"),
    "frr/rsyslog-in-the-management-vrf": ("core-1", "/etc/rsyslog.d/parkops.conf"),
    "frr/snmpd-in-the-management-vrf": ("core-1", "/etc/snmp/snmpd.conf"),
    "linux/networkd-bond": ("agg-1", "/etc/systemd/network/50-bond1.netdev"),
    "linux/networkd-vxlan": ("leaf-1", "/etc/systemd/network/50-vxlan101.netdev"),
}
HOSTS = ("gw-1", "fw-1", "core-1")  # without and with an instance of their own for management
FRR = {
    "frr/exit-filters-and-policy": lambda: sample.exit_router("frr"),
    "frr/evpn-leaf": lambda: sample.leaf("frr"),
    "frr/evpn-spine": lambda: sample.spine("frr"),
    "frr/route-reflector-and-vrf": lambda: sample.core("frr"),
    "frr/vrrp-gateway": lambda: only(sample.aggregation("frr"), "interfaces", "routing", "router_id"),
}


def files(device: Device) -> dict[str, Artifact]:
    park = sample.sample_park(device.platform, device)
    park = replace(park, pairs=())
    return {item.destination or item.path: item for item in Renderer.of(park).device(device)}


@pytest.fixture(scope="module")
def rendered() -> dict[str, dict[str, Artifact]]:
    return {name: files(make()) for name, make in DEVICES.items()}


@pytest.mark.parametrize("case", sorted(CASES))
def test_golden(case: str, rendered: dict[str, dict[str, Artifact]], goldens) -> None:
    device, path = CASES[case]
    goldens.check(HERE / case / Path(path).name, rendered[device][path].text)


@pytest.mark.parametrize("case", sorted(FRR))
def test_frr_golden(case: str, goldens, tmp_path: Path) -> None:
    device = FRR[case]()
    text = files(device)[f"{device.name}/frr.conf"].text
    goldens.check(HERE / case / "frr.conf", text)
    assert frr(secret(text), tmp_path) == ""


def test_a_core_of_linux_passes_on_what_it_does_not_filter(goldens, tmp_path: Path) -> None:
    text = (DEMO / "park.yaml").read_text(encoding="utf-8") + "platforms: {core: linux}\n"
    (tmp_path / "park.yaml").write_text(text, encoding="utf-8")
    park = load_park(Workspace(tmp_path))
    artifacts = Renderer.of(park).device(park.device("core-1"))
    found = next(item.text for item in artifacts if item.destination == "/etc/nftables.conf")
    goldens.check(HERE / CORE / "nftables.conf", found)
    assert nftables(found, tmp_path) == ""


def secret(text: str) -> str:
    """Fill in what the push would."""
    return re.sub(r"@secret:[^@]*@", "0123456789abcdef", text)


def put(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(secret(text), encoding="utf-8")
    return file


def in_namespace(script: str, *arguments: str | Path) -> str:
    """Return what a shell script complains about, run with ports of its own."""
    need("unshare", "ip")
    ports = "for i in eth1 eth2 mgmt; do ip link add $i type veth peer name p$i; ip link set $i up; done"
    return run(
        "unshare", "-r", "-n", "-m", "sh", "-c", f"ip link set lo up; {ports}; {script}", "sh", *arguments
    )


@pytest.mark.parametrize("device", sorted(DEVICES))
@pytest.mark.parametrize("parser", ["nftables", "sysctl", "frr", "ifupdown", "shell"])
def test_daemons_accept(
    device: str, parser: str, rendered: dict[str, dict[str, Artifact]], tmp_path: Path
) -> None:
    for path, item in rendered[device].items():
        if item.language == parser:
            assert PARSERS[parser](secret(item.text), tmp_path) == "", path


def test_one_way_flow_has_no_way_back(rendered: dict[str, dict[str, Artifact]]) -> None:
    text = rendered["bd-1"]["/etc/nftables.conf"].text
    lines = [line for line in text.splitlines() if "r1002" in line]
    assert sum("notrack" in line for line in lines) == 2
    assert all("notrack" in line or "ct state untracked" in line for line in lines)


def test_sshd_accepts(rendered: dict[str, dict[str, Artifact]], tmp_path: Path) -> None:
    assert sshd(rendered["gw-1"]["/etc/ssh/sshd_config.d/parkops.conf"].text, tmp_path) == ""


@pytest.mark.parametrize("device", HOSTS[1:])
def test_sshd_listens_in_the_instance_that_there_is(
    device: str, rendered: dict[str, dict[str, Artifact]], tmp_path: Path
) -> None:
    """A device called mgmt stands for the VRF, which this kernel may lack: the daemon binds to it by name."""
    text = rendered[device]["/etc/ssh/sshd_config.d/parkops.conf"].text
    assert "bad routing domain" in sshd(text, tmp_path).lower().replace("invalid", "bad")
    file, key = tmp_path / "artifact", tmp_path / "host_key"
    assert in_namespace('"$@"', *sshd_call(tmp_path), "-t", "-h", key, "-f", file) == ""


@pytest.mark.parametrize("device", HOSTS)
def test_chrony_accepts(device: str, rendered: dict[str, dict[str, Artifact]], tmp_path: Path) -> None:
    need("chronyd")
    keys = put(tmp_path, "chrony.keys", rendered[device]["/etc/chrony/chrony.keys"].text)
    text = rendered[device]["/etc/chrony/chrony.conf"].text.replace("/etc/chrony/chrony.keys", str(keys))
    assert run("chronyd", "-p", "-f", put(tmp_path, "chrony.conf", text)) == ""
    assert keys.read_text().splitlines()[-1].split()[:2] == ["1", "SHA256"]


def certificate(folder: Path) -> Path:
    """Return a certificate with its key in one file."""
    need("openssl")
    file, key = folder / "cert.pem", folder / "key.pem"
    call = (
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=gw-1",
    )
    assert run(*call, "-keyout", key, "-out", file, "-days", "1") == ""
    return file


@pytest.mark.parametrize("device", HOSTS)
def test_rsyslog_accepts_tls(device: str, rendered: dict[str, dict[str, Artifact]], tmp_path: Path) -> None:
    file = certificate(tmp_path)
    text = rendered[device]["/etc/rsyslog.d/parkops.conf"].text
    text = re.sub(r'"/etc/ssl/[^"]*\.key"', f'"{tmp_path}/key.pem"', text)
    assert rsyslog(re.sub(r'"/etc/ssl/[^"]*\.pem"', f'"{file}"', text), tmp_path) == ""


def test_mosquitto_starts_with_tls(rendered: dict[str, dict[str, Artifact]], tmp_path: Path) -> None:
    need("mosquitto", "unshare", "timeout")
    file = certificate(tmp_path)
    text = rendered["gw-1"]["/etc/mosquitto/conf.d/parkops.conf"].text
    acl = put(tmp_path, "acl", rendered["gw-1"]["/etc/mosquitto/parkops.acl"].text)
    text = re.sub(r"/etc/\S*\.pem", str(file), re.sub(r"/etc/\S*\.key", f"{tmp_path}/key.pem", text))
    config = put(
        tmp_path, "mosquitto.conf", "user root\n" + text.replace("/etc/mosquitto/parkops.acl", str(acl))
    )
    done = subprocess.run(
        ["unshare", "-r", "-n", "timeout", "-k", "1", "1", "mosquitto", "-v", "-c", str(config)],
        capture_output=True,
        text=True,
        env={"PATH": PATH},
        timeout=TIMEOUT_S,
        check=False,
    )
    assert " running" in done.stderr + done.stdout, done.stderr


def test_wireguard_accepts(rendered: dict[str, dict[str, Artifact]], tmp_path: Path) -> None:
    need("wg-quick")
    text = re.sub(r"@secret:[^@]*@", KEY, rendered["bd-1"]["/etc/wireguard/wg0.conf"].text)
    assert run("wg-quick", "strip", put(tmp_path, "wg0.conf", text)) == ""


def test_keepalived_accepts(rendered: dict[str, dict[str, Artifact]], tmp_path: Path) -> None:
    need("keepalived")
    file = put(tmp_path, "keepalived.conf", rendered["bd-1"]["/etc/keepalived/keepalived.conf"].text)
    assert in_namespace('keepalived -t -f "$1"', file) == ""


def test_tc_takes_the_classes(rendered: dict[str, dict[str, Artifact]], tmp_path: Path) -> None:
    """A port gets its tree of classes, as the kernel shows it, and a second run changes nothing."""
    need("tc")
    file = put(tmp_path, "qos.tc", rendered["bd-1"]["/etc/parkops/qos.tc"].text)
    count = 'tc class show dev eth1 | grep -c "class htb"'
    script = f'tc -batch "$1" && tc -batch "$1" && test $({count}) -eq 7 || tc class show dev eth1'
    assert in_namespace(script, file) == ""


def test_dnsmasq_accepts(rendered: dict[str, dict[str, Artifact]], tmp_path: Path) -> None:
    need("dnsmasq")
    file = put(tmp_path, "dnsmasq.conf", rendered["bd-1"]["/etc/dnsmasq.d/parkops.conf"].text)
    assert run("dnsmasq", "--test", "-C", file) == ""


@pytest.mark.parametrize("device", HOSTS)
def test_fail2ban_accepts(device: str, rendered: dict[str, dict[str, Artifact]], tmp_path: Path) -> None:
    need("fail2ban-client")
    shutil.copytree("/etc/fail2ban", tmp_path / "f2b", ignore=shutil.ignore_patterns("defaults-debian.conf"))
    put(tmp_path, "f2b/jail.d/parkops.conf", rendered[device]["/etc/fail2ban/jail.d/parkops.conf"].text)
    assert run("fail2ban-client", "-c", tmp_path / "f2b", "-t") == ""


def test_snmpd_accepts(rendered: dict[str, dict[str, Artifact]], tmp_path: Path) -> None:
    need("snmpd", "timeout")
    text = rendered["gw-1"]["/etc/snmp/snmpd.conf"].text.replace("172.31.0.91", "127.0.0.1")
    file = put(tmp_path, "snmpd.conf", text.replace("/var/agentx/master", str(tmp_path / "agentx")))
    start = 'SNMP_PERSISTENT_DIR="$2" timeout 1 snmpd -f -LE 4 -C -c "$1" -p "$2/pid" 2>&1'
    command = f'{start} | grep "snmpd.conf: line" && exit 1; exit 0'
    assert in_namespace(command, file, tmp_path) == ""


@pytest.mark.parametrize("device", HOSTS[1:])
def test_snmpd_listens_in_the_instance(
    device: str, rendered: dict[str, dict[str, Artifact]], tmp_path: Path
) -> None:
    need("snmpd", "timeout", "ss")
    text = rendered[device]["/etc/snmp/snmpd.conf"].text
    address = re.search(r"agentAddress udp:([\d.]+)@mgmt:161", text)
    assert address, text
    assert re.search(r"^trapsess .* udp:[\d.]+@mgmt:162$", text, re.MULTILINE)
    file = put(tmp_path, "snmpd.conf", text.replace("/var/agentx/master", str(tmp_path / "agentx")))
    script = """
    ip address add "$3/24" dev mgmt
    SNMP_PERSISTENT_DIR="$2" timeout 10 snmpd -f -LE 4 -C -c "$1" -p "$2/pid" >"$2/said" 2>&1 &
    for i in $(seq 80); do ss -Hulna >"$2/ports"; grep -q "%mgmt:161 " "$2/ports" && break; sleep 0.1; done
    kill $!; grep -q "$3%mgmt:161 " "$2/ports" || { cat "$2/ports" "$2/said"; exit 1; }
    ! grep "snmpd.conf: line" "$2/said"
    """
    assert in_namespace(script, file, tmp_path, address[1]) == ""


def test_ptp4l_accepts(rendered: dict[str, dict[str, Artifact]], tmp_path: Path) -> None:
    need("ptp4l", "timeout")
    file = put(tmp_path, "ptp4l.conf", rendered["gw-1"]["/etc/linuxptp/parkops.conf"].text)
    assert in_namespace('timeout 1 ptp4l -S -m -f "$1" | grep -q "INITIALIZING to LISTENING"', file) == ""


def test_strongswan_loads_its_connections(rendered: dict[str, dict[str, Artifact]], tmp_path: Path) -> None:
    need("swanctl", "charon-systemd", "unshare", "timeout")
    text = rendered["bd-1"]["/etc/swanctl/conf.d/parkops.conf"].text
    file = put(tmp_path, "swanctl.conf", text.replace("certs = bd-1.pem", ""))
    uri = f"unix://{tmp_path}/vici"
    plugins = (
        "random nonce aes sha1 sha2 hmac kdf pem pkcs1 x509 pubkey gmp curve25519 eap-identity eap-radius"
    )
    main = (
        "charon-systemd { load = %s kernel-netlink socket-default vici\n plugins { vici { socket = %s } } }\n"
    )
    radius = rendered["bd-1"]["/etc/strongswan.d/parkops.conf"].text
    conf = put(tmp_path, "strongswan.conf", radius + main % (plugins, uri))
    script = """
    mount -t tmpfs none /run
    STRONGSWAN_CONF=$1 timeout 10 charon-systemd >/dev/null 2>&1 &
    for i in $(seq 50); do [ -S "$3" ] && break; sleep 0.1; done
    swanctl --load-all --file "$2" --uri "unix://$3" > "$4" 2>&1; code=$?
    kill $!; cat "$4"; exit $code
    """
    said = tmp_path / "said"
    assert in_namespace(script, conf, file, tmp_path / "vici", said) == ""
    assert "successfully loaded 2 connections" in said.read_text()


def test_units_are_accepted(rendered: dict[str, dict[str, Artifact]], tmp_path: Path) -> None:
    need("systemd-analyze", "podman", "ptp4l")
    units = [
        put(tmp_path, Path(path).name, item.text)
        for path, item in rendered["gw-1"].items()
        if item.language == "systemd"
    ]
    assert len(units) == 4
    said = run("systemd-analyze", "verify", "--man=no", *units)
    assert [line for line in said.splitlines() if str(tmp_path) in line] == []


def networkd(folder: Path) -> str:
    """Return what systemd-networkd says of the files of a folder, which it reads before all else."""
    daemon = Path("/usr/lib/systemd/systemd-networkd")
    if not daemon.exists() or not Path("/etc/systemd/network").is_dir():
        pytest.fail("systemd-networkd is not installed: `sh setup.sh test` installs it", pytrace=False)
    own = () if os.geteuid() == 0 else ("--map-auto", "--map-root-user")  # it becomes its own user
    if run("unshare", *own, "-n", "-m", "true"):
        pytest.skip("no namespace with users of its own can be had here")
    script = f"""
    mount --bind "$1" /etc/systemd/network && mount -t tmpfs none /run/systemd
    SYSTEMD_LOG_TARGET=console SYSTEMD_LOG_LEVEL=debug timeout 1 {daemon} >"$2" 2>&1
    true
    """
    said = folder.parent / "said"
    assert run("unshare", *own, "-n", "-m", "sh", "-c", script, "sh", folder, said) == ""
    return said.read_text()


@pytest.mark.parametrize("device", ["agg-1", "leaf-1", "fw-1", "core-1"])
def test_networkd_accepts(device: str, rendered: dict[str, dict[str, Artifact]], tmp_path: Path) -> None:
    need("timeout", "unshare")
    for path, item in rendered[device].items():
        if item.language == "networkd":
            put(tmp_path / "files", Path(path).name, item.text)
    told = networkd(tmp_path / "files").splitlines()
    assert [line for line in told if line.startswith("/etc/systemd/network/")] == []
    loaded = {line.partition(":")[0] for line in told if ": loaded " in line}
    assert loaded == {file.stem[3:] for file in (tmp_path / "files").glob("*.netdev")}


def test_networkd_tells_a_key_that_it_does_not_know(
    rendered: dict[str, dict[str, Artifact]], tmp_path: Path
) -> None:
    """Guard of the test above."""
    text = rendered["fw-1"]["/etc/systemd/network/50-mgmt.network"].text
    put(tmp_path / "files", "50-mgmt.network", text.replace("IncomingInterface=", "IncomingPort="))
    assert "Unknown key 'IncomingPort'" in networkd(tmp_path / "files")


@pytest.mark.parametrize("device", HOSTS)
def test_audit_rules_are_known(device: str, rendered: dict[str, dict[str, Artifact]]) -> None:
    text = rendered[device]["/etc/audit/rules.d/60-parkops.rules"].text
    rules = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert rules[0] == "-D"
    assert rules[-1] == "-e 2"  # nothing changes them until the node starts anew
    assert all(line.split()[0] in ("-D", "-b", "-f", "-w", "-a", "-e") for line in rules)


def test_frr_runs_what_it_is_given(tmp_path: Path) -> None:
    """A running FRR shows exactly the configuration that was rendered: no line is lost or changed."""
    need("vtysh", "unshare")
    if not shutil.which("/usr/lib/frr/zebra") or run("id", "frr") or run("unshare", "-n", "true"):
        pytest.skip("FRR cannot be run here")
    daemons = "zebra staticd bgpd ospfd ospf6d bfdd pbrd"
    folder = Path(subprocess.check_output(["mktemp", "-d", "/tmp/parkops-frr-XXXXXX"], text=True).strip())
    folder.chmod(0o777)  # FRR's own user writes its sockets there
    try:
        text = secret(files(sample.exit_router("frr"))["exit-1/frr.conf"].text)
        conf = put(folder, "frr.conf", text)
        script = f"""
        ip link set lo up
        for i in 1 2 3; do ip link add eth$i type veth peer name p$i; ip link set eth$i up; done
        for d in {daemons}; do
          x=; [ $d = bfdd ] && x="--bfdctl {folder}/bfdd.sock"
          /usr/lib/frr/$d -d -u frr -g frr --vty_socket {folder} -z {folder}/z -i {folder}/$d.pid -P 0 $x
        done >/dev/null 2>&1
        vtysh --vty_socket {folder} -f {conf} >{folder}/said 2>&1
        vtysh --vty_socket {folder} -c 'show running-config' >{folder}/running
        for f in {folder}/*.pid; do kill $(cat $f); done
        """
        assert run("unshare", "-n", "-m", "sh", "-c", script) == ""
        running = language.render(language.parse((folder / "running").read_text()))
        forwarding = ("no ip forwarding\n", "no ipv6 forwarding\n")
        for line in forwarding:
            running = running.replace(line, "")
        assert running == language.render(language.parse(text))
    finally:
        shutil.rmtree(folder)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def program(folder: Path, text: str, config: str, ready: str) -> AsyncIterator[None]:
    """Run a rendered program until it says that it is ready; end it afterwards."""
    script, settings = put(folder, "program.py", text), put(folder, "config.json", config)
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(script), str(settings), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            while ready not in (line := (await process.stdout.readline()).decode()):
                assert line, "it ended"
        yield
    finally:
        process.kill()
        await process.wait()


def test_modbus_bridge_lets_read_and_not_write(
    rendered: dict[str, dict[str, Artifact]], tmp_path: Path
) -> None:
    pytest.importorskip("pymodbus")
    from pymodbus.client import AsyncModbusTcpClient
    from pymodbus.server import ModbusTcpServer

    def device():
        from pymodbus import datastore

        block = datastore.ModbusSequentialDataBlock(1, [7, 8, 9, 10])
        kind = getattr(datastore, "ModbusDeviceContext", None) or datastore.ModbusSlaveContext
        return datastore.ModbusServerContext(kind(hr=block), True)

    async def scenario() -> None:
        field, port = free_port(), free_port()
        server = ModbusTcpServer(device(), address=("127.0.0.1", field))
        serving = asyncio.create_task(server.serve_forever())
        config = rendered["gw-1"]["/etc/parkops/mb.json"].text
        config = config.replace("10.1.11.30:502", f"127.0.0.1:{field}").replace(
            '"port": 502', f'"port": {port}'
        )
        text = rendered["gw-1"]["/usr/local/lib/parkops/modbus_bridge.py"].text
        async with program(tmp_path, text, config, "modbus bridge ready"):
            client = AsyncModbusTcpClient("127.0.0.1", port=port)
            await client.connect()
            answer = await client.read_holding_registers(0, count=2)
            assert answer.registers == [7, 8]
            refused = await client.write_register(0, 99)
            assert refused.exception_code == 1
            assert (await client.read_holding_registers(0, count=1)).registers == [7]
            client.close()
        await server.shutdown()
        serving.cancel()

    asyncio.run(asyncio.wait_for(scenario(), 120))


def test_opcua_gateway_shows_and_does_not_let_write(
    rendered: dict[str, dict[str, Artifact]], tmp_path: Path
) -> None:
    pytest.importorskip("asyncua")
    from asyncua import Client, Server, ua

    async def scenario() -> None:
        plc_port, port = free_port(), free_port()
        plc = Server()
        await plc.init()
        plc.set_endpoint(f"opc.tcp://127.0.0.1:{plc_port}/")
        plc.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        space = await plc.register_namespace("urn:plc")
        speed = await plc.nodes.objects.add_variable(ua.NodeId(2, space), "speed", 42)
        config = rendered["gw-1"]["/etc/parkops/opc.json"].text
        config = config.replace("10.1.11.20:4840", f"127.0.0.1:{plc_port}").replace(
            "0.0.0.0:4841", f"127.0.0.1:{port}"
        )
        text = rendered["gw-1"]["/usr/local/lib/parkops/opcua_gateway.py"].text
        gateway = program(tmp_path, text, config, "plc-1: connected")
        async with plc, gateway, Client(f"opc.tcp://127.0.0.1:{port}/") as client:
            index = await client.get_namespace_index("urn:parkops:gateway")
            shown = client.get_node(ua.NodeId("plc-1/ns=2;i=2", index))
            for value in (42, 43):
                await speed.write_value(value)
                async with asyncio.timeout(60):
                    while await shown.read_value() != value:
                        await asyncio.sleep(0.05)
            with pytest.raises(ua.UaError):
                await shown.write_value(1)

    asyncio.run(asyncio.wait_for(scenario(), 120))
