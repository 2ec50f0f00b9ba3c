"""LLDP neighbours by lldpd and snmpd, and exits with the choice of one, in network namespaces."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from monitor_parts import Sshd, look, target, wait_until
from test_monitor_probes import is_

from parkops.errors import UsageError
from parkops.model import State
from parkops.monitor import prepare
from parkops.monitor.probes.lldp import _same

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN

START = """
set -e
mount -t tmpfs tmpfs /run; mkdir -p /run/lldpd /run/park; chmod 777 /run/park
ip link set lo up
unshare -n -u sleep 1000 & far=$!
until [ "$(readlink /proc/$far/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
peer() { nsenter --net=/proc/$far/ns/net --uts=/proc/$far/ns/uts "$@"; }
"""
LLDP = (
    START
    + """
hostname core-1; peer hostname acc-1
for n in 1 2; do
  ip link add ge$n type veth peer name up$n; ip link set up$n netns $far
  ip link set ge$n up; peer ip link set up$n up
done
cat > /run/park/snmpd.conf <<'END'
agentaddress udp:127.0.0.1:161
rocommunity park 127.0.0.1
master agentx
agentXSocket /run/park/agentx
agentXPerms 0777 0777
END
snmpd -C -c /run/park/snmpd.conf -Lf /run/park/snmpd.log -p /run/park/snmpd.pid
until [ -S /run/park/agentx ]; do sleep 0.02; done
printf 'configure lldp tx-interval 1\nconfigure lldp portidsubtype ifname\n' > /run/park/lldpd.conf
cd /run/park
lldpd -d -O /run/park/lldpd.conf -u /run/lldpd.socket -X /run/park/agentx -I 'ge*' -C 'ge*' >a.log 2>&1 &
peer lldpd -d -O /run/park/lldpd.conf -u /run/park/b.sock -I 'up*' -C 'up*' >b.log 2>&1 &
cd - >/dev/null
"""
)


def run_inside(script, function):
    """Run a test's function in namespaces that a script fills; everything in them ends with it."""
    code = f"from test_probes_paths import {function}; {function}()"
    text = script + f"\n{sys.executable} -c '{code}'\n"
    done = subprocess.run(
        ["unshare", "-n", "-m", "-u", "-p", "-f", "--kill-child", "--mount-proc", "sh", "-c", text],
        cwd=Path(__file__).parent, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


# LLDP


@pytest.mark.skipif(not shutil.which("lldpd") or not shutil.which("snmpd"), reason="needs lldpd and snmpd")
def test_lldp():
    run_inside(LLDP, "lldp_inside")


def lldp_inside():
    def ask(cables):
        one = target("lldp", cables=cables, community="env:C")
        return look(one, secret=lambda name: "park")

    planned = "ge1=acc-1|up1|core-1:acc-1,ge2=acc-1|up2|core-1:acc-1b"
    wait_until(lambda: ask(planned).state is UP, timeout_s=60, what="neighbours")
    sample = ask(planned)
    is_(sample, UP)
    assert sample.values == (("lldp_neighbours", 2.0), ("lldp_wrong_links", 0.0))
    sample = ask("ge1=acc-1|up2|L1,ge2=acc-2|up2|L2")
    is_(sample, DOWN, "^link L1: ge1 sees acc-1 .*up1.*, expected acc-1 up2; link L2: ge2 sees acc-1 .*up2")
    assert dict(sample.values)["lldp_wrong_links"] == 2
    is_(ask("ge9=acc-1|up9|L9"), DOWN, "^link L9: ge9 sees no neighbour, expected acc-1 up9$")
    folder = Path("/run/park/ssh")
    folder.mkdir()
    sshd = Sshd(folder)
    with sshd.serving():
        common = {"source": "lldpcli", "timeout_s": 5}
        is_(look(target("lldp", sshd.port, cables=planned, **common), login=sshd.login), UP)
        sample = look(target("lldp", sshd.port, cables="ge1=acc-9|up1|L1", **common), login=sshd.login)
        is_(sample, DOWN, "^link L1: ge1 sees acc-1 up1, expected acc-9 up1$")
        sample = look(target("lldp", sshd.port, cables=planned, **common), login=sshd.strange_user_key)
        is_(sample, DOWN, "login as root refused")
    one = target("lldp", cables=planned, community="env:C", port=1161)
    is_(look(one, secret=lambda name: "park"), DOWN, "no agent listens")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("GigabitEthernet1/0/1", "Gi1/0/1", True),
        ("XGigabitEthernet0/0/3", "xgigabitethernet0/0/3", True),
        ("Gi1/0/1", "Gi1/0/11", False),
        ("ge-0/0/1", "xe-0/0/1", False),
        ("eth1", "ge1", False),
        ("Ten-GigabitEthernet1/0/1", "GigabitEthernet1/0/1", False),
        ("uplink", "Uplink", True),
        ("uplink", "up", False),
    ],
)
def test_ports_by_their_names(one, other, same):
    assert _same(one, other) is same
    assert _same(other, one) is same


@pytest.mark.parametrize("wrong", ["", "ge1", "ge1=acc-1", "ge1=acc-1|up1", "=a|b|c", "ge1=a|b|c,"])
def test_cables_are_checked(wrong):
    with pytest.raises(UsageError, match="is no cable"):
        prepare([target("lldp", cables=wrong)])


# Exits

EXITS = (
    START
    + """
sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
peer sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
peer ip link set lo up
for n in 1 2; do
  unshare -n sleep 1000 & router=$!
  until [ "$(readlink /proc/$router/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
  within() { nsenter --net=/proc/$router/ns/net "$@"; }
  ip link add ex$n type veth peer name in; ip link set in netns $router
  ip link add out type veth peer name isp$n; ip link set out netns $router; ip link set isp$n netns $far
  ip addr add 10.0.$n.1/24 dev ex$n; ip link set ex$n up
  within ip link set lo up
  within ip addr add 10.0.$n.254/24 dev in; within ip link set in up
  within ip addr add 10.9.$n.1/24 dev out; within ip link set out up
  within sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0
  within ip route add default via 10.9.$n.2
  peer ip addr add 10.9.$n.2/24 dev isp$n; peer ip link set isp$n up
  peer ip route add 10.0.$n.0/24 via 10.9.$n.1
  ip rule add from 10.0.$n.1 table 10$n; ip route add default via 10.0.$n.254 table 10$n
done
peer ip addr add 203.0.113.9/32 dev lo
peer sysctl -qw net.ipv4.icmp_ratelimit=0
ip route add default via 10.0.1.254
"""
)


def test_exits():
    script = EXITS + f"\npeer {sys.executable} -m http.server -b 203.0.113.9 443 >/dev/null 2>&1 &\n"
    run_inside(script, "exits_inside")


def exits_inside():
    known = "ct-1=10.0.1.254,cu-1=10.0.2.254"

    def ask(port=443, **parameters):
        return look(target("exit", port, "203.0.113.9", timeout_s=3, **{"exits": known, **parameters}))

    wait_until(lambda: ask().state is UP, what="service outside")
    for source, name in (("10.0.1.1", "ct-1"), ("10.0.2.1", "cu-1")):
        sample = ask(source=source, through=name)
        is_(sample, UP)
        values = dict(sample.values)
        assert values["exit_hops"] == 2
        assert values[f"exit_carries[{name}]"] == 1
        assert sum(number for key, number in sample.values if key.startswith("exit_carries")) == 1
        assert values["hop_rtt_s[1]"] > 0
    is_(ask(source="10.0.1.1", through="cu-1"), DOWN, "^leaves by ct-1, expected cu-1$")
    is_(ask(exits="ct-9=192.0.2.1"), UNKNOWN, r"^no exit is seen on the way \(10.0.1.254, 203.0.113.9\)$")
    is_(ask(80, source="10.0.2.1"), DOWN, "^203.0.113.9 refuses port 80 by cu-1$")
    is_(ask(source="10.0.7.1"), UNKNOWN, "cannot assign requested address")
    subprocess.run(["ip", "route", "replace", "default", "via", "10.0.1.254", "table", "102"], check=False)
    subprocess.run(["ip", "route", "replace", "blackhole", "default", "table", "102"], check=True)
    sample = ask(source="10.0.2.1")
    assert sample.state is not UP, sample


@pytest.mark.parametrize("wrong", ["ct-1", "=10.0.0.1", "ct-1=here"])
def test_exits_are_checked(wrong):
    with pytest.raises(UsageError, match=r"is no exit|expected an IP address"):
        prepare([target("exit", exits=wrong)])
