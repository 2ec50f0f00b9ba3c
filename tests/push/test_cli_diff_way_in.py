"""The way in: a push keeps the account that it came with, and names what may cut it off."""

from __future__ import annotations

import pytest

from parkops.push import remediation
from parkops.push.remediation import at_risk, kept_account, protected, remediate

MANAGEMENT = "172.31.0.5/24"
ACCOUNTS = {
    "huawei_vrp": (
        "sysname a\naaa\n local-user op privilege level 15\n",
        "sysname a\nssh user push authentication-type rsa\naaa\n local-user op privilege level 15\n"
        " local-user push password irreversible-cipher x\n local-user push privilege level 15\n"
        " local-user old privilege level 1\n",
    ),
    "hp_comware": (
        "sysname a\nlocal-user op class manage\n service-type ssh\n",
        "sysname a\nlocal-user op class manage\n service-type ssh\nssh user push service-type stelnet\n"
        "local-user push class manage\n service-type ssh\n authorization-attribute user-role network-admin\n"
        "local-user old class manage\n service-type ssh\n",
    ),
    "cisco_iosxe": (
        "hostname a\nusername op privilege 15 secret 9 x\n",
        "hostname a\nusername op privilege 15 secret 9 x\nusername push privilege 15 secret 9 y\n"
        "ip ssh pubkey-chain\n  username push\n   key-hash ssh-rsa 0011\n"
        "username old privilege 1 secret 9 z\n",
    ),
    "arista_eos": (
        "hostname a\nusername op privilege 15 secret sha512 x\n",
        "hostname a\nusername op privilege 15 secret sha512 x\nusername push privilege 15 secret sha512 y\n"
        "username push ssh-key ssh-ed25519 AAAA\nusername old secret sha512 z\n",
    ),
    "ruijie_os": (
        "hostname a\nusername op privilege 15 secret 8 x\n",
        "hostname a\nusername op privilege 15 secret 8 x\nusername push privilege 15 secret 8 y\n"
        "username old privilege 1 secret 8 z\n",
    ),
    "zte_zxros": (
        "hostname a\nsystem-user\n user-name op\n  bind authentication-template 1\n",
        "hostname a\nsystem-user\n user-name op\n  bind authentication-template 1\n user-name push\n"
        "  bind authentication-template 1\n user-name old\n  bind authentication-template 1\n",
    ),
    "juniper_junos": (
        "set system host-name a\nset system login user op class super-user\n",
        "set system host-name a\nset system login user op class super-user\n"
        "set system login user push class super-user\n"
        'set system login user push authentication ssh-ed25519 "AAAA"\n'
        "set system login user old class operator\n",
    ),
    "nokia_srlinux": (
        "set / system name host-name a\nset / system aaa authentication user op superuser true\n",
        "set / system name host-name a\nset / system aaa authentication user op superuser true\n"
        "set / system aaa authentication user push superuser true\n"
        "set / system aaa authentication user push password x\n"
        "set / system aaa authentication user old password z\n",
    ),
}


@pytest.mark.parametrize("kind", ACCOUNTS)
def test_the_account_of_the_push_is_kept_and_another_goes(kind: str) -> None:
    intended, running = ACCOUNTS[kind]
    target = protected(intended, running, kind, "push")
    found = remediate(running, target, kind)
    taken = [line for line in found.lines if "push" in line]
    assert taken == []
    assert any("old" in line for line in found.lines)
    kept = kept_account(intended, running, kind, "push")
    assert kept
    assert all("push" in line for line in kept)


@pytest.mark.parametrize("kind", ACCOUNTS)
def test_without_its_own_account_nothing_is_added(kind: str) -> None:
    intended, running = ACCOUNTS[kind]
    assert kept_account(intended, intended, kind, "push") == ()
    assert remediation.difference(protected(intended, running, kind, "nobody"), intended, kind) == ""


def test_what_the_plan_says_of_the_account_stands() -> None:
    running = "hostname a\nusername push privilege 15 secret 9 old\n"
    intended = "hostname a\nusername push privilege 15 secret 9 new\n"
    assert kept_account(intended, running, "cisco_iosxe", "push") == ()


IOS = """hostname a
ip access-list standard MANAGEMENT
 10 permit 172.31.0.0 0.0.0.255
interface GigabitEthernet0/0
 vrf forwarding Mgmt
 ip address 172.31.0.5 255.255.255.0
interface GigabitEthernet1/0/1
 ip address 10.0.0.1 255.255.255.0
ip route vrf Mgmt 0.0.0.0 0.0.0.0 172.31.0.1
line vty 0 4
 access-class MANAGEMENT in vrf-also
 transport input ssh
"""
VRP = """sysname a
vlan batch 10 100
acl number 2999
 rule 5 permit source 172.31.0.0 0.0.0.255
interface Vlanif100
 ip binding vpn-instance mgmt
 ip address 172.31.0.5 255.255.255.0
interface GE0/0/1
 port link-type trunk
ip route-static vpn-instance mgmt 0.0.0.0 0.0.0.0 172.31.0.1
stelnet server enable
snetconf server enable
user-interface vty 0 4
 acl 2999 inbound
 protocol inbound ssh
"""
COMWARE = """sysname a
interface M-GigabitEthernet0/0/0
 ip address 172.31.0.5 255.255.255.0
interface GigabitEthernet1/0/1
 port link-mode route
ssh server enable
netconf ssh server enable
"""
EOS = """hostname a
interface Management1
   vrf MGMT
   ip address 172.31.0.5/24
interface Ethernet1
   no switchport
management ssh
   idle-timeout 10
"""
JUNOS = """set system host-name a
set system services ssh
set system services netconf ssh
set interfaces fxp0 unit 0 family inet address 172.31.0.5/24
set interfaces ge-0/0/1 unit 0 family inet address 10.0.0.1/24
set routing-options static route 0.0.0.0/0 next-hop 172.31.0.1
"""
SRL = """set / system name host-name a
set / system ssh-server mgmt admin-state enable
set / interface mgmt0 admin-state enable
set / interface mgmt0 subinterface 0 ipv4 address 172.31.0.5/24
set / interface ethernet-1/1 admin-state enable
set / network-instance mgmt interface mgmt0.0
"""
RUIJIE = """hostname a
interface Mgmt 0
 ip address 172.31.0.5 255.255.255.0
interface GigabitEthernet 0/1
 description x
enable service ssh-server
"""
ZTE = """hostname a
interface mgmt_eth
 ip address 172.31.0.5 255.255.255.0
interface gei-0/1/1/1
 description x
ssh server enable
"""

HAZARDS = [
    (
        "cisco_iosxe",
        IOS,
        " ip address 172.31.0.5 255",
        " ip address 172.31.0.6 255",
        "off the management port",
    ),
    ("cisco_iosxe", IOS, " vrf forwarding Mgmt", " shutdown\n vrf forwarding Mgmt", "closes or moves"),
    ("cisco_iosxe", IOS, " vrf forwarding Mgmt\n", "", "changes the VRF"),
    ("cisco_iosxe", IOS, "ip route vrf Mgmt 0.0.0.0 0.0.0.0 172.31.0.1\n", "", "a route to the management"),
    ("cisco_iosxe", IOS, " 10 permit 172.31.0.0", " 10 permit 172.16.0.0", "lets the management in"),
    ("cisco_iosxe", IOS, "transport input ssh", "transport input none", "ends a service of remote login"),
    ("huawei_vrp", VRP, "172.31.0.5", "172.31.0.6", "off the management port"),
    ("huawei_vrp", VRP, " ip binding vpn-instance mgmt\n", "", "changes the VRF"),
    ("huawei_vrp", VRP, "vlan batch 10 100", "vlan batch 10", "the VLAN of the management port"),
    ("huawei_vrp", VRP, "stelnet server enable", "undo stelnet server enable", "ends a service"),
    ("huawei_vrp", VRP, "snetconf server enable\n", "", "ends a service"),
    ("huawei_vrp", VRP, " rule 5 permit", " rule 5 deny", "lets the management in"),
    ("hp_comware", COMWARE, "172.31.0.5", "172.31.0.6", "off the management port"),
    ("hp_comware", COMWARE, "netconf ssh server enable\n", "", "ends a service"),
    ("arista_eos", EOS, "   idle-timeout 10", "   shutdown", "ends a service"),
    ("arista_eos", EOS, "   vrf MGMT\n", "", "changes the VRF"),
    ("juniper_junos", JUNOS, "172.31.0.5/24", "172.31.0.6/24", "off the management port"),
    ("juniper_junos", JUNOS, "set system services netconf ssh\n", "", "ends a service"),
    (
        "juniper_junos",
        JUNOS,
        "set interfaces ge",
        "set interfaces fxp0 disable\nset interfaces ge",
        "closes or",
    ),
    ("juniper_junos", JUNOS, "next-hop 172.31.0.1", "next-hop 10.0.0.9", "a route to the management"),
    ("nokia_srlinux", SRL, "mgmt0 admin-state enable", "mgmt0 admin-state disable", "closes or moves"),
    ("nokia_srlinux", SRL, "set / network-instance mgmt interface mgmt0.0\n", "", "changes the VRF"),
    ("nokia_srlinux", SRL, "mgmt admin-state enable", "mgmt admin-state disable", "ends a service"),
    ("ruijie_os", RUIJIE, "172.31.0.5", "172.31.0.6", "off the management port"),
    ("ruijie_os", RUIJIE, "enable service ssh-server\n", "", "ends a service"),
    ("zte_zxros", ZTE, " ip address 172", " shutdown\n ip address 172", "closes or moves"),
    ("zte_zxros", ZTE, "ssh server enable\n", "", "ends a service"),
]


@pytest.mark.parametrize(("kind", "running", "old", "new", "told"), HAZARDS)
def test_what_may_cut_the_session_off_is_named(
    kind: str, running: str, old: str, new: str, told: str
) -> None:
    assert old in running
    found = at_risk(running, running.replace(old, new), kind, MANAGEMENT)
    assert any(told in risk for risk in found), found


HARMLESS = [
    ("cisco_iosxe", IOS, "10.0.0.1", "10.0.0.2"),
    ("cisco_iosxe", IOS, "transport input ssh", "transport input ssh telnet"),
    ("cisco_iosxe", IOS, "interface GigabitEthernet1/0/1\n", "interface GigabitEthernet1/0/1\n shutdown\n"),
    ("huawei_vrp", VRP, "vlan batch 10 100", "vlan batch 100 200"),
    ("hp_comware", COMWARE, " port link-mode route", " port link-mode bridge"),
    ("arista_eos", EOS, "   idle-timeout 10", "   idle-timeout 20"),
    ("juniper_junos", JUNOS, "10.0.0.1/24", "10.0.0.2/24"),
    ("nokia_srlinux", SRL, "ethernet-1/1 admin-state enable", "ethernet-1/1 admin-state disable"),
    ("ruijie_os", RUIJIE, " description x", " shutdown"),
    ("zte_zxros", ZTE, " description x", " description y"),
]


@pytest.mark.parametrize(("kind", "running", "old", "new"), HARMLESS)
def test_what_does_not_touch_the_way_in_is_not_named(kind: str, running: str, old: str, new: str) -> None:
    assert old in running
    assert at_risk(running, running.replace(old, new), kind, MANAGEMENT) == ()
