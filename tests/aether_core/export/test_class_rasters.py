"""GeoTIFFs of classes: numbers, colours and names, read back by rasterio."""

import json
from pathlib import Path

import geopandas as gpd
import h3
import numpy as np
import pytest
import rasterio
import shapely
from rio_cogeo.cogeo import cog_validate

from aether_core.errors import InputError
from aether_core.export import write_layer
from tests.errors import fault

CLASSES = [
    {"value": 1, "name": "Park & wood", "colour": "#228833"},
    {"value": 2, "name": "Häuser", "colour": "#EE6677"},
    {"value": 3, "name": "never seen", "colour": "#4477AA"},
]
METADATA = {"classes": CLASSES, "class_field": "landuse", "simulated": True}


def land_use(rings: int = 9) -> gpd.GeoDataFrame:
    cells = sorted(h3.grid_disk(h3.latlng_to_cell(51.5, -0.12, 10), rings))
    names = np.random.default_rng(0).choice(["Park & wood", "Häuser", "unlisted"], len(cells))
    return gpd.GeoDataFrame(
        {
            "cell": cells,
            "landuse": [*names[:-1], None],
            "confidence": np.linspace(0, 1, len(cells), dtype=np.float32),
        },
        geometry=[
            shapely.Polygon([(lon, lat) for lat, lon in h3.cell_to_boundary(cell)])
            for cell in cells
        ],
        crs="EPSG:4326",
    )


def numbers_at_centres(path: Path, frame: gpd.GeoDataFrame) -> np.ndarray:
    with rasterio.open(path) as raster:
        latlon = np.array([h3.cell_to_latlng(cell) for cell in frame["cell"]])
        points = gpd.GeoSeries.from_xy(latlon[:, 1], latlon[:, 0], crs=4326).to_crs(raster.crs)
        return np.array(list(raster.sample(zip(points.x, points.y, strict=True))))[:, 0]


def test_one_band_of_class_numbers_with_colours_and_names(tmp_path: Path) -> None:
    frame = land_use()
    write_layer(frame, tmp_path / "a.tif", metadata=METADATA)
    assert cog_validate(tmp_path / "a.tif", strict=True)[0]
    expected = frame["landuse"].map({"Park & wood": 1, "Häuser": 2}).fillna(0)
    assert numbers_at_centres(tmp_path / "a.tif", frame).tolist() == expected.tolist()
    with rasterio.open(tmp_path / "a.tif") as raster:
        assert raster.dtypes == ("uint8",)
        assert raster.nodata == 0
        assert raster.descriptions == ("landuse",)
        assert raster.colorinterp[0].name == "palette"
        colours = raster.colormap(1)
        assert colours[1] == (0x22, 0x88, 0x33, 255)
        assert colours[2] == (0xEE, 0x66, 0x77, 255)
        assert colours[3] == (0x44, 0x77, 0xAA, 255)
        names = raster.tags(1)
        assert [names[f"class_{number}"] for number in (1, 2, 3)] == [
            "Park & wood",
            "Häuser",
            "never seen",
        ]
        assert json.loads(raster.tags()["classes"]) == CLASSES
        assert raster.tags()["note"] == "simulated embedding"


def test_overviews_hold_classes_not_averages(tmp_path: Path) -> None:
    """Between black and white lies the grey of a class that is nowhere in the layer."""
    colours = {"Park & wood": "#000000", "Häuser": "#808080", "never seen": "#ffffff"}
    edges = np.linspace(0, 0.09, 301)
    stripes = gpd.GeoDataFrame(
        {
            "area": [str(n) for n in range(300)],
            "landuse": ["Park & wood", "never seen", "never seen"] * 100,
        },
        geometry=shapely.box(edges[:-1], 51, edges[1:], 51.06),
        crs="EPSG:4326",
    )
    classes = [entry | {"colour": colours[entry["name"]]} for entry in CLASSES]
    write_layer(stripes, tmp_path / "a.tif", metadata=METADATA | {"classes": classes})
    with rasterio.open(tmp_path / "a.tif") as raster:
        assert raster.overviews(1)
        smaller = raster.read(1, out_shape=(raster.height // 2, raster.width // 2))
    assert {1, 3} <= set(np.unique(smaller)) <= {0, 1, 3}


def test_one_field_of_numbers_instead(tmp_path: Path) -> None:
    frame = land_use()
    write_layer(frame, tmp_path / "a.tif", metadata=METADATA, only_field="confidence")
    with rasterio.open(tmp_path / "a.tif") as raster:
        assert raster.descriptions == ("confidence",)
        assert raster.dtypes == ("float32",)
        assert "classes" not in raster.tags()
    found = numbers_at_centres(tmp_path / "a.tif", frame)
    assert np.array_equal(found, frame["confidence"])
    write_layer(frame, tmp_path / "b.tif", metadata=METADATA, only_field="landuse")
    with rasterio.open(tmp_path / "b.tif") as raster:
        assert raster.dtypes == ("uint8",)


def test_areas_of_classes(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {"area": ["a", "b"], "landuse": ["never seen", "Häuser"]},
        geometry=[shapely.box(0, 51, 0.01, 51.01), shapely.box(0.01, 51, 0.02, 51.01)],
        crs="EPSG:4326",
    )
    write_layer(frame, tmp_path / "a.tif", metadata=METADATA)
    with rasterio.open(tmp_path / "a.tif") as raster:
        found = raster.read(1)
    assert raster.res == (10, 10)
    assert found[found.shape[0] // 2, [5, -5]].tolist() == [3, 2]


def test_too_many_classes(tmp_path: Path) -> None:
    many = [{"name": f"c{n}", "colour": "#000000"} for n in range(256)]
    with pytest.raises(InputError, check=fault("too-many-classes", 256, 255)):
        write_layer(land_use(), tmp_path / "a.tif", metadata=METADATA | {"classes": many})
    write_layer(land_use(), tmp_path / "a.tif", metadata=METADATA | {"classes": many[:255]})


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": 0},
        {"value": 256},
        {"value": "1"},
        {"value": 2},
        {"name": "Häuser"},
        {"colour": "red"},
        {"colour": "#12345"},
    ],
)
def test_a_class_told_wrongly_is_a_mistake_of_the_caller(
    tmp_path: Path, wrong: dict[str, object]
) -> None:
    metadata = METADATA | {"classes": [CLASSES[0] | wrong, CLASSES[1]]}
    with pytest.raises(ValueError, match="class"):
        write_layer(land_use(1), tmp_path / "a.tif", metadata=metadata)
    assert list(tmp_path.iterdir()) == []
