"""What planners read is said in planners' words; jargon stays under Expert and in code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from aether_core.tasks.kinds.registry import TASK_KINDS

ROOT = Path(__file__).resolve().parents[2]
NOT_SAID: Final = re.compile(
    r"[Ss]imulated embedding|Next: the real|Not offered now|Ready to be asked|Cells \(list\)"
    r"|\bpercentile \d|up to percentile|cosine, -1|Take it away|Fit and map|Still needed: labels"
    r"|Settings of the fit|probe sees|First seed|Share of truths|not in the crosswalk"
    r"|away from labels|beside labels|Set size|\bFolds\b|Likeness of shares|Least (people|size)"
    r"|by AETHER\b|\bRepresentations\b|Hold against truth|Stopped on their way|nobody was asked"
    r"|Ask the servers|What run \d|\bRadius\b|Socioeconomic"
)
"""What pages once said, and planners did not understand."""
EXPERT: Final = ("ui/expert", "pages/train.py", "pages/evaluate.py")


def files() -> Iterator[Path]:
    for folder in ("ui", "pages", "workflows/reports", "aether_core/report"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not path.relative_to(ROOT).as_posix().startswith(EXPERT):
                yield path


def said(path: Path) -> Iterator[str]:
    """Every text of a module but what documents it."""
    tree = ast.parse(path.read_text())
    inside = (ast.Module, ast.ClassDef, ast.FunctionDef)
    alone = [one for node in ast.walk(tree) if isinstance(node, inside) for one in node.body]
    documents = {id(one.value) for one in alone if isinstance(one, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in documents:
                yield text


def test_no_page_or_report_says_what_planners_do_not() -> None:
    found = [(path.name, text) for path in files() for text in said(path) if NOT_SAID.search(text)]
    assert found == []


def test_no_kind_of_map_is_called_so() -> None:
    kinds = [one for task in TASK_KINDS.values() for one in (task, *task.layers)]
    assert [kind.title for kind in kinds if NOT_SAID.search(kind.title)] == []


def test_the_search_finds_such_words() -> None:
    assert NOT_SAID.search("Socioeconomic")
    assert NOT_SAID.search("Still needed: labels.")
    assert not NOT_SAID.search("folds away")
