"""One grammar, noun then verb: every command is in one table, and old names mean the same."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup

from aether_core.tasks.kinds.registry import TASK_KINDS
from cli.__main__ import command_of, run
from cli.app import GRAMMAR, app
from cli.grammar import Noun
from workflows.tasks.task import TASKS

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = (
    *("up", "down", "demo", "train", "ask", "search", "places", "similar", "change", "jobs"),
    "profile",
    *("db start", "db stop", "db status", "db url", "db migrate"),
    *("city add", "city fetch", "city list", "city show", "city remove"),
    *("runs", "run show", "run cancel", "run resume", "job show", "job cancel", "job resume"),
    *("models", "model use", "model export", "model import", "recipes", "bench"),
    *("landuse", "socioeconomic", "evaluate", "layers", "export", "report"),
    *("study x --kind noise", "transfer x y", "fetch-many", "earth-engine-script"),
    *("embed", "encode-eo", "encode-text", "pool"),
)
"""What outside checks call, word for word. `test` is the launcher's own."""
OLDER = (
    *("fetches", "find-place", "qgis", "studies", "study-show", "study-stop", "study-remove"),
    *("layer remove", "city add-year", "city years", "city remove-year", "city fetch-year"),
    *("fetch show", "fetch cancel", "fetch resume", "fetch remove", "job remove"),
    *("cache", "cache clear", "health"),
)
"""What else people have typed so far."""
COMMAND = re.compile(r"\./aether ([a-z]+(?:-[a-z]+)*)(?: ([a-z]+(?:-[a-z]+)*))?")


def meant(line: str) -> Any:
    """The function a command line ends in.

    Raises:
        UsageError: There is none.
    """
    words, context = line.split(), None
    command: Any = command_of(app)
    while isinstance(command, TyperGroup):
        context = command.make_context(words[0] if words else "aether", words, parent=context)
        words = [*context._protected_args, *context.args]
        _, command, words = command.resolve_command(context, words)
    return command.callback.__wrapped__


def first_level() -> Iterator[tuple[str, Any]]:
    for panel in GRAMMAR.panels.values():
        yield from panel.items()


@pytest.mark.parametrize("old", GRAMMAR.old_names)
def test_an_old_name_means_what_its_new_name_means(old: str) -> None:
    assert meant(old) is meant(GRAMMAR.old_names[old])


@pytest.mark.parametrize("line", [*CONTRACT, *OLDER])
def test_what_people_and_checks_call_is_there(line: str) -> None:
    assert callable(meant(line))


def test_a_noun_that_was_a_command_is_both() -> None:
    start = meant("study start x")
    assert meant("study") is meant("study x --kind noise") is meant("study --kind noise x") is start
    assert meant("study list x") is meant("studies x") is not start
    assert meant("cache") is meant("cache show") is not meant("cache clear")


def test_a_verb_of_every_day_is_the_verb_of_its_noun() -> None:
    for verb in ("train", "embed", "encode-eo", "encode-text"):
        assert meant(verb) is meant(f"model {verb}")


@pytest.mark.parametrize(
    "noun", ["city", "fetch", "layer", "model", "region", "run", "job", "study"]
)
def test_every_noun_can_be_listed(noun: str) -> None:
    assert callable(meant(f"{noun} list"))


def test_the_help_of_all_fits_a_screen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) <= 50
    for name, _ in first_level():
        assert re.search(rf"^\S* ?{name} +\w", shown, re.MULTILINE), name
    for panel in GRAMMAR.panels:
        assert panel in shown
    assert not re.search(r"^. (fetches|runs|jobs|study-show|find-place) ", shown, re.MULTILINE)


@pytest.mark.parametrize("words", [[], ["city"], ["layer"]])
def test_half_a_command_is_one_document_that_lists_the_verbs(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*words, "--json"]) == 2
    (line,) = capsys.readouterr().out.splitlines()
    error = json.loads(line)["error"]
    assert error["code"] == "command-not-complete"
    assert "list" in error["message"] or "search" in error["message"]
    assert run(words) == 2
    assert "Usage: aether" in capsys.readouterr().out


def test_a_wrong_word_names_the_help_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runs"]) == 2
    assert "./aether run list --help" in capsys.readouterr().err
    assert run(["layer", "lst"]) == 2
    assert "'list'" in capsys.readouterr().err


def test_docs_and_messages_speak_todays_words() -> None:
    today = dict(first_level())
    folders = ("aether_core", "db", "workflows", "cli", "ui", "pages", "docs")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.*")]
    read = [path for path in (*found, ROOT / "README.md") if path.suffix in {".py", ".md"}]
    named = [(path.name, *words) for path in read for words in COMMAND.findall(path.read_text())]
    assert len(named) > 60
    for name, first, second in named:
        if first != "test":  # the launcher's own
            assert first in today, (name, first)
            entry = today[first]
            assert not isinstance(entry, Noun) or second in {"", *entry.verbs}, (name, second)


def test_every_kind_of_task_can_be_tested() -> None:
    assert set(TASKS) == set(TASK_KINDS)
