"""Small configurations of each platform: what a device runs, and what it is to run."""

IOS = """hostname sw1
archive
 path flash:old
vlan 10
 name control
vlan 20
 name office
interface GigabitEthernet1/0/1
 description 一号车间
 switchport mode trunk
 switchport trunk allowed vlan 10,20-22
interface GigabitEthernet1/0/2
 switchport mode access
 switchport access vlan 10
router ospf 1
 router-id 10.0.0.1
ip route 10.9.0.0 255.255.0.0 10.0.0.2
"""
IOS_NEW = IOS.replace("10,20-22", "10,20,30").replace("name office", "name bureau").replace(
    "ip route 10.9", "ip route 10.8"
).replace("router ospf 1", "vlan 30\n name video\nrouter ospf 1")  # fmt: skip
VRP = """sysname sw1
#
vlan batch 10 20 to 22
#
interface GE0/0/1
 description 一号车间
 port link-type trunk
 port trunk allow-pass vlan 10 20 to 22
#
interface GE0/0/2
 port link-type access
 port default vlan 10
#
ip route-static 10.9.0.0 255.255.0.0 10.0.0.2
#
"""
VRP_NEW = VRP.replace("vlan batch 10 20 to 22", "vlan batch 10 20 30").replace(
    "allow-pass vlan 10 20 to 22", "allow-pass vlan 10 20 30"
).replace("10.9.0.0", "10.8.0.0").replace("一号", "二号")  # fmt: skip
COMWARE = (
    VRP.replace("allow-pass", "permit")
    .replace("vlan batch 10 20 to 22\n", "vlan 10\n#\nvlan 20\n")
    .replace("GE0/0", "GigabitEthernet1/0")
    .replace("port default", "port access")
)
COMWARE_NEW = COMWARE.replace("permit vlan 10 20 to 22", "permit vlan 10 20 30").replace(
    "vlan 20\n", "vlan 20\n#\nvlan 30\n name 视频\n"
)
JUNOS = """set system host-name sw1
set vlans control vlan-id 10
set interfaces ge-0/0/1 description "一号 车间"
set interfaces ge-0/0/1 unit 0 family ethernet-switching vlan members control
set interfaces ge-0/0/2 unit 0 family inet address 10.0.0.1/24
set protocols ospf area 0.0.0.0 interface ge-0/0/2.0 metric 5
"""
JUNOS_NEW = (
    JUNOS.replace("10.0.0.1/24", "10.0.0.5/24")
    .replace("metric 5", "metric 7")
    .replace("set protocols", "set vlans video vlan-id 30\nset protocols")
)
SRL = """set / system name host-name sw1
set / interface ethernet-1/1 admin-state enable
set / interface ethernet-1/1 subinterface 0 ipv4 address 10.0.0.1/24
set / network-instance default interface ethernet-1/1.0
"""
SRL_NEW = SRL.replace("admin-state enable", "admin-state disable").replace("10.0.0.1/24", "10.0.0.5/24")

TEXTS = {
    "cisco_iosxe": (IOS, IOS_NEW),
    "arista_eos": (IOS, IOS_NEW),
    "ruijie_os": (
        IOS.replace("allowed vlan 10", "allowed vlan only 10"),
        IOS_NEW.replace("allowed vlan 10", "allowed vlan only 10"),
    ),
    "zte_zxros": (
        IOS.replace("trunk allowed vlan 10,20-22", "trunk vlan 10,20-22"),
        IOS_NEW.replace("trunk allowed vlan", "trunk vlan"),
    ),
    "huawei_vrp": (VRP, VRP_NEW),
    "hp_comware": (COMWARE, COMWARE_NEW),
    "juniper_junos": (JUNOS, JUNOS_NEW),
    "nokia_srlinux": (SRL, SRL_NEW),
}
