"""Platforms as data: a platform is a folder with a ``platform.yaml`` and Jinja2 templates."""

from parkops.platforms.baseline import BASELINE, Unrendered, unrendered
from parkops.platforms.features import (
    Excuses,
    lacking,
    missing_features,
    requirements_by_block,
    waiver_key,
)
from parkops.platforms.folders import GROUP, Platforms, find_platforms, load_platform
from parkops.platforms.naming import (
    lag_name,
    loopback_name,
    port_name,
    port_number,
    subinterface_name,
    vlan_name,
)
from parkops.platforms.schema import (
    COMMENTS,
    Commit,
    ContainerlabKind,
    Host,
    Interfaces,
    Platform,
    TemplateEntry,
)

__all__ = [
    "BASELINE",
    "COMMENTS",
    "GROUP",
    "Commit",
    "ContainerlabKind",
    "Excuses",
    "Host",
    "Interfaces",
    "Platform",
    "Platforms",
    "TemplateEntry",
    "Unrendered",
    "find_platforms",
    "lacking",
    "lag_name",
    "load_platform",
    "loopback_name",
    "missing_features",
    "port_name",
    "port_number",
    "requirements_by_block",
    "subinterface_name",
    "unrendered",
    "vlan_name",
    "waiver_key",
]
