"""The hand-made park of the assess tests, and a real browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import html as parser

sys.path.insert(0, str(Path(__file__).parents[1] / "assess"))

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")


@dataclass(frozen=True)
class Page:
    """A page as the browser has it after its script ran, with what the console said."""

    html: str
    console: str


@pytest.fixture
def drive(browse, tmp_path: Path) -> Callable[..., object]:
    """Run a script in a page after its own, and return what it leaves in ``said`` (JSON)."""

    def run(page: str, script: str, query: str = "", width: int = 1280) -> object:
        tail = (
            "<script>{ let said; " + script + "; const out = document.createElement('pre'); out.id = 'said';"
            "out.textContent = JSON.stringify(said); document.body.replaceChildren(out); }</script></body>"
        )
        open_page = re.sub(r"<meta http-equiv[^>]*>", "", page).replace("</body>", tail)
        path = tmp_path / "driven.html"
        path.write_text(open_page, encoding="utf-8")
        shown = browse(path, query, width)
        assert shown.console == ""
        return json.loads(parser.fromstring(shown.html).get_element_by_id("said").text)

    return run


@pytest.fixture
def browse(tmp_path: Path) -> Callable[[Path, str], Page]:
    """Open a file in a real browser without a network, and return its page."""
    if BROWSER is None:
        pytest.skip("no Chromium here")

    def run(path: Path, query: str = "", width: int = 1280) -> Page:
        options = (
            "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
            "--disable-background-networking --disable-component-update --disable-sync "
            f"--enable-logging=stderr --v=0 --window-size={width},900 --dump-dom"
        )
        done = subprocess.run(
            [BROWSER, *options.split(), f"--user-data-dir={tmp_path / 'profile'}", f"{path.as_uri()}{query}"],
            capture_output=True,
            text=True,
            timeout=90,
            check=True,
        )
        console = "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)
        return Page(done.stdout, console)

    return run
