"""Each trial file of a format gives its right value, or a refusal that names what it is."""

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from aether_core.city.boundary import read_boundary
from aether_core.errors import InputError
from aether_core.poi.read import read_pois
from aether_core.tasks.areas.read import read_areas
from aether_core.tasks.labels.read import read_labels
from aether_core.vector import ReadOptions, read_vector
from tests.errors import fault


@pytest.fixture
def trials(shared: Path) -> Path:
    folder = shared / "trials"
    if not folder.is_dir():
        pytest.skip(f"trial files not present: {folder}")
    return folder


@pytest.mark.parametrize(
    ("name", "layer", "format_"),
    [
        ("p_dotnet.geojson", None, "GeoJSON"),
        ("p_propcrs.geojson", None, "GeoJSON"),
        ("p_nestedtags.geojson", None, "GeoJSON"),
        ("p_seq.geojson", None, "GeoJSONSeq"),
        ("p_overpass.json", None, "Overpass JSON"),
        ("p_topo.json", None, "TopoJSON"),
        ("p_wkb_nometa.parquet", None, "Parquet"),
        ("p_hexwkb.csv", None, "CSV"),
        ("p_multi.gpkg", "pois", "GeoPackage"),
        ("p_many.zip", "l1", "zipped Shapefile"),
    ],
)
def test_places_lie_where_they_are(
    trials: Path, name: str, layer: str | None, format_: str
) -> None:
    found = read_vector(trials / name, ReadOptions(layer=layer))
    true = gpd.read_file(trials / "p_dotnet.geojson")
    assert found.report.format == format_
    assert len(found.frame) == len(true) == 60
    apart = shapely.distance(found.frame.geometry.to_numpy(), true.geometry.to_numpy())
    assert apart.max() < 1e-9


def test_places_keep_their_words(trials: Path) -> None:
    names = gpd.read_file(trials / "p_dotnet.geojson")["name"].tolist()
    assert read_pois(trials / "p_dotnet.geojson").frame["name"].tolist() == names
    assert names[13] == "O`ak Castle Tennis Club"
    for name in ("p_nestedtags.geojson", "p_overpass.json"):
        pois = read_pois(trials / name).frame
        assert pois["name"].tolist() == [one.replace("`", "") for one in names]
        assert set(pois["category"]) == {"cafe"}


@pytest.mark.parametrize(
    ("name", "facts"),
    [("p_multi.gpkg", ["pois", "buildings"]), ("p_many.zip", ["shp/l1.shp", "shp/gbk.shp"])],
)
def test_several_layers_are_listed(trials: Path, name: str, facts: list[str]) -> None:
    with pytest.raises(InputError, check=fault("file-with-several-layers", *facts, "--layer")):
        read_vector(trials / name)


def test_collections_are_the_polygons_in_them(trials: Path) -> None:
    labels = read_labels(trials / "l_gc.geojson", field="landuse")
    mixed = read_labels(trials / "l_mixgc.gpkg", field="landuse")
    assert len(labels) == len(mixed) == 300
    assert labels.dropped == mixed.dropped == {}
    fields = ["owner", "social", "private", "other", "shared", "free"]
    areas = read_areas(trials / "a_gc.geojson", fields=fields, code_field="code")
    assert len(areas) == 46
    boundary = read_boundary(trials / "b_gc.geojson").shape
    assert boundary.equals(shapely.box(15.0015, 40.6465, 15.006, 40.65))


def test_genuine_overpass_answers(shared: Path) -> None:
    found = read_vector(shared / "real" / "readers" / "toiletsJson.json")
    assert found.frame["amenity"].eq("toilets").all()
    assert (len(found.frame), int(found.frame.geometry.isna().sum())) == (40, 7)
    assert any("7 elements came without coordinates" in note for note in found.report.notes)
    with pytest.raises(InputError, check=fault("overpass-without-coordinates", "out center")):
        read_vector(shared / "real" / "readers" / "relationsJson.json")
