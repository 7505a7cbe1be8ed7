"""The map of the house names what is there: every path, and every name, in the documents."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PRODUCT = ("aether_core", "workflows", "db", "api", "ui", "cli", "pages", "benchmarks")
QUOTED = sorted(set(re.findall(r"`([^`\n<>*]+)`", DOCUMENT)))
PATHS = [quoted for quoted in QUOTED if re.fullmatch(r"[\w./-]+\.(?:py|js|tsv|svg|md)", quoted)]
NAMES = [
    quoted for quoted in QUOTED if re.fullmatch(r"_?[a-z]+_[a-z_]+|[A-Z][a-z]+[A-Z]\w+", quoted)
]
OF_OTHERS = {"cross_entropy", "allow_pickle", "polygon_threshold"}
"""What libraries and servers call theirs."""


@pytest.fixture(scope="module")
def files() -> set[str]:
    """Every file of the product and its tests, as the documents may name it."""
    return {
        path.relative_to(ROOT).as_posix()
        for folder in (*PRODUCT, "docs", "tests")
        for path in (ROOT / folder).rglob("*")
    }


@pytest.fixture(scope="module")
def defined() -> set[str]:
    """Every name that the product gives: functions, classes, fields, rooms, and its own texts."""
    rooms = {path.stem for folder in PRODUCT for path in (ROOT / folder).rglob("*")}
    return rooms.union(
        *(_names(path) for folder in PRODUCT for path in (ROOT / folder).rglob("*.py"))
    )


def _names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_the_document_names_files_and_functions() -> None:
    assert len(PATHS) > 50
    assert len(NAMES) > 40


@pytest.mark.parametrize("path", PATHS)
def test_every_file_named_is_there(path: str, files: set[str]) -> None:
    assert (ROOT / path).exists() or any(file.endswith(f"/{path}") for file in files)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OF_OTHERS])
def test_every_name_is_given_somewhere(name: str, defined: set[str]) -> None:
    assert name in defined
