"""How a file is read: what a user says about it, and what was decided, before it is stored."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeVar, get_args

import pandas as pd
import streamlit as st

from aether_core.errors import AetherError
from aether_core.language import _, mark
from aether_core.vector.formats import MAY_HAVE_LAYERS
from aether_core.vector.layers import SeveralLayersError
from aether_core.vector.look import look_at
from aether_core.vector.options import Decimal, ReadOptions, Thousands
from aether_core.vector.report import ReadingReport
from ui.shell.text import count, facts, plain

_Sign = TypeVar("_Sign", bound=str)
_FOUND: Final = mark("Detect")
_SIGNS: Final = {
    ".": mark("point  ."),
    ",": mark("comma  ,"),
    " ": "space",
    "'": mark("apostrophe  '"),
}


def ask(key: str, path: Path | None) -> ReadOptions:
    """Let a user overrule what is found out about a file; what is left alone is found out.

    Args:
        key: Start of the widgets' names.
        path: The file, of which a layer is asked for where it holds several; None without one.
    """
    with st.popover(_("File options"), icon=":material/tune:"):
        st.caption(_("Only where a file is read wrongly. What you enter wins over what it says."))
        crs = st.text_input(_("Coordinate system"), key=f"{key}-crs", placeholder="e.g. EPSG:27700")
        layer = st.text_input(
            _("Layer"), key=f"{key}-layer", placeholder=_("of a file with several")
        )
        encoding = st.text_input(
            _("Text encoding"), key=f"{key}-encoding", placeholder=_("e.g. utf-8, cp1251, gbk")
        )
        decimal = _sign(_("Decimal sign"), get_args(Decimal), f"{key}-decimal")
        thousands = _sign(_("Thousands separator"), get_args(Thousands), f"{key}-thousands")
    return ReadOptions(
        crs=_typed(crs),
        layer=_typed(layer) or _layer(key, path),
        encoding=_typed(encoding),
        decimal=decimal,
        thousands=thousands,
    )


def columns_of(path: Path, options: ReadOptions) -> Sequence[str]:
    """Headings of a file's columns; read once for each version of it.

    Raises:
        AetherError: It cannot be read.
    """
    return _looked_at(str(path), changed(path), options).headings


@st.cache_data(max_entries=4, show_spinner=mark("Reading the columns"))
def _looked_at(
    path: str,
    changed: float,  # noqa: ARG001 - a file written anew is read anew
    options: ReadOptions,
) -> ReadingReport:
    return look_at(path, options)


def changed(path: Path) -> float:
    """When a file was last written, which tells it from others of its name in a cache."""
    return path.stat().st_mtime if path.exists() else 0.0


def _layer(key: str, path: Path | None) -> str | None:
    """Ask for a layer of a file that holds several."""
    if path is None or path.suffix.lower() not in MAY_HAVE_LAYERS:
        return None
    layers = _layers(str(path), changed(path))
    if not layers:
        return None
    return st.selectbox(
        _("Layer of {name}", name=plain(path.name)),
        layers,
        index=None,
        placeholder=_("choose one"),
        key=f"{key}-{path.name}-layer",
    )


@st.cache_data(max_entries=8, show_spinner=mark("Looking for layers"))
def _layers(
    path: str,
    written: float,  # noqa: ARG001 - a file written anew is read anew
) -> list[str]:
    """The layers to choose from; none where there is no choice, or the file cannot be read."""
    try:
        look_at(path)
    except SeveralLayersError as error:
        return list(error.layers)
    except AetherError:
        return []  # said by whoever reads it
    return []


def show_report(report: ReadingReport, key: str) -> None:
    """Show what was decided about a file, what was left out and why, and its first rows."""
    with st.expander(
        _("How {file} was read", file=plain(report.file)), icon=":material/description:"
    ):
        lines = {
            _("Format"): report.format
            + (_(", layer {layer}", layer=report.layer) if report.layer else ""),
            _("Text encoding"): report.encoding,
            _("Separator"): _DELIMITERS.get(report.delimiter or "", report.delimiter),
            _("Numbers"): report.numbers,
            _("Coordinates"): _coordinates(report),
            _("Rows"): _("{rows:,}, {used:,} used", rows=report.rows, used=report.used),
            **{_("Column for {role}", role=role): name for role, name in report.columns.items()},
        }
        facts({what: value for what, value in lines.items() if value})
        for note in report.notes:
            st.caption(plain(note))
        if report.left_out:
            st.caption(
                _("Left out: ")
                + "; ".join(f"{why}, {count(n, 'row')}" for why, n in report.left_out.items())
            )
        if report.sample:
            st.dataframe(pd.DataFrame(list(report.sample)), hide_index=True, key=f"{key}-sample")


_DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def _coordinates(report: ReadingReport) -> str | None:
    return f"{report.crs}, {report.crs_from}" if report.crs else None


def _sign(label: str, signs: Sequence[_Sign], key: str) -> _Sign | None:
    chosen = st.selectbox(
        label,
        [_FOUND, *signs],
        key=key,
        format_func=lambda sign: _(_SIGNS[sign]) if sign in _SIGNS else sign,
    )
    return next((sign for sign in signs if sign == chosen), None)


def _typed(text: str | None) -> str | None:
    return (text or "").strip() or None
