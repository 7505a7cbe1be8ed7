"""A city to be taken away: one GeoPackage of its layers with their styles, alone or with a project.

The GeoPackage opens in any GIS, in the screen's colours where the program reads styles. For QGIS it
comes in one archive with a project that finds it beside itself, so that the two work wherever they
are unpacked. The project is not stored inside the GeoPackage: it would name the file it lies in, so
a file renamed (`city (1).gpkg`, as browsers do) would open empty, and QGIS does not offer such a
project to whoever opens the file.
"""

import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry import shape as geometry_of

from aether_core.charts.palette import CITY_EDGE, GROUND_COLOURS
from aether_core.errors import InputError
from aether_core.export.geopackage import names_apart
from aether_core.export.package import PackageTable
from aether_core.export.package import write_package as write_geopackage
from aether_core.export.qgz import PackageLayer, write_package_project
from aether_core.export.qml import qml_plain
from aether_core.export.sld import sld_plain
from aether_core.files.whole import atomic_path, check_target
from aether_core.progress import Progress, silent
from workflows.cities.cities import CitySummary, base_map, count_base_map, show_city
from workflows.home.store import Store
from workflows.jobs.work import Work
from workflows.layers.export import layer_metadata
from workflows.layers.file_kinds import DIRECT, FileKind
from workflows.layers.layers import LayerSummary, layer_shapes
from workflows.layers.qgis import about_layer, chosen_layers, write_project
from workflows.layers.styles import style_of

PACKAGE_SUFFIXES: Final = (".gpkg", ".zip", ".qgz")
"""A GeoPackage; the same with a QGIS project; a project of the database itself, without data."""
_ON_TOP, _BELOW = "City", "Ground"
_OPACITY: Final = 0.86
"""Of the layers: streets lie above them, and the ground shows through as it does in reports."""
_STREET_MM, _EDGE_MM = 0.35, 0.5
_DIRECT_PART: Final = 1 / 3
"""Of what a file of one layer may hold and be written at once: styles, several layers in one file
and the archive take twice as long again."""
_TAKEN: Final = frozenset({"layer_styles"})


@dataclass(frozen=True)
class _Ground:
    """One kind of the city's base map as a table."""

    kind: str
    table: str
    title: str
    lines: bool = False


_GROUND: Final = (
    _Ground("road", "ground_streets", "Streets", lines=True),
    _Ground("building", "ground_buildings", "Buildings"),
    _Ground("green", "ground_parks", "Parks and green"),
    _Ground("water", "ground_water", "Water"),
)


@dataclass(frozen=True)
class Package:
    """What was written.

    Attributes:
        layers: Short names of the city's layers in it.
        tables: Names of the GeoPackage's tables, those of the ground too; none of a project of the
            database.
    """

    layers: list[str]
    tables: list[str]


def check_package_name(name: str) -> None:
    """Refuse a file name that ends as nothing that can be written here.

    Raises:
        InputError: It ends in none of `PACKAGE_SUFFIXES`.
    """
    if Path(name).suffix.lower() not in PACKAGE_SUFFIXES:
        raise InputError(
            "a city is taken into QGIS as a GeoPackage, as an archive with a project, or as a "
            "project of the database",
            name,
            "end its name in .gpkg, .zip or .qgz",
            code="output-wrong-ending",
        )


def package_takes_long(store: Store, slug: str, layers: Sequence[str] | None, suffix: str) -> bool:
    """Whether writing it is a job's work: more than two seconds.

    Raises:
        NotFoundError: No such city or layer.
    """
    if suffix == ".qgz":
        return False
    chosen = chosen_layers(store, slug, layers)
    found = {"cell": count_base_map(store, slug), "area": 0}
    for one in chosen:
        found[one.unit] += one.features
    return any(number > _DIRECT_PART * DIRECT[unit] for unit, number in found.items())


def write_package(
    store: Store,
    slug: str,
    path: Path,
    layers: Sequence[str] | None = None,
    *,
    force: bool = False,
    progress: Progress = silent,
) -> Package:
    """Write a city's layers with their styles, as the file's ending says.

    Args:
        path: Ends in one of `PACKAGE_SUFFIXES`.
        layers: Short names of the layers; all when None.
        force: Replace an existing file.
        progress: Told as layers are written.

    Raises:
        NotFoundError: No such city or layer.
        InputError: The ending is another one, the folder does not exist, or there is no layer.
        ConflictError: The file exists and `force` is not set.
        AetherError: The disk is full.
    """
    check_package_name(path.name)
    check_target(path, force=force)
    suffix = path.suffix.lower()
    if suffix == ".qgz":
        return Package(write_project(store, slug, path, layers, force=force), [])
    city, chosen = show_city(store, slug), chosen_layers(store, slug, layers)
    if not chosen:
        raise InputError(
            f"{city.name} has no saved layer to take away",
            slug,
            "save an answer or make a map first",
            code="package-without-layer",
        )
    whole = _Package(store, city, chosen, progress)
    if suffix == ".zip":
        whole.write_archive(path, force=force)
    else:
        whole.write(path, force=force)
    return Package([one.layer for one in chosen], [one.table for one in whole.on_map])


class _Package:
    """A package on its way: the tables as they are written, and how a project shows each."""

    def __init__(
        self, store: Store, city: CitySummary, layers: Sequence[LayerSummary], progress: Progress
    ) -> None:
        self._store, self._city, self._layers = store, city, layers
        self._progress = progress
        self._taken = set(_TAKEN)
        self._titles: set[str] = set()
        self.on_map: list[PackageLayer] = []

    def write(self, path: Path, *, force: bool) -> None:
        """Write the GeoPackage."""
        about: dict[str, object] = {
            "title": self._city.name,
            "city": self._city.slug,
            "simulated": self._city.simulated,
            "attribution": " ".join(self._credits()),
        }
        write_geopackage(path, self._tables(), about, force=force)

    def write_archive(self, path: Path, *, force: bool) -> None:
        """Write the GeoPackage, a project that opens it, and how to, into one archive."""
        name = self._city.slug
        with (
            atomic_path(path, force=force) as written,
            tempfile.TemporaryDirectory(dir=written.parent) as folder,
        ):
            package, project = (Path(folder) / f"{name}{end}" for end in (".gpkg", ".qgz"))
            self.write(package, force=True)
            write_package_project(
                project,
                self.on_map,
                package=package.name,
                title=self._city.name,
                extent=self._city.bbox,
            )
            with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
                for one in (project, package):
                    archive.write(one, f"{name}-qgis/{one.name}")
                archive.writestr(f"{name}-qgis/READ ME.txt", self._read_me())

    def _tables(self) -> Iterator[PackageTable]:
        """The layers, then what lies above and below them."""
        total = len(self._layers) + 1
        frame = base_map(self._store, self._city.slug)
        below: list[PackageLayer] = []
        for at, layer in enumerate(self._layers):
            self._progress("writing layers", at, total)
            yield self._layer(layer, shown=not at, on_ground=bool(len(frame)))
        self._progress("writing layers", len(self._layers), total)
        above: list[PackageLayer] = []
        for ground in _GROUND:
            of_kind = _ground_frame(frame, ground)
            if len(of_kind):
                table, on_map = self._ground(ground, of_kind)
                (above if ground.lines else below).append(on_map)
                yield table
        table, edge = self._boundary()
        yield table
        self.on_map = [edge, *above, *self.on_map, *below]
        self._progress("writing layers", total, total)

    def _layer(self, layer: LayerSummary, *, shown: bool, on_ground: bool) -> PackageTable:
        frame = layer_shapes(self._store, self._city.slug, layer.layer)
        style = style_of(layer, frame, called=names_apart(frame), on_ground=on_ground)
        name, title = self._free_table(layer.layer), self._free_title(layer.title)
        about, qml = about_layer(layer), style.qml(opacity=_OPACITY)
        self.on_map.append(
            PackageLayer(
                name,
                title,
                _geometry_type(frame),
                qml,
                about,
                " ".join(layer.attribution),
                shown=shown,
            )
        )
        metadata = layer_metadata(self._city.slug, layer)
        return PackageTable(name, title, about, frame, metadata, qml, style.sld(name))

    def _ground(
        self, ground: _Ground, frame: gpd.GeoDataFrame
    ) -> tuple[PackageTable, PackageLayer]:
        colour = GROUND_COLOURS[ground.kind]
        qml = qml_plain(colour, lines=ground.lines, width=_STREET_MM if ground.lines else 0.1)
        name, title = self._free_table(ground.table), self._free_title(ground.title)
        credit = " ".join(self._city.attribution)
        about = f"{ground.title} of {self._city.name}, to find one's way."
        group = _ON_TOP if ground.lines else _BELOW
        on_map = PackageLayer(name, title, _geometry_type(frame), qml, about, credit, group=group)
        metadata = {"title": title, "city": self._city.slug, "attribution": credit}
        sld = sld_plain(name, colour, lines=ground.lines)
        return PackageTable(name, title, about, frame, metadata, qml, sld), on_map

    def _boundary(self) -> tuple[PackageTable, PackageLayer]:
        city = self._city
        frame = gpd.GeoDataFrame(
            {"name": [city.name]},
            geometry=np.array([shapely.multipolygons(_parts(geometry_of(city.boundary)))]),
            crs="EPSG:4326",
        )
        name, title = self._free_table("city_boundary"), self._free_title("Boundary")
        about = f"Boundary of {city.name}, as the city was added."
        qml = qml_plain(CITY_EDGE, hollow=True, width=_EDGE_MM)
        metadata: dict[str, object] = {"title": title, "city": city.slug}
        table = PackageTable(
            name, title, about, frame, metadata, qml, sld_plain(name, CITY_EDGE, hollow=True)
        )
        return table, PackageLayer(name, title, "MultiPolygon", qml, about, group=_ON_TOP)

    def _free_table(self, wanted: str) -> str:
        base = wanted.replace("-", "_")
        return _free(base, self._taken, lambda number: f"{base}_{number}")

    def _free_title(self, wanted: str) -> str:
        return _free(wanted, self._titles, lambda number: f"{wanted} ({number})")

    def _credits(self) -> list[str]:
        every = [*self._city.attribution, *(t for one in self._layers for t in one.attribution)]
        return list(dict.fromkeys(every))

    def _read_me(self) -> str:
        """How to open it, what is in it, and whom it is owed to."""
        name = self._city.slug
        parts = [
            self._city.name,
            (
                f"Unpack this archive first, then open {name}.qgz in QGIS 3.22 or later. Keep it "
                f"in one folder with {name}.gpkg, which holds the layers and their colours. Other "
                f"programs open {name}.gpkg by itself."
            ),
            "\n".join(f"- {one.title}" for one in self._layers),
            "The satellite data behind these layers are made up (demo)."
            if self._city.simulated
            else "",
            "\n".join(self._credits()),
        ]
        return "\n\n".join(filter(None, parts)) + "\n"


def _free(wanted: str, taken: set[str], numbered: Callable[[int], str]) -> str:
    name, number = wanted, 2
    while name.lower() in taken:
        name, number = numbered(number), number + 1
    taken.add(name.lower())
    return name


def _ground_frame(frame: gpd.GeoDataFrame, ground: _Ground) -> gpd.GeoDataFrame:
    """One kind of the base map: name and geometry, all of one type."""
    of_kind = frame.loc[frame["kind"] == ground.kind, ["name", "geometry"]]
    parts = of_kind.explode(ignore_index=True) if len(of_kind) else of_kind
    wanted = "LineString" if ground.lines else "Polygon"
    fitting: gpd.GeoDataFrame = parts.loc[parts.geometry.geom_type == wanted]
    return fitting.reset_index(drop=True)


def _geometry_type(frame: gpd.GeoDataFrame) -> str:
    found = set(frame.geometry.geom_type)
    return found.pop() if len(found) == 1 else "MultiPolygon"


def _parts(geometry: shapely.Geometry) -> list[shapely.Geometry]:
    return list(shapely.get_parts(geometry))


@dataclass(frozen=True)
class CityPackage:
    """Which layers of a city, and as what.

    Attributes:
        suffix: `.gpkg` or `.zip`.
        layers: Their short names; all when empty.
    """

    suffix: str
    layers: tuple[str, ...] = ()


class CityPackageKind(FileKind[CityPackage]):
    """A city's layers with their styles, in one file."""

    name = "city-package"
    noun = "package of a city"
    request = CityPackage
    stages = (("writing", 1.0),)

    def title(self, request: CityPackage) -> str:
        """Says what comes of it."""
        if request.suffix == ".zip":
            return "QGIS project with its data"
        return "GeoPackage with styles"

    def check(self, store: Store, subject: str, request: CityPackage) -> None:
        """Refuse what there is no such file of, and layers that are not there."""
        check_package_name(f"city{request.suffix}")
        chosen_layers(store, subject, request.layers or None)

    def write(self, work: Work, request: CityPackage, path: Path) -> None:
        """Write it layer by layer."""
        write_package(
            work.store,
            work.job.subject,
            path,
            request.layers or None,
            force=True,
            progress=work.progress,
        )


CITY_PACKAGE = CityPackageKind()
