"""kill -9 at every journal entry and at every call of a driver, then the story is told to its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from campaign import DEVICES, KILLED, NEW, OLD, Campaign

from parkops.errors import UsageError
from parkops.push.results import Pushed

Finish = Callable[[Campaign], Pushed]
FINISH: dict[str, tuple[Finish, str]] = {
    "resume": (Campaign.resume, NEW),
    "rollback": (Campaign.rollback, OLD),
}
MOST = 400  # places to die at; there are far fewer


def _every_place(folder: Path, how: str, finish: Finish, told: str) -> int:
    """Kill at the first place, the second, … until a push gets through; return how many there were."""
    for number in range(1, MOST):
        campaign = Campaign(folder / str(number))
        code = campaign.push(**{how: number})
        if code == 0:
            assert set(campaign.running().values()) == {NEW}
            assert not campaign.trouble()
            return number - 1
        assert code == KILLED
        if not campaign.open_ended():  # before it was begun, or after it had ended
            assert not campaign.trouble(), (how, number)
            continue
        pushed = finish(campaign)
        assert not campaign.trouble(), (how, number, pushed)
        ending = set(campaign.running().values())
        touched = pushed.ending != "refused"
        assert ending == ({told} if touched else {OLD}), (how, number, pushed)
    raise AssertionError("a push never ends")


@pytest.mark.parametrize("told", FINISH)
def test_killed_at_any_entry_of_the_journal(tmp_path: Path, told: str) -> None:
    assert _every_place(tmp_path, "at_entry", *FINISH[told]) > 10 * len(DEVICES)


def test_killed_at_any_call_of_a_driver(tmp_path: Path) -> None:
    assert _every_place(tmp_path, "at_call", *FINISH["resume"]) > 10 * len(DEVICES)


OPERATIONS = ("open", "read", "prepare", "commit", "verify", "confirm")
FAULTS = ("off", "refuses", "answer lost")
CASES = [(operation, fault) for operation in OPERATIONS for fault in FAULTS]
CASES += [("read", "garbage"), ("commit", "lies"), ("commit", "half")]


@pytest.mark.parametrize(("operation", "fault"), CASES, ids=lambda value: value)
def test_a_device_that_fails_at_any_operation(tmp_path: Path, operation: str, fault: str) -> None:
    for name in DEVICES:
        campaign = Campaign(tmp_path / name)
        campaign.lab.fault(name, operation, fault)
        campaign.push()
        campaign.lab.fault(name, operation)
        if campaign.open_ended():
            campaign.rollback()
            assert set(campaign.running().values()) == {OLD}
        assert not campaign.trouble(), name


def test_killed_while_it_goes_back(tmp_path: Path) -> None:
    """A transaction that was going back goes back, also when it is resumed."""
    for number in range(1, MOST):
        campaign = Campaign(tmp_path / str(number))
        campaign.lab.fault("sw-2", "verify", "refuses")
        code = campaign.push(at_entry=number)
        campaign.lab.fault("sw-2", "verify")
        if code == 0:
            return
        if campaign.open_ended():
            (campaign.resume if number % 2 else campaign.rollback)()
        assert not campaign.trouble(), number
    raise AssertionError("a push never ends")


def test_the_machine_is_lost_and_nobody_comes(tmp_path: Path) -> None:
    """Devices with a timer are old again by themselves; what has none waits for the rollback."""
    for number in range(1, MOST):
        campaign = Campaign(tmp_path / str(number))
        if campaign.push(at_entry=number) == 0:
            return
        campaign.lab.let_time_pass(1000.0)
        assert not any(campaign.lab.held(name) for name in DEVICES)
        if campaign.open_ended():
            campaign.resume()
        assert not campaign.trouble(), number


def test_a_device_that_was_cut_off_is_locked_until_its_story_is_told(tmp_path: Path) -> None:
    campaign = Campaign(tmp_path)
    assert campaign.push(at_entry=40) == KILLED
    assert campaign.push() != 0
    with pytest.raises(UsageError, match="--break-lock"):
        campaign._push(NEW, 0, 0)
    campaign.rollback()
    assert campaign.push() == 0
