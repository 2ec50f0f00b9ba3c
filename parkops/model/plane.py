"""The management plane and the hardening that every managed device gets."""

from __future__ import annotations

from dataclasses import dataclass

from parkops.model.source import SourceRef


@dataclass(frozen=True, slots=True)
class Server:
    """A server of the management plane; ``key`` is a secret reference."""

    kind: str  # ntp | dns | syslog | radius | tacacs | snmp-trap
    address: str  # IPv4 or IPv6
    device: str = ""  # where it runs, "" when it is none of the park's
    port: int = 0
    protocol: str = "udp"  # udp | tcp | tls
    key: str = ""
    key_id: int = 0  # NTP
    level: str = "informational"  # syslog: emergencies, alerts, errors, warnings, notifications, …


@dataclass(frozen=True, slots=True)
class SnmpUser:
    """An SNMPv3 user (RFC 3414), authPriv; both keys are secret references."""

    name: str
    auth_key: str
    privacy_key: str
    auth: str = "sha256"
    privacy: str = "aes128"
    write: bool = False


@dataclass(frozen=True, slots=True)
class LocalUser:
    """A local account, for when no AAA server answers; ``password_hash`` is a secret reference."""

    name: str
    password_hash: str
    privilege: int = 15
    role: str = "admin"  # admin | operator | auditor (three separate powers, GB/T 22239 8.1.10)


@dataclass(frozen=True, slots=True)
class SshPolicy:
    """What an SSH server may offer, best first."""

    ciphers: tuple[str, ...] = ("aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr")
    macs: tuple[str, ...] = ("hmac-sha2-512-etm@openssh.com", "hmac-sha2-256-etm@openssh.com")
    key_exchanges: tuple[str, ...] = (
        "curve25519-sha256",
        "curve25519-sha256@libssh.org",
        "diffie-hellman-group16-sha512",
    )
    host_keys: tuple[str, ...] = ("ssh-ed25519", "rsa-sha2-512")
    rsa_bits: int = 3072


@dataclass(frozen=True, slots=True)
class ManagementPlane:
    """How devices are managed, timed, logged and watched; the same value is shared by many devices."""

    source: SourceRef
    servers: tuple[Server, ...] = ()
    snmp_users: tuple[SnmpUser, ...] = ()
    local_users: tuple[LocalUser, ...] = ()
    ssh: SshPolicy = SshPolicy()
    banner: str = "Authorised access only. All activity is logged."
    idle_s: int = 600
    login_attempts: int = 5
    lockout_s: int = 600
    sessions: int = 8
    domain: str = ""
    vrf: str = ""  # management VRF of network devices, "" for the default one
    networks: tuple[str, ...] = ()  # prefixes that may manage
    control_plane_pps: int = 1000  # policed rate of what is sent to the device itself
    location: str = ""
    contact: str = ""

    def of(self, kind: str) -> tuple[Server, ...]:
        """Return the servers of one kind."""
        return tuple(server for server in self.servers if server.kind == kind)


@dataclass(frozen=True, slots=True)
class Quarantine:
    """An action that is prepared, but off: it cuts a tenant, a segment or a host off."""

    id: str
    tenant: str
    kind: str  # tenant | segment | host
    name: str  # of the object (address set, ACL, VRF) on the device
    interfaces: tuple[str, ...]
    prefixes: tuple[str, ...]
    vlan: int = 0  # quarantine VLAN, 0 for none
    stages: tuple[str, ...] = ("log", "limit", "quarantine", "block")
    source: SourceRef | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """A feature that a device's design needs of its platform, and what asked for it."""

    feature: str
    source: SourceRef
    waived: str = ""  # reason, when the plan does without


@dataclass(frozen=True, slots=True)
class Allowance:
    """Traffic of the infrastructure itself that a filtering device must let pass; no flow of the plan."""

    id: str  # stable, by kind and interface
    kind: str  # ospf | isis | bgp | bfd | vrrp | ike | esp | wireguard | dhcp-relay | time | log | aaa | name
    direction: str  # in | out, as the device sees it
    interface: str  # "" for the management port
    protocol: str  # tcp | udp | icmp | ospf | vrrp | esp
    ports: tuple[int, ...]
    peers: tuple[str, ...]  # addresses, () for any on the link
    reason: str
    source: SourceRef
