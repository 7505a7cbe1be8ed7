"""Requests and results in the store: read as they were written, also by earlier versions."""

import json
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import MultiPolygon, box

from aether_core.study.result import StudyResult, StudyRow, summarise
from tests.errors import fault
from workflows.evaluation.study_kind import StudyRun
from workflows.fetch.estimate import FetchEstimate
from workflows.fetch.request import FetchCity
from workflows.home.documents import UnreadableDocumentError, from_document, to_document

CITY = FetchCity(
    "a-town", "A town", MultiPolygon([box(0, 0, 1, 1)]), (2024, 2023), osm_file=Path("kept.pbf")
)
STORED_CITY: dict[str, Any] = {
    "slug": "a-town",
    "name": "A town",
    "boundary": {
        "type": "MultiPolygon",
        "coordinates": [[[[1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0], [1.0, 0.0]]]],
    },
    "years": [2024, 2023],
    "pois": "overture",
    "osm_file": "kept.pbf",
    "confidence": 0.5,
    "radius_m": 100.0,
    "train": False,
    "cell_resolution": None,
    "extends": False,
    "release": None,
    "credits": [],
}
"""The document as it was written before pydantic wrote it."""


def through_json(document: dict[str, Any]) -> Any:
    return json.loads(json.dumps(document, allow_nan=False))


def test_a_fetch_is_written_and_read_as_before() -> None:
    since = {"ground": True, "unsure_share": None, "eo_source": "tiles"}
    assert through_json(to_document(CITY)) == STORED_CITY | since
    assert from_document(FetchCity, STORED_CITY) == CITY  # from before there were these
    cut = {key: STORED_CITY[key] for key in ("slug", "name", "boundary", "years")}
    assert from_document(FetchCity, cut | {"of_a_later_version": 1}).pois == "overture"


def test_an_estimate_is_read_with_what_is_written_beside_it() -> None:
    made = FetchEstimate(
        "geometry", (2024,), 1, ("34N",), 1.5, 0.0, 2.0, 10, 9, None, 3.0, 5, 1.0, 2.0, None,
        asks=False, ask_megabytes=500,
    )  # fmt: skip
    written = through_json(made.to_document())
    assert (written["year"], written["fits"], written["zones"]) == (2024, True, ["34N"])
    assert from_document(FetchEstimate, written) == made


def test_a_result_survives_json() -> None:
    rows = [StudyRow(name, None, seed, "mrr", seed / 10) for name in "ab" for seed in (1, 2)]
    result = StudyResult("noise", "a", ("mrr",), rows, summarise(rows, "a"), ["a note"])
    assert from_document(StudyResult, through_json(to_document(result))) == result
    stored = through_json(to_document(result))["rows"]
    assert from_document(list[StudyRow], stored) == rows


@pytest.mark.parametrize(
    ("kind", "document", "field"),
    [
        (FetchCity, STORED_CITY | {"boundary": {"type": "Polygon"}}, "boundary"),
        (FetchCity, STORED_CITY | {"boundary": {"type": "Blob", "coordinates": []}}, "boundary"),
        (FetchCity, STORED_CITY | {"boundary": None}, "boundary"),
        (FetchCity, STORED_CITY | {"years": [2024, "soon"]}, "years.1"),
        (FetchEstimate, {}, "basis"),
        (StudyRun, None, "StudyRun"),
        (list[StudyRow], [{"variant": "a"}], "0.x"),
    ],
)
def test_what_does_not_fit_is_refused_by_field(kind: type, document: object, field: str) -> None:
    with pytest.raises(UnreadableDocumentError, check=fault("stored-document-unreadable", field)):
        from_document(kind, document)
