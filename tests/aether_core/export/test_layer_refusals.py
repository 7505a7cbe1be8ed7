"""What an export refuses, and that nothing is left behind."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from aether_core.errors import ConflictError, InputError
from aether_core.export import FORMATS, write_layer
from tests.errors import fault

CELL = "8a1126d3302ffff"


def frame(**columns: object) -> gpd.GeoDataFrame:
    columns = columns or {"cell": [CELL], "score": [0.5]}
    box = shapely.box(24.94, 60.17, 24.95, 60.18)
    return gpd.GeoDataFrame(columns, geometry=[box], crs="EPSG:4326")


@pytest.mark.parametrize("name", ["a.xlsx", "a.shp", "a", "a.geojson.gz"])
def test_other_endings_list_the_formats(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, check=fault("output-wrong-ending", name, ", ".join(FORMATS))):
        write_layer(frame(), tmp_path / name, metadata={})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_existing_file_is_kept_without_force(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text("mine")
    with pytest.raises(ConflictError, check=fault("file-exists", path)):
        write_layer(frame(), path, metadata={})
    assert path.read_text() == "mine"
    write_layer(frame(), path, metadata={}, force=True)
    assert path.read_bytes() != b"mine"
    assert list(tmp_path.iterdir()) == [path]


def test_missing_values_of_every_kind_become_null(tmp_path: Path) -> None:
    layer = frame(
        cell=[CELL],
        single=pd.array([None], dtype="Float32"),
        whole=pd.array([None], dtype="Int64"),
        yes=pd.array([None], dtype="boolean"),
        infinite=[float("inf")],
        text=pd.array([None], dtype="string"),
        nested=[[1.5, float("nan"), None]],
    )
    write_layer(layer, tmp_path / "a.geojson", metadata={})
    properties = json.loads((tmp_path / "a.geojson").read_text())["features"][0]["properties"]
    assert properties.pop("cell") == CELL
    assert properties.pop("nested") == [1.5, None, None]
    assert set(properties.values()) == {None}
    for suffix in FORMATS:
        write_layer(layer, tmp_path / f"b{suffix}", metadata={})


def test_an_empty_layer(tmp_path: Path) -> None:
    with pytest.raises(InputError, check=fault("layer-empty", "a.csv")):
        write_layer(frame().iloc[:0], tmp_path / "a.csv", metadata={})


def test_a_geotiff_needs_numbers(tmp_path: Path) -> None:
    for key in ({"cell": [CELL]}, {"area": ["E01"]}, {}):
        with pytest.raises(InputError, check=fault("layer-without-numbers", *key, ".gpkg")):
            write_layer(frame(**key, landuse=["park"]), tmp_path / "a.tif", metadata={})
    assert list(tmp_path.iterdir()) == []


def test_a_geotiff_across_the_world_is_refused(tmp_path: Path) -> None:
    far = gpd.GeoDataFrame(
        {"cell": [CELL, "8a2a1072b59ffff"], "score": [0.5, 0.6]},
        geometry=[shapely.box(24.94, 60.17, 24.95, 60.18), shapely.box(-74.1, 40.6, -74, 40.7)],
        crs="EPSG:4326",
    )
    with pytest.raises(InputError, check=fault("layer-spans-too-much", "pixels of")):
        write_layer(far, tmp_path / "a.tif", metadata={})


def test_areas_across_the_world_are_refused_as_a_raster(tmp_path: Path) -> None:
    far = gpd.GeoDataFrame(
        {"area": ["a", "b"], "score": [0.5, 0.6]},
        geometry=[shapely.box(24.94, 60.17, 24.95, 60.18), shapely.box(-4.1, 40.6, -4, 40.7)],
        crs="EPSG:4326",
    )
    with pytest.raises(InputError, check=fault("layer-spans-too-much", "pixels of")):
        write_layer(far, tmp_path / "a.tif", metadata={})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("field", ["shares", "cell"])
def test_an_unknown_field_lists_those_there_are(tmp_path: Path, suffix: str, field: str) -> None:
    layer = frame(cell=[CELL], score=[0.5], rank=[1])
    with pytest.raises(InputError, check=fault("no-such-field", field, "score, rank")):
        write_layer(layer, tmp_path / f"a{suffix}", metadata={}, only_field=field)
    assert list(tmp_path.iterdir()) == []


def test_a_layer_in_metres_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="EPSG:4326"):
        write_layer(frame().to_crs("EPSG:3067"), tmp_path / "a.csv", metadata={})


def test_a_full_disk_is_named_in_every_format_and_nothing_is_left(tmp_path: Path) -> None:
    # A limit on the size of files fails a write the way a full disk does, without filling one.
    script = """
        import resource, sys
        from pathlib import Path
        import geopandas as gpd, shapely
        from aether_core.errors import AetherError
        from aether_core.export import FORMATS, write_layer
        shape = shapely.Point(24.94, 60.17).buffer(0.01, quad_segs=2000)
        layer = gpd.GeoDataFrame(
            {"cell": ["8a1126d3302ffff"] * 20, "score": [0.5] * 20}, geometry=[shape] * 20, crs=4326
        )
        layer["name"] = "a long name " * 20
        resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
        for suffix in FORMATS:
            try:
                write_layer(layer, Path(sys.argv[1]) / f"a{suffix}", metadata={})
            except AetherError as error:
                print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parents[3],
    )
    lines = done.stdout.splitlines()
    assert [line.split(";")[0] for line in lines] == [
        f"disk full while writing a{suffix}" for suffix in FORMATS
    ]
    assert list(tmp_path.iterdir()) == []
