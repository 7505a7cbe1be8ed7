"""Simulated cities in a home of their own, trained by one process and by one and two workers.

Run: `.venv/bin/python -m benchmarks.many --work FOLDER [--cities 4] [--places 5000] [--epochs 20]
[--workers 1 2]`. FOLDER keeps the home for the next run.
"""

import argparse
import resource
import sys
import time
from pathlib import Path

from sqlalchemy import text

from aether_core.eo.cog.write import write_embedding_cog
from aether_core.files.whole import sha256_of
from aether_core.simulate.grid_city import simulate_city
from workflows.cities.add import AddCity, add_city
from workflows.home.settings import Settings
from workflows.home.store import Store, open_store
from workflows.training.many import TrainMany, every_city, train_many
from workflows.training.models import list_models

_SIZE_M = 3000


def fill(store: Store, work: Path, cities: int, places: int) -> tuple[str, ...]:
    """Add the cities that are not there yet; short names of all."""
    with store.session() as session:
        there = session.execute(text("SELECT slug FROM city")).scalars().all()
    for number in range(cities):
        slug = f"city{number}"
        if slug in there:
            continue
        city = simulate_city(number, size_m=_SIZE_M, pois=places)
        raster, pois = work / f"{slug}.tif", work / f"{slug}.geojson"
        write_embedding_cog(raster, city.vectors, city.transform, city.crs)
        city.pois.to_file(pois, driver="GeoJSON")
        add_city(store, AddCity(slug, slug, embedding=[raster], year=2024, pois=pois))
    return every_city(store)


def processor_seconds() -> float:
    """Of this process and of all that it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def weights(store: Store, slugs: tuple[str, ...]) -> list[str]:
    """Checksums of the cities' models."""
    return [sha256_of(list_models(store, slug)[0].folder / "heads.safetensors") for slug in slugs]


def main() -> int:
    """Print the figures; 1 where two runs differ in a bit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--cities", type=int, default=4)
    parser.add_argument("--places", type=int, default=5000)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    chosen = parser.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    store = open_store(Settings(home=chosen.work / "home"))
    slugs = fill(store, chosen.work, chosen.cities, chosen.places)
    settings = {"epochs": str(chosen.epochs), "patience": str(chosen.epochs)}
    made = None
    for workers in [0, *chosen.workers]:
        with store.session() as session:  # else they would be left as they are
            session.execute(text("DELETE FROM model"))
        scheduler = "local" if workers else "here"
        began, used = time.perf_counter(), processor_seconds()
        done = train_many(
            store, TrainMany(slugs, settings=settings, scheduler=scheduler, workers=workers)
        )
        print(
            f"{workers or 'no'} workers: {done.counts}, {time.perf_counter() - began:.1f} s,"
            f" {processor_seconds() - used:.1f} s CPU, trainings"
            f" {sum(city.seconds or 0 for city in done.cities):.1f} s",
            flush=True,
        )
        found = weights(store, slugs)
        if made is not None and found != made:
            print("the runs differ")
            return 1
        made = found
    return 0


if __name__ == "__main__":
    sys.exit(main())
