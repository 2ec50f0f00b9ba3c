"""Which driver a platform has: the general ones, or those that know a vendor's own ways."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from parkops.model import Device
from parkops.platforms import Platform, find_platforms, load_platform
from parkops.push.remediation.rules import Rules, read_rules, rules
from parkops.push.vendor_dialects import DIALECTS

# netmiko's and ncclient's names for what a vendor's driver works on, where a folder has a name of its own.
DEVICE_TYPES = {
    "huawei_vrpv8": "huawei_vrp",
    "huawei": "huawei_vrp",
    "cisco_ios": "cisco_iosxe",
    "cisco_xe": "cisco_iosxe",
    "nokia_srl": "nokia_srlinux",
}
NETCONF_TYPES = frozenset({"huawei", "huaweiyang", "h3c", "hpcomware", "ruijie"})


def language(platform: str, dirs: Sequence[Path] = ()) -> str:
    """Return whose command language a platform has: by its folder's name, else by its device type.

    ``dirs`` are the folders of the user's own platforms.
    """
    if platform in DIALECTS:
        return platform
    return _language(load_platform(platform, dirs))


def _language(platform: Platform) -> str:
    if platform.name in DIALECTS:
        return platform.name
    return DEVICE_TYPES.get(platform.device_type, platform.device_type)


def rules_of(platform: str, dirs: Sequence[Path] = ()) -> Rules:
    """Return a platform's rules of remediation: of its own folder, else those of its language.

    Raises UsageError where there are none.
    """
    for folder in find_platforms(dirs).folders(platform):
        if (file := folder / "remediation.yaml").is_file():
            return read_rules(file)
    return rules(language(platform, dirs))


def driver_name(platform: Platform, device: Device) -> str:
    """Return the name of the driver that takes a device of a platform."""
    if platform.manages_host(device):
        return platform.driver_of(device)
    if platform.driver == "ssh" and _language(platform) in DIALECTS.keys() - {"frr"}:
        return "vendor-cli"
    if platform.driver == "netconf" and platform.device_type in NETCONF_TYPES:
        return "vendor-netconf"
    return platform.driver
