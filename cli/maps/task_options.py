"""What the commands of tasks ask for: each option once, and what the options become together."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from aether_core.errors import InputError
from aether_core.tasks.labels.crosswalks import CROSSWALKS
from aether_core.tasks.predictors.predictor import PREDICTORS
from aether_core.tasks.samples.representations import RECOMMENDED, REPRESENTATIONS
from aether_core.tasks.testing.chosen import BEST
from aether_core.tasks.testing.protocols import PROTOCOLS
from aether_core.tasks.testing.splits import OFFERED
from aether_core.tasks.values.transform import AUTO, TRANSFORMS
from cli.following import Wait
from cli.options import FileOptions, Force, ModelName

if TYPE_CHECKING:  # scikit-learn and torch come with the fits
    from aether_core.tasks.areas.given import Given as NumbersGiven
    from aether_core.tasks.predictors.predictor import Kind
    from aether_core.tasks.samples.small_classes import SmallRule
    from workflows.tasks.areas import AreaRequest
    from workflows.tasks.districts import DistrictFile
    from workflows.tasks.labels import LabelRequest
    from workflows.tasks.numbers import ValueRequest
    from workflows.tasks.settings import FitSettings


def _one_of(names: Iterable[str]) -> str:
    """Names as a choice: a, b or c."""
    *first, last = names
    return f"{', '.join(first)} or {last}"


LabelsFile = Annotated[
    Path | None,
    typer.Option(help="Labelled points or polygons; osm for the city's own land use."),
]
Field = Annotated[
    str | None, typer.Option(help="The field with the class or the number; a raster's band.")
]
Crosswalk = Annotated[
    str | None,
    typer.Option(help=f"Built-in mapping: {', '.join(CROSSWALKS)}."),
]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", help="value=class, may be repeated; value= drops the value."),
]
Small = Annotated[
    str,
    typer.Option(
        "--small-classes",
        help="Classes with fewer than 10 labels: keep, drop, merge, or testable, which keeps those "
        "with 10 map cells or points.",
    ),
]
MergeInto = Annotated[
    str, typer.Option("--merge-into", help="The class they are merged into, a new or another one.")
]
PredictEverywhere = Annotated[
    bool,
    typer.Option(
        "--predict-everywhere", help="Show predictions where the labels say what is there, too."
    ),
]
AreasFile = Annotated[Path | None, typer.Option(help="Areas with shares or counts.")]
Fields = Annotated[
    str | None,
    typer.Option(
        help="Their share or count fields, separated by commas, one with a comma in double quotes; "
        "they must add up to a whole."
    ),
]
CodeField = Annotated[
    str | None, typer.Option(help="Area ID field, by which shapes of another file are found too.")
]
Geometry = Annotated[
    Path | None, typer.Option(help="File with the shapes of the codes, where the first has none.")
]
Given = Annotated[str | None, typer.Option(help="What the numbers are: shares, percent or counts.")]
MinimumCount = Annotated[
    float, typer.Option(help="Leave out areas with fewer people (counts only).")
]
MinimumM2 = Annotated[
    float, typer.Option("--minimum-m2", help="Leave out areas smaller than this, in square metres.")
]
ValuesFile = Annotated[Path | None, typer.Option(help="Points, areas or a GeoTIFF with a number.")]
TransformName = Annotated[
    str,
    typer.Option(
        "--transform",
        help=f"Scale it is fitted on: {_one_of((AUTO, *TRANSFORMS))}. auto takes the logarithm of "
        "numbers that are strongly skewed and not negative.",
    ),
]
PerKm2 = Annotated[
    bool,
    typer.Option(
        "--per-km2",
        help="The number counts something in each area, such as people: map it a square "
        "kilometre. Without it an area's number holds for all of the area, as an average does.",
    ),
]
Pixels = Annotated[bool, typer.Option("--pixels", help="Average raster pixels instead of cells.")]
Representation = Annotated[
    str, typer.Option(help=f"Features used: {_one_of((*REPRESENTATIONS, BEST))}.")
]
Predictor = Annotated[str, typer.Option(help=f"{_one_of(PREDICTORS)}.")]
Protocol = Annotated[str, typer.Option(help=f"{_one_of(PROTOCOLS)}.")]
Splits = Annotated[str, typer.Option(help=f"{', '.join(OFFERED)}, or both with a comma.")]
Folds = Annotated[int, typer.Option(help="Number of cross-validation folds.")]
Seeds = Annotated[int, typer.Option(help="Number of times the folds are redrawn.")]
Seed = Annotated[int, typer.Option(help="The first seed.")]
BlockM = Annotated[
    float | None,
    typer.Option(help="Side of a spatial block; default: the range of the labels' variogram."),
]
Level = Annotated[float, typer.Option(help="Target coverage of prediction sets and intervals.")]
Districts = Annotated[Path | None, typer.Option(help="Districts to break errors down by.")]
DistrictField = Annotated[str | None, typer.Option(help="District name field.")]
Title = Annotated[str | None, typer.Option(help="Title of the layer.")]
Target = Annotated[
    Path | None, typer.Option("-o", "--output", help="Also write the cell layer to this file.")
]


@dataclass(frozen=True)
class LabelOptions(FileOptions):
    """Labels, and how their classes are read."""

    labels: LabelsFile = None
    field: Field = None
    crosswalk: Crosswalk = None
    mapping: Map = None
    small: Small = "testable"
    merge_into: MergeInto = "other"
    geometry: Geometry = None
    code_field: CodeField = None

    def request(self) -> "LabelRequest":
        """Which labels are meant.

        Raises:
            InputError: None are given, or a mapping does not read so.
        """
        from workflows.cities.osm_labels import OSM_LABELS
        from workflows.tasks.labels import LabelRequest

        if self.labels is None:
            raise InputError(
                "no labels given",
                "(none)",
                "give --labels FILE, or --labels osm",
                code="no-labels-given",
            )
        pairs = {}
        for pair in self.mapping or []:
            value, equals, name = pair.partition("=")
            if not equals or not value:
                raise InputError(
                    "a mapping must be given as value=class",
                    pair,
                    "for example 6=built",
                    code="mapping-not-value-class",
                )
            pairs[value] = name
        file = None if str(self.labels) == OSM_LABELS else self.labels
        small = cast("SmallRule", self.small)  # checked by LabelRequest
        return LabelRequest(
            file,
            self.field,
            self.reading(),
            self.crosswalk,
            pairs,
            small,
            geometry=self.geometry,
            code_field=self.code_field,
            merge_into=self.merge_into,
        )


@dataclass(frozen=True)
class AreaOptions(FileOptions):
    """Areas with shares or counts, and which of them are used."""

    areas: AreasFile = None
    fields: Fields = None
    geometry: Geometry = None
    code_field: CodeField = None
    given: Given = None
    minimum_count: MinimumCount = 100.0
    minimum_m2: MinimumM2 = 2500.0
    pixels: Pixels = False

    def request(self) -> "AreaRequest":
        """Which areas are meant.

        Raises:
            InputError: No file is given, or no fields.
        """
        from workflows.tasks.areas import AreaRequest

        if self.areas is None or not self.fields:
            raise InputError(
                "the areas file or its fields are missing",
                f"areas {self.areas}, fields {self.fields}",
                "give --areas FILE --fields a,b,c",
                code="areas-or-fields-missing",
            )
        return AreaRequest(
            self.areas,
            names_in(self.fields),
            self.reading(),
            self.code_field,
            self.minimum_count,
            self.minimum_m2,
            self.geometry,
            cast("NumbersGiven | None", self.given),  # checked by AreaRequest
        )


@dataclass(frozen=True)
class ValueOptions(FileOptions):
    """Places with a number, and what the number is."""

    values: ValuesFile = None
    field: Field = None
    geometry: Geometry = None
    code_field: CodeField = None
    transform: TransformName = AUTO
    per_km2: PerKm2 = False

    def request(self) -> "ValueRequest":
        """Which numbers are meant.

        Raises:
            InputError: No file is given, or no field.
        """
        from workflows.tasks.numbers import ValueRequest

        if self.values is None or not self.field:
            raise InputError(
                "the file of numbers or its field is missing",
                f"values {self.values}, field {self.field}",
                "give --values FILE --field NAME",
                code="values-or-field-missing",
            )
        return ValueRequest(
            self.values,
            self.field,
            self.transform,
            self.per_km2,
            self.reading(),
            self.code_field,
            self.geometry,
        )


@dataclass(frozen=True)
class FitOptions:
    """How a predictor is fitted and tested."""

    model: ModelName = None
    predictor: Predictor = "linear"
    protocol: Protocol = "cross-validation"
    splits: Splits = "random,spatial"
    folds: Folds = 5
    seeds: Seeds = 5
    seed: Seed = 42
    block_m: BlockM = None

    def settings(self, representation: str, level: float) -> "FitSettings":
        """The same as `FitSettings`, which checks it."""
        from workflows.tasks.settings import FitSettings

        return FitSettings(
            representation=representation,
            model=self.model,
            predictor=cast("Kind", self.predictor),  # checked by FitSettings
            protocol=self.protocol,
            splits=names_in(self.splits),
            folds=self.folds,
            seeds=self.seeds,
            seed=self.seed,
            block_m=self.block_m,
            level=level,
        )


@dataclass(frozen=True)
class DistrictOptions:
    """Districts that errors are broken down by."""

    districts: Districts = None
    district_field: DistrictField = None

    def request(self) -> "DistrictFile | None":
        """Which districts are meant.

        Raises:
            InputError: A field is given and no file.
        """
        from workflows.tasks.districts import DistrictFile

        if self.districts is not None:
            return DistrictFile(self.districts, self.district_field)
        if self.district_field is not None:
            raise InputError(
                "a district field was given without a district file",
                self.district_field,
                "give --districts FILE",
                code="district-field-without-file",
            )
        return None


@dataclass(frozen=True)
class MapOptions:
    """What becomes of the map: how sure it must be, what it is called, where it is written."""

    representation: Representation = RECOMMENDED
    level: Level = 0.9
    title: Title = None
    target: Target = None
    force: Force = False
    wait: Wait = True

    def check_target(self) -> None:
        """Refuse an output file before anything is computed for it.

        Raises:
            InputError: Its ending is unknown, its folder does not exist, or nobody waits for it.
            ConflictError: It exists and may not be replaced.
        """
        if self.target is None:
            return
        if not self.wait:
            raise InputError(
                "nothing can be written until the map is done",
                self.target,
                "leave out --no-wait, or write it later with "
                "./aether layer export SLUG LAYER -o FILE",
                code="output-before-result",
            )
        from workflows.layers.export import check_target

        check_target(self.target, force=self.force)


def names_in(text: str) -> tuple[str, ...]:
    """Names separated by commas, as in CSV: one with a comma in it stands in double quotes."""
    names = next(csv.reader([text], skipinitialspace=True), [])
    return tuple(name.strip() for name in names if name.strip())
