"""The command that asks for the same again: what a report gives to those who want to check it."""

import shlex
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from aether_core.tasks.samples.small_classes import OTHER, TESTABLE
from aether_core.vector import ReadOptions
from workflows.cities.osm_labels import OSM_LABELS
from workflows.tasks.districts import DistrictFile
from workflows.tasks.labels import LabelRequest
from workflows.tasks.settings import FitSettings

if TYPE_CHECKING:  # both write down the command of their request
    from workflows.tasks.land_use import LandUseRequest
    from workflows.tasks.socioeconomic import SocioeconomicRequest

_DEFAULT = FitSettings()


def land_use_command(slug: str, request: "LandUseRequest") -> str:
    """The `landuse` command of a request; files by their names."""
    words = ["./aether", "landuse", slug, *_labels(request.labels), *_fit(request.fit)]
    words += ["--predict-everywhere"] if request.predict_everywhere else []
    return shlex.join([*words, *_districts(request.districts)])


def socioeconomic_command(slug: str, request: "SocioeconomicRequest") -> str:
    """The `socioeconomic` command of a request; files by their names."""
    areas = request.areas
    words = ["./aether", "socioeconomic", slug, "--areas", areas.file.name]
    words += ["--fields", ",".join(areas.fields)]
    words += _reading(areas.options)
    words += _keyed(areas.geometry, areas.code_field)
    words += ["--given", areas.given] if areas.given else []
    if areas.minimum_count != 100:
        words += ["--minimum-count", f"{areas.minimum_count:g}"]
    if areas.minimum_m2 != 2500:
        words += ["--minimum-m2", f"{areas.minimum_m2:g}"]
    words += ["--pixels"] if request.pixels else []
    words += _fit(request.fit)
    return shlex.join([*words, *_districts(request.districts)])


def _reading(options: ReadOptions) -> Iterator[str]:
    for field in fields(options):
        value = getattr(options, field.name)
        if value is not None:
            yield from (f"--{field.name}", value)


def _keyed(geometry: Path | None, code_field: str | None) -> Iterator[str]:
    if geometry is not None:
        yield from ("--geometry", geometry.name)
    if code_field is not None:
        yield from ("--code-field", code_field)


def _labels(labels: LabelRequest) -> Iterator[str]:
    yield from ("--labels", labels.file.name if labels.file else OSM_LABELS)
    if labels.field:
        yield from ("--field", labels.field)
    yield from _reading(labels.options)
    yield from _keyed(labels.geometry, labels.code_field)
    if labels.crosswalk:
        yield from ("--crosswalk", labels.crosswalk)
    for value, name in labels.mapping.items():
        yield from ("--map", f"{value}={name}")
    if labels.small != TESTABLE:
        yield from ("--small-classes", labels.small)
    if labels.merge_into != OTHER:
        yield from ("--merge-into", labels.merge_into)


def _fit(fit: FitSettings) -> Iterator[str]:
    yield from ("--representation", fit.representation)
    if fit.model:
        yield from ("--model", fit.model)
    for name in ("predictor", "protocol", "folds", "seeds", "seed", "level"):
        value = getattr(fit, name)
        if value != getattr(_DEFAULT, name):
            yield from (f"--{name}", f"{value}")
    if fit.splits != _DEFAULT.splits:
        yield from ("--splits", ",".join(fit.splits))
    if fit.block_m is not None:
        yield from ("--block-m", f"{fit.block_m:g}")


def _districts(districts: DistrictFile | None) -> list[str]:
    if districts is None:
        return []
    named = ["--district-field", districts.field] if districts.field else []
    return ["--districts", districts.file.name, *named]
