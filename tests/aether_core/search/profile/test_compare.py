"""What sets an area apart: the sentence, and one area against another."""

import json

import numpy as np
import pytest
import shapely

from aether_core.city.cells import cells_of
from aether_core.errors import InputError
from aether_core.language import speaking, translated
from aether_core.search.profile.ground import lay_over
from aether_core.search.profile.layers import RULES, LayerCells, layer_figures
from aether_core.search.profile.profile import Places, Profile, profile_of
from aether_core.tasks.areas.overlap import unit_sizes
from tests.errors import fault

CELLS = cells_of(shapely.box(24.92, 60.15, 24.98, 60.18), 9)
LONLAT = CELLS.lonlat
WEST = LONLAT[:, 0] < 24.95


def layer(slug: str, types: dict[str, str], **columns: object) -> LayerCells:
    return LayerCells(
        slug=slug,
        title=slug,
        fields=[{"name": name, "type": kind, "unit": "share"} for name, kind in types.items()],
        columns={name: np.asarray(column) for name, column in columns.items()},
        level=0.9,
        block=np.arange(len(CELLS), dtype=np.int64),
        cell_m2=unit_sizes(CELLS),
    )


def layers_of_every_sort() -> list[LayerCells]:
    rng = np.random.default_rng(1)
    homes = np.where(WEST, 0.1, 0.9)
    probabilities = {"landuse": "text", "p_homes": "float", "p_work": "float", "applicable": "bool"}
    shares = {"old": "float", "old_lo": "float", "old_hi": "float"}
    scores = {"score": "float", "percentile": "float"}
    zone, db = rng.choice(["a", "b"], len(CELLS)), rng.integers(40, 70, len(CELLS))
    outside = np.arange(len(CELLS)) % 4 == 0
    return [
        layer(
            "landuse-1",
            probabilities,
            landuse=np.where(WEST, "work", "homes"),
            p_homes=homes,
            p_work=1 - homes,
            applicable=~outside,
        ),
        layer("people", shares, old=homes / 2, old_lo=homes / 2 - 0.01, old_hi=homes / 2 + 0.01),
        layer("quiet", scores, score=homes, percentile=np.where(WEST, 20.0, 95.0)),
        layer("noise", {"db": "int", "zone": "text"}, db=db, zone=zone),
        layer("notes", {"set": "list"}, set=[["a"]] * len(CELLS)),
    ]


@pytest.fixture(scope="module")
def profile() -> Profile:
    """West: shops and bars. East: homes. The third area is all of the city."""
    halves = [
        shapely.box(24.9, 60.1, 24.95, 60.2),
        shapely.box(24.95, 60.1, 25.0, 60.2),
        shapely.box(24.9, 60.1, 25.0, 60.2),
    ]
    ground = lay_over(
        np.array(["West", "East", "All"], dtype=object), np.array(halves, dtype=object), CELLS
    )
    rng = np.random.default_rng(0)
    spots = rng.uniform([24.921, 60.151], [24.949, 60.179], (300, 2))
    others = rng.uniform([24.921, 60.151], [24.979, 60.179], (300, 2))
    places = Places(np.concatenate([spots, others]), ["bar"] * 300 + ["shop"] * 300, CELLS)
    return profile_of(ground, places, layers_of_every_sort())


def test_the_city_is_figured_once_and_no_figure_is_another_for_it(profile: Profile) -> None:
    for one in layers_of_every_sort():
        rule = next((rule for rule in RULES if rule.fits(one)), None)
        together = [] if rule is None else list(rule.figures(one, profile.ground.shared))
        apart = layer_figures(one, profile.ground)
        assert len(apart) == len(together) == len(one.of_city)
        for figure, joint in zip(apart, together, strict=True):
            assert figure.info == joint.info
            for name in ("value", "low", "high"):
                np.testing.assert_array_equal(getattr(figure, name), getattr(joint, name))
            assert (figure.influence is None) is (joint.influence is None)
            if figure.influence is not None and joint.influence is not None:
                assert (abs(figure.influence - joint.influence)).max() == 0


def test_every_sort_of_layer_gives_its_figures(profile: Profile) -> None:
    names = [figure.info.name for figure in profile.figures]
    assert names == [
        *("area_km2", "places", "places_per_km2", "places_per_km2_bar", "places_per_km2_shop"),
        *("landuse_1_homes", "landuse_1_work", "landuse_1_not_trusted"),
        *("people_old", "people_not_trusted"),
        *("quiet_score", "quiet_best_tenth", "quiet_top_percentile"),
        *("noise_db", "noise_zone_a", "noise_zone_b"),
    ]
    west = profile.area(0)["figures"]
    assert west["landuse_1_homes"]["value"] == pytest.approx(0.1, abs=0.05)
    assert west["landuse_1_homes"]["value"] + west["landuse_1_work"]["value"] == pytest.approx(1)
    assert west["landuse_1_not_trusted"]["value"] == pytest.approx(0.25, abs=0.05)
    assert west["quiet_best_tenth"]["value"] == pytest.approx(0, abs=0.05)
    assert west["places"]["value"] + profile.area(1)["figures"]["places"]["value"] == 600
    assert west["places"]["city"] == 600
    for row in range(3):
        for name, one in profile.area(row)["figures"].items():
            assert one["lo"] <= one["value"] <= one["hi"], name
            assert one["difference"] == pytest.approx(one["value"] - one["city"], abs=1e-8)
    whole = profile.area(2)
    for name, one in whole["figures"].items():
        if name != "area_km2":  # it reaches beyond the city's cells
            assert one["value"] == pytest.approx(one["city"]), name
            assert one["difference"] == pytest.approx(0), name
    assert whole["covered"] < 1


def test_a_sentence_names_what_sets_an_area_apart_most(profile: Profile) -> None:
    west = profile.sentence(0)
    assert west == (
        "Lower score of “quiet”, a larger share of work and a smaller share of homes than the "
        "city: score of “quiet” 0.117 (city 0.503), 88 % work (city 49 %), 12 % homes (city 51 %)."
    )
    with speaking("de"):
        assert translated(west) == (
            "Ein niedrigerer Wert (Wert von „quiet“), ein größerer Anteil (work) und ein "
            "kleinerer Anteil (homes) als in der Stadt insgesamt: Wert von „quiet“: 0,117 "
            "(Stadt: 0,503); work: 88\N{NO-BREAK SPACE}% (Stadt: 49\N{NO-BREAK SPACE}%); homes: "
            "12\N{NO-BREAK SPACE}% (Stadt: 51\N{NO-BREAK SPACE}%)."
        )
    assert json.loads(json.dumps(profile.area(0)))["sentence"] == west
    assert "fewer bar places" in profile.sentence(1).lower()
    assert profile.sentence(2) == (
        "Much like the city: no figure sets it apart by more than chance may."
    )


def test_two_areas_are_held_against_each_other(profile: Profile) -> None:
    found = profile.between("East", "West")
    bars = found["figures"]["places_per_km2_bar"]
    assert bars["difference"] == pytest.approx(bars["a"] - bars["b"])
    assert bars["lo"] < bars["difference"] < bars["hi"] < 0
    shops = found["figures"]["places_per_km2_shop"]
    assert shops["lo"] < 0 < shops["hi"]
    assert " than West: " in found["sentence"]
    back = profile.between("West", "East")["figures"]["places_per_km2_bar"]
    assert (back["lo"], back["hi"]) == pytest.approx((-bars["hi"], -bars["lo"]))
    with pytest.raises(InputError, check=fault("no-such-area-name", "North", "West, East, All")):
        profile.between("North", "West")
    with pytest.raises(InputError, check=fault("area-against-itself", "West")):
        profile.between("West", "West")


def test_figures_of_one_name_stay_apart() -> None:
    ground = lay_over(
        np.array(["All"], dtype=object), np.array([shapely.box(24.9, 60.1, 25, 60.2)]), CELLS
    )
    places = Places(LONLAT[:6], ["a b", "a-b", "a_b", "", " ", "a b"], CELLS)
    names = [one.info.name for one in profile_of(ground, places, []).figures]
    assert names[3:] == [f"places_per_km2_a_b{end}" for end in ("", "_2", "_3")]
