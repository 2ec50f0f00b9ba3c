"""Loads platforms: a platform is a folder ``templates/<platform>/`` with a ``platform.yaml``."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parkops.errors import UsageError
from parkops.model import ArtifactKind
from parkops.resources import folder


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TemplateEntry(_Part):
    """One file that the platform renders for a device."""

    template: str
    kind: ArtifactKind
    language: str
    path: str = ""  # below the device's build folder; default: files + destination
    destination: str = ""  # absolute path on a Linux node
    mode: str = "0644"
    reload: str = ""
    roles: tuple[str, ...] = ()  # only for these roles; empty: all
    services: tuple[str, ...] = ()  # only where one of these services runs; empty: all


class ContainerlabKind(_Part):
    """How containerlab runs the platform."""

    kind: str
    image: str
    binds: tuple[str, ...] = ()
    exec: tuple[str, ...] = ()


class Platform(_Part):
    """A platform as data: its driver, what it can do, what it renders."""

    name: str
    title: str
    driver: Literal["netconf", "ssh", "ansible", "none"]
    device_type: str = ""  # netmiko's or ncclient's name for it
    features: tuple[str, ...] = ()
    artifacts: tuple[TemplateEntry, ...] = ()
    containerlab: ContainerlabKind = Field(default=ContainerlabKind(kind="linux", image="alpine:3"))


@cache
def load_platform(name: str, root: Path | None = None) -> Platform:
    """Return a platform by its folder's name.

    Raises UsageError when the folder or its platform.yaml is missing or wrong.
    """
    file = (root or folder("templates")) / name / "platform.yaml"
    try:
        return Platform.model_validate(yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader))
    except FileNotFoundError as error:
        raise UsageError(f"there is no platform {name!r}", where=str(file)) from error
    except (ValidationError, yaml.YAMLError) as error:
        raise UsageError(f"platform {name!r} is wrong: {error}", where=str(file)) from error
