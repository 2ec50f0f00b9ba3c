"""The platform contract: what a ``platform.yaml`` may say."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from parkops.model import ArtifactKind, Device

Pattern = Annotated[str, StringConstraints(pattern=r"^[^\s{}]*(\{[a-z]*\}[^\s{}]*)*$", min_length=1)]
CommentStyle = Annotated[str, StringConstraints(pattern=r"^$|\{\}")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Interfaces(_Part):
    """How the platform names its interfaces; ``{}`` stands for the number."""

    ports: Pattern = "eth{}"
    first_port: int = Field(default=1, ge=0, le=1)  # 0 where the first port is number 0
    by_role: dict[str, Pattern] = Field(default_factory=dict)  # role -> ports, where a role's ports differ
    management: str = "eth0"
    loopback: Pattern = "lo"
    lag: Pattern = "bond{}"
    routed_lag: str = Field(default="", pattern=r"^$|^[^\s{}]*\{\}[^\s{}]*$")  # without VLANs, "": as lag
    vlan: Pattern = "vlan{}"
    subinterface: Pattern = "{port}.{vid}"


class Commit(_Part):
    """How lines take effect and how they outlive a restart."""

    style: Literal["immediate", "candidate", "file"] = "immediate"
    save: str = ""  # command that keeps the running configuration, "" when the commit does
    confirm: str = ""  # command of a commit that takes itself back, with {minutes} or {seconds}


class Host(_Part):
    """The system below a network operating system, which a plan may ask to be managed too."""

    driver: Literal["ansible"] = "ansible"  # takes all of a device, where its host is managed
    features: tuple[str, ...]  # the host is managed where the design needs one of these


class TemplateEntry(_Part):
    """One file that the platform renders for a device, and which devices get it."""

    template: str  # of the platform's own folder, or with a slash of another platform's
    kind: ArtifactKind
    language: str
    path: str = ""  # below the device's build folder; default: files + destination
    destination: str = ""  # absolute path on a Linux node
    mode: str = "0644"
    reload: str = ""
    roles: tuple[str, ...] = ()  # only for these roles; empty: all
    services: tuple[str, ...] = ()  # only where one of these services runs; empty: all
    features: tuple[str, ...] = ()  # only where the design needs one of these; empty: all
    host: bool | None = None  # only where the device's host is managed (true) or not (false); none: both
    comment: CommentStyle | None = None  # e.g. "! {}"; "": the language has none; default: by language
    each: str = ""  # a list of the context: one file for each ``item``, with {name} in its path

    def name_below(self, platform: str) -> str:
        """Return the template's name below the folder of all platforms."""
        return self.template if "/" in self.template else f"{platform}/{self.template}"


class ContainerlabKind(_Part):
    """How containerlab runs the platform."""

    kind: str
    image: str
    license: str = ""  # file, where the image wants one
    binds: tuple[str, ...] = ()
    startup_config: str = ""  # artifact's path that the kind loads when it boots
    exec: tuple[str, ...] = ()
    ports: str = Field(default="", pattern=r"^$|^[^\s{}]*\{\}[^\s{}]*$")  # its names of ports, "": their own


class Platform(_Part):
    """A platform as data: its driver, how it names ports, what it can do, what it renders."""

    name: str
    title: str
    driver: Literal["netconf", "ssh", "ansible", "none"]
    device_type: str = ""  # netmiko's name (ssh) or ncclient's (netconf)
    netmiko: str = ""  # netmiko's name where the driver is another one
    interfaces: Interfaces = Interfaces()
    features: tuple[str, ...] = ()
    host: Host | None = None
    commit: Commit = Commit()
    comment: CommentStyle = ""  # of configurations whose language is not in COMMENTS, e.g. "! {}"
    artifacts: tuple[TemplateEntry, ...] = ()
    containerlab: ContainerlabKind = ContainerlabKind(kind="linux", image="alpine:3")

    def manages_host(self, device: Device) -> bool:
        """Return whether a device's design asks for something that its host has to give."""
        return self.host is not None and any(need.feature in self.host.features for need in device.needs)

    def driver_of(self, device: Device) -> str:
        """Return the driver that takes a device: the host's, where that is managed."""
        return self.host.driver if self.host is not None and self.manages_host(device) else self.driver

    def gives(self, device: Device, feature: str) -> bool:
        """Return whether a feature is rendered for a device; what a host gives wants a managed host."""
        of_host = self.host is not None and feature in self.host.features
        return feature in self.features and (not of_host or self.manages_host(device))


COMMENTS = {  # language -> how it writes a comment line; a sidecar file stands in where it has none
    "frr": "! {}",
    "nftables": "# {}",
    "ifupdown": "# {}",
    "networkd": "# {}",
    "sysctl": "# {}",
    "shell": "# {}",
    "sshd": "# {}",
    "chrony": "# {}",
    "rsyslog": "# {}",
    "mosquitto": "# {}",
    "nginx": "# {}",
    "prometheus": "# {}",
    "prometheus-rules": "# {}",
    "yaml": "# {}",
    "quadlet": "# {}",
    "strongswan": "# {}",
    "wireguard": "# {}",
    "linuxptp": "# {}",
    "fail2ban": "# {}",
    "ini": "# {}",
    "uci": "# {}",
    "xml": "<!-- {} -->",
    "json": "",
    "text": "",
}
