"""A study on a raster: what is moved or seen through other windows is pooled from the file."""

from pathlib import Path

from aether_core.model.recipes import recipe
from aether_core.simulate.grid_city import simulate_city
from aether_core.study.run import run_study
from benchmarks.figures.studies import over_cities, study_city, table
from tests.aether_core.study import small_city


def test_windows_and_displacements_come_from_the_raster(tmp_path: Path) -> None:
    city = study_city(
        simulate_city(3, size_m=1500, pois=300), "simulated", small_city, tmp_path, labels=120
    )
    short = recipe("aether").override({"epochs": 2})
    wider = run_study(
        "buffer", city, short, seeds=(1,), device="cpu", variants=["disk of 25 m", "disk of 400 m"]
    )
    seen = {row.variant: row.value for row in wider.rows if row.metric == "macro_f1"}
    assert seen["disk of 25 m"] > seen["disk of 400 m"]  # 800 m across blurs 330 m districts
    moved = [
        run_study("noise", city, short, seeds=(s,), device="cpu", variants=["moved by 200 m"])
        for s in (1, 2)
    ]
    reported = table(over_cities(moved))
    assert [line.split(" |")[0] for line in reported.splitlines()[2:]] == [
        "| unchanged places",
        "| moved by 200 m",
    ]
    assert "±" in reported
