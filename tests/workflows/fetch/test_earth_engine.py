"""Earth Engine's way in, from the command line to a city."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.windows import Window

from cli.__main__ import run
from db.cities import cities as city_rows
from db.cities import features as feature_rows
from tests.app_fixtures import SLUG, YEAR, CityFiles
from workflows.cities.add import add_city
from workflows.home.store import Store


def test_a_script_for_an_area_that_is_no_city_yet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AETHER_HOME", str(tmp_path / "home"))
    script = tmp_path / "export.js"
    asked = ["earth-engine-script", "--bbox=23.9,60.1,24.1,60.2", "--year", "2024", "-o"]
    assert run([*asked, str(script), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [export["crs"] for export in answer["exports"]] == ["EPSG:32634", "EPSG:32635"]
    assert "GOOGLE/SATELLITE_EMBEDDING/V1/ANNUAL" in script.read_text()
    assert run([*asked, str(script)]) == 2
    assert "exists" in capsys.readouterr().err
    assert run([*asked, str(tmp_path / "export.tif")]) == 2
    assert not (tmp_path / "export.tif").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no area given"),
        (["--bbox=23.9,60.1,24.1,60.2"], "year of the embedding is needed"),
        (["--bbox=23.9,60.1,24.1,60.2", "--year", "2010"], "no embedding for this year"),
        (["--bbox=23.9,60.1,24.1", "--year", "2024"], "W,S,E,N"),
        (["--bbox=24.1,60.1,23.9,60.2", "--year", "2024"], "probably swapped"),
    ],
)
def test_what_makes_no_script_is_said_in_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.setenv("AETHER_HOME", str(tmp_path / "home"))
    assert run(["earth-engine-script", *arguments]) == 2
    assert words in capsys.readouterr().err.strip().splitlines()[-1]


def test_a_citys_script_and_a_city_from_shards_as_they_come(
    store: Store,
    city_files: CityFiles,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = add_city(store, city_files.request())
    shards = cut(city_files.embedding, tmp_path)
    assert {path.name for path in shards} >= {"x-0000000000-0000000000.tif"}
    parts = add_city(store, city_files.request(slug="shards", embedding=shards))
    assert (parts.pixels, parts.cells, parts.pois) == (whole.pixels, whole.cells, whole.pois)
    np.testing.assert_array_equal(cell_matrix(store, "shards"), cell_matrix(store, SLUG))

    monkeypatch.setenv("AETHER_HOME", str(store.settings.home))
    monkeypatch.setenv("AETHER_DATABASE_URL", str(store.settings.database_url))
    assert run(["earth-engine-script", SLUG, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["year"] == YEAR
    assert [export["name"] for export in answer["exports"]] == [f"aether-{SLUG}-{YEAR}-35N"]
    assert f"var YEAR = {YEAR};" in answer["script"]


def cell_matrix(store: Store, slug: str) -> np.ndarray:
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        _, _, vectors = feature_rows.cell_features(session, city.id, "base")
    return vectors


def cut(whole: Path, folder: Path, side: int = 64) -> list[Path]:
    """Cut a raster as Earth Engine does, north-up, without a nodata value said."""
    paths = []
    with rasterio.open(whole) as source:
        values = source.read()[:, ::-1]  # the file is bottom-up
        transform = source.transform
        north = transform.f + transform.e * source.height
        for row in range(0, source.height, side):
            for column in range(0, source.width, side):
                part = values[:, row : row + side, column : column + side]
                corner = rasterio.Affine(
                    *(transform.a, 0, transform.c + column * transform.a),
                    *(0, -transform.e, north - row * transform.e),
                )
                path = folder / f"x-{row:010d}-{column:010d}.tif"
                height, width = part.shape[1:]
                shape = {"width": width, "height": height, "count": len(part), "dtype": "int8"}
                with rasterio.open(
                    path, "w", driver="GTiff", crs=source.crs, transform=corner, **shape
                ) as shard:
                    shard.write(part, window=Window(0, 0, width, height))
                paths.append(path)
    return paths
