"""The four example parks in the four vendor mixes: read with another mix, designed, rendered."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from parkops.design import design
from parkops.model import Artifact, Park
from parkops.plan import LoadedPlan, load
from parkops.platforms import find_platforms
from parkops.render import Renderer

INVENTORIES = Path(__file__).resolve().parents[2] / "inventories"
PARKS = ("demo", "electronics", "heavy-industry", "logistics")
MIXES = ("all-huawei", "all-h3c", "mixed", "all-open")
OWN = {"demo": "", "electronics": "all-h3c", "heavy-industry": "all-huawei", "logistics": "mixed"}
PLATFORMS = find_platforms()
_MIX = re.compile(r"mixes/[a-z0-9-]+\.yaml")


@cache
def loaded(park: str, mix: str = "") -> LoadedPlan:
    """Read a park's plan, with another mix in the line that includes one; none: as it stands."""
    if mix in ("", OWN[park]):
        return load(INVENTORIES / park / "park.yaml")
    with TemporaryDirectory(prefix="parkops-parks-") as folder:
        shutil.copytree(INVENTORIES / "mixes", Path(folder, "mixes"))
        ignored = shutil.ignore_patterns(".parkops", "build", "reports")
        shutil.copytree(INVENTORIES / park, Path(folder, park), ignore=ignored)
        file = Path(folder, park, "park.yaml")
        text = file.read_text(encoding="utf-8")
        other = _MIX.sub(f"mixes/{mix}.yaml", text) if OWN[park] else f"include: mixes/{mix}.yaml\n{text}"
        file.write_text(other, encoding="utf-8")
        return load(file)


@cache
def designed(park: str, mix: str) -> Park:
    """Design a park with a mix, without its lock."""
    return design(loaded(park, mix), {}, {}, PLATFORMS)[0]


def rendered(park: Park) -> Iterator[Artifact]:
    """Render every device of a park."""
    renderer = Renderer.of(park, PLATFORMS)
    for device in park.managed:
        yield from renderer.device(device)
