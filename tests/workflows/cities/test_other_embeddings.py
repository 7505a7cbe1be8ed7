"""Cities on embeddings that are not AlphaEarth's: named by the user, or declared by their files."""

import json
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio

from aether_core.eo.alphaearth import ATTRIBUTION
from aether_core.errors import InputError
from aether_core.model.files.folder import load_card, load_heads
from aether_core.model.heads.inference import encode_eo
from aether_core.simulate.grid_city import SimulatedCity
from cli.__main__ import run
from tests.app_fixtures import SLUG, CityFiles, borrowed_store
from tests.errors import fault
from tests.task_fixtures import GROUPS, TaskFiles
from tests.workflows.cities.other_embedding import BANDS, write_tessera
from workflows.cities.add import add_city
from workflows.cities.cities import show_city
from workflows.evaluation.compare import evaluate_task
from workflows.evaluation.transfer import add_transfer
from workflows.home.store import Store
from workflows.jobs.carry_out import carry_out
from workflows.layers.export import FORMATS, export_layer
from workflows.layers.layers import keep_layer
from workflows.reports import write_report
from workflows.search.search import search_cells, similar_cells
from workflows.tasks.areas import AreaRequest
from workflows.tasks.labels import LabelRequest
from workflows.tasks.land_use import LandUseRequest, land_use
from workflows.tasks.settings import FitSettings
from workflows.tasks.socioeconomic import SocioeconomicRequest, socioeconomic
from workflows.training.embed import embed_files
from workflows.training.model_files import export_model, import_model
from workflows.training.models import list_models
from workflows.training.train import add_run

CREDIT = "TESSERA embeddings by the University of Cambridge (CC0)"
OTHER = "tesseratown"
QUICK = FitSettings(seeds=1)
GOOGLE = "Google DeepMind"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, truth_city: SimulatedCity) -> list[Path]:
    return write_tessera(tmp_path_factory.mktemp("tessera"), truth_city)


@pytest.fixture(scope="module")
def tessera(
    cluster_url: str,
    trained_original: tuple[str, Path],
    city_files: CityFiles,
    files: list[Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Store]:
    """A store with Tinytown and a city on an embedding named by its user, both trained."""
    home = tmp_path_factory.mktemp("tessera-home")
    request = city_files.request(
        OTHER,
        embedding=files,
        embedding_kind="TESSERA",
        embedding_credit=[CREDIT],
        simulated=False,
        attribution=["Somebody's places"],
    )
    with borrowed_store(cluster_url, trained_original, home) as store:
        add_city(store, request)
        carry_out(store, add_run(store, OTHER, settings={"epochs": "8"}).job_id)
        yield store


def test_another_embedding_does_all_that_alphaearth_does(
    tessera: Store, task_files: TaskFiles, tmp_path: Path
) -> None:
    city = show_city(tessera, OTHER)
    assert city.embedding == "tessera"
    assert city.attribution == [
        f"Embedding: TESSERA, {BANDS} values a pixel.",
        CREDIT,
        "Somebody's places",
    ]
    (model,) = list_models(tessera, OTHER)
    assert load_heads(model.folder).eo_dim == BANDS
    card = load_card(model.folder)
    assert (card.embedding.name, card.embedding.dim) == ("tessera", BANDS)
    assert card.attribution == city.attribution
    one, other = (search_cells(tessera, slug, "park") for slug in (SLUG, OTHER))
    # The same ground, seen through vectors of any length: both models find the parks.
    there = {int(cell): score for cell, score in zip(one.units.keys, one.score, strict=True)}
    both = [
        (there[int(c)], s) for c, s in zip(other.units.keys, other.score, strict=True) if c in there
    ]
    assert np.corrcoef(np.array(both).T)[0, 1] > 0.5
    assert similar_cells(tessera, OTHER, *other.lonlat[0]).score[0] > 0.9

    labels = LandUseRequest(LabelRequest(task_files.points, "zone"), QUICK)
    mapped = land_use(tessera, OTHER, labels)
    assert mapped.cross_validation["random"]["macro_f1"] > 0.4
    areas = AreaRequest(task_files.areas, tuple(GROUPS))
    shares = socioeconomic(tessera, OTHER, SocioeconomicRequest(areas, QUICK, pixels=True))
    assert np.isfinite(shares.cross_validation["spatial"]["kl"])
    compared = evaluate_task(tessera, OTHER, labels, ("alphaearth", "concat"))
    assert "TESSERA + AETHER" in compared.verdict
    assert compared.attribution == city.attribution
    kept = keep_layer(tessera, other)
    for layer in (kept, mapped.layer, shares.areas_layer):
        assert layer.attribution == city.attribution
    for suffix in FORMATS:
        written = tmp_path / f"layer{suffix}"
        export_layer(tessera, OTHER, mapped.layer.layer, written)
        if suffix != ".tif":
            assert CREDIT.encode() in written.read_bytes()
        assert GOOGLE.encode() not in written.read_bytes()
    write_report(tessera, OTHER, mapped.layer.layer, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert CREDIT in page
    assert "AlphaEarth" not in page
    assert GOOGLE not in page


def test_every_pixel_is_brought_to_length_one_before_the_head(
    tessera: Store, files: list[Path], tmp_path: Path
) -> None:
    (model,) = list_models(tessera, OTHER)
    target = tmp_path / "z.tif"
    embed_files(tessera.settings, model.folder, files, target, dtype="float32")
    with rasterio.open(files[0]) as given, rasterio.open(target) as made:
        pixel = given.read()[:, 20, 30]
        direction = (pixel / np.linalg.norm(pixel))[None]
        found = made.read()[:, 20, 30]
        tags = made.tags()
        assert np.isnan(made.read(1)[:3, :3]).all()
    assert found == pytest.approx(encode_eo(load_heads(model.folder), direction)[0], abs=1e-5)
    assert CREDIT in tags["ATTRIBUTION"]
    assert GOOGLE not in tags["ATTRIBUTION"]


def test_a_model_of_one_kind_is_refused_by_a_city_of_another(
    tessera: Store, city_files: CityFiles, files: list[Path], tmp_path: Path
) -> None:
    (model,) = list_models(tessera, OTHER)
    folder = export_model(tessera, model.name, tmp_path / "m").path
    card = json.loads((folder / "model.json").read_text())
    card["embedding"]["name"] = "clay"
    (folder / "model.json").write_text(json.dumps(card))
    with pytest.raises(
        InputError, check=fault("model-of-another-embedding", "Clay", OTHER, "TESSERA")
    ):
        import_model(tessera, folder, OTHER)
    with pytest.raises(InputError, check=fault("model-of-another-embedding", "TESSERA", "Clay")):
        embed_files(tessera.settings, model.folder, files, tmp_path / "x.tif", kind="clay")
    add_city(
        tessera,
        city_files.request("claytown", embedding=files, embedding_kind="clay", simulated=False),
    )
    with pytest.raises(
        InputError,
        check=fault("embeddings-of-different-kinds", "tesseratown TESSERA", "claytown Clay"),
    ):
        add_transfer(tessera, OTHER, "claytown")


def test_from_our_own_raster_to_an_answer(
    trained_store: Store, city_files: CityFiles, tmp_path: Path
) -> None:
    (first,) = list_models(trained_store, "tinytown")
    raster = tmp_path / "z.tif"
    embed_files(trained_store.settings, first.folder, [city_files.embedding], raster)
    city = add_city(trained_store, city_files.request("second", embedding=[raster]))
    assert city.embedding == "aether"
    assert city.pixels == show_city(trained_store, "tinytown").pixels
    # It was made from AlphaEarth, and says so itself.
    assert any(ATTRIBUTION in line for line in city.attribution)
    carry_out(trained_store, add_run(trained_store, "second", settings={"epochs": "8"}).job_id)
    (model,) = list_models(trained_store, "second")
    assert load_heads(model.folder).eo_dim == 128
    assert load_card(model.folder).embedding.dim == 128
    first_answer, second_answer = (
        search_cells(trained_store, slug, "park") for slug in ("tinytown", "second")
    )
    assert second_answer.units.keys.tolist() == first_answer.units.keys.tolist()
    # The second model knows the places only through the first one's map; they agree on parks.
    assert np.corrcoef(first_answer.score, second_answer.score)[0, 1] > 0.5


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"embedding_kind": "no name!"}, ("embedding-kind-unusable", "no name!")),
        ({"embedding_kind": "clay", "year": 1066}, ("embedding-year-out-of-range", 1066)),
        ({"embedding_kind": "alphaearth", "year": 2016}, ("alphaearth-lacks-year", 2016)),
        ({"embedding_kind": "clay"}, ("embedding-of-another-kind", "alphaearth", "clay")),
        ({"embedding_credit": ["Land office"]}, ("credit-of-alphaearth-given", "Land office")),
    ],
)
def test_what_contradicts_the_files_is_refused(
    store: Store, city_files: CityFiles, changes: dict[str, object], answer: tuple[object, ...]
) -> None:
    with pytest.raises(InputError, check=fault(*answer)):
        add_city(store, city_files.request(**changes))


def test_the_command_takes_a_table_of_another_embedding(
    empty_environment: Store,
    city_files: CityFiles,
    truth_city: SimulatedCity,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows, columns = (part.ravel() for part in np.mgrid[0:150:4, 0:150:4])
    x, y = truth_city.transform @ (columns + 0.5, rows + 0.5)
    points = gpd.GeoSeries.from_xy(x, y, crs=truth_city.crs).to_crs("EPSG:4326")
    names = {f"clay_{band}": truth_city.vectors[rows, columns, band] * 9 for band in range(48)}
    table = tmp_path / "patches.parquet"
    gpd.GeoDataFrame(names, geometry=points).to_parquet(table)
    words = ["city", "add", "claytown", "--name", "Claytown", "--year", "2018", "--json"]
    words += ["--embedding", str(table), "--pois", str(city_files.pois)]
    assert run(words) == 2
    assert "name the embedding if it is another one" in capsys.readouterr().out
    words += ["--embedding-kind", "clay", "--embedding-credit", "Clay (ODC-BY)"]
    assert run(words) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["embedding"], answer["embedding_kind"]) == ("clay", "table")
    assert answer["attribution"] == ["Embedding: Clay, 48 values a pixel.", "Clay (ODC-BY)"]
    assert len(list(empty_environment.settings.cities.iterdir())) == 1
