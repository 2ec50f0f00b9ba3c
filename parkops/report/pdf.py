"""Write the report as a PDF: pages with numbers, contents and bookmarks, in one language, fonts embedded."""

from __future__ import annotations

import logging
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from parkops.errors import MachineError
from parkops.model.change import digest
from parkops.report.bundle import Report
from parkops.report.html import environment, template
from parkops.report.junit import clean
from parkops.report.view import build

FONT = "Noto Sans CJK SC"
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")
MOST_FINDINGS = 6  # of a kind of evidence: the JSON report holds all
MOST_AUDITED = 30  # of an audit, whose findings are all of one kind
TIMEOUT_S = 20


def files(report: Report) -> Mapping[str, bytes]:
    """Return report.pdf.

    Raises MachineError when WeasyPrint, its libraries or a font with Chinese are missing.
    """
    weasyprint = _weasyprint()
    _need_font()
    page = weasyprint.HTML(string=document(report), url_fetcher=_refuse, media_type="print")
    identifier = digest(repr((report.assessment.plan_digest, report.assessment.time_s, report.lang)))
    data: bytes = page.write_pdf(pdf_identifier=identifier.encode(), pdf_tags=True)
    return {"report.pdf": data}


def document(report: Report) -> str:
    """Return what is set on the pages, as HTML in one language."""
    made = datetime.fromtimestamp(int(report.assessment.time_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = (
        environment()
        .get_template("print.html.j2")
        .render(
            view=build(report.assessment, report.park, report.evidence),
            lang=report.lang,
            only=report.lang,
            tenant=report.tenant,
            domain=report.domain,
            audit=report.audit,
            made=made,
            most=MOST_AUDITED if report.audit else MOST_FINDINGS,
            style=template("report.css") + template("print.css"),
        )
    )
    return clean(text)  # a control character spoils what can be copied from the pages


def _weasyprint() -> Any:
    """Return the module, quiet about what is none of the reader's business."""
    try:
        import weasyprint
    except ImportError as error:
        raise MachineError("a PDF needs WeasyPrint", hint="pip install 'parkops[pdf]'") from error
    except OSError as error:
        hint = "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
        raise MachineError(f"WeasyPrint lacks a library: {error}", hint=hint) from error
    for name in ("weasyprint", "fontTools"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return weasyprint


def _refuse(url: str) -> dict[str, object]:
    """Fetch nothing: whatever a plan holds, a report asks nobody."""
    raise ValueError(f"{url}: a report is made of itself alone")


def _need_font() -> None:
    if not has_font():
        hint = "apt-get install fonts-noto-cjk"
        raise MachineError("a PDF needs a font with Chinese, which is missing", where=FONT, hint=hint)


def has_font() -> bool:
    """Return whether the font of the pages is installed."""
    if shutil.which("fc-list"):
        done = subprocess.run(
            ["fc-list", FONT], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
        return bool(done.stdout.strip())
    folders = (Path(folder).expanduser() for folder in FONT_FOLDERS)
    return any(next(folder.rglob("NotoSansCJK*"), None) for folder in folders if folder.is_dir())
