"""What a layer can be coloured by: the right value, the right words, the right colours."""

import numpy as np
import pandas as pd
import pytest

from aether_core.errors import InputError
from tests.errors import fault
from ui.map.coloured import Categories
from ui.maps import share_views, views
from ui.maps.share_views import Asked
from ui.maps.views import Look

LOOK = Look(dark=False, on_ground=False)
CLASSES = ["homes", "park", "water"]


@pytest.fixture
def cells() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "cell": ["a", "b", "c", "d"],
            "landuse": ["park", "homes", "park", "water"],
            "confidence": [0.95, 0.5, 0.7, 0.3],
            "set": [["park"], ["homes", "park"], ["park"], ["water", "homes", "park"]],
            "applicable": [True, True, False, True],
            "trusted": [True, True, False, False],
            "p_homes": [0.01, 0.5, 0.2, 0.3],
            "p_park": [0.95, 0.4, 0.7, 0.3],
            "p_water": [0.04, 0.1, 0.1, 0.4],
        }
    )


@pytest.fixture
def areas() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "area": ["E1", "E2"],
            "rich": [0.6, 0.2],
            "rich_lo": [0.5, 0.1],
            "rich_hi": [0.7, 0.4],
            "rich_observed": [0.5, 0.3],
            "poor": [0.4, 0.8],
            "poor_lo": [0.3, 0.6],
            "poor_hi": [0.5, 0.9],
            "poor_observed": [0.5, 0.7],
            "dominant": ["rich", "poor"],
            "entropy": [0.97, 0.72],
            "applicable": [True, False],
        }
    )


def test_classes_keep_their_colour_whatever_is_on_the_map(cells: pd.DataFrame) -> None:
    whole = views.land_use(cells, CLASSES, views.CLASS, LOOK)
    part = views.land_use(cells[:1], CLASSES, views.CLASS, LOOK)
    assert whole.shown.palette == part.shown.palette
    assert whole.shown.values.tolist() == [1, 0, 1, 2]
    assert [(name, share) for _, name, share in whole.entries] == [
        ("park", "50 %"),
        ("homes", "25 %"),
        ("water", "25 %"),
    ]


def test_observed_cells_say_so_and_predictions_can_be_shown_instead(cells: pd.DataFrame) -> None:
    known = cells["landuse"].eq("park") & (cells["confidence"] < 0.9)
    frame = cells.assign(
        source=np.where(known, "observed", "predicted"),
        predicted="water",
        predicted_confidence=0.4,
        predicted_set=[["water", "park"]] * len(cells),
        predicted_trusted=False,
    )
    at = int(np.flatnonzero(known)[0])
    view = views.land_use(frame, CLASSES, views.CLASS, LOOK)
    assert view.unit == "25 % observed, 75 % predicted"
    assert view.shown.second(at) == "observed; predicted would be water"
    assert view.shown.second(0).startswith("predicted, 95 % confidence")
    trust = views.land_use(frame, CLASSES, views.TRUST, LOOK)
    assert trust.shown.in_words(float(trust.shown.values[at])) == "observed"
    everywhere = views.predictions_of(frame)
    assert set(everywhere["landuse"]) == {"water"}
    assert everywhere["p_park"].isna().tolist() == known.tolist()
    plain = views.land_use(everywhere, CLASSES, views.CLASS, LOOK)
    assert plain.unit == "most probable class, share of map cells"
    assert plain.shown.second(at) == (
        "predicted, 40 % confidence; also possible: park; unlike the labels"
    )


def test_sets_are_counted_and_told(cells: pd.DataFrame) -> None:
    view = views.land_use(cells, CLASSES, views.SET_SIZE, LOOK)
    assert view.shown.indices.tolist() == [0, 1, 0, 2]
    assert list(view.names) == ["1 class", "2 classes", "3 classes"]
    assert view.shown.second(0) == "95 % confidence; no other class possible"
    assert view.shown.second(2).endswith("; unlike the labels")
    assert view.shown.second(3) == "30 % confidence; also possible: homes, park"


def test_a_set_of_sixty_is_told_in_a_line(cells: pd.DataFrame) -> None:
    cells.at[0, "set"] = ["park", *(f"class {at}" for at in range(59))]
    notes = views.land_use_notes(cells)
    assert notes[0].endswith("class 3, class 4 and 54 more")


def test_trust_tells_why_not(cells: pd.DataFrame) -> None:
    shown = views.land_use(cells, CLASSES, views.TRUST, LOOK).shown
    assert isinstance(shown.steps, Categories)
    reported = [shown.steps.names[int(value)] for value in shown.values]
    assert reported == [
        "reliable",
        "reliable",
        "unlike the labels",
        "too many classes possible",
    ]


def test_one_class_shows_its_own_probability(cells: pd.DataFrame) -> None:
    shown = views.land_use(cells, CLASSES, views.ONE_CLASS, LOOK, one="water").shown
    assert shown.values.tolist() == pytest.approx([0.04, 0.1, 0.1, 0.4])


def test_a_large_layer_has_no_words_for_each_cell(
    cells: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "WORDS_LIMIT", 3)
    assert not views.land_use(cells, CLASSES, views.CLASS, LOOK).shown.titles


def test_the_error_of_a_share_has_its_sign(areas: pd.DataFrame) -> None:
    asked = Asked(share_views.ERROR, "rich")
    view = share_views.shares(areas, ["rich", "poor"], asked, LOOK)
    assert view.shown.values.tolist() == pytest.approx([0.1, -0.1])
    assert view.shown.title(0) == "E1 · rich error +10.0 points"
    assert view.shown.second(1) == (
        "predicted 20.0 %, 90 % interval 10.0 % to 40.0 %; observed 30.0 %; unlike any area used"
    )
    low, high = view.shown.indices[1], view.shown.indices[0]
    assert low < len(view.shown.steps.colours) // 2 < high


def test_predicted_and_observed_shares_have_one_scale(areas: pd.DataFrame) -> None:
    views_of = [
        share_views.shares(areas, ["rich", "poor"], Asked(what, "rich"), LOOK)
        for what in (share_views.FIELD, share_views.OBSERVED)
    ]
    predicted, observed = (view.shown.steps.edges for view in views_of)
    assert predicted == observed
    assert (min(predicted), max(predicted)) == pytest.approx((0.2, 0.6))


def test_two_fields_can_be_held_against_each_other(areas: pd.DataFrame) -> None:
    asked = Asked(share_views.BETWEEN, "rich", "poor")
    view = share_views.shares(areas, ["rich", "poor"], asked, LOOK)
    assert view.shown.values.tolist() == pytest.approx([0.2, -0.6])
    assert view.title == "rich minus poor"


def test_the_largest_group_and_the_mix(areas: pd.DataFrame) -> None:
    fields = ["rich", "poor"]
    largest = share_views.shares(areas, fields, Asked(share_views.LARGEST, "rich"), LOOK)
    assert [largest.shown.title(at) for at in (0, 1)] == ["E1 · rich", "E2 · poor"]
    mixed = share_views.shares(areas, fields, Asked(share_views.MIXED, "rich"), LOOK)
    assert mixed.shown.title(0) == "E1 · mix 97.0 %"


def test_a_field_without_a_value_is_refused(areas: pd.DataFrame) -> None:
    areas["rich"] = np.nan
    with pytest.raises(InputError, check=fault("no-value-to-draw")):
        share_views.shares(areas, ["rich", "poor"], Asked(share_views.FIELD, "rich"), LOOK)


@pytest.mark.parametrize(("share", "said"), [(0.001, "< 1 %"), (0.0, "0 %"), (0.5, "50 %")])
def test_something_is_never_told_as_nothing(share: float, said: str) -> None:
    values = pd.Series(["a"] * round(1000 * share) + ["b"] * round(1000 * (1 - share)))
    view = views.LayerView(views.categories(values, ["a", "b"], ["#000000", "#ffffff"]), "", "")
    found = {name: figure for _, name, figure in view.entries}
    assert found.get("a", "0 %") == said
