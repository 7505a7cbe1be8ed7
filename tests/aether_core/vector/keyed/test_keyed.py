"""Tables that say by a code or an H3 cell where their rows lie."""

from pathlib import Path

import geopandas as gpd
import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest
import shapely

from aether_core.errors import InputError
from aether_core.tasks.areas.read import read_areas
from aether_core.tasks.labels.read import read_labels
from aether_core.vector.keyed.codes import matched
from aether_core.vector.keyed.read import needs_shapes, read_keyed
from tests.errors import fault

CODES = [f"{1085781000 + 7 * row:011}" for row in range(8)]
CELLS = sorted(h3.grid_disk(h3.latlng_to_cell(42.4, -122.8, 8), 2))


def outlines(folder: Path, codes: list[object], heading: str = "GEOID") -> Path:
    squares = [shapely.box(0.01 * n, 50, 0.01 * n + 0.01, 50.01) for n in range(len(codes))]
    path = folder / "outlines.gpkg"
    gpd.GeoDataFrame({heading: codes}, geometry=squares, crs="EPSG:4326").to_file(path)
    return path


def people(folder: Path, codes: list[object], heading: str = "GEOID", **more: object) -> Path:
    count = len(codes)
    table = pd.DataFrame(
        {heading: codes, "a": np.arange(200, 200 + count), "b": np.arange(count) * 9 + 60} | more
    )
    table.to_csv(folder / "people.csv", index=False)
    return folder / "people.csv"


def test_codes_find_their_shapes_with_their_zeros(tmp_path: Path) -> None:
    table = people(tmp_path, [*CODES[:6], "01999999999", None])
    areas = read_areas(table, fields=["a", "b"], geometry=outlines(tmp_path, CODES))
    assert areas.code.tolist() == CODES[:6]
    assert shapely.bounds(areas.geometry[2])[0] == pytest.approx(0.02)
    assert areas.report is not None
    assert areas.shapes is not None
    assert areas.report.columns["code"] == "GEOID"
    assert areas.report.left_out == {"no code": 1, "code without a shape in outlines.gpkg": 1}
    assert (areas.report.rows, areas.report.used) == (8, 6)
    assert "2 of 8 codes of outlines.gpkg have no row" in " ".join(areas.report.notes)
    assert areas.shapes.left_out == {"code without a row": 2}
    assert areas.shapes.crs == "EPSG:4326"


def test_zeros_a_spreadsheet_took_are_filled_in_and_said(tmp_path: Path) -> None:
    table = people(tmp_path, [int(code) for code in CODES])
    read = read_keyed(table, geometry=outlines(tmp_path, CODES))
    assert len(read.frame) == 8
    assert "filled with zeros in front to 11 digits" in " ".join(read.report.notes)


def test_zeros_are_filled_in_only_if_then_all_match(tmp_path: Path) -> None:
    strange = ["99", *(int(code) for code in CODES[1:])]
    with pytest.raises(InputError, check=fault("codes-do-not-match", "GEOID: 99")):
        read_keyed(people(tmp_path, strange), geometry=outlines(tmp_path, [*CODES, "7"]))


@pytest.mark.parametrize("named", [None, "TRACT_ID", "tract_id", "GEOID"])
def test_ids_that_end_in_a_code_match_by_their_end(tmp_path: Path, named: str | None) -> None:
    table = people(tmp_path, [f"1400000US{code}" for code in CODES], "TRACT_ID")
    read = read_keyed(table, geometry=outlines(tmp_path, CODES), code_field=named)
    assert len(read.frame) == 8
    assert read.code_field == "TRACT_ID"
    assert "last 11 characters" in " ".join(read.report.notes)


def test_the_finer_of_two_codes_is_taken_and_islands_are_joined(tmp_path: Path) -> None:
    lsoa = [f"E0100000{row}" for row in (1, 2, 3, 4, 1)]
    squares = [shapely.box(0.03 * n, 50, 0.03 * n + 0.01, 50.01) for n in range(5)]
    frame = gpd.GeoDataFrame(
        {"fid_1": range(5), "lad22cd": ["E06"] * 5, "lsoa21cd": lsoa},
        geometry=squares,
        crs="EPSG:4326",
    )
    frame.to_file(tmp_path / "lsoa.geojson")
    table = people(tmp_path, lsoa[:4], "LSOA code", lad22cd=["E06"] * 4)
    read = read_keyed(table, geometry=tmp_path / "lsoa.geojson")
    assert read.code_field == "LSOA code"
    assert shapely.get_num_geometries(read.frame.geometry.to_numpy()).tolist() == [2, 1, 1, 1]


def test_codes_of_another_place_are_refused_with_both(tmp_path: Path) -> None:
    shapes = outlines(tmp_path, [f"E0{row}" for row in range(8)], "lsoa21cd")
    with pytest.raises(InputError, check=fault("codes-do-not-match", CODES[0], "lsoa21cd: E00")):
        read_keyed(people(tmp_path, CODES), geometry=shapes)
    with pytest.raises(InputError, check=fault("no-such-field", "ward", "GEOID", "lsoa21cd")):
        read_keyed(people(tmp_path, CODES), geometry=shapes, code_field="ward")


def test_numbers_of_rows_are_no_codes(tmp_path: Path) -> None:
    shapes = outlines(tmp_path, list(range(8)), "OBJECTID")
    with pytest.raises(InputError, check=fault("codes-do-not-match", "no column of codes")):
        read_keyed(people(tmp_path, list(range(8)), "id"), geometry=shapes)
    read = read_keyed(tmp_path / "people.csv", geometry=shapes, code_field="OBJECTID")
    assert len(read.frame) == 8


def test_a_table_of_codes_says_that_it_needs_shapes(tmp_path: Path) -> None:
    table = people(tmp_path, CODES)
    with pytest.raises(InputError, check=fault("table-needs-geometry", "GEOID", "--geometry")):
        read_areas(table, fields=["a", "b"])
    assert needs_shapes(table)
    assert not needs_shapes(outlines(tmp_path, CODES))
    table.write_text("shop,kind\nA,cafe\n")
    with pytest.raises(InputError, check=fault("table-without-coordinates", "shop, kind")):
        read_keyed(table)


@pytest.mark.parametrize("kind", ["hex", "upper", "0x", "number", "text"])
def test_cells_are_decoded_however_they_are_written(tmp_path: Path, kind: str) -> None:
    written = {
        "hex": [h3.int_to_str(cell) for cell in CELLS],
        "upper": [h3.int_to_str(cell).upper() for cell in CELLS],
        "0x": [f"0x{cell:016x}" for cell in CELLS],
        "number": CELLS,
        "text": [str(cell) for cell in CELLS],
    }[kind]
    table = people(tmp_path, list(written), "hex_id")
    areas = read_areas(table, fields=["a", "b"])
    assert len(areas) == len(CELLS)
    for cell, shape in zip(CELLS, areas.geometry, strict=True):
        latitude, longitude = h3.cell_to_latlng(cell)
        assert shape.contains(shapely.Point(longitude, latitude))
    assert areas.report is not None
    assert "H3 cells of resolution 8" in " ".join(areas.report.notes)
    assert areas.report.columns["cell"] == "hex_id"


def test_cells_in_parquet_beside_points_and_an_empty_one(tmp_path: Path) -> None:
    numbers = pd.array([*CELLS, None], dtype="UInt64")
    table = pd.DataFrame({"h3_08": numbers, "lon": -122.8, "lat": 42.4, "a": 150, "b": 60})
    table["label"] = ["park"] * 10 + ["home"] * (len(table) - 10)
    table.to_parquet(tmp_path / "cells.parquet")
    areas = read_areas(tmp_path / "cells.parquet", fields=["a", "b"])
    assert len(areas) == len(CELLS)
    assert areas.report is not None
    assert areas.report.left_out == {"not an H3 cell": 1}
    labels = read_labels(tmp_path / "cells.parquet", field="label")
    assert set(shapely.get_type_id(labels.geometry)) == {shapely.GeometryType.POINT}


def test_cells_that_a_spreadsheet_rounded_are_refused(tmp_path: Path) -> None:
    table = people(tmp_path, [f"{cell:.6E}" for cell in CELLS], "h3_index")
    with pytest.raises(InputError, check=fault("cells-not-valid", "h3_index", "e+17")):
        read_keyed(table)


def test_two_columns_of_cells_are_asked_for(tmp_path: Path) -> None:
    finer = [h3.cell_to_center_child(cell, 10) for cell in CELLS]
    table = people(tmp_path, [f"{cell:x}" for cell in CELLS], "r8", r10=[f"{c:x}" for c in finer])
    with pytest.raises(InputError, check=fault("cell-column-unclear", "r8", "r10")):
        read_keyed(table)
    assert read_keyed(table, code_field="r10").code_field == "r10"
    parents = [f"{h3.cell_to_parent(cell, 5):x}" for cell in CELLS]
    table = people(tmp_path, [f"{cell:x}" for cell in CELLS], "r8", r5=parents)
    assert read_keyed(table).code_field == "r8"


def test_labels_are_joined_by_code(tmp_path: Path) -> None:
    table = tmp_path / "use.csv"
    table.write_text("plot_code,landuse\nA1,park\nA2,home\nA3,N/A\n")
    shapes = outlines(tmp_path, ["A1", "A2", "A3"], "PLOT_CODE")
    labels = read_labels(table, geometry=shapes, code_field="plot_code")
    assert labels.value.tolist() == ["park", "home"]
    assert labels.shapes_sha256 is not None


def test_codes_match_by_the_least_that_has_to_be_done() -> None:
    assert matched(["01", "02"], ["01", "02", "03"]).note == ""
    assert "capitals" in matched(["e01", "e02"], ["E01", "E02", "E03"]).note
    # Two codes that would become one are left apart.
    assert matched(["1", "01", "2"], ["01", "02"]).found == 1
    assert matched(["X01", "Y01"], ["01", "02"]).found == 0


def test_genuine_tables_are_read(shared: Path, tmp_path: Path) -> None:
    cells = read_keyed(shared / "real" / "readers" / "rogue_valley_h3r8_2021.parquet")
    assert len(cells.frame) == 4350
    west, south, east, north = cells.frame.total_bounds
    assert -124 < west < east < -121
    assert 41 < south < north < 44
    tracts = shared / "real" / "us_tracts" / "montgomery.parquet"
    whole = gpd.read_parquet(tracts)
    income = [name for name in whole.columns if name.startswith("fam_inc_")]
    bare = whole[["geoid", *income]].assign(geoid=whole["geoid"].astype(np.int64))
    bare.to_csv(tmp_path / "income.csv", index=False)
    joined = read_areas(tmp_path / "income.csv", fields=income, geometry=tracts)
    own = read_areas(tracts, fields=income)
    assert joined.given == own.given
    assert np.allclose(joined.shares, own.shares)
    assert shapely.equals(joined.geometry, own.geometry).all()


def test_codes_of_digits_are_no_shapes_in_hexadecimal(tmp_path: Path) -> None:
    blocks = [f"0108578100{row:06}" for row in range(8)]
    read = read_keyed(people(tmp_path, blocks), geometry=outlines(tmp_path, blocks))
    assert read.frame["GEOID"].tolist() == blocks
