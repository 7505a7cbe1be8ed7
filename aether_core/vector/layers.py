"""Which layer of a file is read: the only one, or the one the user named."""

from collections.abc import Sequence
from pathlib import Path

from aether_core.errors import InputError


class SeveralLayersError(InputError):
    """A file holds several layers, and none was named.

    Attributes:
        layers: Their names, for whoever asks which one is meant.
    """

    code = "file-with-several-layers"

    layers: Sequence[str] = ()


def several_layers(
    path: Path, names: Sequence[str], what: str = "has several layers"
) -> SeveralLayersError:
    """Return the error that asks which layer is meant."""
    error = SeveralLayersError(
        f"{path.name} {what}",
        ", ".join(names),
        "choose one (in commands: --layer)",
    )
    error.layers = list(names)
    return error


def no_such_layer(path: Path, wanted: str, names: Sequence[str]) -> InputError:
    """Return the error for a layer that is not there."""
    return InputError(
        f"{path.name} has no such layer",
        wanted,
        f"it has {', '.join(names) or 'none'}",
        code="no-such-layer-in-file",
    )


def chosen_layer(path: Path, names: Sequence[str], wanted: str | None) -> str | None:
    """Return the layer to read, None of a file without layers.

    Raises:
        InputError: There are several and none is wanted, or the wanted one is not there.
    """
    if wanted is not None and wanted not in names:
        raise no_such_layer(path, wanted, names)
    if wanted is None and len(names) > 1:
        raise several_layers(path, names)
    return wanted or next(iter(names), None)
