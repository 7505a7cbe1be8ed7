"""What is drawn below the maps: by name, by address, from a file, or nothing."""

from pathlib import Path

import pytest

from workflows.home.map_style import OPENFREEMAP, MapStyle, map_style
from workflows.home.settings import Settings, read_settings


def test_openfreemap_is_what_is_drawn_unless_something_else_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AETHER_BASEMAP_STYLE", "")  # as compose passes what nobody set
    style = map_style(read_settings())
    assert style == OPENFREEMAP
    assert style.of(dark=True) != style.of(dark=False)
    assert style.of(dark=True).startswith(f"{style.host}/")


def test_it_can_be_switched_off() -> None:
    assert map_style(Settings(basemap_style="none")) is None


@pytest.mark.parametrize(
    ("given", "is_address", "host"),
    [
        ("https://tiles.example.org:8443/a.json?key=k", True, "https://tiles.example.org:8443"),
        ("ftp://tiles.example.org/a.json", True, None),
        ("https://[::1", True, None),
        (str(Path("styles", "own.json")), False, None),
    ],
)
def test_one_of_ones_own_is_the_same_by_day_and_in_the_dark(
    given: str, is_address: bool, host: str | None
) -> None:
    style = map_style(Settings(basemap_style=given))
    assert style == MapStyle(given, given)
    assert (style.is_address, style.host) == (is_address, host)
    assert not style.from_one_host
