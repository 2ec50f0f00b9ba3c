"""One device with a site of a transaction at it, driven phase by phase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parkops.push.contract import PerDevice, Phase, Site
from parkops.push.job import Run


@dataclass
class Bench:
    """One box with a site of a transaction at it."""

    box: Any  # a Box of a command line, or a Server of NETCONF
    site: Site
    run: Run
    driver: PerDevice[object]

    def act(self, *phases: Phase) -> BaseException | None:
        """Carry phases out; stop at the first that fails and return why."""
        for phase in phases:
            (answer,) = self.driver.act(phase, [self.site], self.run)
            if answer.error is not None:
                return answer.error
        return None
