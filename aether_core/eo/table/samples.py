"""Reading one table of an embedding: where its samples lie, and their vectors."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from aether_core.eo.alphaearth import BAND_NAMES
from aether_core.eo.embedding_kind import ALPHAEARTH, kind_title
from aether_core.eo.norms import Measured, refuse_bad_norms
from aether_core.eo.raster.declared import MAX_BANDS
from aether_core.errors import InputError
from aether_core.reading import in_own_process
from aether_core.vector.keyed.code_names import TELLING, rank
from aether_core.vector.keyed.read import lacks_shapes, read_keyed
from aether_core.vector.options import ReadOptions
from aether_core.vector.read import VectorFile, read_vector
from aether_core.vector.report import ReadingReport

_NUMBERED = re.compile(r"(.*?)(\d+)")
_LEAST_COLUMNS = 8
"""Fewer numbered columns than this are a table's own, such as `value1` and `value2`."""
_ROW_COLUMNS = ("embedding", "embeddings", "vector")
"""Columns that may hold a whole vector a row, as the public tables of patch embeddings do."""


NO_POINT = "no coordinates"
NO_VALUES = "no embedding"
SOME_VALUES = "some embedding values missing"
ZEROS = "embedding is 0 throughout"
"""Why a row is left out."""

_ASKS_FOR_CRS = frozenset(
    {
        *("file-without-crs", "coordinates-not-degrees", "coordinates-are-degrees"),
        "coordinates-outside-crs",
    }
)
_LEAST_LEFT = 0.5
_BAND = re.compile(r"(.*?)A(\d\d)((?:\D.*)?)", re.IGNORECASE)
_MEAN = re.compile(r"mean|avg|average", re.IGNORECASE)
_NO_MEAN = re.compile(r"std|dev|var|min|max|count|sum|range|skew|kurt|p\d", re.IGNORECASE)


@dataclass(frozen=True)
class Samples:
    """The rows of a table that hold data.

    Attributes:
        lonlat: WGS84, float64 `[m, 2]`; of a shape a point inside it.
        vectors: float32 `[m, dim]`; of AlphaEarth unit rows.
        length: Length of each vector as the table has it, float64 `[m]`: under 1 where it is the
            mean of several pixels.
        report: How the table was read.
    """

    lonlat: NDArray[np.float64]
    vectors: NDArray[np.float32]
    length: NDArray[np.float64]
    report: ReadingReport


@in_own_process
def read_samples(file: Path, kind: str = ALPHAEARTH, crs: str | None = None) -> Samples:
    """Read a table's rows that hold data.

    Args:
        file: An absolute path of a plain local file.
        kind: Name of the embedding. AlphaEarth's columns are A00 to A63, perhaps with words around
            them (`A00_mean`), and its rows have length 1, or less where they are means of pixels:
            those are brought to length 1. Another's are the longest run of columns numbered from 0
            or 1 behind one prefix, or one column of lists called `embedding`, `embeddings` or
            `vector`; of any length but 0.
        crs: What the user says the coordinates are in; wins over what the file says.

    Raises:
        InputError: The table lacks columns, coordinates or data, or its vectors are not of this
            embedding.
    """
    read = _read(file, crs)
    frame = read.frame
    if kind == ALPHAEARTH:
        vectors, used = _alphaearth(frame, file)
    else:
        vectors, used = _named(frame, file, kind)
    points = shapely.point_on_surface(frame.geometry.to_numpy())
    lonlat = np.column_stack([shapely.get_x(points), shapely.get_y(points)])
    reasons = _reasons(vectors, lonlat)
    whole = reasons == ""
    if not whole.any():
        raise InputError(
            "the table has no usable data: no row has both coordinates and all embedding values",
            f"{file.name}: {_shown(reasons)}",
            "choose another area or year, or export it again",
            code="embedding-without-data",
        )
    report = read.report.used_for({"embedding": used})
    report = report.counted(_counts(reasons), int(whole.sum())).noted(*_notes(frame, reasons))
    lonlat, vectors = lonlat[whole], vectors[whole]
    measured = Measured.of(vectors)
    if kind == ALPHAEARTH and measured.are_means:
        report = report.noted(f"{measured.means_note}; they were brought to length 1.")
        vectors = (vectors / measured.norms[:, None]).astype(np.float32)
    elif kind == ALPHAEARTH:
        refuse_bad_norms(measured, file.name)
    return Samples(lonlat, vectors, measured.norms, report)


def _read(file: Path, crs: str | None) -> VectorFile:
    """Read the file; what asks for a CRS names the option of embeddings."""
    # Text tables with x and y columns are degrees here: that is what Earth Engine exports.
    ending = Path(file.stem if file.suffix.lower() == ".gz" else file.name).suffix
    unstated = "EPSG:4326" if ending.lower() in (".csv", ".tsv") else None
    try:
        return _with_shapes(file, ReadOptions(crs=crs, crs_if_unstated=unstated))
    except InputError as error:
        if error.code not in _ASKS_FOR_CRS:
            raise
        raise InputError(
            "the coordinates of the embedding's table are not in the system they are taken for",
            f"{file.name}, {crs or unstated or 'none stated'}",
            "specify theirs, such as a UTM zone (in commands: --embedding-crs EPSG:32633)",
            code=error.code,
        ) from error


def _with_shapes(file: Path, options: ReadOptions) -> VectorFile:
    """Read rows with shapes of their own, or of their H3 cells."""
    read = read_vector(file, options, shapeless=True)
    if read.report.crs is not None:
        return read
    if lacks_shapes(read.frame, as_areas=False):
        codes = [name for name in map(str, read.frame.columns) if rank(name) == TELLING]
        if codes:
            raise InputError(
                f"the rows of {file.name} are named by codes, and nothing says where these lie",
                ", ".join(codes),
                "join the table with the shapes of these codes first, in a GIS, and give the "
                "result, such as a GeoPackage; or add longitude and latitude",
                code="table-needs-geometry",
            )
        return read_vector(file, options)  # says what it lacks
    cells = read_keyed(file, options)
    return VectorFile(cells.frame, cells.report)


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


def _notes(frame: Any, reasons: NDArray[np.object_]) -> list[str]:  # noqa: ANN401 - untyped
    """What a reader of the table should know."""
    notes = []
    left = float(np.mean(reasons == ""))
    if left < _LEAST_LEFT:
        notes.append(f"Warning: only {left:.0%} of the rows could be used.")
    if (reasons == ZEROS).any():
        notes.append("Vectors that are 0 throughout hold no data.")
    if not set(frame.geom_type.dropna()) <= {"Point"}:
        notes.append("Each shape counts at one point inside it.")
    return notes


def _alphaearth(frame: Any, file: Path) -> tuple[NDArray[np.float32], str]:  # noqa: ANN401
    """Return A00 to A63 as float32 `[rows, 64]`, NaN where a cell is empty, and their headings."""
    if all(name in frame.columns for name in BAND_NAMES):
        return _numbers(frame, list(BAND_NAMES), file), _span(list(BAND_NAMES))
    around: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for name in map(str, frame.columns):
        if match := _BAND.fullmatch(name.strip()):
            around[match[1], match[3]][f"A{match[2]}"] = name
    sets = {words: found for words, found in around.items() if set(BAND_NAMES) <= set(found)}
    called = [found for words, found in sets.items() if _MEAN.search("".join(words))]
    means = called or [
        found for words, found in sets.items() if not _NO_MEAN.search("".join(words))
    ]
    if len(means) > 1:
        raise InputError(
            f"several sets of 64 columns of {file.name} may be the embedding",
            "; ".join(f"{found['A00']} to {found['A63']}" for found in means),
            "keep one of them",
            code="embedding-columns-unclear",
        )
    if means:
        columns = [means[0][name] for name in BAND_NAMES]
        return _numbers(frame, columns, file), _span(columns)
    missing = [name for name in BAND_NAMES if name not in frame.columns]
    there = [str(name) for name in frame.columns if name != "geometry" and name not in BAND_NAMES]
    raise InputError(
        f"{file.name} lacks {len(missing)} of the columns A00 to A63",
        f"missing {', '.join(missing[:5])}; it has {', '.join(there[:6])}",
        "export all 64 bands of the embedding, or name the embedding if it is another one",
        code="table-lacks-bands",
    )


def _span(columns: list[str]) -> str:
    return f"{columns[0]} to {columns[-1]}"


def _named(frame: Any, file: Path, kind: str) -> tuple[NDArray[np.float32], str]:  # noqa: ANN401
    """Return the vectors of an embedding whose columns are found by their names, and the names."""
    if all(name in frame.columns for name in BAND_NAMES):
        raise InputError(
            f"{file.name} has AlphaEarth's columns A00 to A63",
            f"it is not {kind_title(kind)}",
            "give the table of that embedding, or leave its name out",
            code="embedding-of-another-kind",
        )
    for name in _ROW_COLUMNS:
        if name in frame.columns:
            return _lists(frame[name].tolist(), name, file), name
    runs = sorted(_runs([str(name) for name in frame.columns]), key=len, reverse=True)
    if not runs or (len(runs) > 1 and len(runs[0]) == len(runs[1])):
        found = ", ".join(f"{run[0]} to {run[-1]}" for run in runs)
        raise InputError(
            f"{file.name} does not make clear which columns hold the embedding",
            found or "no consecutively numbered columns",
            f"number them from 0 after a common prefix, at least {_LEAST_COLUMNS}, such as B000 to"
            " B127, and remove other columns numbered like that",
            code="embedding-columns-unclear",
        )
    return _numbers(frame, runs[0], file), _span(runs[0])


def _runs(columns: list[str]) -> list[list[str]]:
    """Columns numbered without a gap from 0 or 1 behind one prefix, in the numbers' order."""
    by_prefix: dict[str, dict[int, str]] = defaultdict(dict)
    for name in columns:
        if match := _NUMBERED.fullmatch(name):
            by_prefix[match[1]][int(match[2])] = name
    ordered = [[found[number] for number in sorted(found)] for found in by_prefix.values()]
    whole = [
        run
        for run, found in zip(ordered, by_prefix.values(), strict=True)
        if min(found) in {0, 1} and max(found) - min(found) + 1 == len(run)
    ]
    return [run for run in whole if _LEAST_COLUMNS <= len(run) <= MAX_BANDS]


def _lists(rows: list[Any], name: str, file: Path) -> NDArray[np.float32]:
    """Return a column of lists as float32 `[rows, dim]`, NaN rows where there is none."""
    there = [row for row in rows if row is not None and np.ndim(row) == 1]
    lengths = {len(row) for row in there}
    if len(lengths) != 1 or not 2 <= min(lengths) <= MAX_BANDS:
        raise InputError(
            f"column {name} of {file.name} does not hold vectors of equal length",
            ", ".join(map(str, sorted(lengths)[:5])) or "no lists",
            "give a table with the same number of values in each row",
            code="column-without-vectors",
        )
    vectors = np.full((len(rows), lengths.pop()), np.nan, dtype=np.float32)
    try:
        for index, row in enumerate(rows):
            if row is not None and np.ndim(row) == 1:
                vectors[index] = row
    except (TypeError, ValueError) as error:
        raise _no_numbers(name, file, error) from error
    return vectors


def _numbers(frame: Any, columns: list[str], file: Path) -> NDArray[np.float32]:  # noqa: ANN401
    """Return columns as float32 `[rows, dim]`, NaN where a cell is empty."""
    found = []
    for name in columns:
        try:
            found.append(pd.to_numeric(frame[name]).to_numpy(np.float32, na_value=np.nan))
        except (TypeError, ValueError) as error:
            raise _no_numbers(name, file, error) from error
    return np.column_stack(found)


def _no_numbers(name: str, file: Path, error: Exception) -> InputError:
    return InputError(
        f"column {name} of {file.name} holds values that are not numbers",
        error,
        "export the embedding's values as numbers",
        code="column-not-numeric",
    )
