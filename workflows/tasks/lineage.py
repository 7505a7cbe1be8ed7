"""What a layer was made from: enough to make it again, and to know whether it still holds."""

import importlib.metadata

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
