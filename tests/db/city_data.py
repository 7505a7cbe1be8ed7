"""A small city with a row in every table, for tests of the store."""

from dataclasses import dataclass

import geopandas as gpd
import h3
import numpy as np
import shapely
from geoalchemy2.shape import from_shape
from numpy.typing import NDArray
from shapely.geometry import Point, Polygon, box
from sqlalchemy.orm import Session

from aether_core.spatial.streets import network_of
from db.cities import cities, features, pois, streets, texts
from db.evidence import area_sets, evaluations, label_sets, models
from db.jobs import jobs, runs, studies
from db.layers import layers
from db.schema import AreaSet, City, CityArea, Group, GroupCity, Job, LabelSet, Layer, Model, Run

ODD = "a \"b\" 'c'; %s %(x)s {} \\ ÄÖ"
OUTLINE = box(24.93, 60.16, 24.96, 60.18)


@dataclass
class SmallCity:
    city: City
    poi_ids: NDArray[np.int64]
    cell_ids: NDArray[np.int64]
    h3: NDArray[np.uint64]
    vectors: NDArray[np.float32]
    run: Run
    model: Model
    layer: Layer
    labels: LabelSet
    areas: AreaSet
    area_layer: Layer


def unit_rows(count: int, dim: int = 64, seed: int = 0) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, dim))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def poi_table(count: int, seed: int = 0) -> gpd.GeoDataFrame:
    random = np.random.default_rng(seed)
    lon, lat = random.uniform(24.93, 24.96, count), random.uniform(60.16, 60.18, count)
    return gpd.GeoDataFrame(
        {
            "source": "test.geojson",
            "source_id": [f"node/{n}" for n in range(count)],
            "name": [f"Kahvila Äijä's {n}" if n % 3 else "" for n in range(count)],
            "category": ["cafe" if n % 2 else "bar" for n in range(count)],
            "group": "food and drink",
        },
        geometry=shapely.points(lon, lat),
        crs="EPSG:4326",
    )


def add_plain_city(session: Session, slug: str = "helsinki", **columns: object) -> City:
    given: dict[str, object] = {
        "slug": slug,
        "name": slug.title(),
        "year": 2024,
        "working_crs": "EPSG:32635",
        "cell_resolution": 10,
        "radius_m": 100.0,
        "embedding_kind": "raster",
    }
    return cities.add_city(session, boundary=OUTLINE, **(given | columns))


def hexagons(resolution: int = 9) -> tuple[NDArray[np.uint64], NDArray[np.object_]]:
    shape = h3.LatLngPoly([(lat, lon) for lon, lat in OUTLINE.exterior.coords])
    indexes = sorted(h3.str_to_int(cell) for cell in h3.polygon_to_cells(shape, resolution))
    polygons = [
        Polygon([(lon, lat) for lat, lon in h3.cell_to_boundary(h3.int_to_str(index))])
        for index in indexes
    ]
    return np.array(indexes, dtype=np.uint64), np.array(polygons, dtype=object)


def add_city_job(session: Session, city: City, kind: str = "train", **columns: object) -> Job:
    """A queued job of a city."""
    given: dict[str, object] = {"kind": kind, "queue": "training", "request": {}}
    return jobs.add_job(
        session, city_id=city.id, subject=city.slug, title=f"A {kind}", **(given | columns)
    )


def add_small_city(session: Session, slug: str = "helsinki", seed: int = 0) -> SmallCity:
    """A city with rows in every table that belongs to a city."""
    city = add_plain_city(session, slug)
    cities.add_raster(
        session,
        city.id,
        path="tile.tif",
        kind="raster",
        sha256="0" * 64,
        year=2024,
        crs="EPSG:32635",
        width=10,
        height=10,
        footprint=OUTLINE,
    )
    backdrop = gpd.GeoDataFrame(
        {"kind": ["water", "road"], "name": ["Töölönlahti", None]},
        geometry=[OUTLINE, shapely.LineString([(24.93, 60.16), (24.96, 60.18)])],
        crs="EPSG:4326",
    )
    cities.add_base_features(session, city.id, backdrop)
    network = network_of(backdrop.geometry[1:].tolist())
    assert network is not None
    streets.add_streets(session, city.id, network)
    group = Group(name=f"of {slug}")
    session.add(group)
    session.flush()
    session.add(GroupCity(group_id=group.id, city_id=city.id))
    hashes = [f"hash-{n % 5}" for n in range(20)]
    poi_ids = pois.add_pois(session, city.id, poi_table(20, seed), hashes)
    base = features.add_view(
        session, city.id, name="base", shape="square", radius_m=None, radius_px=4, year=2024
    )
    vectors = unit_rows(20, seed=seed)
    features.add_poi_features(session, base.id, poi_ids, vectors)
    indexes, polygons = hexagons()
    cell_ids = features.add_cells(session, city.id, indexes, polygons)
    features.add_cell_features(session, base.id, cell_ids, unit_rows(len(cell_ids), seed=seed))
    outline = from_shape(shapely.MultiPolygon([polygons[0]]), srid=4326)
    described = {"number": 1, "code": "A1", "name": "Old Town", "geom": outline}
    session.add(CityArea(id=int(cell_ids[0]), city_id=city.id, **described))
    session.flush()
    texts.add_texts(session, "encoder", [f"hash-{n}" for n in range(5)], unit_rows(5, 384))
    job = add_city_job(session, city)
    run = runs.add_run(
        session,
        city.id,
        job.id,
        recipe="aether",
        settings={"epochs": 3},
        seed=42,
        device="cpu",
        encoder="encoder",
    )
    model = models.add_model(
        session, city.id, name=f"{slug}-1", folder=f"models/{slug}-1", card={}, run_id=run.id
    )
    lease = jobs.JobLease(job.id, jobs.start(session, job.id).starts)
    runs.add_epoch(session, run.id, {"epoch": 1, "epochs": 3, "loss": 5.5})
    runs.keep_outcome(session, run.id, metrics={"mrr": 0.5}, model_id=model.id)
    jobs.finish(session, lease, {"model": model.name})
    labels, areas = add_labels(session, city.id), add_areas(session, city.id)
    area_layer = add_share_layer(session, areas)
    evaluations.add_evaluation(session, city.id, task="landuse", request={}, result={"rows": []})
    studies.add_study(
        session,
        city.id,
        add_city_job(session, city, "study").id,
        kind="seeds",
        recipe="aether",
        settings={},
        seeds=[42],
        device="cpu",
        request={},
    )
    layer = add_score_layer(session, city.id, cell_ids, model_id=model.id)
    return SmallCity(
        city,
        poi_ids,
        cell_ids,
        indexes,
        vectors,
        run,
        model,
        layer,
        labels,
        areas,
        area_layer,
    )


def add_score_layer(
    session: Session,
    city_id: int,
    cell_ids: NDArray[np.int64],
    slug: str = "night-out",
    model_id: int | None = None,
) -> Layer:
    count = len(cell_ids)
    return layers.add_layer(
        session,
        city_id,
        slug=slug,
        title="A night out",
        kind="search",
        model_id=model_id,
        fields=[{"name": "score", "type": "float", "unit": "cosine"}],
        parameters={"query": "a night out"},
        lineage={"embedding": "tile.tif"},
        cell_ids=cell_ids,
        columns={"score": np.linspace(-1, 1, count, dtype=np.float32)},
    )


def add_labels(session: Session, city_id: int, **columns: object) -> LabelSet:
    """A point and a polygon of two classes."""
    given: dict[str, object] = {
        "name": "Land use survey",
        "source": "survey.gpkg",
        "sha256": "1" * 64,
        "field": "use",
        "classes": ["park", "homes"],
        "parameters": {"mapping": {"R1": "homes", "R2": "homes"}, "radius": 1.5},
        "dropped": {"no label": 3},
        "counts": {"park": 1, "homes": 1},
        "geometry": np.array([Point(24.94, 60.17), box(24.95, 60.17, 24.955, 60.175)], object),
        "value": ["park", "R1"],
        "label_class": ["park", "homes"],
    }
    return label_sets.add_label_set(session, city_id, **(given | columns))


def add_areas(session: Session, city_id: int, **columns: object) -> AreaSet:
    """Two areas, one of two parts, with shares of two fields."""
    parts = shapely.MultiPolygon([box(24.93, 60.16, 24.94, 60.17), box(24.95, 60.16, 24.96, 60.17)])
    given: dict[str, object] = {
        "name": "Districts",
        "source": "districts.gpkg",
        "sha256": "2" * 64,
        "fields": ["young", "old"],
        "given": "counts",
        "parameters": {"code_field": "id"},
        "dropped": {"fewer than 100 people": 1},
        "minimum_count": 100.0,
        "geometry": np.array([box(24.93, 60.17, 24.96, 60.18), parts], object),
        "code": ["North", "South"],
        "count": np.array([1500.0, np.nan]),
        "shares": np.array([[0.25, 0.75], [0.1, 0.9]]),
    }
    return area_sets.add_area_set(session, city_id, **(given | columns))


def add_share_layer(session: Session, areas: AreaSet, slug: str = "shares") -> Layer:
    frame = area_sets.area_frame(session, areas)
    return layers.add_area_layer(
        session,
        areas.city_id,
        slug=slug,
        title="Young and old",
        kind="socioeconomic",
        model_id=None,
        fields=[
            {"name": "young", "type": "float", "unit": "share"},
            {"name": "applicable", "type": "bool", "unit": ""},
        ],
        parameters={"fields": areas.fields},
        lineage={"areas": areas.sha256},
        area_set_id=areas.id,
        area_ids=frame["area_id"].to_numpy(),
        columns={"young": np.array([0.3, np.nan], np.float32), "applicable": [True, False]},
        findings={"kl": 0.1},
    )


def add_rich_layer(session: Session, made: SmallCity, slug: str = "rich") -> Layer:
    """A layer with every kind of field; its second cell lacks all values that can be missing."""
    count = len(made.cell_ids)
    kinds = {"score": "float", "count": "int", ODD: "text", "set": "list", "applicable": "bool"}
    columns: dict[str, list[object]] = {
        "score": [0.3] * count,
        "count": list(range(count)),
        ODD: ["park"] * count,
        "set": [["a"], [], ["a", "b"]] * (count // 3) + [["a"]] * (count % 3),
        "applicable": [n % 2 == 0 for n in range(count)],
    }
    for name in ("score", "count", ODD):
        columns[name][1] = None
    return layers.add_layer(
        session,
        made.city.id,
        slug=slug,
        title=ODD,
        kind="landuse",
        model_id=None,
        fields=[{"name": name, "type": kind, "unit": ""} for name, kind in kinds.items()],
        parameters={},
        lineage={},
        cell_ids=made.cell_ids,
        columns=columns,
    )


def add_pair(session: Session, made: SmallCity, ending: str = "") -> tuple[Layer, Layer]:
    """A layer of cells and one of areas that were made together."""
    common = {
        "model_id": None,
        "fields": [{"name": "young", "type": "float", "unit": "share"}],
        "parameters": {},
        "lineage": {},
        "area_set_id": made.areas.id,
    }
    cells = layers.add_layer(
        session,
        made.city.id,
        slug=f"pair{ending}",
        title="Ages",
        kind="socioeconomic",
        cell_ids=made.cell_ids,
        columns={"young": np.linspace(0, 1, len(made.cell_ids))},
        **common,
    )
    areas = area_sets.area_frame(session, made.areas)["area_id"].to_numpy()
    by_area = layers.add_area_layer(
        session,
        made.city.id,
        slug=f"areas-pair{ending}",
        title="Ages, by area",
        kind="socioeconomic areas",
        area_ids=areas,
        columns={"young": [0.25, 0.5]},
        cells_layer_id=cells.id,
        **common,
    )
    return cells, by_area


def at(lon: float, lat: float) -> Point:
    return Point(lon, lat)
