"""The form that adds a city: files, the columns found in them, and the few numbers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import streamlit as st

from aether_core.city.boundary import read_boundary
from aether_core.city.cells import COARSEST, FINEST
from aether_core.eo import embedding_kind
from aether_core.eo.alphaearth import FIRST_YEAR, LAST_YEAR
from aether_core.eo.embedding_kind import ALPHAEARTH
from aether_core.eo.table.embedding import TABLE_SUFFIXES
from aether_core.eo.table.samples import read_samples
from aether_core.errors import AetherError
from aether_core.language import _, mark
from aether_core.poi.fields import PoiFields
from aether_core.vector import NO_OPTIONS, UPLOAD_SUFFIXES, ReadingReport, ReadOptions
from aether_core.vector.keyed.read import needs_shapes
from ui.forms import places, reading, shapes
from ui.forms.names import proposed_slug
from ui.jobs import panel as job_panel
from ui.jobs.panel import Panel
from ui.shell import errors, state, uploads
from ui.shell.text import worded
from workflows.cities.add import AddCity, options_of_other_files
from workflows.cities.job_kinds import ADD_CITY

_EMBEDDINGS: Final = (
    *("tif", "tiff", "csv", "tsv", "parquet"),
    *("geojson", "gpkg", "fgb", "gz", "zip"),
)
_ASKS_FOR_CODE: Final = frozenset(
    {"area-code-unclear", "cell-column-unclear", "areas-repeated", "codes-do-not-match"}
)
"""Errors that another column of codes may mend."""
_VECTORS: Final = tuple(sorted(suffix.lstrip(".") for suffix in UPLOAD_SUFFIXES))
_DETECT: Final = mark("Detect")
_AUTOMATIC: Final = mark("Automatic")
_CELL_SIZES: Final = {f"H3 resolution {level}": level for level in range(COARSEST, FINEST + 1)}
_CELL_HELP: Final = mark(
    "Smaller cells show more detail but take longer. Automatic keeps the city below 250,000 cells."
)


@dataclass(frozen=True)
class _Rows:
    """What is said of a table's rows: the shapes of their codes, and the column of these."""

    geometry: Path | None = None
    code_field: str | None = None
    lacks_shapes: bool = False


@dataclass(frozen=True)
class _Files:
    embedding: list[Path]
    pois: list[Path]
    boundary: list[Path]

    @property
    def all(self) -> list[Path]:
        return [*self.embedding, *self.pois, *self.boundary]


def look() -> Panel:
    """The cities on their way in from files, and those that just came."""
    return job_panel.look("add", None, [ADD_CITY])


def ask_city(panel: Panel) -> None:
    """Draw the form, with the jobs behind it.

    Raises:
        AetherError: The files or values cannot be used; the caller shows it.
    """
    left, right = st.columns(2, gap="large")
    with left:
        name, slug = _names()
        files = _ask_files()
    with right:
        kind = st.text_input(
            _("What the satellite data are, if not AlphaEarth"),
            key="add-kind",
            placeholder=_("its name, e.g. tessera, clay or prithvi"),
            max_chars=40,
            help=_(
                "GeoTIFFs with any number of bands, or tables with numbered columns. "
                "Int8 is only supported in AlphaEarth's encoding."
            ),
        ).strip()
        year, kind_credit = _year_and_credit(kind)
        options = reading.ask("add-reading", files.pois[0] if files.pois else None)
        fields = PoiFields()
        if files.pois:
            with errors.boxed(state.reachable):
                fields = places.ask_fields("add", files.pois[0], options)
        with st.expander(_("More settings")):
            radius = st.number_input(
                _("Surroundings considered, in metres"),
                5,
                10_000,
                value=100,
                key="add-radius",
                help=_(
                    "Distance around a place or cell over which satellite data are averaged. "
                    "Coarse samples need a larger radius."
                ),
            )
            cells = st.selectbox(
                _("Cell size"),
                [_AUTOMATIC, *_CELL_SIZES],
                key="add-resolution",
                help=_(_CELL_HELP),
                format_func=worded(_AUTOMATIC),
            )
            embedding_crs = st.text_input(
                _("Coordinate system of satellite data in tables"),
                key="add-embedding-crs",
                placeholder="e.g. EPSG:32633",
                help=_(
                    "Only where its coordinates are not degrees, such as x and y in a UTM zone."
                ),
            ).strip()
            base_map = uploads.choose(
                _("Base map, optional"),
                key="add-base",
                endings=_VECTORS,
                about=_(
                    "Drawn under the maps: shapes with a column “kind” set to water, green, "
                    "road or building."
                ),
            )
            credit = places.ask_credit("add-credit")
            simulated = st.checkbox(_("The satellite data are made up"), key="add-simulated")
        table = _Rows()
        with errors.boxed(state.reachable):
            _show_boundary(files, options)
            table = _ask_rows(files, kind or ALPHAEARTH, embedding_crs or None)
    missing = _missing(name, slug, files, table)
    if missing:
        st.caption(_("Still needed: {missing}.", missing=missing))
    request = (
        None
        if missing
        else AddCity(
            slug=slug,
            name=name,
            embedding=files.embedding,
            year=int(year),
            pois=files.pois[0] if files.pois else None,
            geometry=table.geometry,
            code_field=table.code_field,
            embedding_kind=kind or None,
            embedding_credit=[kind_credit] if kind_credit else [],
            embedding_crs=embedding_crs or None,
            boundary=files.boundary[0] if files.boundary else None,
            radius_m=float(radius),
            options=options,
            base_map=base_map[0] if base_map else None,
            simulated=simulated,
            attribution=[credit] if credit else [],
            cell_resolution=_CELL_SIZES.get(cells),
            name_field=fields.name,
            category_field=fields.category,
            group_field=fields.group,
            min_confidence=fields.min_confidence,
        )
    )
    go = job_panel.button(
        panel, _("Add this city"), key="add-go", icon=":material/add:", request=request
    )
    if go and request is not None:
        shapes_file = [table.geometry] if table.geometry else []
        given = [*files.all, *base_map, *shapes_file]
        job_panel.start(panel, ADD_CITY, request, slug=slug, files=given)


def _year_and_credit(kind: str) -> tuple[float, str]:
    """Ask for the year; of an embedding other than AlphaEarth also whom it is owed to."""
    label, newest = _("Year of the satellite data"), LAST_YEAR - 1
    if not kind:
        return st.number_input(label, FIRST_YEAR, LAST_YEAR, value=newest, key="add-year"), ""
    first, last = embedding_kind.FIRST_YEAR, embedding_kind.LAST_YEAR
    year = st.number_input(label, first, last, value=newest, key="add-kind-year")
    credit = st.text_input(
        _("Credit line of the satellite data"), key="add-kind-credit", max_chars=500
    )
    return year, credit.strip()


def _names() -> tuple[str, str]:
    name = st.text_input(
        _("Name"), key="add-name", placeholder=_("such as Greater London"), max_chars=200
    )
    proposal = proposed_slug(name)
    slug = st.text_input(
        _("Short name"),
        key="add-slug",
        placeholder=proposal or _("letters, digits and hyphens"),
        help=_("Used in commands and web addresses."),
    )
    return name.strip(), slug.strip() or proposal


def _ask_files() -> _Files:
    embedding = uploads.choose(
        _("Satellite data (an embedding)"),
        key="add-embedding",
        endings=_EMBEDDINGS,
        several=True,
        about=_(
            "AlphaEarth: GeoTIFFs with 64 bands, or tables with the columns A00 to A63 "
            "and coordinates, polygons, H3 cells or codes of areas: those become the units of the "
            "city. For any other embedding, name it below."
        ),
    )
    pois = uploads.choose(
        _("Places, optional"),
        key="add-pois",
        endings=places.ENDINGS,
        about=_(
            "{about} Without places the city can be mapped, but not trained or searched.",
            about=places.ABOUT,
        ),
    )
    boundary = uploads.choose(
        _("Boundary, optional"),
        key="add-boundary",
        endings=_VECTORS,
        about=_("Area of the city. Without it, the extent of the satellite data is used."),
    )
    return _Files(embedding, pois, boundary)


def _show_boundary(files: _Files, options: ReadOptions) -> None:
    """Show how the boundary is read."""
    if files.boundary:
        path = files.boundary[0]
        report = _boundary_report(str(path), reading.changed(path), options_of_other_files(options))
        reading.show_report(report, "add-boundary-report")


def _ask_rows(files: _Files, kind: str, crs: str | None) -> _Rows:
    """Show how tables of the embedding are read, and ask what they leave open.

    A raster says all of itself.

    Raises:
        AetherError: A table cannot be used.
    """
    tables = [path for path in files.embedding if path.suffix.lower() in TABLE_SUFFIXES]
    if not tables:
        return _Rows()
    first, key = tables[0], f"add-{tables[0].name}"
    geometry = None
    if _needs_shapes(str(first), reading.changed(first)):
        geometry = shapes.ask(key)
        if geometry is None:
            return _Rows(lacks_shapes=True)
    chosen = st.session_state.get(f"{key}-code", _(_DETECT))  # asked below what it decides
    table = _Rows(geometry, None if chosen == _DETECT else str(chosen))
    unclear: AetherError | None = None
    try:
        for place, path in enumerate(tables):
            report = _samples_report(str(path), reading.changed(path), kind, crs, table)
            reading.show_report(report, f"add-embedding-report-{place}")
    except AetherError as error:
        unclear = error
    if table.code_field is not None or (unclear is not None and unclear.code in _ASKS_FOR_CODE):
        headings = reading.columns_of(first, NO_OPTIONS)
        st.selectbox(
            _("Column of the area codes"),
            [_DETECT, *headings],
            key=f"{key}-code",
            format_func=worded(_DETECT),
        )
    if unclear is not None:
        raise unclear
    return table


@st.cache_data(max_entries=4, show_spinner=mark("Reading the embedding"))
def _needs_shapes(
    path: str,
    changed: float,  # noqa: ARG001 - a file written anew is read anew
) -> bool:
    return needs_shapes(path)


@st.cache_data(max_entries=4, show_spinner=mark("Reading the boundary"))
def _boundary_report(
    path: str,
    changed: float,  # noqa: ARG001 - a file written anew is read anew
    options: ReadOptions,
) -> ReadingReport:
    return read_boundary(path, options).report


@st.cache_data(max_entries=8, show_spinner=mark("Reading the satellite data"))
def _samples_report(
    path: str,
    changed: float,  # noqa: ARG001 - a file written anew is read anew
    kind: str,
    crs: str | None,
    table: _Rows,
) -> ReadingReport:
    read = read_samples(Path(path), kind, crs, geometry=table.geometry, code_field=table.code_field)
    if read.areas is None:
        return read.report
    return read.report.noted(
        _("{code:,} areas, which become the city's units.", code=len(read.areas.code))
    )


def _missing(name: str, slug: str, files: _Files, table: _Rows) -> str:
    wanted = {
        _("a name"): name,
        _("a short name"): slug or not name,
        _("satellite data"): files.embedding,
        _("the shapes of the codes"): not table.lacks_shapes,
    }
    return ", ".join(words for words, there in wanted.items() if not there)
