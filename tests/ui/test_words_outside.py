"""No page shows words that no catalogue knows: what is drawn is asked for by `_` or `mark`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT = Path(__file__).resolve().parents[2]
FOLDERS: Final = ("pages", "ui", "workflows/reports", "aether_core/charts", "aether_core/report")
ASKED: Final = frozenset({"_", "mark", "plural", "count", "UnitKind", "Metric"})
"""Whose texts the catalogues have (`tests/catalogue.py`)."""
DRAWN: Final = frozenset(
    {
        "alert",
        "badge",
        "button",
        "caption",
        "checkbox",
        "container",
        "download_button",
        "error",
        "expander",
        "form_submit_button",
        "header",
        "info",
        "markdown",
        "metric",
        "multiselect",
        "number_input",
        "page_link",
        "pills",
        "popover",
        "progress",
        "radio",
        "segmented_control",
        "select_slider",
        "selectbox",
        "shown_if_slow",
        "slider",
        "spinner",
        "subheader",
        "success",
        "tab",
        "tabs",
        "text",
        "text_area",
        "text_input",
        "title",
        "toggle",
        "toast",
        "warning",
        "write",
        "Callout",
        "Figure",
        "Heading",
        "KeyFigure",
        "Link",
        "MapFigure",
        "Offer",
        "Paragraph",
        "Shown",
        "empty",
        "facts",
        "heading",
        "needs_model",
        "nothing",
        "say",
        "start",
        "titled",
        "with_city",
    }
)
"""Calls whose text people read."""
WORDED: Final = frozenset(
    {"about", "alt", "axis", "caption", "help", "label", "note", "placeholder"}
)
"""Arguments that hold such text, whatever is called."""
NO_WORDS: Final = re.compile(
    r":material/\w+:|:\w+-badge|\{[^{}]*\}|<[^>]*>|\bPDF\b|\bQGIS\b|\bH3 resolution\b"
    r"|\bmacro-F1\b|\bF1\b|e\.g\. EPSG:\d+"
)
"""Icons, values, tags, and names that are the same in every language."""
NOT_SHOWN: Final = frozenset(
    {
        "default",
        "key",
        "icon",
        "mime",
        "type",
        "width",
        "height",
        "file_name",
        "format",
        "gap",
        "code",
    }
)


def is_language(text: str) -> bool:
    """Whether a text holds words: two letters in a row that are no name of a value."""
    rest = NO_WORDS.sub("", text).strip()
    if not re.search(r"[A-Za-z]{2}", rest):
        return False
    return " " in rest or bool(re.fullmatch(r"[A-Z][a-z]+.?", rest))


def shown(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every text that a call draws, where it is not asked for."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        called = node.func.id if isinstance(node.func, ast.Name) else called
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        if called in ASKED or (owner is not None and ast.unparse(owner).startswith("log")):
            continue
        # A function handed in as `progress` is told the stage of a job, which English keeps.
        drawn = called in DRAWN and (called != "progress" or owner is not None)
        positional = node.args if drawn else []
        named = [one.value for one in node.keywords if one.arg in WORDED]
        named += [
            one.value for one in node.keywords if drawn and (one.arg or "key") not in NOT_SHOWN
        ]
        for argument in (*positional, *named):
            yield from texts(argument)


def texts(node: ast.expr) -> Iterator[tuple[int, str]]:
    """The texts of an argument: alone, joined, put together, or chosen between."""
    match node:
        case ast.Constant(value=str(text)) if is_language(text):
            yield node.lineno, text
        case ast.JoinedStr(values=parts):
            said = "".join(str(p.value) if isinstance(p, ast.Constant) else "{}" for p in parts)
            if is_language(said):
                yield node.lineno, said
        case ast.IfExp(body=one, orelse=other):
            yield from texts(one)
            yield from texts(other)
        case ast.BinOp(left=one, right=other):
            yield from texts(one)
            yield from texts(other)
        case ast.BoolOp() | ast.Dict():
            parts = (one for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr))
            yield from (found for one in parts for found in texts(one))


def test_no_page_shows_words_that_no_catalogue_knows() -> None:
    """Otherwise: ask for them with `_`, or `mark` where they are noted (docs/translating.md)."""
    found = [
        (path.relative_to(ROOT).as_posix(), line, text)
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, text in shown(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []


def test_such_words_are_found() -> None:
    source = (
        "st.button('Press this', key='Not this')\nst.caption(f'{n} of them')\nst.write(_('Asked'))"
    )
    assert [text for _line, text in shown(ast.parse(source))] == ["Press this", "{} of them"]
