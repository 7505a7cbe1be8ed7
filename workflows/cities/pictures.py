"""A city's embedding as pictures for maps elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aether_core.eo.embedding_kind import kind_title
from aether_core.errors import InputError, NotFoundError
from aether_core.spatial.web_grid import check_tile
from db.cities import cities as city_rows
from workflows.cities.cities import CitySummary, show_city
from workflows.cities.files import checked_files
from workflows.home.store import Store

USUAL: Final = (1, 16, 9)
"""The bands that AlphaEarth is mostly shown in, A01, A16 and A09, counted from 0."""


@dataclass(frozen=True)
class EmbeddingPicture:
    """What is shown.

    Attributes:
        city: Whose embedding.
        year: Of which year.
        title: What it is called.
        files: Where it lies.
        length: How many bands it has.
    """

    city: CitySummary
    year: int
    title: str
    files: list[Path]
    length: int


def embedding_picture(store: Store, slug: str, year: int | None = None) -> EmbeddingPicture:
    """The rasters of a city in a year, seen to be what they were.

    Args:
        store: The store.
        slug: Short name of the city.
        year: The city's own when None.

    Raises:
        NotFoundError: No such city or year, it came as a table, or a file is gone.
        DamagedFileError: A file is not what was added.
    """
    from aether_core.eo.raster.file import RASTER_SUFFIXES, open_raster

    city = show_city(store, slug)
    chosen = city.year if year is None else year
    with store.reading() as session:
        rows = city_rows.rasters(session, city.id, chosen)
    if not rows:
        years = ", ".join(map(str, city.years))
        raise NotFoundError("no such year", chosen, f"the city holds {years}", code="no-such-year")
    files = checked_files(store.settings, rows)
    if not {file.suffix.lower() for file in files} <= RASTER_SUFFIXES:
        raise NotFoundError(
            "there are no pictures of this embedding",
            slug,
            "it came as a table, not as rasters; its layers have vector tiles",
            code="embedding-without-rasters",
        )
    with open_raster(files[0]) as source:
        length = int(source.count)
    return EmbeddingPicture(city, chosen, kind_title(city.embedding), files, length)


def picture_of(
    picture: EmbeddingPicture, bands: Sequence[int], zoom: int, column: int, row: int
) -> bytes:
    """One tile of the web's usual grid as PNG.

    Args:
        picture: What is shown.
        bands: Three bands, counted from 0, as red, green and blue.
        zoom: Of the tile.
        column: From the west.
        row: From the north.

    Raises:
        InputError: There is no such band.
        NotFoundError: There is no such tile.
    """
    from aether_core.eo.raster.picture import picture_tile

    if len(bands) != len(USUAL) or not all(0 <= band < picture.length for band in bands):
        raise InputError(
            "these are no three bands",
            ",".join(map(str, bands)),
            f"name three from 0 to {picture.length - 1}, such as {','.join(map(str, USUAL))}",
            code="bands-unusable",
        )
    check_tile(zoom, column, row)
    return picture_tile(picture.files, [band + 1 for band in bands], zoom, column, row)
