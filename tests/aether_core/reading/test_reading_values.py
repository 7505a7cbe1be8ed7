"""What passes between a reader's process and the caller comes out as it went in."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pandas.testing import assert_frame_equal

from aether_core.poi.fields import PoiFields
from aether_core.reading.values import Packer, TooMuchError, unpack
from aether_core.vector import Limits


def passed(value: object, folder: Path) -> Any:
    return unpack(Packer(folder).pack(value), folder)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        -0.5,
        float("inf"),
        "Zürich \ud800 ' \" \n",
        Path("a/b.csv"),
        [1, ("a", None), {"k": [2.5]}, {3: "three"}],
        Limits(features=7),
        (PoiFields(name="n"), Path("x")),
        {"list": 1, "frame": {"dataclass": 2}},
    ],
)
def test_plain_values(value: object, tmp_path: Path) -> None:
    assert passed(value, tmp_path) == value


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.array([], dtype=np.int64),
        np.array([True, False]),
        np.array(["a", None, "日本"], dtype=object),
    ],
)
def test_arrays(array: np.ndarray, tmp_path: Path) -> None:
    found = passed(array, tmp_path)
    assert found.dtype == array.dtype
    assert found.tolist() == array.tolist()


@pytest.mark.parametrize(
    "shapes",
    [
        [shapely.Point(1, 2), None, shapely.Point(-3.5, 0)],
        [shapely.Point(1, 2), shapely.Point(), shapely.box(0, 0, 1, 1)],
        [shapely.MultiPolygon([shapely.box(0, 0, 1, 1)]), None],
        [None, None],
        [],
    ],
)
def test_geometries(shapes: list[shapely.Geometry | None], tmp_path: Path) -> None:
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    found = passed(array, tmp_path)
    assert [one is None for one in found] == [one is None for one in shapes]
    assert all(a is None or a.equals_exact(b) for a, b in zip(shapes, found, strict=True))


def test_tables_keep_names_types_and_missing_values(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "text": pd.Series(["a", None, "ü"], dtype="str"),
            "object": pd.Series(["a", None, "b"], dtype=object),
            "number": [1.5, np.nan, 3],
            "whole": [1, 2, 3],
            "yes": [True, False, True],
            "when": pd.to_datetime(["2024-01-01", None, "2025-01-01"]),
            "list": pd.Series([[1, 2], None, [3]], dtype=object),
        }
    )
    frame.columns = pd.Index([*frame.columns[:-1], "text"])  # two columns of one name
    found = passed(frame, tmp_path)
    assert list(found.columns) == list(frame.columns)
    assert found.dtypes.tolist() == frame.dtypes.tolist()
    assert_frame_equal(found.iloc[:, :-1], frame.iloc[:, :-1])
    assert [one if one is None else list(one) for one in found.iloc[:, -1]] == [[1, 2], None, [3]]


def test_tables_with_geometries_keep_crs_and_place(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {"name": ["a", "b"], "where": gpd.GeoSeries.from_xy([1, 2], [3, 4]), "size": [1, 2]},
        geometry="where",
        crs="EPSG:27700",
    )
    found = passed(frame, tmp_path)
    assert isinstance(found, gpd.GeoDataFrame)
    assert found.crs == frame.crs
    assert found.geometry.name == "where"
    assert list(found.columns) == ["name", "where", "size"]
    assert_frame_equal(pd.DataFrame(found), pd.DataFrame(frame))


def test_a_table_without_columns_keeps_its_rows(tmp_path: Path) -> None:
    assert len(passed(pd.DataFrame(index=pd.RangeIndex(3)), tmp_path)) == 3


def test_values_live_on_when_their_files_are_gone(tmp_path: Path) -> None:
    frame = pd.DataFrame({"name": ["a" * 50] * 10_000})
    found = passed(frame, tmp_path)
    for file in tmp_path.iterdir():
        file.unlink()
    assert_frame_equal(found, frame)


def test_the_size_of_all_values_is_bounded(tmp_path: Path) -> None:
    packer = Packer(tmp_path, most_bytes=1000)
    packer.pack(np.zeros(100))
    with pytest.raises(TooMuchError):
        packer.pack(np.zeros(100))


def test_no_object_of_any_class_is_made(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        Packer(tmp_path).pack(object())
    with pytest.raises(ValueError, match="class of ours"):
        unpack({"dataclass": ["subprocess:Popen", {"args": "true"}]}, tmp_path)
    with pytest.raises(ValueError, match="dataclass"):
        unpack({"dataclass": ["aether_core.errors:InputError", {}]}, tmp_path)
    np.save(tmp_path / "1.npy", np.array([object()]), allow_pickle=True)
    with pytest.raises(ValueError, match="pickle"):
        unpack({"array": "1.npy"}, tmp_path)
