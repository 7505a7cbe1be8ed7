"""A report as PDF, set by Typst: A4, fonts embedded, text selectable, tagged for screen readers."""

import json
import re
import tempfile
from pathlib import Path
from typing import Any, Final

import typst

from aether_core.charts.static import FONTS
from aether_core.errors import AetherError
from aether_core.files.whole import atomic_path
from aether_core.language import _, mark, speaking
from aether_core.report.blocks import Report
from aether_core.report.document import document_of

_TEMPLATE: Final = Path(__file__).with_name("report.typ")
_STANDARDS: Final = ["ua-1", "a-2a"]
"""PDF/UA-1 (accessible) and PDF/A-2a (made to be archived)."""
_NO_GLYPH: Final = re.compile(r"could not be displayed with")
NO_GLYPH_NOTE: Final = mark(
    "Some characters in this report are missing from the installed fonts and print as empty boxes. "
    "Install a font that has them, such as Noto Sans CJK, and create the report again, or use "
    "the HTML report, which uses the reader's own fonts."
)


def write_pdf(report: Report, path: Path, *, force: bool = False) -> None:
    """Write a report as PDF, whole or not at all.

    Latin, Greek and Cyrillic are set in the font that comes with the project; other scripts in one
    the system has. Where it has none, the file is still written, says so at its end, and is not
    marked as PDF/UA and PDF/A, which ask for a glyph for every character.

    Args:
        report: What it holds.
        path: The file to write.
        force: Replace a file that is there.

    Raises:
        ConflictError: The file exists and `force` is false.
        InputError: The file cannot be written there.
        AetherError: A picture of the report cannot be drawn.
    """
    with atomic_path(path, force=force) as target:
        target.write_bytes(pdf_of(report))


def pdf_of(report: Report) -> bytes:
    """The bytes of the PDF; see `write_pdf`."""
    try:
        return _compiled(report, format="pdf", pdf_standards=_STANDARDS)[0]
    except typst.TypstError as error:
        if not _NO_GLYPH.search(str(error)):
            raise AetherError(
                f"the report cannot be set as PDF: {error}", code="report-not-set-as-pdf"
            ) from error
    with speaking(report.language):
        note = _(NO_GLYPH_NOTE)
    return _compiled(report, note=note, format="pdf")[0]


def _compiled(report: Report, note: str = "", **options: Any) -> list[bytes]:  # noqa: ANN401
    document = document_of(report)
    with tempfile.TemporaryDirectory(prefix="aether-report-") as folder:
        root = Path(folder)
        for name, content in document.pictures.items():
            (root / name).write_bytes(content)
        (root / "report.json").write_text(
            json.dumps({**document.content, "note": note}), encoding="utf-8"
        )
        made = typst.compile(
            _TEMPLATE.read_bytes(), root=str(root), font_paths=[str(FONTS)], **options
        )
    return made if isinstance(made, list) else [made or b""]
