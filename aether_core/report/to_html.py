"""A report as one HTML file: pictures, type and style inside, readable offline and on paper."""

import base64
import re
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from aether_core.charts.static import FAMILY, FONTS
from aether_core.files.whole import atomic_path
from aether_core.report.blocks import Report
from aether_core.report.document import document_of
from aether_core.report.inline_svg import inline

_FOLDER: Final = Path(__file__).parent
_LONG: Final = 24
"""Words longer than this get places to break at; shorter ones keep a table's column wide enough."""
_WEIGHTS: Final = (("Regular", 400), ("Semibold", 600))
_PLACE: Final = Markup("<wbr>")


def write_html(report: Report, path: Path, *, force: bool = False) -> None:
    """Write a report as one self-contained HTML file, whole or not at all.

    Args:
        report: What it holds.
        path: The file to write.
        force: Replace a file that is there.

    Raises:
        ConflictError: The file exists and `force` is false.
        InputError: The file cannot be written there, or a figure is no plain SVG.
    """
    with atomic_path(path, force=force) as target:
        target.write_text(html_of(report), encoding="utf-8")


def html_of(report: Report) -> str:
    """The text of the HTML file; see `write_html`."""
    document = document_of(report)
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def picture(name: str, alt: str) -> Markup:
        return _picture(name, document.pictures[name], alt)

    environment.filters |= {"breakable": breakable, "command": _command}
    # Both are files of this package, not input.
    style = Markup(_FOLDER.joinpath("report.css").read_text(encoding="utf-8"))  # noqa: S704
    template = environment.get_template("report.html.j2")
    return template.render(**document.content, picture=picture, style=style, fonts=_fonts())


def _picture(name: str, content: bytes, alt: str) -> Markup:
    if name.endswith(".svg"):
        prefix = name.removesuffix(".svg") + "-"
        return Markup(inline(content.decode(), prefix, alt))  # noqa: S704 - parsed, without scripts
    encoded = base64.b64encode(content).decode("ascii")
    return Markup('<img src="data:image/png;base64,{}" alt="{}">').format(encoded, alt)


def breakable(text: str, longest: int = _LONG) -> Markup:
    """Text whose long words may break, after a sign such as `_` or `/` where there is one."""
    return Markup(" ").join(
        _PLACE.join(_pieces(word, longest)) if len(word) > longest else word
        for word in text.split(" ")
    )


def _command(line: str) -> Markup:
    """A line of commands whose options stay whole when it wraps."""
    kept = Markup('<span class="whole">{}</span>')
    return Markup(" ").join(
        kept.format(word) if 0 < len(word) <= 2 * _LONG else breakable(word)
        for word in line.split(" ")
    )


def _pieces(word: str, longest: int) -> list[str]:
    """A long word cut after its signs, and within what is still long."""
    signed = re.findall(r"[^_/.,:;@&=+-]*[_/.,:;@&=+-]|[^_/.,:;@&=+-]+", word)
    step = longest // 2
    return [one[at : at + step] for one in signed for at in range(0, len(one), step)]


def _fonts() -> list[dict[str, Any]]:
    return [
        {
            "family": FAMILY,
            "weight": weight,
            "data": base64.b64encode((FONTS / f"SourceSansPro-{name}.otf").read_bytes()).decode(),
        }
        for name, weight in _WEIGHTS
    ]
