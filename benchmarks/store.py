"""How long the store takes for a large city: 100k places with two 64-d vectors each.

Run as `python -m benchmarks.store [--pois 100000] [--limit-s 20]`. It makes a private cluster of
its own and removes it afterwards. Its exit code is 1 when storing takes longer than the limit.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy import Engine

from db import cities, features, pois
from db.cluster_place import known_place
from db.embedded import PrivateCluster
from db.engine import open_engine, session_scope
from db.migrate import migrate

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


def main() -> int:
    """Store, read back, remove; 1 when storing took too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pois", type=int, default=100_000)
    parser.add_argument("--limit-s", type=float, default=20.0)
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
        started = time.perf_counter()
        with session_scope(engine) as session:
            cities.remove_city(session, "benchmark")
        print(f"remove the city  {time.perf_counter() - started:6.2f} s")
    return int(seconds > given.limit_s)


if __name__ == "__main__":
    sys.exit(main())
