"""The map's background: a style that cannot be drawn is left out and told of."""

from pathlib import Path

import pytest

from ui.map.basemap import basemap

STYLE = '{"version": 8, "sources": {}, "layers": [{"id": "land", "type": "background"}]}'


def test_a_style_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "style.json"
    path.write_text(STYLE)
    found = basemap(str(path))
    assert not found.problem
    assert found.style["layers"][0]["id"] == "land"
    path.write_text(STYLE.replace("land", "ground sea"))
    assert basemap(str(path)).style["layers"][0]["id"] == "ground sea"


@pytest.mark.parametrize("address", ["https://tiles.example.org/style.json?key=k", "http://a/b"])
def test_an_address_is_left_to_the_browser(address: str) -> None:
    assert basemap(address).style == address
    assert not basemap(address).problem


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        STYLE[:-10].encode(),
        STYLE.replace("8", "NaN").encode(),
        STYLE.replace("8", "7").encode(),
        STYLE.replace('"sources": {}', '"sources": {"a": 1}').encode(),
        STYLE.replace('"id"', '"name"').encode(),
        b"[" * 200_000,
        b" " * 6_000_000,
    ],
)
def test_a_damaged_style_is_left_out(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "style.json"
    path.write_bytes(content)
    found = basemap(str(path))
    assert found.problem
    assert found.style == basemap(None).style


@pytest.mark.parametrize("given", ["missing.json", "/", "ftp://a/b", "https://", "http://[::1"])
def test_what_is_no_style_is_left_out(given: str) -> None:
    found = basemap(given)
    assert found.problem
    assert found.style == basemap(None).style


def test_no_style_is_no_problem() -> None:
    assert not basemap(None).problem
