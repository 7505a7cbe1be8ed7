"""What was measured is read back as it was written, by this version and of the one before."""

import json
import math
from typing import Any

import pytest

from aether_core.errors import AetherError
from aether_core.findings import StoredFindings
from aether_core.search.change import ChangeFindings
from aether_core.tasks.findings import ComparisonFindings, Score
from aether_core.tasks.kinds.classes import ClassFindings
from aether_core.tasks.kinds.shares import ShareFindings

SCORE = {"mean": 0.71, "sd": None, "lo": 0.68, "hi": 0.74, "n_seeds": 1}
VARIOGRAM = {
    "distance_m": [100.0, 500.0],
    "semivariance": [0.2, 0.4],
    "pairs": [40, 60],
    "range_m": 450.0,
    "sill": 0.4,
    "nugget": 0.1,
}
HELD_OUT = {
    "folds": {"lonlat": [[4.9, 52.3], [4.91, 52.31]], "random": [0, 1], "spatial": [1, 0]},
    "variogram": VARIOGRAM,
    "blocks": {
        "side_m": 450.0,
        "range_m": 450.0,
        "limited": False,
        "occupied": 12,
        "chosen_by": "the variogram range",
    },
}
FAIRNESS = {
    "density of places": [
        {"group": "densest", "n": 4, "too_few": True},
        {"group": "sparsest", "n": 40, "too_few": False, "error": 0.2, "lo": 0.1, "hi": 0.3},
    ]
}
MAP = {
    **HELD_OUT,
    "accuracy": {"random": {"macro_f1": SCORE}, "spatial": {"macro_f1": SCORE}},
    "calibrated_on": "spatial",
    "applicability": {"threshold": 0.4, "outside": 0.12},
    "fairness": FAIRNESS,
}
CLASSES_1 = {
    "task": "landuse",
    "classes": ["homes", "shops"],
    "labels_used": 44,
    "samples": 50,
    "labels_dropped": {"no class": 2},
    "labels_repaired": 1,
    "class_counts": {"homes": 30, "shops": 20},
    **MAP,
    "reliability": {
        "spatial": {
            "ece": 0.03,
            "n": 50,
            "bins": [
                {"low": 0.5, "high": 0.6, "confidence": 0.55, "accuracy": 0.5, "n": 50},
            ],
        }
    },
    "coverage": {
        "spatial": {
            "level": 0.9,
            "share": 0.91,
            "lo": 0.85,
            "hi": 0.95,
            "mean_size": 1.4,
            "empty_share": 0.0,
            "by_class": {"homes": {"share": 0.9, "n": 30, "lo": 0.8, "hi": 0.95}},
            "n": 50,
        }
    },
    "confusion": {"spatial": [[25, 5], [6, 14]]},
    "per_class": {
        "spatial": [{"class": "homes", "precision": 0.8, "recall": 0.83, "f1": 0.82, "n": 30}]
    },
    "temperature": 1.3,
    "always_in_set": [],
    "trusted": 0.7,
}
SHARES_1 = {
    "task": "socioeconomic",
    "note": "as it was worded then",
    "fields": ["owned", "rented"],
    "given": "counts",
    "areas_used": 44,
    "areas_dropped": {},
    "areas_repaired": 0,
    "mean_shares": {"owned": {"observed": 0.6}, "rented": {"observed": 0.4}},
    **MAP,
    "coverage": {
        "spatial": {
            "owned": {
                "level": 0.9, "share": 0.9, "lo": 0.8, "hi": 1.0, "mean_width": 0.2, "n": 44,
            }
        }
    },
}  # fmt: skip
COMPARISON_1 = {
    "from": "zones.geojson",
    "areas_used": 44,
    "areas_dropped": {"too few people": 3},
    "fields": ["owned", "rented"],
    **HELD_OUT,
    "resampled": "blocks",
}
CHANGE_1 = {
    "noise": {
        "low": -0.01, "high": 0.01, "shift": 0.0, "spread": 0.004, "stable": 900,
        "stable_share": 0.9,
    },
    "share_below_noise": 0.97,
    "towards": 12,
    "away": 9,
    "lacking": 0,
    "caution": "with care",
}  # fmt: skip
OLD: list[tuple[type[StoredFindings], dict[str, Any]]] = [
    (ClassFindings, CLASSES_1),
    (ShareFindings, SHARES_1),
    (ComparisonFindings, COMPARISON_1),
    (ChangeFindings, CHANGE_1),
]


@pytest.mark.parametrize(("kind", "document"), OLD)
def test_what_was_kept_before_there_were_versions_is_read(
    kind: type[StoredFindings], document: dict[str, Any]
) -> None:
    found = kind.read(document)
    again = found.document()
    assert again["version"] == 2
    json.dumps(again, allow_nan=False)
    assert kind.read(again).document() == again


def test_old_names_keep_their_values() -> None:
    found = ClassFindings.read(CLASSES_1)
    assert found.outcomes == ["homes", "shops"]
    assert (found.used, found.dropped, found.repaired) == (44, {"no class": 2}, 1)
    assert found.held_out.folds.by_split == {"random": [0, 1], "spatial": [1, 0]}
    assert found.held_out.variogram.range_m == 450
    assert found.test.per_class["spatial"][0].name == "homes"
    assert [group.too_few for group in found.test.fairness["density of places"]] == [True, False]
    shares = ShareFindings.read(SHARES_1)
    assert shares.mean_shares == {"owned": 0.6, "rented": 0.4}
    assert shares.test.coverage["spatial"]["owned"].mean_width == 0.2
    assert ComparisonFindings.read(COMPARISON_1).source == "zones.geojson"


def test_a_figure_that_was_not_measured_is_null_in_the_store_and_nan_here() -> None:
    score = Score(mean=0.5, sd=math.nan, lo=0.4, hi=0.6, n_seeds=1)
    assert json.loads(score.model_dump_json())["sd"] is None
    assert math.isnan(ClassFindings.read(CLASSES_1).test.accuracy["random"]["macro_f1"].sd)
    assert not ChangeFindings.read(CHANGE_1).noise.tested


@pytest.mark.parametrize(
    "document",
    [
        {**ClassFindings.read(CLASSES_1).document(), "version": 3},
        {key: value for key, value in CLASSES_1.items() if key != "folds"},
        {**CLASSES_1, "temperature": "warm"},
        {**ClassFindings.read(CLASSES_1).document(), "smell": 1},
        {"version": 2},
    ],
)
def test_what_cannot_be_read_is_an_error_of_ours(document: dict[str, Any]) -> None:
    with pytest.raises(AetherError) as caught:
        ClassFindings.read(document)
    assert caught.value.code == "findings-unreadable"
