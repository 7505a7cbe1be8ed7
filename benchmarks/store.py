"""How long the store takes for a large city.

100k places with two 64-d vectors each, and a layer of 250k cells with twelve fields. Run as
`python -m benchmarks.store`. It makes a private cluster of its own and removes it afterwards. Its
exit code is 1 when storing the places takes more than 20 s, keeping the layer more than 5 s, or
reading it more than 0.5 s.
"""

import argparse
import math
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import h3
import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Engine

from db.cities import cities, features, pois
from db.cluster.embedded import PrivateCluster
from db.cluster.place import known_place
from db.engine import open_engine, session_scope
from db.layers import layers
from db.layers.field_types import Column
from db.migrate import migrate

STORE_LIMIT_S, KEEP_LIMIT_S, READ_LIMIT_S = 20.0, 5.0, 0.5
OUTLINE = shapely.box(24.8, 60.1, 25.2, 60.3)


@contextmanager
def fresh_store() -> Iterator[Engine]:
    """An engine on an empty, migrated database of its own."""
    home = Path(tempfile.mkdtemp(prefix="aether-bench-"))
    home.chmod(0o755)  # the server's account has to get in
    cluster = PrivateCluster(home)
    try:
        started = time.perf_counter()
        cluster.start()
        print(f"new cluster      {time.perf_counter() - started:6.2f} s")
        migrate(cluster.url())
        engine = open_engine(cluster.url())
        yield engine
        engine.dispose()
    finally:
        cluster.stop()
        place = known_place(home.resolve())
        if place is not None:
            shutil.rmtree(place.data, ignore_errors=True)
            shutil.rmtree(place.sockets, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)


def store_places(engine: Engine, count: int) -> float:
    """Store a city with so many places; seconds for places and vectors together."""
    random = np.random.default_rng(42)
    lon, lat = random.uniform(24.8, 25.2, count), random.uniform(60.1, 60.3, count)
    table = gpd.GeoDataFrame(
        {
            "source": "benchmark",
            "source_id": [f"node/{number}" for number in range(count)],
            "name": [f"Place {number}" for number in range(count)],
            "category": "cafe",
            "group": "food and drink",
        },
        geometry=shapely.points(lon, lat),
        crs="EPSG:4326",
    )
    vectors = random.normal(size=(2, count, 64)).astype(np.float32)
    hashes = [f"{number % 5000:064x}" for number in range(count)]
    started = time.perf_counter()
    with session_scope(engine) as session:
        city = cities.add_city(
            session,
            boundary=OUTLINE,
            slug="benchmark",
            name="Benchmark",
            year=2024,
            working_crs="EPSG:32635",
            cell_resolution=10,
            radius_m=100.0,
            embedding_kind="raster",
        )
        ids = pois.add_pois(session, city.id, table, hashes)
        for name, radius, rows in zip(("base", "wide"), (4, 9), vectors, strict=True):
            view = features.add_view(
                session,
                city.id,
                name=name,
                shape="square",
                radius_m=None,
                radius_px=radius,
                year=2024,
            )
            features.add_poi_features(session, view.id, ids, rows)
    seconds = time.perf_counter() - started
    with session_scope(engine) as session:
        read_ids, read = features.poi_features(session, city.id, "wide")
        assert np.array_equal(read_ids, ids)
        assert np.array_equal(read, vectors[1])
    return seconds


def add_cells(engine: Engine, count: int) -> NDArray[np.int64]:
    """Give the city so many cells; their ids."""
    disk = h3.grid_disk(h3.latlng_to_cell(60.2, 25.0, 10), math.ceil(math.sqrt(count / 3)))
    cells = np.array(sorted(h3.str_to_int(cell) for cell in disk)[:count], dtype=np.uint64)
    corners = [h3.cell_to_boundary(h3.int_to_str(int(cell))) for cell in cells]
    shapes = np.array([shapely.Polygon([(x, y) for y, x in ring]) for ring in corners])
    with session_scope(engine) as session:
        city = cities.city_by_slug(session, "benchmark")
        return features.add_cells(session, city.id, cells, shapes)


def keep_layer(engine: Engine, cell_ids: NDArray[np.int64]) -> float:
    """Keep a layer of a class, eight probabilities, a set and two yes-or-no fields; seconds."""
    random = np.random.default_rng(42)
    count = len(cell_ids)
    classes = [f"class {number}" for number in range(8)]
    columns: dict[str, Column] = {
        "landuse": np.array(classes, dtype=object)[random.integers(0, 8, count)],
        "set": random.integers(1, 9, count).astype(np.float64),
        "applicable": random.random(count) < 0.9,
        "trusted": random.random(count) < 0.5,
        **{f"p_{name}": random.random(count) for name in classes},
    }
    kinds = {"landuse": "text", "applicable": "bool", "trusted": "bool"}
    fields = [{"name": name, "type": kinds.get(name, "float"), "unit": None} for name in columns]
    started = time.perf_counter()
    with session_scope(engine) as session:
        layers.add_layer(
            session,
            cities.city_by_slug(session, "benchmark").id,
            slug="landuse",
            title="Land use",
            kind="landuse",
            model_id=None,
            fields=fields,
            parameters={},
            lineage={},
            cell_ids=cell_ids,
            columns=columns,
        )
    return time.perf_counter() - started


def read_layer(engine: Engine) -> float:
    """Read all values of the layer; seconds."""
    started = time.perf_counter()
    with session_scope(engine) as session:
        city = cities.city_by_slug(session, "benchmark")
        frame = layers.layer_frame(session, layers.layer_by_slug(session, city.id, "landuse"))
    assert len(frame.columns) == 13
    return time.perf_counter() - started


def main() -> int:
    """Store, read back, remove; 1 when a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pois", type=int, default=100_000)
    parser.add_argument("--cells", type=int, default=250_000)
    given = parser.parse_args()
    with fresh_store() as engine:
        seconds = store_places(engine, given.pois)
        print(f"store            {seconds:6.2f} s for {given.pois} places with two vectors each")
        started = time.perf_counter()
        with session_scope(engine) as session:
            city = cities.city_by_slug(session, "benchmark")
            features.poi_features(session, city.id, "base")
        print(f"read one view    {time.perf_counter() - started:6.2f} s")
        started = time.perf_counter()
        with session_scope(engine) as session:
            pois.poi_frame(session, city.id)
        print(f"read the places  {time.perf_counter() - started:6.2f} s")
        cell_ids = add_cells(engine, given.cells)
        kept = keep_layer(engine, cell_ids)
        print(f"keep a layer     {kept:6.2f} s for {len(cell_ids)} cells with 12 fields")
        read = min(read_layer(engine) for _ in range(3))
        print(f"read the layer   {read:6.2f} s")
        started = time.perf_counter()
        with session_scope(engine) as session:
            cities.remove_city(session, "benchmark")
        print(f"remove the city  {time.perf_counter() - started:6.2f} s")
    return int(seconds > STORE_LIMIT_S or kept > KEEP_LIMIT_S or read > READ_LIMIT_S)


if __name__ == "__main__":
    sys.exit(main())
