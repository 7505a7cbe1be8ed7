"""Every sentence the app asks a catalogue for, and what each catalogue lacks.

`python -m tests.catalogue` brings the `.po` files up to date: new sentences are added without a
translation, and those nobody asks for any more are taken out.
"""

import ast
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from aether_core.language import LANGUAGES, SOURCE

ROOT = Path(__file__).parents[1]
FOLDERS = ("aether_core", "pages", "ui", "workflows")
CATALOGUES = ROOT / "aether_core" / "language"
Key = str | tuple[str, str]
COMMANDS = (
    "workflows/operations",
    "workflows/region",
    "workflows/up",
    "workflows/evaluation/cityrep",
)
"""What only commands do, whose stages are told in English."""
_REPORTING = frozenset({"self", "work"})
"""What else than a function is told of stages, by its method `progress`."""


def path_of(language: str) -> Path:
    """Where the catalogue of a language lies."""
    return CATALOGUES / f"{language}.po"


def read(language: str) -> Catalog:
    """A language's catalogue as it lies in the repository."""
    with path_of(language).open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def asked() -> dict[Key, list[str]]:
    """Every sentence that is asked for, or pair of sentences by number, and in which files."""
    found: dict[Key, list[str]] = {}
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            where = path.relative_to(ROOT).as_posix()
            told = not where.startswith(COMMANDS)
            for key in keys(ast.parse(path.read_text(encoding="utf-8")), stages=told):
                files = found.setdefault(key, [])
                if where not in files:
                    files.append(where)
    return found


def keys(tree: ast.AST, *, stages: bool = True) -> Iterator[Key]:
    """The sentences that a module asks for; the stages of its work, where pages show them."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if isinstance(node.func, ast.Attribute) and node.func.attr == "progress":
            name = "progress" if ast.unparse(node.func.value) in _REPORTING else ""
        words = [texts(argument) for argument in node.args]
        # Stages of work are told to `progress` in English, and asked for where they are shown.
        if name in {"_", "mark", *(["progress"] if stages else [])} and words:
            yield from words[0]
        elif name == "plural" and len(words) > 1 and words[0] and words[1]:
            yield words[0][0], words[1][0]
        elif name == "count" and len(words) > 1 and words[1]:
            several = words[2][0] if len(words) > 2 and words[2] else f"{words[1][0]}s"
            yield f"{{number:,}} {words[1][0]}", f"{{number:,}} {several}"
        elif name == "UnitKind":
            one, several = (next(keys(argument)) for argument in node.args[1:3])
            yield f"{{number:,}} {one}", f"{{number:,}} {several}"


def texts(node: ast.expr) -> list[str]:
    """The text a node stands for; both of a choice between two."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        return [node.value]
    if isinstance(node, ast.IfExp):
        return [*texts(node.body), *texts(node.orelse)]
    return []


def is_translated(message: Message) -> bool:
    """Whether every form of a sentence has words."""
    said = message.string if isinstance(message.string, tuple) else (message.string,)
    return bool(said) and all(said)


def update() -> None:
    """Bring every catalogue up to date with the sentences that are asked for."""
    wanted = asked()
    for language in LANGUAGES:
        if language == SOURCE:
            continue
        path = path_of(language)
        known = {one.id: one.string for one in read(language)} if path.exists() else {}
        fresh = Catalog(locale=language, project="Aether", fuzzy=False)
        for key, files in wanted.items():
            fresh.add(key, known.get(key), locations=[(file, 0) for file in files])
        written = io.BytesIO()
        write_po(
            written, fresh, width=100, sort_output=True, include_lineno=False, omit_header=True
        )
        path.write_bytes(
            _HEADING.format(language=language, rule=fresh.plural_forms).encode()
            + written.getvalue()
        )
        lacking = sum(not is_translated(one) for one in fresh if one.id)
        sys.stdout.write(f"{language}: {len(wanted):,} sentences, {lacking:,} to translate\n")


_HEADING = """# docs/translating.md says how this file is kept.
msgid ""
msgstr ""
"Language: {language}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {rule}\\n"

"""

if __name__ == "__main__":
    update()
