"""From the samples of a city to what a fit needs: finite rows, blocks, groups."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from aether_core.errors import InputError
from aether_core.spatial.blocks import spatial_blocks
from aether_core.spatial.earth import metres_a_degree
from aether_core.spatial.variogram import Variogram, label_variogram
from aether_core.tasks.findings import BlockFigures, Folds, ValidationDesign
from aether_core.tasks.kinds.kind import TaskKind
from aether_core.tasks.testing.experiment import ExperimentSetup
from aether_core.tasks.testing.fairness import density_groups
from aether_core.tasks.testing.folds import Blocks, choose_blocks
from workflows.tasks.arrays import TaskCity
from workflows.tasks.districts import NO_DISTRICT, Districts, district_of
from workflows.tasks.settings import FitSettings

DENSITY_RADIUS_M = 300.0
_SHOWN_ON_FOLD_MAP = 3000


@dataclass(frozen=True)
class FitInputs:
    """A setup with what the page shows of its folds.

    Attributes:
        groups: Names `[n]` that errors are broken down by.
        held_out: Variogram, blocks and folds.
    """

    setup: ExperimentSetup
    groups: dict[str, NDArray[np.object_]]
    held_out: ValidationDesign


def fit_inputs(
    task: TaskKind,
    city: TaskCity,
    settings: FitSettings,
    *,
    lonlat: NDArray[np.float64],
    target: NDArray[Any],
    names: tuple[str, ...],
    unit: NDArray[np.int64],
    weight: NDArray[np.float64] | None,
    poi_lonlat: NDArray[np.float64],
    districts: Districts | None = None,
) -> FitInputs:
    """Choose blocks, check that folds are possible, and name the groups.

    Args:
        task: The kind of task.
        lonlat: Where the labels or areas are, WGS84 `[n, 2]`.
        target: What the kind of task predicts.
        unit: Label feature each row comes from, int64 `[n]`.
        poi_lonlat: The city's places, WGS84 `[p, 2]`.

    Raises:
        InputError: There are too few labels, or all lie in too few blocks.
    """
    apart = task.apart(target)
    variogram = label_variogram(lonlat, apart, seed=settings.seed)
    blocks = _blocks(settings, city, lonlat, apart, variogram)
    unit = task.units(unit, target, blocks.number, settings.folds)
    if len(np.unique(unit)) < settings.folds:
        raise InputError(
            "there are fewer labels than folds",
            f"{len(np.unique(unit))} labels, {settings.folds} folds",
            "give more labels, or fewer folds",
            code="fewer-labels-than-folds",
        )
    district = district_of(districts, lonlat) if districts else None
    setup = ExperimentSetup(
        task=task,
        target=target,
        names=names,
        unit=unit,
        block=blocks.number,
        weight=None if weight is None else weight / weight.mean(),
        predictor=settings.predictor,
        protocol=settings.protocol,
        folds=settings.folds,
        seeds=settings.all_seeds,
        splits=settings.splits,
        district=None if district is None else _numbered(district),
    )
    held_out = ValidationDesign(
        folds=_folds_shown(setup, lonlat),  # refused here, before anything is fitted
        variogram=variogram,
        blocks=_block_figures(settings, blocks) if settings.holds_out_blocks else None,
    )
    groups: dict[str, NDArray[np.object_]] = {
        "density of places": _density(lonlat, poi_lonlat),
    }
    if district is not None:
        groups["district"] = district
    return FitInputs(setup, groups, held_out)


def _numbered(district: NDArray[np.object_]) -> NDArray[np.int64]:
    """A number a district, -1 outside all of them."""
    names, number = np.unique(district.astype(str), return_inverse=True)
    return np.where(names[number] == NO_DISTRICT, -1, number).astype(np.int64)


def _blocks(
    settings: FitSettings,
    city: TaskCity,
    lonlat: NDArray[np.float64],
    target: NDArray[Any],
    variogram: Variogram,
) -> Blocks:
    """The spatial blocks; where only random folds are wanted they merely tell neighbours apart."""
    if settings.holds_out_blocks:
        return choose_blocks(
            lonlat,
            target,
            folds=settings.folds,
            block_m=settings.block_m,
            smallest_m=city.window_m,
            variogram=variogram,
        )
    side = settings.block_m or city.window_m
    return Blocks(spatial_blocks(lonlat, block_m=side), side, float("nan"), limited=False)


def _density(lonlat: NDArray[np.float64], poi_lonlat: NDArray[np.float64]) -> NDArray[np.object_]:
    scale = metres_a_degree(lonlat[:, 1].mean())
    if not len(poi_lonlat):
        return np.full(len(lonlat), "no places", dtype=object)
    counts = cKDTree(poi_lonlat * scale).query_ball_point(
        lonlat * scale, DENSITY_RADIUS_M, return_length=True
    )
    return density_groups(np.asarray(counts))


def _folds_shown(setup: ExperimentSetup, lonlat: NDArray[np.float64]) -> Folds:
    """The first seed's folds of at most 3,000 samples."""
    shown = np.arange(len(lonlat))
    if len(shown) > _SHOWN_ON_FOLD_MAP:
        rng = np.random.default_rng(setup.seeds[0])
        shown = np.sort(rng.choice(shown, _SHOWN_ON_FOLD_MAP, replace=False))
    first = {one.split: one.fold for one in reversed(setup.tested_everywhere.rounds)}
    return Folds(
        lonlat=lonlat[shown].round(6).tolist(),
        by_split={split: first[split][shown].tolist() for split in setup.splits},
    )


def _block_figures(settings: FitSettings, blocks: Blocks) -> BlockFigures:
    return BlockFigures(
        side_m=blocks.side_m,
        range_m=None if np.isnan(blocks.range_m) else blocks.range_m,
        limited=blocks.limited,
        occupied=len(np.unique(blocks.number)),
        chosen_by="the user" if settings.block_m else "the variogram range",
    )
