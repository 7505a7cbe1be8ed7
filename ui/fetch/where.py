"""Where a new city lies: found by name, drawn, typed, or read from a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import streamlit as st

from aether_core.city.outline import read_city_boundary
from aether_core.errors import AetherError
from aether_core.geocoding import Candidate, default_side_km
from aether_core.language import _, mark
from aether_core.vector import UPLOAD_SUFFIXES
from aether_core.vector.options import ReadOptions
from ui.fetch import area as fetch_area
from ui.forms import names as fetch_names
from ui.shell import errors, state, uploads
from ui.shell.text import plain
from workflows.fetch.find_place import GEOCODER, OVERTURE, find_place
from workflows.home.settings import read_settings

BY_NAME, BY_HAND, BY_FILE = mark("By name"), mark("Draw"), mark("File")
_WAYS: Final = (BY_NAME, BY_HAND, BY_FILE)
# Widgets forget what they held when another page is drawn; what is kept is under names of its own.
_FOUND, _NUMBER, _KM, _SOUGHT = "fetch-found", "fetch-number", "fetch-km", "fetch-sought"
_PLACE: Final = "fetch-place"
_READ: Final = "fetch-read"
_CHOSEN: Final = "fetch-candidate"
_OFFERED: Final = "fetch-offered"
_SIDE: Final = "fetch-side"
_ALL: Final = "fetch-found-all"
_MOST_LISTED: Final = 20
_LISTED_WHOLE: Final = 6
_LIST_HEIGHT: Final = 230
_VECTORS: Final = tuple(sorted(suffix.lstrip(".") for suffix in UPLOAD_SUFFIXES))
_SERVERS: Final = {GEOCODER: mark("OpenStreetMap"), OVERTURE: mark("Overture Maps")}


@dataclass(frozen=True)
class _Sought:
    """What was looked up: the name, and which of the list's cities of that name was chosen."""

    name: str
    number: int | None = None
    centre: Candidate | None = None

    @property
    def words(self) -> str:
        """What a geocoder is asked: with the state where there is one."""
        region = self.centre.region if self.centre is not None else ""
        if self.centre is None or not region or region.startswith("near "):
            return self.name
        return f"{self.centre.name}, {region}"

    @property
    def country(self) -> str | None:
        return self.centre.country or None if self.centre is not None else None


def ask_where() -> None:
    """Draw the ways to say where; what is said becomes the area of the visit."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(_("Where"), anchor=False, width="stretch")
        way = st.segmented_control(
            _("Choose the area by"),
            _WAYS,
            default=BY_NAME,
            format_func=_,
            required=True,
            key="fetch-way",
            label_visibility="collapsed",
        )
    if way == BY_NAME:
        _by_name()
    elif way == BY_HAND:
        _by_hand()
    else:
        _by_file()
    problem = fetch_area.problem()
    if problem is not None:
        errors.show(problem)


def _by_name() -> None:
    if _PLACE not in st.session_state and _SOUGHT in st.session_state:
        st.session_state[_PLACE] = st.session_state[_SOUGHT].name
    form = st.form("fetch-find", border=False)
    with form.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            _("City's name"),
            key=_PLACE,
            placeholder=_("such as Helsinki, or Paris, Texas"),
            max_chars=200,
            help=_("Looked up in the app's own list of cities; no server is queried."),
        )
        asked = st.form_submit_button(_("Find"), key="fetch-find-go", icon=":material/search:")
    if asked:
        _find(name.strip())
    found: tuple[Candidate, ...] = st.session_state.get(_FOUND, ())
    if len(found) > 1:
        _choice(found)
    if found:
        _about(_chosen(found))
    sought: _Sought | None = st.session_state.get(_SOUGHT)
    if sought is not None and sought.name and (sought.centre is not None or not found):
        _offer_servers(sought)


def _find(name: str) -> None:
    """Look a name up and take the first that has it; nothing found says what to try."""
    st.session_state.pop(_FOUND, None)
    st.session_state[_SOUGHT] = _Sought(name)
    try:
        found = find_place(state.store().settings, name)
    except AetherError as error:
        fetch_area.drop(error)
    else:
        _offer(found)


def _offer(found: Sequence[Candidate]) -> None:
    st.session_state[_FOUND] = tuple(found[:_MOST_LISTED])
    st.session_state[_ALL] = len(found)
    st.session_state[_NUMBER] = st.session_state[_CHOSEN] = 0
    _take()


def _chosen(found: Sequence[Candidate]) -> Candidate:
    number: int = st.session_state[_NUMBER]
    return found[number]


def _choice(found: tuple[Candidate, ...]) -> None:
    """Several places of one name: choose."""
    st.session_state.setdefault(_CHOSEN, st.session_state[_NUMBER])
    together: int = st.session_state[_ALL]
    listed = _("; the {found} largest", found=len(found)) if together > len(found) else ""
    with st.container(height=_LIST_HEIGHT if len(found) > _LISTED_WHOLE else "content"):
        st.radio(
            _("{together} places have this name{listed}", together=together, listed=listed),
            range(len(found)),
            key=_CHOSEN,
            format_func=lambda number: plain(_line(found[number])),
            on_change=_choose,
        )


def _line(candidate: Candidate) -> str:
    where = ", ".join(part for part in (candidate.region, candidate.country) if part)
    people = (
        _(" · {population:,} people", population=candidate.population)
        if candidate.population
        else ""
    )
    kind = f" · {candidate.kind}" if candidate.boundary is not None else ""
    return f"{candidate.name} · {where}{people}{kind}"


def _choose() -> None:
    st.session_state[_NUMBER] = st.session_state[_CHOSEN]
    _take()


def _take() -> None:
    """Make the chosen place the area, propose its name, and note whose outline may be asked for."""
    candidate = _chosen(st.session_state[_FOUND])
    st.session_state[_KM] = st.session_state[_SIDE] = default_side_km(candidate.population)
    fetch_names.propose(candidate.name)
    if candidate.boundary is None:
        sought: _Sought = st.session_state[_SOUGHT]
        number = st.session_state[_NUMBER] + 1
        st.session_state[_SOUGHT] = _Sought(sought.name, number, candidate)
    _take_area(candidate, None)


def _take_side() -> None:
    """The square was made larger or smaller."""
    st.session_state[_KM] = st.session_state[_SIDE]
    _take_area(_chosen(st.session_state[_FOUND]), float(st.session_state[_KM]))


def _take_area(candidate: Candidate, side_km: float | None) -> None:
    try:
        boundary = candidate.area(side_km)
    except AetherError as error:
        fetch_area.drop(error)
        return
    if candidate.boundary is not None and side_km is None:
        origin = _("Outline of {name} from {source}.", name=candidate.name, source=candidate.source)
    else:
        origin = _("A square around the centre of {name}.", name=candidate.name)
    fetch_area.take(boundary, origin, candidate.attribution)


def _about(candidate: Candidate) -> None:
    """What was found, and how large a square is taken where only the centre is known."""
    if candidate.boundary is not None:
        where = _(" in {country}", country=candidate.country) if candidate.country else ""
        st.caption(
            plain(
                _(
                    "{name}, {kind}{where}: outline from {source}.",
                    name=candidate.name,
                    kind=candidate.kind,
                    where=where,
                    source=candidate.source,
                )
            )
        )
        return
    st.session_state.setdefault(_SIDE, st.session_state[_KM])
    st.number_input(
        _("Side of the square in km"),
        1,
        200,
        key=_SIDE,
        on_change=_take_side,
        help=_(
            "The list has centres but no outlines. The square is sized by population; "
            "change it here, or move its corners on the map."
        ),
    )


def _offer_servers(sought: _Sought) -> None:
    """Offer to ask a server for the outline."""
    settings = read_settings()
    hosts = {GEOCODER: settings.geocoder_url, OVERTURE: settings.overture_url}
    offered = _SERVERS if sought.centre is not None else {GEOCODER: _SERVERS[GEOCODER]}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            _("Outline from") if sought.centre is not None else _("Look it up with"),
            width="content",
        )
        pressed = [
            finder
            for finder, title in offered.items()
            if st.button(
                _(title),
                key=f"fetch-ask-{finder}",
                icon=":material/travel_explore:",
                help=_("Queries {host} for the boundary.", host=urlsplit(hosts[finder]).netloc),
            )
        ]
    if pressed:
        _ask_server(sought, pressed[0])


def _ask_server(sought: _Sought, finder: str) -> None:
    """Ask a server for outlines of the place; what was found before stays when it fails."""
    with errors.boxed(state.reachable):
        with st.spinner(_("Querying {servers}", servers=_(_SERVERS[finder]))):
            found = find_place(
                state.store().settings,
                sought.words if finder == GEOCODER else sought.name,
                country=sought.country if finder == GEOCODER else None,
                finder=finder,
                near=sought.number,
            )
        st.session_state[_OFFERED] = found
        st.rerun()


def forget() -> None:
    """Begin anew, for the next city."""
    for key in (_FOUND, _SOUGHT, _READ):
        st.session_state.pop(key, None)
    fetch_area.drop()


def settle() -> None:
    """Take over what a server found, before any widget is drawn."""
    found = st.session_state.pop(_OFFERED, None)
    if found:
        _offer(found)


def _by_hand() -> None:
    fetch_area.show_edges()
    st.caption(_("Draw on the map, or type the edges in degrees."))
    columns = st.columns(4, gap="small")
    for column, edge in zip(columns, fetch_area.EDGES, strict=True):
        with column:
            st.number_input(
                edge.capitalize(),
                key=f"fetch-{edge}",
                format="%.5f",
                step=0.01,
                on_change=fetch_area.typed,
            )


def _by_file() -> None:
    given = uploads.choose(
        _("Boundary"),
        key="fetch-boundary",
        endings=_VECTORS,
        about=_(
            "The city's outline: GeoJSON, GeoPackage, zipped Shapefile or FileGDB, GeoParquet, "
            "KML, GML."
        ),
    )
    crs = st.text_input(
        _("Coordinate system, if the file does not state one"),
        key="fetch-crs",
        placeholder=_("e.g. EPSG:27700; leave empty for longitude and latitude"),
    )
    if given:
        _read(given[0], crs.strip() or None)


def _read(path: Path, crs: str | None) -> None:
    """Read a boundary once; a file written anew, or another system, is read anew."""
    stamp = path.stat().st_mtime if path.exists() else 0.0
    seen = (str(path), stamp, crs)
    if st.session_state.get(_READ) == seen:
        return
    st.session_state[_READ] = seen
    try:
        boundary = read_city_boundary(
            path, ReadOptions(crs=crs), limit_km2=read_settings().fetch_limit_km2
        )
    except AetherError as error:
        fetch_area.drop(error)
        return
    fetch_names.propose(path.name.partition(".")[0].replace("_", " ").title())
    fetch_area.take(boundary, _("From {name}.", name=path.name))
