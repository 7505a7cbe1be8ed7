"""What layers are called in lists: Streamlit tells options apart by what they say."""

from collections.abc import Sequence
from typing import Final

from aether_core.language import _, mark
from aether_core.tasks.testing.comparison import spoken_names
from workflows.layers.layers import LayerSummary

_FIELDS: Final = {"percentile": mark("Rank"), "score": mark("Score")}


def distinct_names(layers: Sequence[LayerSummary]) -> dict[str, str]:
    """A name a layer, no two alike: titles, the second of a title with (2) behind it.

    Args:
        layers: A city's layers, newest first.

    Returns:
        Name by the layer's short name, in the order given.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for layer in reversed(layers):
        number, name = 2, layer.title
        while name in taken:
            name = f"{layer.title} ({number})"
            number += 1
        taken.add(name)
        names[layer.layer] = name
    return {layer.layer: names[layer.layer] for layer in layers}


def features_used(layer: LayerSummary) -> str:
    """What the fit behind a layer saw; empty for layers that are no fit."""
    name = str(layer.parameters.get("representation") or "")
    return spoken_names(layer.embedding).get(name, name)


def field_title(name: str) -> str:
    """What a field of a layer is called on a page: its name in words, metres said as such."""
    if name in _FIELDS:
        return _(_FIELDS[name])
    words = name.removesuffix("_m").replace("_", " ").strip()
    title = words[:1].upper() + words[1:]
    return _("{title}, in metres", title=title) if name.endswith("_m") else title
