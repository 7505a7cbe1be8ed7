"""The chart of queries: best first, with what chance alone would give."""

from typing import Any

import pytest

from ui.expert.retrieval import queries_chart

ROWS: list[dict[str, Any]] = [
    {"query": "parks", "value": 0.7, "ci95": [0.6, 0.8], "positives": 50, "cells": 200},
    {"query": "bars", "value": 0.9, "ci95": [None, None], "positives": 10, "cells": 200},
]


def records(metric: str) -> list[dict[str, Any]]:
    (found,) = queries_chart(ROWS, metric).to_dict()["datasets"].values()
    return list(found)


def test_the_best_query_comes_first() -> None:
    assert [one["query"] for one in records("auc")] == ["bars", "parks"]


@pytest.mark.parametrize(("metric", "chance"), [("auc", 0.5), ("average_precision", 0.05)])
def test_chance_is_a_half_or_the_share_of_true_cells(metric: str, chance: float) -> None:
    assert records(metric)[0]["chance"] == pytest.approx(chance)


def test_a_query_without_an_interval_is_drawn_without_one() -> None:
    assert records("auc")[0]["low"] is None
