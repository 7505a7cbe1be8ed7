"""City: what it holds, adding by upload and by path, what is refused, removing."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from streamlit.testing.v1 import AppTest

from aether_core.simulate.grid_city import SimulatedCity
from tests.app_fixtures import SLUG, CityFiles
from tests.area_tables import grid, written
from tests.pages.visit import deck, layer, links, open_page, words
from tests.workflows.cities.other_embedding import write_tessera
from ui.shell.state import CITY
from workflows.accounts import acting
from workflows.accounts.acting import Person, Role
from workflows.cities.cities import list_cities, show_city
from workflows.home.store import Store

pytestmark = pytest.mark.usefixtures("jobs_at_once")


def fill(visit: AppTest, files: CityFiles, **paths: Path | str) -> AppTest:
    """Fill the form by server paths; `paths` replaces some."""
    visit.get_by_key("add-way").set_value("From your files").run()
    given = {"embedding": files.embedding, "pois": files.pois, "boundary": files.boundary} | paths
    visit.text_input(key="add-name").input("New Town").run()
    for key in given:
        visit.get_by_key(f"add-{key}-way").set_value("Path on the server").run()
    visit.text_area(key="add-embedding-path").input(str(given["embedding"])).run()
    for key in ("pois", "boundary"):
        visit.text_input(key=f"add-{key}-path").input(str(given[key])).run()
    return visit


def upload(visit: AppTest, key: str, path: Path) -> None:
    visit.file_uploader(key=key).upload(path.name, path.read_bytes()).run()


def previewed(visit: AppTest) -> pd.DataFrame:
    """The first places of the file, as the form shows them."""
    return next(one.value for one in visit.dataframe if "Category" in one.value)


def test_a_city_shows_its_figures_its_places_and_what_was_left_out(app_environment: Store) -> None:
    visit = open_page("city")
    city = show_city(app_environment, SLUG)
    said = words(visit)
    assert f"{city.pois:,}" in said
    assert f"{city.cells:,}" in said
    assert len(layer(deck(visit), "points")["data"]) == city.pois
    (outline,) = layer(deck(visit), "footprint")["data"]["features"]
    assert outline["geometry"] == json.loads(json.dumps(city.footprint))
    table = visit.dataframe[0].value
    assert dict(zip(table["Reason"], table["Places"], strict=True)) == {
        reason: number for reason, number in city.pois_dropped.items() if number
    }


def test_of_overtures_places_the_confidence_is_asked(
    empty_environment: Store,  # noqa: ARG001 - a store without cities
    city_files: CityFiles,
    tmp_path: Path,
) -> None:
    path = tmp_path / "overture.csv"
    path.write_text(
        "id,name,basic_category,operating_status,confidence,lon,lat\n"
        + "".join(f"{n},Place {n},cafe,open,0.{n},24.94,60.17\n" for n in range(2, 10))
    )
    visit = fill(open_page("city"), city_files)
    assert not visit.slider
    visit.text_input(key="add-pois-path").input(str(path)).run()
    assert len(previewed(visit)) == 4
    (asked,) = visit.slider
    assert asked.value == 0.5
    asked.set_value(0.85).run()
    assert len(previewed(visit)) == 1
    assert "Overture" in words(visit)


def test_a_city_is_added_by_upload(empty_environment: Store, city_files: CityFiles) -> None:
    visit = open_page("city")
    assert visit.title[0].value == "Add a city"
    visit.get_by_key("add-way").set_value("From your files").run()
    visit.text_input(key="add-name").input("New Town").run()
    upload(visit, "add-embedding-upload", city_files.embedding)
    upload(visit, "add-pois-upload", city_files.pois)
    assert "category" in visit.selectbox(key="add-field-category").options
    assert "Column for category" in words(visit)
    upload(visit, "add-boundary-upload", city_files.boundary)
    read = [box.label for box in visit.expander if box.label.startswith("How ")]
    assert read == [f"How {one.name} was read" for one in (city_files.pois, city_files.boundary)]
    preview = previewed(visit)
    assert preview["Category"].str.len().min() > 0
    visit.button(key="add-go").click().run()
    assert not visit.error
    (city,) = list_cities(empty_environment)
    assert (city.slug, city.name) == ("new-town", "New Town")
    assert visit.title[0].value == "City: New Town"
    kept = empty_environment.settings.home / "uploads"
    assert not list(kept.iterdir())


def test_a_city_is_added_by_path_with_chosen_columns(
    empty_environment: Store, city_files: CityFiles
) -> None:
    visit = fill(open_page("city"), city_files)
    visit.selectbox(key="add-field-category").select("group").run()
    visit.text_input(key="add-credit").input("Places: the town hall.").run()
    visit.button(key="add-go").click().run()
    assert not visit.error
    city = show_city(empty_environment, "new-town")
    assert city.pois > 100
    assert city.attribution[-1] == "Places: the town hall."
    assert city_files.pois.exists()


def test_a_table_of_codes_asks_for_their_shapes_and_which_column_is_the_code(
    empty_environment: Store, tmp_path: Path
) -> None:
    areas = grid()
    shapes = written(tmp_path, areas[["geoid", "geometry"]], "shapes.geojson")
    table = written(tmp_path, areas, "means.csv")
    visit = open_page("city")
    visit.get_by_key("add-way").set_value("From your files").run()
    visit.text_input(key="add-name").input("Wards").run()
    upload(visit, "add-embedding-upload", table)
    assert visit.button(key="add-go").disabled
    upload(visit, "add-means.csv-shapes-upload", shapes)
    visit.button(key="add-go").click().run()
    assert not visit.error
    city = show_city(empty_environment, "wards")
    assert (city.units, city.cells, city.pois) == ("areas", 12, 0)
    assert "12 areas" in words(visit)
    for name in ("change", "search", "train"):  # each says at once what a model needs
        visit = open_page(name, city="wards")
        assert "This city has no places" in words(visit)
        assert links(visit)["Add places"] == "city"
        assert links(visit)["Or make a map, which needs no places"] == "layers"

    lonlat = areas.to_crs(4326).geometry.representative_point()
    places = pd.DataFrame({"lon": lonlat.x, "lat": lonlat.y, "category": "school"})
    places.to_csv(tmp_path / "places.csv", index=False)
    visit = open_page("city", city="wards")
    assert visit.button(key="places-wards-go").disabled
    upload(visit, "places-wards-upload", tmp_path / "places.csv")
    visit.button(key="places-wards-go").click().run()
    assert not visit.error
    assert show_city(empty_environment, "wards").pois == 12
    upload(visit, "places-wards-upload", tmp_path / "places.csv")
    assert visit.button(
        key="places-wards-go"
    ).disabled  # until it is said that they are further ones
    visit.checkbox(key="places-wards-extend").check().run()
    visit.button(key="places-wards-go").click().run()
    assert "has all of these places already" in words(visit)

    unclear = areas.assign(ward_code=[f"W{number}" for number in range(12)])
    visit = open_page("city")
    visit.get_by_key("city-view").set_value("Add a city").run()
    visit.get_by_key("add-way").set_value("From your files").run()
    visit.text_input(key="add-name").input("More wards").run()
    upload(visit, "add-embedding-upload", written(tmp_path, unclear, "more.geojson"))
    assert "ward_code" in visit.error[0].value.replace("\\", "")
    visit.selectbox(key="add-more.geojson-code").select("ward_code").run()
    assert not visit.error
    visit.button(key="add-go").click().run()
    assert show_city(empty_environment, "more-wards").cells == 12


def rgb_image(folder: Path) -> Path:
    path = folder / "photo.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=64, height=64, count=3, dtype="uint8", crs="EPSG:32635"
    ) as raster:
        raster.write(np.zeros((3, 64, 64), np.uint8))
    return path


def virtual_raster(folder: Path) -> Path:
    path = folder / "trick.tif"
    path.write_text('<VRTDataset rasterXSize="1" rasterYSize="1"></VRTDataset>')
    return path


def zero_bytes(folder: Path) -> Path:
    path = folder / "empty.tif"
    path.touch()
    return path


@pytest.mark.parametrize("make", [rgb_image, virtual_raster, zero_bytes])
def test_embeddings_that_cannot_be_used(
    empty_environment: Store, city_files: CityFiles, tmp_path: Path, make: object
) -> None:
    path = make(tmp_path)  # type: ignore[operator]
    visit = fill(open_page("city"), city_files, embedding=path)
    visit.button(key="add-go").click().run()
    assert path.name in visit.error[0].value.replace("\\", "")
    assert not list_cities(empty_environment)


@pytest.mark.parametrize("given", ["https://example.org/a.csv", "/vsicurl/x.csv", "/nowhere/a.csv"])
def test_paths_that_cannot_be_used(
    empty_environment: Store, city_files: CityFiles, given: str
) -> None:
    """Nor does the form go on without places: there is nothing to press until they are right."""
    visit = open_page("city")
    visit.get_by_key("add-way").set_value("From your files").run()
    visit.get_by_key("add-pois-way").set_value("Path on the server").run()
    visit.text_input(key="add-pois-path").input(given).run()
    assert visit.error
    assert "add-go" not in [button.key for button in visit.button]
    visit.text_input(key="add-pois-path").input(str(city_files.pois)).run()
    assert not visit.error
    assert "add-go" in [button.key for button in visit.button]
    assert not list_cities(empty_environment)


@pytest.mark.usefixtures("empty_environment")
def test_places_with_wrong_columns_name_those_there_are(
    city_files: CityFiles, tmp_path: Path
) -> None:
    path = tmp_path / "places.csv"
    path.write_text("name,kind,easting,northing\nA,bar,1,2\n".replace("easting,northing", "p,q"))
    visit = fill(open_page("city"), city_files, pois=path)
    said = visit.error[0].value.replace("\\", "")
    assert "kind" in said
    assert "p" in said


def test_a_taken_name_is_refused(app_environment: Store, city_files: CityFiles) -> None:
    visit = open_page("city", do="add")
    fill(visit, city_files)
    visit.text_input(key="add-slug").input(SLUG).run()
    visit.button(key="add-go").click().run()
    assert SLUG in visit.error[0].value.replace("\\", "")
    assert len(list_cities(app_environment)) == 1


@pytest.mark.parametrize("slug", ["a/b", "..", "Big City"])
def test_short_names_that_cannot_be_used(
    empty_environment: Store, city_files: CityFiles, slug: str
) -> None:
    visit = fill(open_page("city"), city_files)
    visit.text_input(key="add-slug").input(slug).run()
    visit.button(key="add-go").click().run()
    assert "short name" in visit.error[0].value
    assert not list_cities(empty_environment)


def test_removing_needs_the_short_name_typed(app_environment: Store) -> None:
    visit = open_page("city")
    assert visit.button(key=f"remove-{SLUG}").disabled
    visit.text_input(key=f"confirm-{SLUG}").input("tiny").run()
    assert visit.button(key=f"remove-{SLUG}").disabled
    visit.text_input(key=f"confirm-{SLUG}").input(SLUG).run()
    visit.button(key=f"remove-{SLUG}").click().run()
    assert not list_cities(app_environment)
    assert visit.title[0].value == "Add a city"
    assert CITY not in visit.query_params  # what was removed is not missed


def test_who_may_not_remove_is_told_where_it_was_asked_and_sees_the_page(
    app_environment: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acting._Asking, "who", lambda: Person("guest", Role.VIEWER))
    visit = open_page("city")
    visit.text_input(key=f"confirm-{SLUG}").input(SLUG).run()
    visit.button(key=f"remove-{SLUG}").click().run()
    assert len(visit.error) == 1
    assert "Dots: places" in words(visit)  # the map is drawn all the same
    assert [city.slug for city in list_cities(app_environment)] == [SLUG]


def test_an_embedding_that_is_not_alphaearth_is_added_by_its_name(
    empty_environment: Store, city_files: CityFiles, truth_city: SimulatedCity, tmp_path: Path
) -> None:
    first, second = write_tessera(tmp_path, truth_city)
    visit = fill(open_page("city"), city_files, embedding=f"{first}\n{second}")
    visit.text_input(key="add-kind").input("TESSERA").run()
    visit.number_input(key="add-kind-year").set_value(2012).run()
    visit.text_input(key="add-kind-credit").input("University of Cambridge (CC0)").run()
    visit.button(key="add-go").click().run()
    assert not visit.error
    city = show_city(empty_environment, "new-town")
    assert (city.embedding, city.year) == ("tessera", 2012)
    assert "University of Cambridge (CC0)" in city.attribution
    assert "TESSERA 2012" in words(visit)


@pytest.mark.usefixtures("empty_environment")
def test_a_layer_is_asked_for_where_a_file_has_several(
    city_files: CityFiles, tmp_path: Path
) -> None:
    places = gpd.read_file(city_files.pois)
    path = tmp_path / "two.gpkg"
    for kind in ("pubs", "parks"):
        places.head(30).assign(category=kind).to_file(path, layer=kind)
    visit = open_page("city")
    visit.get_by_key("add-way").set_value("From your files").run()
    upload(visit, "add-pois-upload", path)
    (ask,) = [box for box in visit.selectbox if box.label == "Layer of two.gpkg"]
    assert ask.options == ["pubs", "parks"]
    assert "several layers" in visit.error[0].value
    ask.set_value("parks").run()
    assert not visit.error
    preview = previewed(visit)
    assert set(preview["Category"]) == {"parks"}
