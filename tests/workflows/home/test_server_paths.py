"""What a page may be told to open on the server."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from aether_core.errors import InputError
from tests.errors import fault
from workflows.home.server_paths import allowed_path
from workflows.home.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for name in ("open", "open-too", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "places.csv").touch()
    (tmp_path / "open" / "way-out").symlink_to(tmp_path / "other")
    (tmp_path / "linked").symlink_to(tmp_path / "open")
    return Settings(
        home=tmp_path / "home", server_paths=(tmp_path / "linked", tmp_path / "open-too")
    )


@pytest.mark.parametrize(
    "typed",
    ["open/places.csv", "linked/places.csv", "open-too/places.csv", "open/none.csv", "open"],
)
def test_what_lies_in_a_folder_that_is_allowed(
    settings: Settings, tmp_path: Path, typed: str
) -> None:
    """A link that leads into one is no other place; whether the file is there is asked later."""
    expected = tmp_path / typed.replace("linked", "open")
    assert allowed_path(settings, f" {tmp_path / typed} ") == expected


@pytest.mark.parametrize(
    "typed",
    [
        "other/places.csv",
        "other/none.csv",
        "open/way-out/places.csv",
        "open/../other/places.csv",
        "open-to",
        "opener",
        "",
    ],
)
def test_nothing_else(settings: Settings, tmp_path: Path, typed: str) -> None:
    with pytest.raises(InputError, check=fault("server-path-not-allowed")):
        allowed_path(settings, str(tmp_path / typed))


@pytest.mark.parametrize("typed", ["places.csv", "", "~/places.csv", "/\0"])
def test_no_path_but_a_full_one(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    monkeypatch.chdir(tmp_path / "open")
    with pytest.raises(InputError, check=fault("server-path-not-allowed")):
        allowed_path(settings, typed)


def test_none_are_allowed_until_an_operator_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, check=fault("server-path-not-allowed")):
        allowed_path(Settings(home=tmp_path), str(tmp_path))
    monkeypatch.setenv("AETHER_SERVER_PATHS", os.pathsep.join(["/srv/a", "", "/srv/b"]))
    assert Settings().server_paths == (Path("/srv/a"), Path("/srv/b"))
    monkeypatch.setenv("AETHER_SERVER_PATHS", "data")
    with pytest.raises(ValidationError):
        Settings()
