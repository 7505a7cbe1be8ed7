"""`user`: accounts by command."""

import io
import json
from pathlib import Path

import pytest

from cli.__main__ import run
from tests.app_fixtures import set_environment
from workflows.accounts.accounts import sign_in
from workflows.accounts.acting import Role
from workflows.accounts.keys import person_with
from workflows.home.store import Store

FIRST, SECOND = "correct horse battery", "another horse battery"


def test_an_account_is_added_listed_changed_and_removed(
    module_store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_environment(module_store, monkeypatch)

    def ask(*words: str) -> tuple[int, object]:
        code = run([*words, "--json"])
        return code, json.loads(capsys.readouterr().out)

    file = tmp_path / "password"
    file.write_text(f"{FIRST}\nmore\n")
    code, added = ask("user", "add", "Carla", "--role", "viewer", "--password-file", str(file))
    assert code == 0
    assert isinstance(added, dict)
    assert (added["name"], added["role"]) == ("carla", "viewer")
    assert sign_in(module_store, "carla", FIRST).name == "carla"
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{SECOND}\n"))
    assert ask("user", "password", "carla")[0] == 0
    assert sign_in(module_store, "carla", SECOND).name == "carla"
    assert ask("user", "role", "carla", "analyst")[0] == 0
    _, deeds = ask("user", "audit", "--last", "2")
    assert isinstance(deeds, list)
    assert [one["action"] for one in deeds] == ["change role", "sign in"]
    _, listed = ask("user", "list")
    assert isinstance(listed, list)
    assert "carla" in [one["name"] for one in listed]
    assert not any(key.startswith("password") for one in listed for key in one)
    _, made = ask("user", "add-key", "carla", "report", "--scope", "write", "--days", "3")
    assert isinstance(made, dict)
    person = person_with(module_store, made["key"])
    assert person is not None
    assert (person.name, person.role) == ("carla", Role.ANALYST)
    for words in (["report"], ["other", "--scope", "admin"], ["other", "--days", "0"], ["A B"]):
        assert ask("user", "add-key", "carla", *words)[0] == 2
    _, keys = ask("user", "list-keys", "carla")
    assert isinstance(keys, list)
    assert [(one["name"], one["scope"], one["expired"]) for one in keys] == [
        ("report", "write", False)
    ]
    assert made["key"] not in json.dumps(keys)
    assert ask("user", "remove-key", "carla", "report")[0] == 0
    assert person_with(module_store, made["key"]) is None
    assert ask("user", "remove-key", "carla", "report")[0] == 2
    assert ask("group", "add", "roads")[0] == 0
    _, group = ask("group", "include", "roads", "--account", "carla")
    assert group == {"name": "roads", "accounts": ["carla"], "cities": []}
    assert ask("group", "exclude", "roads")[0] == 2
    assert ask("user", "remove", "carla") == (0, {"removed": "carla"})
    assert ask("group", "list") == (0, [{"name": "roads", "accounts": [], "cities": []}])
    assert ask("group", "remove", "roads") == (0, {"removed": "roads"})
    for words in (
        ["user", "remove", "carla"],
        ["user", "role", "carla", "king"],
        ["user", "add", "d", "--password-file", str(tmp_path / "none")],
        ["user", "add", "d", "--password-file", str(tmp_path)],
    ):
        assert ask(*words)[0] == 2
