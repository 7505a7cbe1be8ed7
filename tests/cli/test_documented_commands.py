"""Every command that README and docs print is understood, and those that cost little are run."""

import re
import shlex
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from typer.core import TyperGroup

from cli.__main__ import command_of, expand_many, run
from cli.app import GRAMMAR, app
from tests.app_fixtures import SLUG
from workflows.cities.cities import show_city
from workflows.home.store import Store

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
COMMAND = re.compile(r"\./aether [^#\n)\"]*(?:\"[^\"\n]*\"[^#\n)\"]*)*")
OF_THE_LAUNCHER = {"test"}
PLACEHOLDERS = {
    "SLUG": "bay",
    "QUERY": "park",
    "DIR": "model",
    "MODEL": "bay-1",
    "PATH": "model.zip",
    "ID": "3",
    "Y": "2024",
    "COUNT": "2",
    "N": "name",
    "E": "encoder",
    "FILE": "a.tif",
    "FILE.js": "a.js",
    "FILE.csv": "a.csv",
    "OUT.tif": "out.tif",
    "TEXT": "credit",
    "NAME": "tessera",
    "KEY-NAME": "report",
}
QUIET = {
    *("city list", "city show", "model recipes", "job list", "fetch list", "cache show", "db url"),
    *("search", "similar", "place rank", "place find", "layer qgis"),
    *("city earth-engine-script", "city list-years"),
}
"""What is run: it reads, or writes a file where it is told."""


def documented() -> list[str]:
    """Each command line of the documents, its alternatives one by one."""
    found = []
    for path in DOCUMENTS:
        text = path.read_text()
        parts = [*BLOCK.findall(text), *SPAN.findall(BLOCK.sub("", text).replace("\n", " "))]
        for part in parts:
            lines = COMMAND.findall(part.replace("\\\n", " "))
            found += [line for one in lines for line in alternatives(one.strip())]
    return list(dict.fromkeys(found))


def alternatives(line: str) -> Iterator[str]:
    """`job show|cancel ID` is two commands; `[--name N]` and `FILE...` are given once."""
    words = shlex.split(line.removeprefix("./aether").replace("...", ""), comments=True)
    words = [word.strip("[]") for word in words if word != "&"]
    choices = [word.split("|") if re.fullmatch(r"[\w|-]+", word) else [word] for word in words]
    for chosen in product(*choices):
        yield shlex.join(PLACEHOLDERS.get(word, word) for word in chosen)


def parsed(line: str) -> None:
    """Parse a command line with the program's own parser, and run nothing.

    Raises:
        UsageError: It is not understood.
    """
    words = expand_many(GRAMMAR.in_todays_words(shlex.split(line)))
    command, context, name = command_of(app), None, "aether"
    while isinstance(command, TyperGroup):
        context = command.make_context(name, words, parent=context)
        words = [*context._protected_args, *context.args]
        if not words:
            return
        found, command, words = command.resolve_command(context, words)
        assert command is not None
        name = str(found)
    if words == ["--help"] or not words:
        return  # a command that is only named
    command.make_context(name, words, parent=context)


COMMANDS = [line for line in documented() if line.split()[0] not in OF_THE_LAUNCHER]


def test_the_documents_are_read() -> None:
    assert len(COMMANDS) > 50
    assert {"job cancel 3", "city list", "up"} & set(COMMANDS) >= {"job cancel 3", "up"}


@pytest.mark.parametrize("line", COMMANDS)
def test_every_documented_command_is_understood(line: str) -> None:
    if "--help" not in line:
        parsed(line)


@pytest.mark.parametrize("line", ["city add bay --embeding a.tif", "model exprt x", "search bay"])
def test_a_command_that_is_not_understood_would_be_found(line: str) -> None:
    with pytest.raises(Exception, match=r"[Nn]o such|Missing"):
        parsed(line)


def in_this_city(line: str, store: Store) -> list[str]:
    """A documented command line, asked of the test's own city."""
    west, south, east, north = show_city(store, SLUG).bbox
    middle = f"{(west + east) / 2:.5f},{(south + north) / 2:.5f}"
    words = [SLUG if word in {"bay", "lisbon"} else word for word in shlex.split(line)]
    return [middle if re.fullmatch(r"-?\d+\.\d+,-?\d+\.\d+", word) else word for word in words]


def is_quiet(line: str) -> bool:
    words = line.split()
    return words[0] in QUIET or " ".join(words[:2]) in QUIET


@pytest.mark.usefixtures("jobs_at_once")
def test_what_costs_little_works_as_documented(
    app_environment: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["search", SLUG, "park", "--keep"]) == 0  # a layer to take to QGIS
    lines = [line for line in COMMANDS if is_quiet(line) and len(shlex.split(line)) > 1]
    assert len(lines) > 10
    for line in lines:
        assert run(in_this_city(line, app_environment)) == 0, (line, capsys.readouterr().err)
    assert (tmp_path / "church.geojson").stat().st_size > 1000
