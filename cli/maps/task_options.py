"""What the task commands ask for, and what their answers become."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from aether_core.errors import InputError

if TYPE_CHECKING:  # scikit-learn and torch come with the fits
    from aether_core.tasks.predictors.predictor import Kind
    from aether_core.tasks.testing.published import Protocol as FitProtocol
    from workflows.tasks.areas import AreaRequest
    from workflows.tasks.districts import DistrictFile
    from workflows.tasks.labels import LabelRequest
    from workflows.tasks.settings import FitSettings

LabelsFile = Annotated[
    Path | None,
    typer.Option(help="Labelled points or polygons; osm for the city's own land use."),
]
Field = Annotated[str | None, typer.Option(help="Class field.")]
Crosswalk = Annotated[
    str | None,
    typer.Option(help="Built-in mapping: osm, uk, singapore, urban-atlas, dynamic-world."),
]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", help="value=class, may be repeated; value= drops the value."),
]
Small = Annotated[
    str, typer.Option("--small-classes", help="drop or merge classes with fewer than 10 labels.")
]
AreasFile = Annotated[Path | None, typer.Option(help="Areas with shares or counts.")]
Fields = Annotated[
    str | None,
    typer.Option(
        help="Their share or count fields, separated by commas; they must add up to a whole."
    ),
]
CodeField = Annotated[str | None, typer.Option(help="Area ID field.")]
MinimumCount = Annotated[
    float, typer.Option(help="Leave out areas with fewer people (counts only).")
]
MinimumM2 = Annotated[
    float, typer.Option("--minimum-m2", help="Leave out areas smaller than this, in square metres.")
]
Pixels = Annotated[bool, typer.Option("--pixels", help="Average raster pixels instead of cells.")]
Crs = Annotated[str | None, typer.Option(help="CRS of a file that does not state one.")]
Representation = Annotated[
    str, typer.Option(help="Features used: alphaearth, aether, poi or concat.")
]
Predictor = Annotated[str, typer.Option(help="linear or mlp.")]
Protocol = Annotated[str, typer.Option(help="cross-validation or published.")]
Splits = Annotated[str, typer.Option(help="random, spatial, or both with a comma.")]
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


def label_request(
    file: Path | None,
    field: str | None,
    crs: str | None,
    crosswalk: str | None,
    mapping: list[str] | None,
    small: str,
) -> "LabelRequest":
    """Which labels a command means."""
    from workflows.cities.osm_labels import OSM_LABELS
    from workflows.tasks.labels import LabelRequest

    if file is None:
        raise InputError(
            "no labels given",
            "(none)",
            "give --labels FILE, or --labels osm",
            code="no-labels-given",
        )
    pairs = {}
    for pair in mapping or []:
        value, equals, name = pair.partition("=")
        if not equals or not value:
            raise InputError(
                "a mapping must be given as value=class",
                pair,
                "for example 6=built",
                code="mapping-not-value-class",
            )
        pairs[value] = name
    own = str(file) == OSM_LABELS
    return LabelRequest(
        None if own else file, field, crs, crosswalk, pairs, cast("Literal['drop', 'merge']", small)
    )


def district_file(file: Path | None, field: str | None) -> "DistrictFile | None":
    """Which districts a command means."""
    from workflows.tasks.districts import DistrictFile

    if file is None:
        if field is not None:
            raise InputError(
                "a district field was given without a district file",
                field,
                "give --districts FILE",
                code="district-field-without-file",
            )
        return None
    return DistrictFile(file, field)


def area_request(
    file: Path | None,
    fields: str | None,
    crs: str | None,
    code_field: str | None,
    minimum_count: float,
    minimum_m2: float,
) -> "AreaRequest":
    """Which areas a command means."""
    from workflows.tasks.areas import AreaRequest

    if file is None or not fields:
        raise InputError(
            "the areas file or its fields are missing",
            f"areas {file}, fields {fields}",
            "give --areas FILE --fields a,b,c",
            code="areas-or-fields-missing",
        )
    return AreaRequest(file, names_in(fields), crs, code_field, minimum_count, minimum_m2)


def fit_settings(
    representation: str,
    model: str | None,
    predictor: str,
    protocol: str,
    splits: str,
    folds: int,
    seeds: int,
    seed: int,
    block_m: float | None,
    level: float,
) -> "FitSettings":
    """How a command wants its probes fitted; checked by `FitSettings`."""
    from workflows.tasks.settings import FitSettings

    return FitSettings(
        representation=representation,
        model=model,
        predictor=cast("Kind", predictor),  # checked by FitSettings
        protocol=cast("FitProtocol", protocol),
        splits=names_in(splits),
        folds=folds,
        seeds=seeds,
        seed=seed,
        block_m=block_m,
        level=level,
    )


def names_in(text: str) -> tuple[str, ...]:
    """Names separated by commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())
