"""Gate, interrupts and rollback of earlier transactions, over simulated devices."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from campaign import DEVICES, KILLED, NEW, OLD, Campaign, impatient
from click.testing import CliRunner

from parkops import push
from parkops.cli import cli
from parkops.cli.common import Context
from parkops.errors import UsageError
from parkops.push import transaction
from parkops.push.gate import Health, Question
from parkops.push.results import Pushed
from parkops.push.transaction import Control


@dataclass(slots=True)
class Gate:
    """Answers what it is told to, and remembers what it was asked."""

    answer: Callable[[Question], Health] = lambda _: Health()
    asked: list[Question] = field(default_factory=list)

    def looks_at(self) -> Sequence[str]:
        return ("the test",)

    def baseline(self, kept: str = "") -> str:
        return "before"

    def at_stake(self) -> bool:
        return True

    def check(self, question: Question) -> Health:
        self.asked.append(question)
        return self.answer(question)


@pytest.fixture
def campaign(tmp_path: Path) -> Iterator[Campaign]:
    with impatient():
        yield Campaign(tmp_path)


def go(campaign: Campaign, text: str = NEW, control: Control | None = None, **options: object) -> Pushed:
    settings = replace(campaign.settings(), control=control or Control(), **options)  # type: ignore[arg-type]
    return push.push(campaign.site, campaign.artifacts(text), campaign.place, settings=settings)


def test_the_gate_is_asked_for_every_wave_and_told_which_is_the_last(campaign: Campaign) -> None:
    gate = Gate()
    campaign.gate = gate
    assert go(campaign).ending == "committed"
    assert sorted(name for question in gate.asked for name in question.devices) == sorted(DEVICES)
    assert [question.final for question in gate.asked] == [False] * (len(gate.asked) - 1) + [True]


@pytest.mark.parametrize("wave", [1, 2, 3])
def test_a_gate_that_does_not_open_takes_all_waves_back(campaign: Campaign, wave: int) -> None:
    gate = Gate()
    gate.answer = lambda _: Health(("flow x does not pass",) if len(gate.asked) == wave else ())
    campaign.gate = gate
    pushed = go(campaign)
    assert pushed.ending == "rolled back"
    assert "flow x does not pass" in pushed.reason
    assert set(campaign.running().values()) == {OLD}
    assert not campaign.trouble()


def test_an_answer_that_comes_too_late_is_none(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transaction, "GATE_SHARE", 0.0)
    pushed = go(campaign)
    assert pushed.ending == "rolled back"
    assert "too late" in pushed.reason
    assert not campaign.trouble()


@pytest.mark.parametrize(("answer", "ending"), [(True, "committed"), (False, "rolled back")])
def test_a_pause_ends_the_wave_and_asks(campaign: Campaign, answer: bool, ending: str) -> None:
    asked: list[str] = []
    control = Control(go_on=lambda where: asked.append(where) or answer)  # type: ignore[func-returns-value]
    control.pause.set()
    pushed = go(campaign, control=control)
    assert pushed.ending == ending
    assert asked == ["wave 1 of 3 is confirmed"]
    assert set(campaign.running().values()) == {NEW if answer else OLD}
    assert not campaign.trouble()


def test_a_cancel_takes_everything_back(campaign: Campaign) -> None:
    gate = Gate()
    campaign.gate = gate
    settings = campaign.settings()
    gate.answer = lambda _: settings.cancelled.set() or Health()  # type: ignore[func-returns-value]
    pushed = push.push(campaign.site, campaign.artifacts(), campaign.place, settings=settings)
    assert pushed.ending == "rolled back"
    assert "interrupted before the confirmation" in pushed.reason
    assert pushed.interrupted
    assert not campaign.trouble()


def test_an_earlier_transaction_is_taken_back_by_a_transaction(campaign: Campaign) -> None:
    first, second = go(campaign, "one\n"), go(campaign, "two\n")
    alone = push.rollback(
        campaign.site, campaign.place, second.tx, devices=["sw-1"], settings=campaign.settings()
    )
    assert (alone.ending, campaign.running()["sw-1"]) == ("committed", "one\n")
    assert campaign.running()["sw-2"] == "two\n"
    pushed = campaign.rollback(first.tx)
    assert pushed.ending == "committed"
    assert set(campaign.running().values()) == {OLD}
    again = campaign.rollback(pushed.tx)  # a rollback can be taken back too
    assert (again.ending, campaign.running()["core-1"]) == ("committed", "two\n")


def test_a_rollback_that_is_taken_back_itself_has_failed(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Devices run what was to go; a push that was cut off, early or late, goes back as it was asked."""
    (campaign.folder / "park.yaml").touch()
    monkeypatch.setattr(Context, "park", lambda self: campaign.site)
    monkeypatch.setattr(Context, "enter_lab", lambda self: None)
    monkeypatch.setattr("parkops.cli.rollback.carry_out", lambda ctx, work, **_: work(campaign.settings()))
    call = ["-p", str(campaign.folder), "rollback"]
    go(campaign)
    campaign.gate = Gate(lambda _: Health(("flow x does not pass",)))
    refused = CliRunner().invoke(cli, call)
    assert (refused.exit_code, set(campaign.running().values())) == (1, {NEW})
    assert "Nothing went back" in refused.output
    campaign.gate = Gate()
    assert CliRunner().invoke(cli, call).exit_code == 0
    assert set(campaign.running().values()) == {OLD}
    for cut_off in (20, 40):
        assert campaign.push(at_call=cut_off) == KILLED
        settled = CliRunner().invoke(cli, call)
        assert (settled.exit_code, set(campaign.running().values())) == (0, {OLD})
        assert "Nothing went back" not in settled.output


def test_what_cannot_be_taken_back_is_said(campaign: Campaign) -> None:
    with pytest.raises(UsageError, match="no transaction was cut off"):
        campaign.rollback()
    done = go(campaign)
    with pytest.raises(UsageError, match="no transaction was cut off"):
        campaign.resume()
    with pytest.raises(UsageError, match="there is no such transaction"):
        campaign.rollback("nonsense")
    with pytest.raises(UsageError, match="did not change it"):
        push.rollback(
            campaign.site, campaign.place, done.tx, devices=["nobody"], settings=campaign.settings()
        )
    unchanged = go(campaign)
    assert unchanged.ending == "unchanged"
    with pytest.raises(UsageError, match="nothing to take back"):
        campaign.rollback(unchanged.tx)


def test_the_clock_of_this_machine_may_jump(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    real, jumps = time.time, iter(range(10**6))
    monkeypatch.setattr(time, "time", lambda: real() + (-1) ** next(jumps) * 10_000_000)
    assert go(campaign).ending == "committed"
    assert not campaign.trouble()


def test_a_change_by_hand_since_the_survey_is_in_the_snapshot(campaign: Campaign) -> None:
    def by_hand(device: str, step: str, _: str) -> None:
        if (device, step) == ("sw-2", "surveyed"):
            campaign.lab.change("sw-2", "by hand\n")

    gate = Gate(lambda question: Health(("no",) if question.final else ()))
    campaign.gate = gate
    pushed = go(campaign, progress=by_hand)
    assert pushed.ending == "rolled back"
    assert campaign.running() == dict.fromkeys(DEVICES, OLD) | {"sw-2": "by hand\n"}
