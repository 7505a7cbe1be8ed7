"""What a job keeps of the files it was given: all that belongs to each of them."""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from aether_core.vector import read_vector
from workflows.home.store import Store
from workflows.jobs.inputs import keep_inputs, kept_inputs

AREAS = gpd.GeoDataFrame(
    {"code": ["007", "008"]}, geometry=[shapely.box(24, 60, 25, 61)] * 2, crs="EPSG:4326"
)


@dataclass(frozen=True)
class Request:
    """Names one file, as the requests of jobs do."""

    file: Path


@pytest.mark.parametrize(
    ("name", "driver"),
    [("a.gdb", "OpenFileGDB"), ("a.tab", "MapInfo File"), ("a.mif", "MapInfo File"), ("a.SHP", "")],
)
def test_all_parts_of_a_map_are_kept(store: Store, tmp_path: Path, name: str, driver: str) -> None:
    given = tmp_path / "given"
    given.mkdir()
    path = given / name
    if driver:
        AREAS.to_file(path, driver=driver)
    else:
        AREAS.to_file(given / "a.shp")
        for part in list(given.iterdir()):
            part.rename(given / part.name.replace("a.", "A.").upper())
        path = given / "A.SHP"
    request = keep_inputs(store, 1, Request(path))
    assert not request.file.is_absolute()
    for file in given.rglob("*"):
        file.rename(file.with_name(f"gone-{file.name}"))
    found = read_vector(kept_inputs(store, 1, request).file)
    assert found.frame["code"].tolist() == ["007", "008"]
