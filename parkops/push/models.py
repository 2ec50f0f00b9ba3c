"""What an edit must know of data models: namespaces, keys and order of lists, defaults, presence."""

from __future__ import annotations

BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"
IF = "urn:ietf:params:xml:ns:yang:ietf-interfaces"
IP = "urn:ietf:params:xml:ns:yang:ietf-ip"
BRIDGE = "urn:ieee:std:802.1Q:yang:ieee802-dot1q-bridge"
RSTP = "urn:ieee:std:802.1Q:yang:ieee802-dot1q-rstp-bridge"
SCHED = "urn:ieee:std:802.1Q:yang:ieee802-dot1q-sched-bridge"
LLDP = "urn:ieee:std:802.1AB:yang:ieee802-dot1ab-lldp"
LAG = "urn:ieee:std:802.1AX:yang:ieee802-dot1ax-linkagg"
PTP = "urn:ieee:std:1588:yang:ieee1588-ptp-tt"
SYSTEM = "urn:ietf:params:xml:ns:yang:ietf-system"
TACACS = "urn:ietf:params:xml:ns:yang:ietf-system-tacacs-plus"
ROUTING = "urn:ietf:params:xml:ns:yang:ietf-routing"
V4 = "urn:ietf:params:xml:ns:yang:ietf-ipv4-unicast-routing"
V6 = "urn:ietf:params:xml:ns:yang:ietf-ipv6-unicast-routing"
ACL = "urn:ietf:params:xml:ns:yang:ietf-access-control-list"
NTP = "urn:ietf:params:xml:ns:yang:ietf-ntp"
SYSLOG = "urn:ietf:params:xml:ns:yang:ietf-syslog"
SID = "urn:ieee:std:802.1Q:yang:ieee802-dot1cb-stream-identification"
FRER = "urn:ieee:std:802.1Q:yang:ieee802-dot1cb-frer"
INSTANCE = "urn:ietf:params:xml:ns:yang:ietf-network-instance"
TRUST = "urn:ietf:params:xml:ns:yang:ietf-truststore"

# Keys of the lists in the managed modules (RFC 8343, RFC 8344, IEEE Std 802.1Q-2022 clause 48).
LIST_KEYS: dict[str, tuple[str, ...]] = {
    f"{{{IF}}}interface": ("name",),
    f"{{{IP}}}address": ("ip",),
    f"{{{IP}}}neighbor": ("ip",),
    f"{{{BRIDGE}}}bridge": ("name",),
    f"{{{BRIDGE}}}component": ("name",),
    f"{{{BRIDGE}}}filtering-entry": ("database-id", "vids", "address"),
    f"{{{BRIDGE}}}vlan-registration-entry": ("database-id", "vids"),
    f"{{{BRIDGE}}}port-map": ("port-ref",),
    f"{{{BRIDGE}}}vlan": ("vid",),
    f"{{{BRIDGE}}}vid-to-fid": ("vid",),
    f"{{{BRIDGE}}}vid-to-fid-allocation": ("vids",),
    f"{{{BRIDGE}}}fid-to-vid-allocation": ("fid",),
    f"{{{BRIDGE}}}fid-to-mstid": ("fid",),
    f"{{{BRIDGE}}}fid-to-mstid-allocation": ("fids",),
    f"{{{BRIDGE}}}protocol-group-database": ("db-index",),
    f"{{{BRIDGE}}}protocol-group-vid-set": ("group-id",),
    f"{{{BRIDGE}}}vid-translations": ("local-vid",),
    f"{{{BRIDGE}}}egress-vid-translations": ("relay-vid",),
    f"{{{BRIDGE}}}transmission-selection-algorithm-map": ("traffic-class",),
    f"{{{SCHED}}}gate-control-entry": ("index",),
    f"{{{LLDP}}}port": ("name", "dest-mac-address"),
    f"{{{LAG}}}agg-system": ("name",),
    f"{{{LAG}}}key-group": ("name",),
    f"{{{PTP}}}instance": ("instance-index",),
    f"{{{PTP}}}port": ("port-index",),
    f"{{{SYSTEM}}}server": ("name",),
    f"{{{SYSTEM}}}user": ("name",),
    f"{{{TACACS}}}server": ("name",),
    f"{{{SYSTEM}}}authorized-key": ("name",),
    f"{{{ROUTING}}}control-plane-protocol": ("type", "name"),
    f"{{{V4}}}route": ("destination-prefix",),
    f"{{{V6}}}route": ("destination-prefix",),
    f"{{{ACL}}}acl": ("name",),
    f"{{{ACL}}}ace": ("name",),
    f"{{{ACL}}}interface": ("interface-id",),
    f"{{{ACL}}}acl-set": ("name",),
    f"{{{NTP}}}authentication-keys": ("keyid",),
    f"{{{NTP}}}unicast-configuration": ("address", "type"),
    f"{{{SYSLOG}}}destination": ("name",),
    f"{{{SYSLOG}}}facility-list": ("facility", "severity"),
    f"{{{SYSLOG}}}udp": ("address",),
    f"{{{SYSLOG}}}tls": ("address",),
    f"{{{SID}}}stream-identity": ("index",),
    f"{{{FRER}}}sequence-generation": ("index",),
    f"{{{FRER}}}sequence-recovery": ("index",),
    f"{{{FRER}}}sequence-identification": ("port", "direction-out-facing"),
    f"{{{FRER}}}stream-split": ("port", "direction-out-facing"),
    f"{{{INSTANCE}}}network-instance": ("name",),
    f"{{{TRUST}}}certificate-bag": ("name",),
    f"{{{TRUST}}}certificate": ("name",),
}
# Lists whose order means something (YANG `ordered-by user`), by what they stand in.
ORDERED: dict[str, frozenset[str]] = {
    f"{{{SYSTEM}}}dns-resolver": frozenset({f"{{{SYSTEM}}}search", f"{{{SYSTEM}}}server"}),
    f"{{{TACACS}}}tacacs-plus": frozenset({f"{{{TACACS}}}server"}),
    f"{{{SYSTEM}}}radius": frozenset({f"{{{SYSTEM}}}server"}),
    f"{{{SYSTEM}}}authentication": frozenset({f"{{{SYSTEM}}}user-authentication-order"}),
    f"{{{ACL}}}aces": frozenset({f"{{{ACL}}}ace"}),
    f"{{{ACL}}}acl-sets": frozenset({f"{{{ACL}}}acl-set"}),
}
# Keys of lists in vendors' own schemas, by what the namespace begins with; where a list is not named here,
# the first of the usual keys that an entry has. Their models are many, and their lists alike.
VENDORS = ("http://www.huawei.com/netconf/vrp", "http://www.h3c.com/netconf/", "urn:huawei:yang:",
           "urn:rg:params:xml:ns:yang:")  # fmt: skip
VENDOR_KEYS: dict[str, tuple[str, ...]] = {
    "Ipv4Address": ("IfIndex", "Ipv4Address"),
    "Ipv6Address": ("IfIndex", "Ipv6Address"),
    "am4CfgAddr": ("ifIpAddr",),
    "am6CfgAddr": ("ifIp6Addr",),
    "TrunkMemberIf": ("memberIfName",),
    "server": ("ip-type", "ipaddress", "is-default-vpn", "vrf-name"),
    "unicast": ("ip-address", "type", "vpn-name"),
}
USUAL_KEYS = ("name", "id", "ifName", "vlanId", "vrfName", "IfIndex", "ID", "ip", "ip-address", "address")
# Default values: a server may report them or leave them out (RFC 6243), which is no difference.
DEFAULTS: frozenset[tuple[str, str]] = frozenset(
    {
        (f"{{{IF}}}enabled", "true"),
        (f"{{{BRIDGE}}}traffic-class-enabled", "true"),
        (f"{{{BRIDGE}}}aging-time", "300"),
        (f"{{{BRIDGE}}}pvid", "1"),
        (f"{{{BRIDGE}}}default-priority", "0"),
        (f"{{{BRIDGE}}}pcp-selection", "8P0D"),
        (f"{{{BRIDGE}}}use-dei", "false"),
        (f"{{{BRIDGE}}}drop-encoding", "false"),
        (f"{{{BRIDGE}}}service-access-priority-selection", "false"),
        (f"{{{BRIDGE}}}acceptable-frame", "admit-all-frames"),
        (f"{{{BRIDGE}}}enable-ingress-filtering", "false"),
        (f"{{{BRIDGE}}}enable-restricted-vlan-registration", "false"),
        (f"{{{BRIDGE}}}enable-vid-translation-table", "false"),
        (f"{{{BRIDGE}}}enable-egress-vid-translation-table", "false"),
        (f"{{{RSTP}}}bridge-max-age", "20"),
        (f"{{{RSTP}}}bridge-forward-delay", "15"),
        (f"{{{RSTP}}}tx-hold-count", "6"),
        (f"{{{RSTP}}}admin-bridge-port-enabled", "true"),
        (f"{{{FRER}}}history-length", "2"),
        (f"{{{FRER}}}reset", "false"),  # what a server always reports (10.4.1.4)
        (f"{{{FRER}}}take-no-sequence", "false"),
        (f"{{{FRER}}}period", "2000"),
        (f"{{{FRER}}}reset-period", "30000"),
        (f"{{{SYSTEM}}}enabled", "true"),
        (f"{{{SYSTEM}}}association-type", "server"),
        (f"{{{SYSTEM}}}authentication-port", "1812"),
        (f"{{{SYSTEM}}}authentication-type", "radius-pap"),
        (f"{{{SYSTEM}}}prefer", "false"),
        (f"{{{SYSTEM}}}iburst", "false"),
    }
)
# Containers that mean something although they are empty (YANG `presence`).
PRESENCE = frozenset({f"{{{RSTP}}}rstp", f"{{{FRER}}}vector", f"{{{FRER}}}match", f"{{{FRER}}}r-tag"})
# Lists of values: one that is replaced is another entry, though it stands alone (RFC 7950, 7.7).
LEAF_LISTS = frozenset(
    {f"{{{SID}}}{name}" for name in ("input-port", "output-port")}
    | {f"{{{FRER}}}{name}" for name in ("stream", "port", "input-id", "output-id")}
)
