"""What all tests share: the demo park, a small base plan, and how golden files are rewritten."""

from __future__ import annotations

import os
import signal
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from parkops.design import design, lock_text
from parkops.model import Artifact, Park
from parkops.plan import load, parse
from parkops.render import render

ROOT = Path(__file__).resolve().parent.parent
DEMO_PLAN = ROOT / "inventories" / "demo" / "park.yaml"
ALONE = ("lab", "main_job", "monitor", "push")  # folders whose tests start servers and watch the clock
BASE_PLAN = Path(__file__).resolve().parent / "plan" / "base.yaml"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-goldens", action="store_true", help="Rewrite golden files; never in CI.")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--update-goldens") and os.environ.get("CI"):
        raise pytest.UsageError("--update-goldens is refused where CI is set: a golden file is a decision")
    # What a shell starts in the background ignores Ctrl-C, and so would the programs that tests interrupt.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Hypothesis would fail an example that takes 200 ms; no test is about wall time.
    settings.register_profile("parkops", deadline=None)
    settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
    settings.load_profile("ci" if os.environ.get("CI") else "parkops")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tests = Path(__file__).resolve().parent
    for item in items:
        if item.path.relative_to(tests).parts[0] in ALONE:
            item.add_marker("alone")


class Goldens:
    """Compares text with a committed file, or rewrites the file when asked to."""

    def __init__(self, update: bool) -> None:
        self.update = update

    def check(self, file: Path, text: str) -> None:
        if self.update and (not file.exists() or file.read_text(encoding="utf-8") != text):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert file.exists(), f"{file} is missing: pytest --update-goldens writes it"
        assert text == file.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def goldens(request: pytest.FixtureRequest) -> Goldens:
    return Goldens(bool(request.config.getoption("--update-goldens")))


@cache
def _demo() -> tuple[Park, tuple[Artifact, ...]]:
    park, _ = design(load(DEMO_PLAN), {})
    return park, render(park)


@pytest.fixture(scope="session")
def demo_park() -> Park:
    """The shipped demo park, designed without a lock."""
    return _demo()[0]


@pytest.fixture(scope="session")
def demo_artifacts() -> tuple[Artifact, ...]:
    return _demo()[1]


@pytest.fixture(scope="session")
def base_text() -> str:
    """A small park's plan, to be edited by tests."""
    return BASE_PLAN.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def base_park(base_text: str) -> Park:
    return design(parse(base_text), {})[0]


@pytest.fixture(scope="session")
def demo_lock() -> bytes:
    """The lock that designing the demo park for the first time writes."""
    return lock_text(design(load(DEMO_PLAN), {})[1]).encode()
