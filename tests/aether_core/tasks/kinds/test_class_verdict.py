"""When a map's predictions are called hints, and what is advised."""

from typing import Any

import pytest

from aether_core.tasks.kinds.class_map import CellSources
from aether_core.tasks.kinds.class_verdict import verdict
from aether_core.tasks.kinds.classes import ClassFigures, ClassFindings, sentences
from aether_core.tasks.labels.count import LabelCount
from tests.aether_core.tasks.test_findings import CLASSES_1

NAMES = ["homes", "parks", "shops", "yards"]


def found(
    f1: list[float],
    *,
    macro: float,
    reliable: int = 80,
    labels: tuple[int, ...] = (20, 20, 20, 20),
    **cells: Any,
) -> ClassFindings:
    """Findings of four classes with 100 predicted cells, 100 observed ones."""
    base = ClassFindings.read(CLASSES_1)
    score = base.test.accuracy["spatial"]["macro_f1"].model_copy(update={"mean": macro})
    rows = [
        ClassFigures(name=name, precision=one, recall=one, f1=one, n=20)
        for name, one in zip(NAMES, f1, strict=True)
    ]
    test = base.test.model_copy(
        update={"accuracy": {"spatial": {"macro_f1": score}}, "per_class": {"spatial": rows}}
    )
    sources = CellSources(**{"observed": 100, "predicted": 100, "reliable": reliable, **cells})
    count = LabelCount(by_class=dict(zip(NAMES, labels, strict=True)))
    return base.model_copy(
        update={"outcomes": NAMES, "test": test, "cells": sources, "labels": count}
    )


def test_a_good_map_is_given_without_a_word() -> None:
    assert verdict(found([0.8] * 4, macro=0.8)) is None


def test_a_map_of_observed_cells_alone_predicts_nothing_to_be_warned_of() -> None:
    assert verdict(found([0.0] * 4, macro=0.1, predicted=0, reliable=0)) is None


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (found([0.9, 0.2, 0.1, 0.0], macro=0.3), "hardly better than guessing (macro-F1 0.30"),
        (found([0.9, 0.8, 0.1, 0.0], macro=0.45), "2 of 4 classes are hardly recognised"),
        (found([0.8] * 4, macro=0.8, reliable=10), "90 % of them are unlike the labels"),
    ],
)
def test_why_not_is_one_sentence(given: ClassFindings, why: str) -> None:
    told = verdict(given)
    assert told is not None
    assert told.startswith("Take the predictions as hints only: ")
    assert why in told
    assert told.count(". ") == 0


def test_what_to_do_names_classes_without_labels_and_those_that_look_alike() -> None:
    told = verdict(found([0.9, 0.8, 0.1, 0.0], macro=0.45, labels=(20, 20, 3, 30)))
    assert told is not None
    assert "add a file with more labels of shops (3 now)" in told
    assert "merge classes that look alike, such as yards" in told
    assert "homes" not in told


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        (
            CellSources(observed=30, predicted=70, reliable=7),
            ["30 of 100 map cells (30 %)", "10 % of"],
        ),
        (CellSources(observed=30, predicted=70, reliable=7, contested=4), ["classes cover 4 of"]),
        (CellSources(observed=0, predicted=100, reliable=0), ["a point covers no ground"]),
        (CellSources(observed=0, predicted=9, reliable=9, everywhere=True), ["as was asked for"]),
    ],
)
def test_what_a_map_is_made_of_is_said(sources: CellSources, said: list[str]) -> None:
    told = " ".join(sentences(found([0.8] * 4, macro=0.8).model_copy(update={"cells": sources})))
    assert all(part in told for part in said)
    assert sources.usable == (sources.observed + sources.reliable) / (
        sources.observed + sources.predicted
    )
