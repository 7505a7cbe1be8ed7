"""Labels nobody would draw: an answer, or an error that says what is wrong, and nothing else."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aether_core.errors import InputError
from aether_core.tasks.kinds.classes import map_land_use
from aether_core.tasks.kinds.registry import TASK_KINDS
from aether_core.tasks.kinds.shares import SHARES, map_socioeconomic
from aether_core.tasks.testing.experiment import ExperimentSetup
from aether_core.tasks.testing.folds import choose_blocks
from aether_core.tasks.testing.learning_curve import learning_curve

FEW = settings(max_examples=25)

Degenerate = tuple[ExperimentSetup, np.ndarray]


@st.composite
def setups(draw: st.DrawFn, task: str) -> Degenerate:
    """A setup on few spots with classes or shares of any kind, and inputs of any kind."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(2, 40))
    spots = draw(st.integers(1, 8))
    spot = rng.integers(0, spots, count)
    lonlat = np.array([24.9, 60.2]) + rng.random((spots, 2))[spot] * 0.05
    kinds = draw(st.integers(1, 4))
    if task == "landuse":
        lone = rng.integers(0, kinds, count)
        target = draw(
            st.sampled_from([lone, spot % kinds, np.minimum(np.arange(count), kinds - 1)])
        )
    else:
        drawn = rng.dirichlet(np.ones(kinds), spots)[spot]
        pure = np.eye(kinds)[spot % kinds]
        target = draw(st.sampled_from([drawn, pure, np.full((count, kinds), 1 / kinds)]))
    folds = draw(st.integers(2, 5))
    block = choose_blocks(lonlat, target, folds=folds, smallest_m=200).number
    unit = draw(st.sampled_from([np.arange(count), spot, np.arange(count) // 3]))
    unit = np.unique(unit, return_inverse=True)[1]
    setup = ExperimentSetup(
        TASK_KINDS[task],
        target,
        tuple("abcd"[:kinds]),
        unit.astype(np.int64),
        block,
        weight=draw(st.sampled_from([None, np.full(count, 0.5)])),
        predictor=draw(st.sampled_from(["linear", "mlp"])),
        protocol=draw(st.sampled_from(["cross-validation", "published"])),
        folds=folds,
        seeds=(0,),
        splits=draw(st.sampled_from([("random",), ("spatial",), ("random", "spatial")])),
        district=draw(st.sampled_from([None, spot, np.zeros(count, dtype=np.int64)])),
    )
    plain = rng.normal(size=(count, 3))
    x = draw(
        st.sampled_from(
            [
                plain,
                plain[spot % count],
                np.hstack([plain[:, :1]] * 3),
                np.hstack([plain, np.ones((count, 1))]),
                np.zeros((count, 3)),
                plain * 1e-30,
            ]
        )
    )
    return setup, x.astype(np.float32)


def _answered(ask: Callable[[], object]) -> object | None:
    """What was answered; None where the input was refused by name."""
    try:
        return ask()
    except InputError:
        return None


@FEW
@given(st.data())
def test_land_use(data: st.DataObject) -> None:
    def ask() -> object:
        setup, x = data.draw(setups("landuse"))
        mapped = map_land_use(setup, "alphaearth", x, np.vstack([x, x[:1] + 5]))
        assert np.isfinite(mapped.probability).all()
        return mapped

    _answered(ask)


@FEW
@given(st.data())
def test_shares(data: st.DataObject) -> None:
    def ask() -> object:
        setup, x = data.draw(setups("socioeconomic"))
        mapped = map_socioeconomic(setup, "alphaearth", x, np.vstack([x, x[:1] + 5]))
        assert np.isfinite(mapped.cells.share).all()
        return mapped

    _answered(ask)


@FEW
@given(st.sampled_from(["landuse", "socioeconomic"]), st.data())
def test_learning_curves(task: str, data: st.DataObject) -> None:
    def ask() -> object:
        setup, x = data.draw(setups(task))
        return learning_curve(setup, x, sizes=(1, 2, 5, 50), seeds=(0,), split=setup.splits[0])

    _answered(ask)


@pytest.mark.parametrize("predictor", ["linear", "mlp"])
def test_two_areas_and_two_folds_leave_one_area_to_train_on(predictor: str) -> None:
    """The network holds a tenth back to stop by: of one area nothing can be held back."""
    rng = np.random.default_rng(0)
    target = rng.dirichlet(np.ones(3), 2)
    index = np.arange(2)
    setup = ExperimentSetup(
        SHARES, target, ("a", "b", "c"), index, index,
        predictor=predictor, folds=2, seeds=(0,), splits=("random",),
    )  # fmt: skip
    x = rng.normal(size=(2, 4)).astype(np.float32)
    _answered(lambda: map_socioeconomic(setup, "alphaearth", x, x))
