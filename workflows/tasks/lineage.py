"""What a layer was made from: enough to make it again, and to know whether it still holds."""

import importlib.metadata
from typing import Any

from aether_core.vector import ReadingReport
from workflows.tasks.arrays import TaskCity

SOFTWARE = ("torch", "numpy", "scikit-learn", "h3")


def lineage_of(city: TaskCity) -> dict[str, object]:
    """City with its sources, embedding, model and software of a fit, as JSON values."""
    return {
        "city": city.slug,
        "year": city.year,
        "model": city.model,
        "embedding": city.embedding,
        "sources": list(city.sources),
        "simulated": city.simulated,
        "embedding_sha256": list(city.embedding_sha256),
        "software": {name: importlib.metadata.version(name) for name in SOFTWARE},
    }


def read_document(**reports: ReadingReport | None) -> dict[str, Any]:
    """How each file was read, by what it was read for; those that were not read are left out."""
    return {name: report.document() for name, report in reports.items() if report is not None}


def without_rows(read: dict[str, Any]) -> dict[str, Any]:
    """The same without the files' rows: a layer's lineage goes out with it."""
    return {
        name: {key: value for key, value in one.items() if key != "sample"}
        for name, one in read.items()
    }
