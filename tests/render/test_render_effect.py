"""Nothing is silently ignored: what the sample park states changes the configuration, or it is said why."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
import sample
import yaml
from mutations import mutations
from test_render_network_os import exit_router

from parkops.errors import RenderError, UsageError
from parkops.model import Device
from parkops.model.features import FEATURES
from parkops.platforms import find_platforms
from parkops.render import Renderer

EXCEPTIONS = yaml.safe_load((Path(__file__).parent / "not_rendered.yaml").read_text(encoding="utf-8"))
PLATFORMS = (
    *("huawei_vrp", "hp_comware", "ruijie_os", "zte_zxros", "cisco_iosxe", "arista_eos", "juniper_junos"),
    *("nokia_srlinux", "openwrt", "openconfig"),
)
ROLES = (sample.core, sample.spine, sample.leaf, sample.aggregation, sample.access_switch, sample.boundary)


def devices(platform: str) -> list[Device]:
    """Return one device per role that the platform may have, and one per ring protocol."""
    features = find_platforms().get(platform).features
    made = [make(platform) for make in (*ROLES, exit_router)]
    made += [sample.ring_switch(platform, name) for name in ("erps", "mrp", "rstp") if name in features]
    return [*made, sample.access_point(platform), sample.cpe(platform)] if "wlan" in features else made


@cache
def silent(platform: str) -> frozenset[str]:
    """Return what may change without any change of the configuration."""
    renderer = Renderer.of(sample.sample_park(platform))
    heard: set[str] = set()
    unheard: set[str] = set()
    for device in devices(platform):
        before = [item.text for item in renderer.device(device)]
        for key, changed in mutations(device):
            if key in heard:
                continue
            try:
                after = [item.text for item in renderer.device(changed)]
            except (RenderError, UsageError, ValueError):  # no word for it: not ignored
                heard.add(key)
                continue
            (heard if after != before else unheard).add(key)
    return frozenset(unheard - heard)


def feature(key: str) -> str:
    """Return the feature that a value belongs to, "" for what every platform has to write."""
    found = (
        name for name, patterns in EXCEPTIONS["features"].items() for text in patterns if re.match(text, key)
    )
    return next(found, "")


def reasons(platform: str, key: str) -> list[str]:
    """Return the patterns of the exceptions that cover a value."""
    own = EXCEPTIONS["platforms"].get(platform, {})
    return [text for text in (*EXCEPTIONS["always"], *own) if re.match(text, key)]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_stated_value_takes_effect(platform: str) -> None:
    declared = find_platforms().get(platform).features
    ignored = [key for key in silent(platform) if feature(key) in ("", *declared)]
    assert sorted(key for key in ignored if not reasons(platform, key)) == []


def test_no_exception_is_left_over() -> None:
    """An exception that covers nothing any more would hide the next value that is forgotten."""
    declared = {name: find_platforms().get(name).features for name in PLATFORMS}
    ignored = {
        name: [key for key in silent(name) if feature(key) in ("", *declared[name])] for name in PLATFORMS
    }
    everywhere = {key for keys in ignored.values() for key in keys}
    unused = [text for text in EXCEPTIONS["always"] if not any(re.match(text, key) for key in everywhere)]
    for name, patterns in EXCEPTIONS["platforms"].items():
        unused += [(name, text) for text in patterns if not any(re.match(text, key) for key in ignored[name])]
    assert unused == []


def test_exceptions_name_features_that_there_are() -> None:
    assert set(EXCEPTIONS["features"]) <= set(FEATURES)
    assert set(EXCEPTIONS["platforms"]) <= set(PLATFORMS)
