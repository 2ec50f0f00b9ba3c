"""Fault campaign of the push: kill, cut, refuse, lie at every step; then read every device.

    .venv/bin/python bench/chaos_push.py [--only simulated,real,linux,disk] [--seed N] [--quick] [--json FILE]

After each fault the story is told to its end (`push --resume` or `rollback`), and then every device must run
the old configuration or every device the new one, as read from it; the journal must be whole, nothing locked.
``simulated``: five devices of mixed capabilities, every entry of the journal and every call of a driver.
``real``: netconfd and FRR behind sshd, one network namespace each. ``linux``: a Linux node by Ansible.
``disk``: a router and a Linux node whose disk fills up at each step.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "push")]

# ruff: noqa: E402  # the folders above have to be on the path first
from campaign import DEVICES, KILLED, Campaign, impatient
from chaos_nodes import on_real_servers
from chaos_tally import MOST, Tally, report
from test_chaos import CASES


def simulated(tally: Tally, folder: Path) -> None:
    """Enumerate every place to die at, and every fault of every operation of every device."""
    for how in ("at_entry", "at_call"):
        for finish in ("resume", "rollback", "timers, then resume"):
            for number in tally.chosen(range(1, MOST)):
                campaign = Campaign(folder / f"{how}-{finish[:6]}-{number}")
                code = campaign.push(**{how: number})
                if code != KILLED:
                    break
                if finish.startswith("timers"):
                    campaign.lab.let_time_pass(1000.0)
                if campaign.open_ended():
                    (campaign.rollback if finish == "rollback" else campaign.resume)()
                tally.add(f"kill -9, {finish}", f"{how[3:]} {number}", said(campaign), campaign.trouble())
    for operation, fault in CASES:
        for name in DEVICES:
            campaign = Campaign(folder / f"{operation}-{fault}-{name}")
            campaign.lab.fault(name, operation, fault)
            campaign.push()
            campaign.lab.fault(name, operation)
            if campaign.open_ended():
                campaign.rollback()
            tally.add(f"device: {fault}", f"{operation} of {name}", said(campaign), campaign.trouble())


def said(campaign: Campaign) -> str:
    """Say what all devices run."""
    return f"all {campaign.running()['sw-1'].strip()}"


def main() -> None:
    """Run the campaign, print the table, write the figures; exit 1 where a device is left in doubt."""
    parser = argparse.ArgumentParser(description="Fault campaign of the push.")
    parser.add_argument("--only", default="simulated,real,linux,disk", help="groups, comma-separated")
    parser.add_argument("--seed", type=int, default=1, help="draws the sample of a quick run")
    parser.add_argument("--quick", action="store_true", help="a tenth of the places")
    parser.add_argument("--json", metavar="FILE", help="write what was found")
    options = parser.parse_args()
    tally, groups = Tally(options.seed, options.quick), set(options.only.split(","))
    try:  # interrupted, it reports what it has tried
        with (
            tempfile.TemporaryDirectory(prefix="parkops-chaos-") as name,
            contextlib.suppress(KeyboardInterrupt),
        ):
            if groups - {"simulated"}:
                on_real_servers(tally, Path(name), groups)
            if "simulated" in groups:
                with impatient():
                    simulated(tally, Path(name))
    finally:
        report(tally, options.json)
    sys.exit(0 if all(case.healed for case in tally.cases) else 1)


if __name__ == "__main__":
    main()
