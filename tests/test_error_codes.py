"""Every error that is raised on purpose says by a code of its own which fault it is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOO_WIDE = {
    "AetherError",
    "InputError",
    "NotFoundError",
    "ConflictError",
    "RemoteError",
    "StoreUnavailableError",
}
"""Classes whose own code names no single fault."""


def errors_made(package: str) -> Iterator[tuple[str, ast.Call]]:
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in TOO_WIDE
            ):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


@pytest.mark.parametrize("package", ["aether_core", "db", "workflows", "api", "ui", "pages"])
def test_every_error_has_a_code(package: str) -> None:
    without = []
    for place, call in errors_made(package):
        code = next((word.value for word in call.keywords if word.arg == "code"), None)
        if isinstance(code, ast.Constant) and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", code.value):
            continue
        if isinstance(code, ast.Name | ast.Attribute | ast.IfExp | ast.Subscript):
            continue
        without.append(place)
    assert not without, f"give code= to these errors: {without}"
