"""Pass: the management plane that devices share, by the MLPS level of what they carry."""

from __future__ import annotations

from collections.abc import Iterator

from parkops.design.draft import Draft, DraftDevice
from parkops.model import LocalUser, ManagementPlane, Role, Server, SnmpUser, SourceRef
from parkops.plan.schema import LoginPlan, ManagementPlan

LOGIN = {"idle_s": 600, "login_attempts": 5, "lockout_s": 600, "sessions": 8}
NTP_PORT, DNS_PORT, TRAP_PORT, SYSLOG_PORT, SYSLOG_TLS_PORT = 123, 53, 162, 514, 6514
SEVERITIES = {  # of RFC 5424, in the words that the model and most command lines use
    "emergency": "emergencies",
    "alert": "alerts",
    "error": "errors",
    "warning": "warnings",
    "notice": "notifications",
}
AAA_PORTS = {"radius": 1812, "tacacs": 49}
AAA_FEATURES = {"radius": "aaa", "tacacs": "tacacs"}
SDN_PORTS = {"netconf-call-home": 4334, "openflow": 6653}
SDN_FEATURES = {"netconf-call-home": "call-home", "openflow": "openflow"}
NODES = frozenset({"edge-controller", "edge-gateway", "edge-cloud", "cloud-host", "server"})
SWITCHES = (Role.RING_SWITCH, Role.ACCESS_SWITCH)
NETWORK = frozenset(
    role
    for role in Role
    if role.value not in NODES | {"endpoint", "external", "management-server", "identifier-node"}
)


def add_plane(draft: Draft) -> None:
    """Give every managed device its management plane; devices of one level share one value."""
    management = draft.plan.management
    base, asked = tuple(_servers(draft, management)), _asked(draft)
    planes: dict[tuple[int, bool, bool], ManagementPlane] = {}
    for _, device in sorted(draft.devices.items()):
        if not device.management_ipv4:
            continue
        key = (_level(draft, device), device.role in NETWORK, _controlled(draft, device))
        if key not in planes:
            planes[key] = _plane(draft, base, *key)
        device.plane = planes[key]
        _needs(draft, device, asked)
    draft.plane = _plane(draft, base, 0, True, False)


def _level(draft: Draft, device: DraftDevice) -> int:
    """Return the highest level of the zones that a device carries, where the plan tells levels apart."""
    if not draft.plan.management.levels:
        return 0
    zones = {port.zone for port in device.ports.values() if port.zone}
    zones |= {draft.segments[name].zone for name in device.vlans.values() if name in draft.segments}
    return max((draft.plan.zones[zone].mlps_level for zone in zones), default=0)


def _controlled(draft: Draft, device: DraftDevice) -> bool:
    sdn = draft.plan.sdn
    return sdn is not None and device.role in SWITCHES and (not sdn.sites or device.site in sdn.sites)


def _plane(
    draft: Draft, servers: tuple[Server, ...], level: int, network: bool, controlled: bool
) -> ManagementPlane:
    plan = draft.plan.management
    levels = [plan.levels[item] for item in sorted(plan.levels) if item <= level]
    limits = {key: _limit(key, plan, levels) for key in LOGIN}
    snmp = plan.snmp
    return ManagementPlane(
        draft.marks.ref("management"),
        (*servers, *(_controller(draft) if controlled else ())),
        tuple(
            SnmpUser(name, user.auth_key, user.privacy_key, user.auth, user.privacy, user.write)
            for name, user in sorted(snmp.users.items() if snmp else ())
        ),
        tuple(
            LocalUser(name, user.password_hash, user.privilege, user.role)
            for name, user in sorted(plan.local_users.items())
        ),
        banner=plan.banner,
        domain=plan.dns.domain if plan.dns else "",
        vrf=plan.out_of_band.vrf if plan.out_of_band and network else "",
        networks=(str(draft.plan.pools.management.ipv4),),
        control_plane_pps=plan.control_plane_pps,
        location=plan.location,
        contact=plan.contact,
        idle_s=limits["idle_s"],
        login_attempts=limits["login_attempts"],
        lockout_s=limits["lockout_s"],
        sessions=limits["sessions"],
    )


def _limit(key: str, plan: ManagementPlan, levels: list[LoginPlan]) -> int:
    """Return the limit of the highest level that states one, else the park's, else the default."""
    stated = [getattr(part, key) for part in (plan, *levels)]
    found = [int(value) for value in stated if value is not None]
    return found[-1] if found else LOGIN[key]


def _servers(draft: Draft, plan: ManagementPlan) -> Iterator[Server]:
    for name in plan.ntp:
        key = plan.ntp_key or ""
        yield Server("ntp", *_where(draft, name), NTP_PORT, key=key, key_id=plan.ntp_key_id if key else 0)
    for name in plan.dns.servers if plan.dns else ():
        yield Server("dns", *_where(draft, name), DNS_PORT)
    port, protocol = (SYSLOG_TLS_PORT, "tls") if plan.syslog_tls else (SYSLOG_PORT, "udp")
    level = SEVERITIES.get(plan.syslog_level, plan.syslog_level)
    for name in plan.syslog:
        yield Server("syslog", *_where(draft, name), port, protocol, level=level)
    if plan.aaa:
        protocol = "udp" if plan.aaa.protocol == "radius" else "tcp"
        for name, server in plan.aaa.servers.items():
            port = server.port or AAA_PORTS[plan.aaa.protocol]
            yield Server(plan.aaa.protocol, *_where(draft, name), port, protocol, server.key)
    for name in plan.snmp.traps if plan.snmp else ():
        yield Server("snmp-trap", *_where(draft, name), TRAP_PORT)


def _where(draft: Draft, name: str) -> tuple[str, str]:
    """Return a server's address in the management network, and its device where it is the park's."""
    device = draft.devices.get(name)
    return (device.management_ipv4.partition("/")[0], name) if device else (name, "")


def _controller(draft: Draft) -> Iterator[Server]:
    sdn = draft.plan.sdn
    if sdn is not None:
        port = sdn.port or SDN_PORTS[sdn.protocol]
        protocol = "tls" if sdn.protocol == "openflow" else "tcp"
        yield Server(sdn.protocol, *_where(draft, sdn.controller), port, protocol)


def _asked(draft: Draft) -> list[tuple[str, SourceRef]]:
    """Return the features that the plan's choices ask of every managed device, and where; defaults do not."""
    plan = draft.plan.management
    levels = {key for part in plan.levels.values() for key in part.model_fields_set}

    def stated(*keys: str) -> str:
        of_plan = [key for key in keys if key in plan.model_fields_set]
        return of_plan[0] if of_plan else "levels" if levels & set(keys) else ""

    asked = {
        "banner": stated("banner"),
        "idle-timeout": stated("idle_s"),
        "login-limits": stated("login_attempts", "lockout_s", "sessions"),
        "control-plane-protection": stated("control_plane_pps"),
        "ntp-authentication": plan.ntp_key is not None and "ntp_key",
        "syslog-tls": plan.syslog_tls and "syslog_tls",
        "dns": plan.dns is not None and "dns",
        AAA_FEATURES[plan.aaa.protocol if plan.aaa else "radius"]: plan.aaa is not None and "aaa",
        "snmpv3": plan.snmp is not None and "snmp",
        "local-users": bool(plan.local_users) and "local_users",
    }
    return [(feature, draft.marks.ref("management", key)) for feature, key in asked.items() if key]


def _needs(draft: Draft, device: DraftDevice, asked: list[tuple[str, SourceRef]]) -> None:
    """State what the plan's choices ask of a device's platform."""
    for feature, source in asked:
        device.need(feature, source)
    if draft.plan.management.out_of_band is not None and device.role in NETWORK:
        device.need("management-vrf", draft.marks.ref("management", "out_of_band"))
    sdn = draft.plan.sdn
    if sdn is not None and _controlled(draft, device):
        device.need(SDN_FEATURES[sdn.protocol], draft.marks.ref("sdn"))
