"""Reading one table of an embedding: its samples or areas, where they lie, and their vectors."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from aether_core.eo.embedding_kind import ALPHAEARTH
from aether_core.eo.norms import Measured, refuse_bad_norms
from aether_core.eo.table.area_rows import AreaRows, are_areas, area_rows, mended
from aether_core.eo.table.vector_columns import alphaearth_vectors, named_vectors
from aether_core.errors import InputError
from aether_core.reading import in_own_process
from aether_core.spatial.hexagons import cell_polygons
from aether_core.spatial.longitudes import within_180
from aether_core.vector.keyed.cells import cell_column, cells_in, columns_of_cells, resolutions_of
from aether_core.vector.keyed.code_names import TELLING, rank
from aether_core.vector.keyed.codes import code_texts, shown
from aether_core.vector.keyed.read import read_keyed
from aether_core.vector.options import ReadOptions
from aether_core.vector.read import VectorFile, read_vector
from aether_core.vector.report import ReadingReport

NO_POINT = "no coordinates"
NO_VALUES = "no embedding"
SOME_VALUES = "some embedding values missing"
ZEROS = "embedding is 0 throughout"
NO_GROUND = "polygon with zero area"
"""Why a row is left out."""

_ASKS_FOR_CRS = frozenset(
    {
        *("file-without-crs", "coordinates-not-degrees", "coordinates-are-degrees"),
        "coordinates-outside-crs",
    }
)
_LEAST_LEFT = 0.5


@dataclass(frozen=True, eq=False)
class Samples:
    """The rows of a table that hold data.

    Attributes:
        lonlat: WGS84, float64 `[m, 2]`; of a shape a point inside it.
        vectors: float32 `[m, dim]`; of AlphaEarth unit rows.
        length: Length of each vector as the table has it, float64 `[m]`: under 1 where it is the
            mean of several pixels.
        areas: What each row describes; None where rows are points.
        report: How the table was read.
    """

    lonlat: NDArray[np.float64]
    vectors: NDArray[np.float32]
    length: NDArray[np.float64]
    areas: AreaRows | None
    report: ReadingReport


@in_own_process
def read_samples(
    file: Path,
    kind: str = ALPHAEARTH,
    crs: str | None = None,
    *,
    geometry: Path | None = None,
    code_field: str | None = None,
    as_points: bool = False,
) -> Samples:
    """Read a table's rows that hold data.

    Rows with polygons, or named by H3 cells, or by codes that `geometry` has polygons for, are
    areas; rows with coordinates are points, unless each has an H3 cell to itself.

    Args:
        file: An absolute path of a plain local file.
        kind: Name of the embedding. AlphaEarth's columns are A00 to A63, perhaps with words around
            them (`A00_mean`), and its rows have length 1, or less where they are means of pixels:
            those are brought to length 1. Another's are the longest run of columns numbered from 0
            or 1 behind one prefix, or one column of lists called `embedding`, `embeddings` or
            `vector`; of any length but 0.
        crs: What the user says the coordinates are in; wins over what the file says. Where
            there is a `geometry`, that of its shapes.
        geometry: A file with the shapes of the rows' codes.
        code_field: The column of the rows' codes or H3 cells; found when None.
        as_points: Take areas at a point inside each.

    Raises:
        InputError: The table lacks columns, coordinates or data, its vectors are not of this
            embedding, or its rows cannot be told to be areas or points.
    """
    given = _read(file, crs, geometry, code_field)
    frame = given.read.frame
    if kind == ALPHAEARTH:
        vectors, used = alphaearth_vectors(frame, file)
    else:
        vectors, used = named_vectors(frame, file, kind)
    of_areas = not as_points and are_areas(frame.geometry.to_numpy(), file)
    shapes = mended(frame.geometry.to_numpy()) if of_areas else frame.geometry.to_numpy()
    flat = shapely.is_empty(shapes)
    shapes = shapes.copy()
    shapes[flat] = None
    points = shapely.point_on_surface(shapes)
    lonlat = np.column_stack([shapely.get_x(points), shapely.get_y(points)])
    reasons = _reasons(vectors, lonlat)
    if of_areas:
        reasons[flat] = NO_GROUND
    whole = reasons == ""
    if not whole.any():
        raise InputError(
            "the table has no usable data: no row has both coordinates and all embedding values",
            f"{file.name}: {_shown(reasons)}",
            "choose another area or year, or export it again",
            code="embedding-without-data",
        )
    report = given.read.report.used_for({"embedding": used})
    report = report.counted(_counts(reasons), int(whole.sum())).noted(*_notes(reasons))
    areas = None
    if of_areas:
        areas, report = area_rows(
            frame[whole],
            shapes[whole],
            code_field=given.code_field,
            resolution=given.resolution,
            used=used,
            report=report,
        )
    elif (shapely.get_type_id(shapes[whole]) != shapely.GeometryType.POINT).any():
        report = report.noted("Each shape counts at one point inside it.")
    lonlat, vectors = lonlat[whole], vectors[whole]
    measured = Measured.of(vectors)
    alone = areas is not None and len(vectors) == 1  # nothing to tell a mean by
    if kind == ALPHAEARTH and (measured.are_means or alone):
        report = report.noted(f"{measured.means_note}; they were brought to length 1.")
        vectors = (vectors / measured.norms[:, None]).astype(np.float32)
    elif kind == ALPHAEARTH:
        refuse_bad_norms(measured, file.name)
    return Samples(lonlat, vectors, measured.norms, areas, report)


@dataclass(frozen=True, eq=False)
class _Given:
    """A table with the shapes of its rows.

    Attributes:
        read: As read.
        code_field: The column of codes or cells that the shapes come from, or that the user named.
        resolution: Of H3 cells; None where rows are none.
    """

    read: VectorFile
    code_field: str | None
    resolution: int | None = None


def _read(file: Path, crs: str | None, geometry: Path | None, code_field: str | None) -> _Given:
    """Read the file; what asks for a CRS names the option of embeddings."""
    # Text tables with x and y columns are degrees here: that is what Earth Engine exports.
    ending = Path(file.stem if file.suffix.lower() == ".gz" else file.name).suffix
    unstated = "EPSG:4326" if ending.lower() in (".csv", ".tsv") else None
    try:
        options = ReadOptions(crs=crs, crs_if_unstated=unstated)
        if geometry is not None:
            return _joined(file, ReadOptions(crs=crs), geometry, code_field)
        return _with_shapes(file, options, code_field)
    except InputError as error:
        if error.code not in _ASKS_FOR_CRS:
            raise
        raise InputError(
            "the coordinates of the embedding's table are not in the system they are taken for",
            f"{file.name}, {crs or unstated or 'none stated'}",
            "specify theirs, such as a UTM zone (in commands: --embedding-crs EPSG:32633)",
            code=error.code,
        ) from error


def _joined(file: Path, options: ReadOptions, geometry: Path, code_field: str | None) -> _Given:
    """Read rows with the shapes that another file has for their codes."""
    joined = read_keyed(file, options, geometry=geometry, code_field=code_field)
    rows, used = joined.report.rows, len(joined.frame)
    if used < _LEAST_LEFT * rows:
        raise InputError(
            f"most codes of {file.name} have no shape in {geometry.name}",
            f"{rows - used:,} of {rows:,} rows; {' '.join(joined.report.notes[1:])}",
            "give the file with the shapes of these codes, or name the field of the codes "
            "(in commands: --code-field)",
            code="codes-do-not-match",
        )
    return _Given(VectorFile(joined.frame, joined.report), joined.code_field)


def _with_shapes(file: Path, options: ReadOptions, code_field: str | None) -> _Given:
    """Read rows with shapes of their own, or of their H3 cells."""
    read = read_vector(file, options, shapeless=True)
    own = read.frame.geometry.to_numpy()
    own = own[~(shapely.is_missing(own) | shapely.is_empty(own))]
    table = read.frame.drop(columns="geometry")
    if len(own) and (shapely.get_type_id(own) != shapely.GeometryType.POINT).any():
        return _Given(read, code_field)
    if len(own):  # points, unless each has a cell to itself
        found = [name for name in columns_of_cells(table) if table[name].is_unique]
        if code_field is not None:
            found = [name for name in found if name == code_field]
        column = cell_column(table[found], code_field) if found else None
        return _Given(read, code_field) if column is None else _of_cells(read, column, file)
    if (column := cell_column(table, code_field)) is not None:
        return _of_cells(read, column, file)
    codes = [name for name in map(str, table.columns) if rank(name) == TELLING]
    if codes or code_field is not None:
        raise InputError(
            f"the rows of {file.name} are named by codes, and nothing says where these lie",
            ", ".join(codes) or str(code_field),
            "give the file with the shapes of these codes, too (in commands: --geometry FILE); or "
            "add longitude and latitude",
            code="table-needs-geometry",
        )
    return _Given(read_vector(file, options), code_field)  # says what it lacks


def _of_cells(read: VectorFile, column: str, file: Path) -> _Given:
    """Give each row the outline of its H3 cell.

    Raises:
        InputError: An id is no cell, or the cells are of several resolutions.
    """
    cells = cells_in(read.frame[column])
    written = code_texts(read.frame[column])
    wrong = [text for text, cell in zip(written, cells.tolist(), strict=True) if text and not cell]
    if wrong:
        raise InputError(
            f"the column {column} of {file.name} has values that are no H3 cells",
            f"{len(wrong)} of {len(written)}: {shown(wrong)}",
            "export them as text: numbers of 64 bits lose digits in spreadsheets",
            code="cells-not-valid",
        )
    there = cells > 0
    levels = resolutions_of(cells[there])
    if len(levels) > 1:
        raise InputError(
            f"the column {column} of {file.name} has H3 cells of several resolutions",
            ", ".join(map(str, levels)),
            "give cells of one resolution: others would lie on each other",
            code="cells-of-mixed-resolution",
        )
    shapes = np.full(len(cells), None, dtype=object)
    shapes[there] = within_180(cell_polygons(cells[there])).shapes
    frame = gpd.GeoDataFrame(read.frame.drop(columns="geometry"), geometry=shapes, crs="EPSG:4326")
    frame[column] = [f"{cell:x}" if cell else None for cell in cells.tolist()]
    report = replace(read.report, crs="EPSG:4326", crs_from=f"H3 cells of {column}")
    report = report.used_for({"cell": column})
    report = report.noted(f"{column} holds H3 cells of resolution {levels[0]}: a row is its cell.")
    return _Given(VectorFile(frame, report), column, levels[0])


def _reasons(vectors: NDArray[np.float32], lonlat: NDArray[np.float64]) -> NDArray[np.object_]:
    """Say of each row why it is left out, "" when it is not."""
    there = np.isfinite(vectors)
    reasons = np.full(len(vectors), "", dtype=object)
    reasons[there.all(axis=1) & ~vectors.any(axis=1)] = ZEROS
    reasons[~there.all(axis=1)] = SOME_VALUES
    reasons[~there.any(axis=1)] = NO_VALUES
    reasons[~np.isfinite(lonlat).all(axis=1)] = NO_POINT
    return reasons


def _counts(reasons: NDArray[np.object_]) -> dict[str, int]:
    return dict(Counter(str(reason) for reason in reasons if reason))


def _shown(reasons: NDArray[np.object_]) -> str:
    return ", ".join(f"{count} rows {reason}" for reason, count in _counts(reasons).items())


def _notes(reasons: NDArray[np.object_]) -> list[str]:
    """What a reader of the table should know."""
    notes = []
    left = float(np.mean(reasons == ""))
    if left < _LEAST_LEFT:
        notes.append(f"Warning: only {left:.0%} of the rows could be used.")
    if (reasons == ZEROS).any():
        notes.append("Vectors that are 0 throughout hold no data.")
    return notes
