"""Tables of areas with figures, and what is made of their counts of places."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aether_core.errors import InputError
from aether_core.evidence.cases import FOLDS, cases_of
from aether_core.evidence.described import context, place_mix, statistics
from aether_core.evidence.metro import Metro, read_metro
from aether_core.evidence.places import Drawing, counted_places, named_places
from aether_core.evidence.targets import TARGETS
from tests.errors import fault
from tests.evidence_tables import AREAS, COLUMNS, INCOME, KINDS, STEP, tracts, written


def by_length(texts: Sequence[str]) -> np.ndarray:
    """A vector a text, told apart by length and letters."""
    rows = [np.bincount([ord(letter) % 16 for letter in text], minlength=16) for text in texts]
    made = np.asarray(rows, dtype=np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def drawing(most: int = 10_000) -> Drawing:
    return Drawing(by_length, most, seed=0)


@pytest.fixture(scope="module")
def metro(tmp_path_factory: pytest.TempPathFactory) -> Metro:
    return read_metro(written(tmp_path_factory.mktemp("metro"), "old_town", tracts()))


def test_figures_stand_beside_their_areas(metro: Metro) -> None:
    given = tracts()
    assert len(metro) == AREAS
    rows = [given.index[given["geoid"] == code][0] for code in metro.areas.codes()]
    np.testing.assert_allclose(metro.figures["population"], given["population"].iloc[rows])
    np.testing.assert_allclose(metro.km2, given["aland_m2"].iloc[rows] / 1e6)
    np.testing.assert_allclose(np.linalg.norm(metro.vectors, axis=1), 1, atol=1e-5)


def test_counts_are_whole_and_the_rest_of_the_total_is_other(metro: Metro) -> None:
    given = tracts()
    density = given[[f"poi_{kind}" for kind in KINDS]].to_numpy()
    counts = np.rint(density * given["aland_m2"].to_numpy()[:, None] / 1e6)
    total = np.rint(given["poi_total_all"] * given["aland_m2"] / 1e6)
    assert list(metro.places) == [*KINDS, "other"]
    np.testing.assert_array_equal(metro.places[list(KINDS)], counts)
    np.testing.assert_array_equal(metro.places["other"], total - counts.sum(axis=1))


def test_a_table_without_codes_or_areas_is_refused(tmp_path: Path) -> None:
    frame = tracts().drop(columns="geoid")
    with pytest.raises(InputError, check=fault("evidence-without-areas", "plain.parquet")):
        read_metro(written(tmp_path, "plain", frame))
    points = tracts()
    points["geometry"] = points.representative_point()
    with pytest.raises(InputError, check=fault("evidence-without-areas", "table")):
        read_metro(written(tmp_path, "points", points))


def test_targets_are_what_the_columns_say(metro: Metro) -> None:
    income, age, poverty, density, developed = TARGETS
    families = metro.figures[list(INCOME)].to_numpy()
    np.testing.assert_allclose(
        income.of(metro), families / families.sum(axis=1, keepdims=True), atol=1e-12
    )
    np.testing.assert_allclose(age.of(metro).sum(axis=1), 1)
    people = metro.figures["population"].to_numpy()
    poor = metro.figures["persons_below_poverty"].to_numpy()
    np.testing.assert_allclose(poverty.of(metro)[:, 0], poor / people)
    np.testing.assert_allclose(density.of(metro)[:, 0], people / metro.km2)
    assert developed.missing(metro) == ["developed_pct"]


def test_areas_with_few_families_have_no_shares(metro: Metro) -> None:
    figures = metro.figures.copy()
    figures.loc[3, list(INCOME)] = 5.0
    few = TARGETS[0].of(replace(metro, figures=figures))
    assert np.isnan(few[3]).all()
    assert np.isfinite(np.delete(few, 3, axis=0)).all()


def test_context_and_statistics_are_of_the_neighbours(metro: Metro) -> None:
    row = COLUMNS + 1  # not at the edge: four neighbours share a border
    beside = [row, row - 1, row + 1, row - COLUMNS, row + COLUMNS]
    group = metro.vectors[beside]
    mean = group.mean(axis=0) / np.linalg.norm(group.mean(axis=0))
    np.testing.assert_allclose(context(metro)[row], [*metro.vectors[row], *mean], atol=1e-5)
    found = statistics(metro)[row].reshape(4, -1)
    for one, expected in zip(
        found, (metro.vectors[row], group.min(0), group.max(0), group.std(0)), strict=True
    ):
        np.testing.assert_allclose(one, expected, atol=1e-5)


def test_place_mix_is_density_and_diversity(metro: Metro) -> None:
    row = int(np.flatnonzero((metro.places > 0).sum(axis=1) > 1)[0])
    counts = metro.places.iloc[row].to_numpy(dtype=float)
    part = counts[counts > 0] / counts.sum()
    diversity = -(part * np.log(part)).sum() / np.log(len(counts))
    km2 = metro.km2[row]
    expected = [*np.log1p(counts / km2), np.log1p(counts.sum() / km2), diversity]
    np.testing.assert_allclose(place_mix(metro)[row], expected, rtol=1e-5)


def test_counted_places_are_one_a_kind_and_area(metro: Metro) -> None:
    places = counted_places(metro, drawing())
    assert places is not None
    pairs = set(zip(places.area.tolist(), places.kind.tolist(), strict=True))
    rows, columns = np.nonzero(metro.places.to_numpy())
    names = list(metro.places)
    expected = {(int(a), names[int(k)]) for a, k in zip(rows, columns, strict=True)}
    assert pairs == expected
    assert len(places.area) == len(expected)
    np.testing.assert_array_equal(places.learned.base, metro.vectors[places.area])
    few = counted_places(metro, drawing(most=70))
    assert few is not None
    assert len(few.area) == 70


def test_a_metro_without_counts_has_no_places(tmp_path: Path) -> None:
    bare = read_metro(written(tmp_path, "bare", tracts(counted=False)))
    assert bare.places.empty
    assert counted_places(bare, drawing()) is None
    [case] = cases_of([bare], [], drawing())
    assert case.places is None


def test_named_places_make_a_case_of_the_areas_near_them(metro: Metro, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    count = 1100
    frame = pd.DataFrame({
        "name": [f"Place {number}" for number in range(count)],
        "category": np.where(np.arange(count) % 10 == 0, "residential", "cafe"),
        "lon": 24.0 + rng.uniform(0.001, 2 * STEP - 0.001, count),
        "lat": 60.0 + rng.uniform(0.001, 2 * STEP - 0.001, count),
    })  # fmt: skip
    frame.loc[count] = ["Seat", "bench", 24.01, 60.01]
    file = tmp_path / "places.csv"
    frame.to_csv(file, index=False)
    found = named_places(metro, [file], drawing())
    assert found is not None
    assert len(found.area) == count
    assert set(found.area) == {0, 1, COLUMNS, COLUMNS + 1}
    named, *_ = [case for case in cases_of([metro], [file], drawing()) if not case.pooled]
    near = {0, 1, 2, *(COLUMNS + x for x in range(3)), 2 * COLUMNS, 2 * COLUMNS + 1}
    assert set(np.flatnonzero(named.tested)) == near
    fewer = named_places(metro, [file], drawing(), frozenset({"residential"}))
    assert fewer is None  # 990 are left: too few for a test of their own


def test_whole_blocks_are_dealt_into_folds(metro: Metro) -> None:
    [case] = cases_of([metro], [], drawing())
    fold = case.folds(0)
    assert set(fold) == set(range(FOLDS))
    assert all(len(set(fold[case.block == block])) == 1 for block in set(case.block))
    assert not np.array_equal(fold, case.folds(1))
