"""Which driver a platform has: the general ones, or those that know a vendor's own ways."""

from __future__ import annotations

from parkops.platforms import Platform, load_platform
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


def language(platform: str) -> str:
    """Return whose command language a platform has: by its folder's name, else by its device type."""
    if platform in DIALECTS:
        return platform
    kind = load_platform(platform).device_type
    return DEVICE_TYPES.get(kind, kind)


def driver_name(platform: Platform) -> str:
    """Return the name of a platform's driver."""
    if platform.driver == "ssh" and language(platform.name) in DIALECTS.keys() - {"frr"}:
        return "vendor-cli"
    if platform.driver == "netconf" and platform.device_type in NETCONF_TYPES:
        return "vendor-netconf"
    return platform.driver
