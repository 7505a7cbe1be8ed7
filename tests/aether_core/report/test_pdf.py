"""The PDF: nothing leaves the page, text is text, every page says what must be said."""

import io
import re
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from aether_core.errors import ConflictError, InputError
from aether_core.report.blocks import Heading, Paragraph, Report, Table
from aether_core.report.to_pdf import NO_GLYPH_NOTE, _compiled, pdf_of, write_pdf
from tests.aether_core.report.content import chart, every_block, report
from tests.errors import fault
from tests.pdf_text import text_of

PPI = 60


def drawn(page: bytes) -> NDArray[np.bool_]:
    return np.asarray(Image.open(io.BytesIO(page)).convert("L")) < 245


def inflated(pdf: bytes) -> bytes:
    """The file with its compressed streams opened."""
    opened = [pdf]
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            opened.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return b"\n".join(opened)


def pages_of(shown: Report, *, ppi: float) -> list[bytes]:
    """Each page as PNG."""
    return _compiled(shown, format="png", ppi=ppi)


@pytest.fixture(scope="module")
def pages() -> list[bytes]:
    return pages_of(report(*every_block(), contents=True), ppi=PPI)


def test_pages_are_a4_and_nothing_runs_into_the_margins(pages: list[bytes]) -> None:
    mm = PPI / 25.4
    assert len(pages) > 4
    for page in pages:
        ink = drawn(page)
        assert ink.shape == (round(297 * mm), round(210 * mm))
        assert not ink[:, : int(21 * mm)].any()
        assert not ink[:, int(189.5 * mm) :].any()
        assert not ink[: int(10 * mm)].any()
        assert not ink[int(290 * mm) :].any()
        between = ink[int(274.5 * mm) : int(278 * mm)]  # the text's end and the footer
        assert not between.any()


def test_every_page_of_a_simulated_city_says_so(pages: list[bytes]) -> None:
    mm = PPI / 25.4
    badge = [np.asarray(Image.open(io.BytesIO(page)).convert("RGB")) for page in pages]
    for page in badge:
        corner = page[int(12 * mm) : int(20 * mm), int(150 * mm) : int(189 * mm)].astype(int)
        assert ((corner[..., 0] - corner[..., 2]) > 40).any()
    plain = np.asarray(
        Image.open(io.BytesIO(pages_of(report(simulated=False), ppi=PPI)[0])).convert("RGB")
    ).astype(int)
    assert not ((plain[..., 0] - plain[..., 2]) > 40).any()


def test_a_report_of_nothing_is_one_page() -> None:
    assert len(pages_of(report(subtitle="", city="", attribution=()), ppi=30)) == 1


def test_a_cell_longer_than_a_page_goes_on_on_the_next() -> None:
    long = Table(("Text",), (("word " * 4000,),))
    assert len(pages_of(report(long, attribution=()), ppi=30)) >= 4


def test_fonts_are_embedded_and_text_is_tagged_and_can_be_read() -> None:
    pdf = pdf_of(report(Heading("Confidence"), Paragraph("Ελληνικά Кириллица")))
    content = inflated(pdf)
    fonts = re.findall(rb"/BaseFont\s*/[A-Z]{6}\+([A-Za-z]+)", content)
    assert b"SourceSansPro" in fonts
    assert content.count(b"/FontFile") >= 2
    assert b"/ToUnicode" in content
    assert b"pdfuaid:part" in pdf
    assert b"pdfaid:part" in pdf


def test_the_same_report_is_the_same_file() -> None:
    assert pdf_of(report(Paragraph("a"))) == pdf_of(report(Paragraph("a")))


def test_text_is_never_markup_and_can_be_copied() -> None:
    from aether_core.report.blocks import Code, Figure

    command = "./aether landuse helsinki --labels labels.gpkg --representation concat -o map.gpkg"
    pdf = pdf_of(
        report(
            Paragraph("#panic() $x^2$ *bold* <label> @ref // end"),
            Paragraph("Ελληνικά Кириллица żółć"),
            Code((command,)),
            Figure(chart(), "Bars.", "Bars"),
        )
    )
    reported = text_of(pdf)
    assert "#panic() $x^2$ *bold* <label> @ref // end" in reported
    assert "Ελληνικά Кириллица żółć" in reported
    assert command in " ".join(reported.split())
    assert "Labels (number)" in reported  # a chart's text is text too
    assert "\N{ZERO WIDTH SPACE}" not in reported


def test_characters_without_a_font_are_said() -> None:
    pdf = pdf_of(report(Paragraph("a \U000f0000 private character")))  # no font has it
    assert b"pdfuaid:part" not in pdf
    assert NO_GLYPH_NOTE[:40] in " ".join(text_of(pdf).split())


def test_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "report.pdf"
    write_pdf(report(Paragraph("a")), target)
    assert target.read_bytes().startswith(b"%PDF-")
    with pytest.raises(ConflictError):
        write_pdf(report(), target)
    before = target.read_bytes()
    write_pdf(report(Paragraph("b")), target, force=True)
    assert target.read_bytes() != before
    with pytest.raises(InputError):
        write_pdf(report(), tmp_path / "missing" / "report.pdf")
    assert [path.name for path in tmp_path.iterdir()] == ["report.pdf"]


def test_a_broken_picture_leaves_no_file(tmp_path: Path) -> None:
    from aether_core.errors import AetherError
    from aether_core.report.blocks import Figure

    with pytest.raises(AetherError, check=fault("report-not-set-as-pdf")):
        write_pdf(report(Figure(b"no picture", "x")), tmp_path / "report.pdf")
    assert not list(tmp_path.iterdir())
