"""Numbers out of a raster, such as temperature or night light: squares of pixels, their means."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.errors import RasterioError, WindowError
from rasterio.transform import Affine
from rasterio.warp import transform as to_crs
from rasterio.warp import transform_bounds
from rasterio.windows import Window, from_bounds

from aether_core.eo.raster.file import RASTER_SUFFIXES, open_raster
from aether_core.errors import InputError
from aether_core.files.source import local_file
from aether_core.files.whole import sha256_of
from aether_core.reading import in_own_process
from aether_core.spatial.plane import Plane
from aether_core.tasks.values.read import PER_KM2, Values
from aether_core.vector import NO_OPTIONS, ReadingReport, ReadOptions
from aether_core.vector.report import CRS_GIVEN, CRS_STATED

NO_DATA: Final = "square without data"
MOST_SQUARES: Final = 5_000
"""Squares a city's part of a raster is laid out in, at most."""
_MOST_PIXELS = 400_000_000
_WGS84: Final = CRS.from_epsg(4326)
_M2_A_KM2 = 1e6


@dataclass(frozen=True)
class _Grid:
    """Squares of pixels over a window of a raster.

    Attributes:
        transform: From rows and columns of squares to the raster's CRS.
        shape: Rows and columns.
        pixels: Pixels in a square.
    """

    transform: Affine
    shape: tuple[int, int]
    pixels: float


def is_raster(path: str | Path) -> bool:
    """Whether a file's ending is that of a GeoTIFF."""
    return Path(path).suffix.lower() in RASTER_SUFFIXES


@in_own_process
def raster_bands(path: str | Path) -> list[str]:
    """What the bands of a raster are called, by their descriptions or as the file is.

    Raises:
        NotFoundError: There is no such file.
        InputError: It cannot be read as a GeoTIFF.
    """
    with open_raster(local_file(path, suffixes=RASTER_SUFFIXES)) as dataset:
        return _names(dataset, Path(path).stem)


@in_own_process
def read_raster_values(
    path: str | Path,
    *,
    field: str,
    boundary: shapely.Geometry,
    least_m: float,
    options: ReadOptions = NO_OPTIONS,
    per_km2: bool = False,
) -> Values:
    """Read a band of a raster over a city, as squares that each have the mean of their pixels.

    Squares are at least `least_m` wide, so that none is finer than a city's cells, and wider where
    the city would take more than 5,000 of them; pixels larger than that are squares themselves.
    Scale and offset are applied, and pixels without data do not count.

    Args:
        path: A GeoTIFF.
        field: The band, by its name (`raster_bands`) or its number; the single band of a raster
            without descriptions may be called anything.
        boundary: The city, WGS84.
        least_m: Narrowest square in metres.
        options: The user's word about its CRS.
        per_km2: Pixels count something: divide their numbers by their square kilometres.

    Raises:
        NotFoundError: There is no such file.
        InputError: It cannot be read as a GeoTIFF, has no CRS, no such band (names those it has) or
            no data in the city, or is far too fine.
    """
    file = local_file(path, suffixes=RASTER_SUFFIXES)
    with open_raster(file) as dataset:
        band, name = _band(dataset, field, file)
        crs = _crs(dataset, options, file.name)
        window = _window(dataset, crs, boundary, file.name)
        grid = _grid(dataset, crs, window, least_m, file.name)
        try:
            read = dataset.read(
                band, window=window, out_shape=grid.shape, resampling=Resampling.average,
                masked=True,
            )  # fmt: skip
        except RasterioError as error:
            raise InputError(
                "the raster's pixels cannot be read",
                file.name,
                "export or download it again",
                code="raster-unreadable",
            ) from error
        value = read.astype(np.float64).filled(np.nan)
        value = value * dataset.scales[band - 1] + dataset.offsets[band - 1]
    squares = _squares(grid, crs)
    shapely.prepare(boundary)
    inside = shapely.intersects(squares, boundary)
    there = np.isfinite(value.ravel())
    used = inside & there
    if not used.any():
        raise InputError(
            "the raster has no data in the city",
            f"{name} of {file.name}",
            "give a raster that covers the city",
            code="values-outside-city",
        )
    number = value.ravel()[used]
    if per_km2:
        size = shapely.area(Plane.of_shapes(squares[used]).shapes(squares[used])) / grid.pixels
        number = number / size * _M2_A_KM2
    gone = int(np.count_nonzero(inside & ~there))
    left_out = {NO_DATA: gone} if gone else {}
    means = f"Each square is the mean of {grid.pixels:,.0f} pixels."
    report = ReadingReport(
        file=file.name,
        format="GeoTIFF",
        crs=crs.to_string(),
        crs_from=CRS_GIVEN if options.crs else CRS_STATED,
        columns={"value": name},
        rows=int(np.count_nonzero(inside)),
        notes=(means,) if grid.pixels > 1 else (),
    )
    return Values(
        geometry=squares[used],
        value=number,
        field=name,
        unit=PER_KM2 if per_km2 else "",
        source=file.name,
        sha256=sha256_of(file),
        dropped=left_out,
        repaired=0,
        report=report.counted(left_out, int(np.count_nonzero(used))),
    )


def _names(dataset: Any, stem: str) -> list[str]:  # noqa: ANN401 - rasterio has no types
    unnamed = [stem] if dataset.count == 1 else [f"band {at + 1}" for at in range(dataset.count)]
    return [one or other for one, other in zip(dataset.descriptions, unnamed, strict=True)]


def _band(dataset: Any, field: str, file: Path) -> tuple[int, str]:  # noqa: ANN401
    """Number of the band from 1, and what its numbers are called."""
    names, wanted = _names(dataset, file.stem), field.strip()
    same = [at for at, name in enumerate(names) if name.casefold() == wanted.casefold()]
    if len(same) == 1:
        return same[0] + 1, names[same[0]]
    if wanted.isdecimal() and 1 <= int(wanted) <= dataset.count:
        return int(wanted), names[int(wanted) - 1]
    if dataset.count == 1 and not dataset.descriptions[0]:
        return 1, wanted
    raise InputError(
        f"{file.name} has no such band",
        wanted,
        f"choose from {', '.join(names[:30])}, or give its number",
        code="no-such-field",
    )


def _crs(dataset: Any, options: ReadOptions, file: str) -> CRS:  # noqa: ANN401
    if options.crs:
        return CRS.from_user_input(options.crs)
    if dataset.crs is None or not (dataset.crs.is_projected or dataset.crs.is_geographic):
        raise InputError(
            "the raster does not state its CRS",
            file,
            "state it, such as EPSG:32635",
            code="raster-without-crs",
        )
    return dataset.crs


def _window(
    dataset: Any,  # noqa: ANN401
    crs: CRS,
    boundary: shapely.Geometry,
    file: str,
) -> Window:
    """The pixels around a city, whole ones."""
    bounds = transform_bounds(_WGS84, crs, *boundary.bounds)
    whole = Window(0, 0, dataset.width, dataset.height)
    try:
        window = from_bounds(*bounds, transform=dataset.transform).intersection(whole)
    except WindowError as error:
        raise InputError(
            "the raster lies outside the city",
            file,
            "give a raster that covers the city",
            code="values-outside-city",
        ) from error
    left, top = math.floor(window.col_off), math.floor(window.row_off)
    right = min(math.ceil(window.col_off + window.width), dataset.width)
    bottom = min(math.ceil(window.row_off + window.height), dataset.height)
    if (right - left) * (bottom - top) > _MOST_PIXELS:
        raise InputError(
            "the raster has too many pixels in the city",
            f"{(right - left) * (bottom - top):,}, at most {_MOST_PIXELS:,}",
            "resample it to coarser pixels first",
            code="raster-too-fine",
        )
    return Window(left, top, right - left, bottom - top)


def _grid(
    dataset: Any,  # noqa: ANN401
    crs: CRS,
    window: Window,
    least_m: float,
    file: str,
) -> _Grid:
    """Squares wide enough for the city, and few enough."""
    of_window = dataset.window_transform(window)
    corner = np.array([[0, 0], [window.width, 0], [0, window.height]])
    x, y = (of_window.a * corner[:, 0] + of_window.b * corner[:, 1] + of_window.c,
            of_window.d * corner[:, 0] + of_window.e * corner[:, 1] + of_window.f)  # fmt: skip
    lonlat = np.column_stack(to_crs(crs, _WGS84, x, y))
    if not np.isfinite(lonlat).all() or min(window.width, window.height) < 1:
        raise InputError(
            "the raster lies outside the city",
            file,
            "give a raster that covers the city",
            code="values-outside-city",
        )
    metres = Plane(lonlat).points(lonlat)
    across = float(np.linalg.norm(metres[1] - metres[0])) / window.width
    down = float(np.linalg.norm(metres[2] - metres[0])) / window.height
    side = max(least_m, math.sqrt(across * down * window.width * window.height / MOST_SQUARES))
    columns = max(1, math.floor(window.width / max(side / across, 1.0)))
    rows = max(1, math.floor(window.height / max(side / down, 1.0)))
    scaled = of_window * Affine.scale(window.width / columns, window.height / rows)
    return _Grid(scaled, (rows, columns), window.width * window.height / (rows * columns))


def _squares(grid: _Grid, crs: CRS) -> NDArray[np.object_]:
    """The squares row by row, WGS84."""
    rows, columns = grid.shape
    row, column = np.divmod(np.arange(rows * columns), columns)
    corners = np.stack(
        [
            np.column_stack(
                [
                    grid.transform.a * (column + right) + grid.transform.b * (row + down)
                    + grid.transform.c,
                    grid.transform.d * (column + right) + grid.transform.e * (row + down)
                    + grid.transform.f,
                ]
            )
            for right, down in ((0, 0), (1, 0), (1, 1), (0, 1))
        ],
        axis=1,
    )  # fmt: skip
    lon, lat = to_crs(crs, _WGS84, *corners.reshape(-1, 2).T)
    return np.asarray(shapely.polygons(np.column_stack([lon, lat]).reshape(-1, 4, 2)))
