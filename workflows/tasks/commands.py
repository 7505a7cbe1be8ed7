"""The command that asks for the same again: what a report gives to those who want to check it."""

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path

from aether_core.tasks.samples.small_classes import OTHER, TESTABLE
from aether_core.tasks.testing.chosen import BEST
from aether_core.vector import ReadOptions
from workflows.cities.osm_labels import OSM_LABELS
from workflows.tasks.areas import AreaRequest
from workflows.tasks.districts import DistrictFile
from workflows.tasks.labels import LabelRequest
from workflows.tasks.settings import FitSettings

_DEFAULT = FitSettings()


def map_command(
    task: str,
    slug: str,
    samples: Iterable[str],
    fit: FitSettings,
    districts: DistrictFile | None,
) -> str:
    """The command that makes a map again; files by their names.

    Args:
        task: The kind of task, as its command is called.
        slug: The city.
        samples: The words for its samples, such as `label_words`.
        fit: How it is fitted and tested.
        districts: Districts errors are broken down by.
    """
    words = ["./aether", task, slug, *samples, *_fit(fit), *_districts(districts)]
    return shlex.join(words)


def label_words(labels: LabelRequest) -> Iterator[str]:
    """The options that ask for these labels."""
    yield from ("--labels", labels.file.name if labels.file else OSM_LABELS)
    if labels.field:
        yield from ("--field", labels.field)
    yield from reading_words(labels.options)
    yield from keyed_words(labels.geometry, labels.code_field)
    if labels.crosswalk:
        yield from ("--crosswalk", labels.crosswalk)
    for value, name in labels.mapping.items():
        yield from ("--map", f"{value}={name}")
    if labels.small != TESTABLE:
        yield from ("--small-classes", labels.small)
    if labels.merge_into != OTHER:
        yield from ("--merge-into", labels.merge_into)


def area_words(areas: AreaRequest, *, pixels: bool = False) -> Iterator[str]:
    """The options that ask for these areas."""
    yield from ("--areas", areas.file.name, "--fields", ",".join(areas.fields))
    yield from reading_words(areas.options)
    yield from keyed_words(areas.geometry, areas.code_field)
    if areas.given:
        yield from ("--given", areas.given)
    if areas.minimum_count != AreaRequest.minimum_count:
        yield from ("--minimum-count", f"{areas.minimum_count:g}")
    if areas.minimum_m2 != AreaRequest.minimum_m2:
        yield from ("--minimum-m2", f"{areas.minimum_m2:g}")
    if pixels:
        yield "--pixels"


def reading_words(options: ReadOptions) -> Iterator[str]:
    """The options that say how a file is read."""
    for field in fields(options):
        value = getattr(options, field.name)
        if value is not None:
            yield from (f"--{field.name}", value)


def keyed_words(geometry: Path | None, code_field: str | None) -> Iterator[str]:
    """The options that name the shapes of codes."""
    if geometry is not None:
        yield from ("--geometry", geometry.name)
    if code_field is not None:
        yield from ("--code-field", code_field)


def _fit(fit: FitSettings) -> Iterator[str]:
    yield from ("--representation", BEST if fit.chosen_from else fit.representation)
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
