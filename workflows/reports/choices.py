"""What whoever makes a report chooses of it: title, own words, the part of the city, districts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import shapely

from aether_core.city.outline import repaired_outline
from aether_core.errors import InputError
from aether_core.files.source import local_file
from aether_core.language import LANGUAGES, SOURCE, matched
from aether_core.search.profile.read import read_named_areas
from aether_core.spatial.earth import metres_a_degree
from aether_core.vector import VECTOR_SUFFIXES
from workflows.cities.cities import CitySummary
from workflows.cities.names import check_characters, checked_line
from workflows.home.store import Store
from workflows.layers.layers import MAX_TITLE, layer_shapes, show_layer

MOST_WORDS: Final = 4_000
"""Characters of own words: a page of them."""
MOST_DISTRICTS: Final = 2
_MOST_NAME: Final = 80
_LEAST_VIEW_M: Final = 100.0
_NAMED: Final = 6

View = tuple[float, float, float, float]
"""West, south, east, north in degrees; east is over 180 where the 180th meridian lies between."""


@dataclass(frozen=True)
class ReportDistrict:
    """A district whose figures stand in a report.

    It is kept as it was when it was chosen: a report says the same after the file or the layer it
    came from is gone.

    Attributes:
        name: What it is called.
        outline: WKB in hexadecimal, WGS84.
    """

    name: str
    outline: str

    @classmethod
    def of(cls, name: str, geometry: shapely.Geometry) -> "ReportDistrict":
        """A district with this outline."""
        return cls(name, shapely.to_wkb(geometry, hex=True, include_srid=False))

    @property
    def geometry(self) -> shapely.Geometry:
        """The outline.

        Raises:
            InputError: It is none.
        """
        try:
            return shapely.from_wkb(self.outline)
        except shapely.errors.GEOSException:
            raise InputError(
                f"the outline of the district {self.name} cannot be read",
                self.outline[:40],
                "choose the district again",
                code="district-outline-unreadable",
            ) from None


@dataclass(frozen=True)
class ReportChoices:
    """What is chosen of a report; nothing of it has to be.

    Attributes:
        title: What it is called; as the layer is when None.
        words: A paragraph or two under the title; a blank line starts another.
        view: The part of the city the map shows; all of it when None.
        districts: One or two whose figures are compared.
        language: Locale (BCP 47) of what the report says; of a language there is a catalogue of.
    """

    title: str | None = None
    words: str = ""
    view: View | None = None
    districts: tuple[ReportDistrict, ...] = ()
    language: str = SOURCE


def checked_choices(city: CitySummary, choices: ReportChoices) -> ReportChoices:
    """Choices that can be carried out: spaces tidied up, all else as it was given.

    Raises:
        InputError: A text is too long or holds a control character, the view lies outside the
            city, districts cannot be told apart, or there is no catalogue of the language.
    """
    if matched(choices.language) is None:
        raise InputError(
            "there is no translation into this language",
            choices.language,
            f"choose from {', '.join(LANGUAGES)}",
            code="language-unknown",
        )
    if choices.view is not None:
        check_view(city, choices.view)
    names = [one.name.strip() for one in choices.districts]
    if len(names) > MOST_DISTRICTS:
        raise InputError(
            f"a report compares at most {MOST_DISTRICTS} districts",
            ", ".join(names[:_NAMED]),
            "choose one or two",
            code="too-many-districts",
        )
    for name in names:
        check_characters("a district's name", name)
        if not 1 <= len(name) <= _MOST_NAME:
            raise InputError(
                f"a district's name must have 1 to {_MOST_NAME} characters",
                name,
                "give it a short name",
                code="district-name-wrong-length",
            )
    if len(set(names)) < len(names):
        raise InputError(
            "both districts have the same name",
            names[0],
            "choose two, or one alone",
            code="district-twice",
        )
    for one in choices.districts:
        repaired_outline(one.geometry, f"the district {one.name}")
    return replace(
        choices,
        title=None if choices.title is None else checked_heading(choices.title),
        words=checked_words(choices.words),
    )


def checked_heading(title: str) -> str:
    """A report's title with single spaces.

    Raises:
        InputError: It is empty, longer than 200 characters, or holds a control character.
    """
    return checked_line(
        "a report's title",
        title,
        MAX_TITLE,
        "give a short title, and say more in your own words below it",
        code="report-title-wrong-length",
    )


def checked_words(words: str) -> str:
    """Own words without space around them.

    Raises:
        InputError: They are longer than a page, or hold a control character.
    """
    check_characters("the text of the report", words)
    words = words.strip()
    if len(words) > MOST_WORDS:
        raise InputError(
            f"the text of a report may have up to {MOST_WORDS:,} characters",
            f"{len(words):,} characters",
            "shorten it: a page is enough",
            code="report-words-too-long",
        )
    return words


def check_view(city: CitySummary, view: View) -> None:
    """Refuse a view that shows nothing of the city.

    Raises:
        InputError: It is no box, too small, or outside the city.
    """
    west, south, east, north = view
    told = ", ".join(f"{value:g}" for value in view)
    inside = all(map(math.isfinite, view)) and -90 <= south < north <= 90
    if not inside or not -180 <= west < east <= 540 or east - west > 360:
        raise InputError(
            "the view must be a box: west, south, east, north in degrees",
            told,
            "give west before east and south before north, such as "
            + ",".join(f"{value:.4f}" for value in city.bbox),
            code="view-not-a-box",
        )
    a_degree = metres_a_degree((south + north) / 2).tolist()
    if min((east - west) * a_degree[0], (north - south) * a_degree[1]) < _LEAST_VIEW_M:
        raise InputError(
            f"the view is smaller than {_LEAST_VIEW_M:.0f} m",
            told,
            "show more of the city",
            code="view-too-small",
        )
    city_west, city_south, city_east, city_north = city.bbox
    if west >= city_east or east <= city_west or south >= city_north or north <= city_south:
        raise InputError(
            "the view lies outside the city",
            told,
            "the city lies between "
            f"{city_west:.4f}, {city_south:.4f} and {city_east:.4f}, {city_north:.4f}",
            code="view-outside-city",
        )


def whole_view(city: CitySummary, box: View) -> View:
    """A box as the city counts its degrees: one across the 180th meridian ends beyond 180."""
    west, south, east, north = box
    if west > east:
        east += 360
    if city.bbox[2] > 180 and east <= city.bbox[0]:
        west, east = west + 360, east + 360
    return west, south, east, north


def districts_of_file(
    path: Path,
    names: Sequence[str] = (),
    *,
    name_field: str | None = None,
) -> tuple[ReportDistrict, ...]:
    """Districts of a file: those that are named, or all where it has one or two.

    Raises:
        AetherError: The file cannot be read, or has no such area.
        InputError: It has more than two and none is named.
    """
    path = local_file(path, suffixes=VECTOR_SUFFIXES)
    read = read_named_areas(path, name_field=name_field)
    return _chosen(dict(zip(read.name.tolist(), read.geometry.tolist(), strict=True)), names)


def districts_of_layer(
    store: Store, slug: str, layer: str, names: Sequence[str] = ()
) -> tuple[ReportDistrict, ...]:
    """Districts of a kept layer of areas; see `districts_of_file`.

    Raises:
        NotFoundError: No such city or layer.
        InputError: The layer is one of cells, has no such area, or has more than two and none is
            named.
    """
    summary = show_layer(store, slug, layer)
    if not summary.by_area:
        raise InputError(
            "districts come from a layer of areas",
            f"{layer} is one of cells",
            "name a layer of areas, or a file of polygons",
            code="districts-of-cell-layer",
        )
    frame = layer_shapes(store, slug, layer)
    return _chosen(dict(zip(map(str, frame["area"]), frame.geometry, strict=True)), names)


def _chosen(
    areas: Mapping[str, shapely.Geometry], names: Sequence[str]
) -> tuple[ReportDistrict, ...]:
    known = ", ".join(list(areas)[:_NAMED]) + (
        f" and {len(areas) - _NAMED:,} more" if len(areas) > _NAMED else ""
    )
    for name in names:
        if name not in areas:
            raise InputError(
                "there is no area of this name",
                name,
                f"the areas are {known}",
                code="no-such-area-name",
            )
    if not names and len(areas) > MOST_DISTRICTS:
        raise InputError(
            f"a report compares one or two districts, and here are {len(areas):,}",
            known,
            "name one or two of them",
            code="districts-unclear",
        )
    return tuple(ReportDistrict.of(name, areas[name]) for name in names or areas)
