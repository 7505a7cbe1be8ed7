"""A number as a kind of task: its scores, its scale, its intervals, what it refuses."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from aether_core.errors import InputError
from aether_core.tasks.kinds.kind import Fit
from aether_core.tasks.kinds.metrics import scores_of_sums
from aether_core.tasks.kinds.numbers import (
    NUMBERS,
    NumberFindings,
    NumberMap,
    NumbersKind,
    advice,
    map_numbers,
)
from aether_core.tasks.testing.experiment import ExperimentSetup
from aether_core.tasks.testing.folds import choose_blocks
from aether_core.tasks.values.transform import LOG1P, NONE, Transform, choose_transform
from tests.errors import fault

RNG = np.random.default_rng(4)
N = 600
X = RNG.normal(size=(N, 8)).astype(np.float32)
NOISE = RNG.normal(size=N)
PLAIN = 50 + 3 * X[:, 0] - 2 * X[:, 1] + NOISE * np.where(X[:, 2] > 0, 2.0, 0.4)
"""Its noise is five times as large on one side of the third input."""
SKEWED = np.exp(3 + X[:, 0] + 0.3 * NOISE)


def setup(value: np.ndarray, transform: Transform = NONE, **changes: object) -> ExperimentSetup:
    block = np.arange(N, dtype=np.int64) // 20
    options = {"seeds": (0,)} | changes
    return ExperimentSetup(
        NumbersKind(transform), value[:, None], ("y",), np.arange(N), block, **options
    )


@pytest.fixture(scope="module")
def plain() -> NumberMap:
    return map_numbers(setup(PLAIN), "x", X, np.vstack([X, np.full((1, 8), np.nan)]))


def test_scores_are_those_of_scikit_learn() -> None:
    truth, predicted, weight = PLAIN, PLAIN + NOISE, RNG.random(N)
    cluster = np.arange(N) % 7
    drawn = np.vstack([np.ones(7), np.arange(7)]).astype(np.float32)
    found = NUMBERS.resampled(truth[:, None], predicted[:, None], weight, cluster, drawn)
    for row, times in enumerate(drawn):
        w = weight * times[cluster]
        assert found["r2"][row] == pytest.approx(r2_score(truth, predicted, sample_weight=w))
        assert found["mae"][row] == pytest.approx(
            mean_absolute_error(truth, predicted, sample_weight=w)
        )
        assert found["rmse"][row] ** 2 == pytest.approx(
            mean_squared_error(truth, predicted, sample_weight=w)
        )


def test_truths_that_do_not_differ_have_no_r2() -> None:
    same = scores_of_sums(np.array([4.0, 8.0, 16.0, 1.0, 2.0]))
    assert np.isnan(same["r2"])
    assert same["mae"] == pytest.approx(0.25)
    assert np.isnan(scores_of_sums(np.zeros(5))["mae"])


def test_a_map_follows_its_number_and_says_where_it_has_no_data(plain: NumberMap) -> None:
    assert plain.there.tolist() == [True] * N + [False]
    assert np.corrcoef(plain.value[:N], PLAIN)[0, 1] > 0.9
    assert not plain.applicable[N]
    columns = plain.columns("y")
    assert list(columns) == ["y", "y_lo", "y_hi", "applicable"]
    assert {len(one) for one in columns.values()} == {N}
    assert (columns["y_lo"] <= columns["y"]).all()
    assert (columns["y"] <= columns["y_hi"]).all()
    assert plain.test.accuracy["spatial"]["r2"].mean > 0.8


def test_intervals_hold_as_often_as_they_say_and_are_wide_where_they_have_to_be(
    plain: NumberMap,
) -> None:
    for coverage in plain.test.coverage.values():
        assert 0.86 < coverage.share < 0.94
        assert coverage.lo < coverage.share < coverage.hi
    width = (plain.high - plain.low)[:N]
    loud = X[:, 2] > 0
    assert width[loud].mean() > 1.5 * width[~loud].mean()


def test_the_same_seed_gives_the_same_map(plain: NumberMap) -> None:
    again = map_numbers(setup(PLAIN), "x", X, np.vstack([X, np.full((1, 8), np.nan)]))
    assert again.columns("y")["y"].tobytes() == plain.columns("y")["y"].tobytes()
    assert again.test == plain.test


def test_on_a_logarithm_large_numbers_get_wide_intervals_and_none_is_negative() -> None:
    mapped = map_numbers(setup(SKEWED, LOG1P), "x", X, X)
    low, high = mapped.low, mapped.high
    assert low.min() >= 0
    assert mapped.value.min() >= SKEWED.min() - 1e-3
    assert mapped.value.max() <= SKEWED.max() + 1e-3
    large = mapped.value > np.median(mapped.value)
    assert (high - low)[large].mean() > 2 * (high - low)[~large].mean()
    assert 0.86 < mapped.test.coverage["spatial"].share < 0.94


def test_numbers_that_are_never_negative_have_no_negative_interval() -> None:
    small = np.maximum(PLAIN - 50, 0.0)
    mapped = map_numbers(setup(small), "x", X, X)
    assert mapped.low.min() == 0


@pytest.mark.parametrize("predictor", ["linear", "mlp"])
def test_as_published_a_fifth_is_scored_and_all_are_calibrated_on(predictor: str) -> None:
    few = ExperimentSetup(
        NumbersKind(),
        PLAIN[:200, None],
        ("y",),
        np.arange(200),
        np.arange(200) // 10,
        predictor=predictor,
        protocol="published",
        seeds=(1,),
        splits=("random",),
    )
    mapped = map_numbers(few, "x", X[:200], X[:200])
    assert mapped.test.accuracy["random"]["r2"].mean > 0.5
    assert mapped.test.coverage["random"].n == 200


def found(mapped: NumberMap) -> NumberFindings:
    return NumberFindings.model_construct(outcomes=["y"], test=mapped.test)


def test_a_map_that_explains_nothing_is_called_a_hint(plain: NumberMap) -> None:
    assert advice(found(plain)) is None
    said = advice(found(map_numbers(setup(NOISE), "x", X, X)))
    assert said is not None
    assert said.startswith("Take this map as a hint only: away from")


def test_a_number_that_is_everywhere_the_same_is_refused() -> None:
    with pytest.raises(InputError, check=fault("constant-number", "rent", 7)):
        NUMBERS.check(np.full((9, 1), 7.0), ("rent",))


def test_smaller_trainings_hold_small_and_large_numbers() -> None:
    stratum = NUMBERS.strata(PLAIN[:, None])
    assert np.bincount(stratum).tolist() == [N // 5] * 5
    assert PLAIN[stratum == 0].max() <= PLAIN[stratum == 4].min()


def test_neighbours_are_compared_by_rank_so_that_few_large_numbers_hide_nothing() -> None:
    outlier = PLAIN.copy()
    outlier[PLAIN.argmax()] = 1e9
    assert NUMBERS.apart(outlier[:, None]) == pytest.approx(NUMBERS.apart(PLAIN[:, None]))
    assert float(NUMBERS.apart(PLAIN[:, None]).std()) == pytest.approx(1, abs=0.01)


def test_a_network_learns_what_a_line_cannot() -> None:
    bent = np.abs(X[:, 0]) * 5 + 100
    fitted = {
        kind: NUMBERS.fit_and_predict(
            X[:500], bent[:500, None], None, X[500:], Fit(kind, "default", 3, ("y",))
        )[:, 0]
        for kind in ("linear", "mlp")
    }
    assert r2_score(bent[500:], fitted["linear"]) < 0.2
    assert r2_score(bent[500:], fitted["mlp"]) > 0.6


@pytest.mark.parametrize(
    ("field", "per"),
    [("median_family_income", None), ("population", "aland_m2"), ("tcc_mean", None)],
)
def test_on_genuine_tracts_intervals_hold_on_blocks(
    shared: Path, field: str, per: str | None
) -> None:
    frame = gpd.read_parquet(shared / "real" / "us_tracts" / "hartford.parquet")
    value = frame[field] if per is None else frame[field] / frame[per] * 1e6
    used = value.between(0, 1e7)
    vectors = frame.loc[used, [f"A{k:02}" for k in range(64)]].to_numpy(dtype=np.float32)
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    number = value[used].to_numpy(dtype=np.float64)
    place = frame.geometry[used].representative_point()
    kind = NumbersKind(choose_transform("auto", number))
    blocks = choose_blocks(
        np.column_stack([place.x, place.y]),
        kind.apart(number[:, None]),
        folds=5,
        smallest_m=200,
    )
    asked = ExperimentSetup(
        kind, number[:, None], (field,), np.arange(len(number)), blocks.number, seeds=(42,)
    )
    mapped = map_numbers(asked, "alphaearth", vectors, vectors)
    assert 0.85 <= mapped.test.coverage["spatial"].share <= 0.95
    assert mapped.test.accuracy["spatial"]["r2"].mean > 0.3
