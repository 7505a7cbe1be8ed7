"""Opening tables as one embedding: of samples at points, or of areas."""

from collections.abc import Sequence
from pathlib import Path

from aether_core.eo.embedding_kind import ALPHAEARTH
from aether_core.eo.table.area_embedding import AreaEmbedding
from aether_core.eo.table.embedding import TABLE_SUFFIXES, TableEmbedding
from aether_core.eo.table.samples import read_samples
from aether_core.errors import InputError
from aether_core.files.source import local_file
from aether_core.progress import Progress, silent


def open_tables(
    paths: Sequence[str | Path],
    *,
    kind: str | None = None,
    crs: str | None = None,
    geometry: Path | None = None,
    code_field: str | None = None,
    as_points: bool = False,
    progress: Progress = silent,
) -> TableEmbedding:
    """Open tables of samples or of areas as one embedding.

    Args:
        paths: Local files in `TABLE_SUFFIXES` with columns A00 to A63 (unit vectors as Earth Engine
            exports them, or means of them), or of the embedding that was named (see
            `read_samples`), and longitude and latitude columns, a geometry, H3 cells or codes.
        kind: Name of the embedding; AlphaEarth when None.
        crs: What the user says the coordinates are in; wins over what the files say.
        geometry: A file with the shapes of the rows' codes.
        code_field: The column of the rows' codes; found when None.
        as_points: Take areas for samples at a point inside each.
        progress: Told file by file.

    Returns:
        An `AreaEmbedding` where the rows are areas.

    Raises:
        InputError: A table lacks columns, coordinates or data, its vectors are not of this
            embedding, tables differ in length, or some hold areas and others points; see
            `AreaEmbedding`, too.
    """
    if not paths:
        raise InputError(
            "no embedding file was given",
            "(none)",
            "give at least one table",
            code="no-embedding-file",
        )
    files = [local_file(path, suffixes=TABLE_SUFFIXES) for path in dict.fromkeys(paths)]
    parts = []
    for done, file in enumerate(files):
        progress("reading the embedding", done, len(files))
        parts.append(
            read_samples(
                file,
                kind or ALPHAEARTH,
                crs,
                geometry=geometry,
                code_field=code_field,
                as_points=as_points,
            )
        )
    _check_one_length(files, [part.vectors.shape[1] for part in parts])
    of_areas = [part.areas is not None for part in parts]
    if any(of_areas) and not all(of_areas):
        raise InputError(
            "some tables hold areas and others points",
            ", ".join(
                f"{file.name} {'areas' if areas else 'points'}"
                for file, areas in zip(files, of_areas, strict=True)
            ),
            "give tables of one kind",
            code="areas-mixed-with-points",
        )
    opened = AreaEmbedding if of_areas[0] else TableEmbedding
    return opened(files, parts, kind or ALPHAEARTH, crs)


def _check_one_length(files: Sequence[Path], lengths: Sequence[int]) -> None:
    if len(set(lengths)) > 1:
        raise InputError(
            "all tables of an embedding must have the same number of values per row",
            ", ".join(f"{file.name} {n}" for file, n in zip(files, lengths, strict=True)),
            "give tables of one embedding",
            code="files-of-different-length",
        )
