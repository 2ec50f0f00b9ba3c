"""The transaction as a state machine: whatever happens in whatever order, the park is all old or all new."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from campaign import DEVICES, KILLED, Campaign
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

NAMES = tuple(DEVICES)
CAPABILITIES = ("candidate", "confirmed", "persist", "lock")
OPERATIONS = ("open", "read", "prepare", "commit", "verify", "confirm", "cancel")
FAULTS = ("off", "refuses", "answer lost", "lies", "half", "garbage")


class Park(RuleBasedStateMachine):
    """Devices of any mix of capabilities, pushes that are killed anywhere, faults that come and go."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="parkops-machine-"))
        self.campaign = Campaign(self.folder)
        self.version = 0
        self.texts = {"old\n"}  # what a device may run: what was pushed, whole

    @initialize(data=st.data())
    def devices(self, data: Any) -> None:
        for name in NAMES:
            has = data.draw(st.sets(st.sampled_from(CAPABILITIES)), label=name)
            self.campaign.lab.add(name, *sorted(has | ({"candidate"} if "confirmed" in has else set())))

    @rule(at=st.integers(0, 75), how=st.sampled_from(("at_entry", "at_call")))
    def push(self, at: int, how: str) -> None:
        self.version += 1
        text = f"version {self.version}\n"
        self.texts.add(text)
        assert self.campaign.push(text, **{how: at}) in (0, 1, KILLED)

    @rule(name=st.sampled_from(NAMES), operation=st.sampled_from(OPERATIONS), what=st.sampled_from(FAULTS))
    def fault(self, name: str, operation: str, what: str) -> None:
        self.campaign.lab.fault(name, operation, what)

    @rule(seconds=st.sampled_from((1.0, 30.0, 1000.0)))
    def time_passes(self, seconds: float) -> None:
        self.campaign.lab.let_time_pass(seconds)

    @precondition(lambda self: self.campaign.begun() and self.campaign.open_ended())
    @rule(back=st.booleans())
    def finish_with_faults(self, back: bool) -> None:
        (self.campaign.rollback if back else self.campaign.resume)()

    @precondition(lambda self: self.campaign.begun())
    @rule(back=st.booleans())
    def mend_and_finish(self, back: bool) -> None:
        for name in NAMES:
            for operation in OPERATIONS:
                self.campaign.lab.fault(name, operation)
        if self.campaign.open_ended():
            (self.campaign.rollback if back else self.campaign.resume)()
        assert not self.campaign.trouble()
        assert set(self.campaign.running().values()) <= self.texts

    @invariant()
    def what_has_ended_is_all_old_or_all_new(self) -> None:
        if self.campaign.begun() and not self.campaign.open_ended():
            assert not self.campaign.trouble()

    def teardown(self) -> None:
        shutil.rmtree(self.folder)


TestPark = Park.TestCase
TestPark.settings = settings(
    max_examples=20, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
