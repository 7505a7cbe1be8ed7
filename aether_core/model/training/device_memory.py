"""What to say when a device has no memory left for a batch: which batch would fit."""

import os
import resource
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from aether_core.errors import InputError
from aether_core.model.training.training_steps import TrainingSteps

_PROBES: Final = (64, 128, 256)
_ABOVE_SAVED: Final = 2.5
"""Peak of a step in parts of what it saves for its backward pass; measured 1.4 to 1.9 on a CPU."""
_SMALLEST: Final = 2


@contextmanager
def memory_explained(steps: TrainingSteps, device: torch.device) -> Iterator[None]:
    """Turn running out of the device's memory into an error that names a batch that would fit.

    The batch is never changed here: it decides what the model learns.

    Args:
        steps: The training whose steps run inside the block.
        device: Where they run.

    Raises:
        InputError: The memory did not suffice.
    """
    try:
        yield
    except RuntimeError as error:  # torch.OutOfMemoryError is one, the CPU's has no type of its own
        if not isinstance(error, torch.OutOfMemoryError) and "allocate memory" not in str(error):
            raise
        # Its frames hold the tensors of the step that failed, and with them the memory to measure.
        traceback.clear_frames(error.__traceback__)
        raise _explained(steps, device) from None


@contextmanager
def places_explained(places: int) -> Iterator[None]:
    """Turn running out of a GPU's memory while places are put there into a plain error.

    Raises:
        InputError: The memory did not suffice.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise InputError(
            "this GPU does not have enough memory for the places",
            places,
            "train on the CPU",
            code="places-exceed-memory",
        ) from None


def fitting_batch(bytes_of: Mapping[int, int], free: int, batch: int) -> int | None:
    """The largest power of two below a batch whose step fits into the memory that is free.

    A step's memory grows with the batch (outputs of the layers) and with its square (every place
    against every other), so a parabola through three measured batches tells it of any other.

    Args:
        bytes_of: What the steps of at least three small batches need, by size of the batch.
        free: Bytes that are free.
        batch: The batch that did not fit.

    Returns:
        None where not even a batch of 2 fits.
    """
    parabola = np.polynomial.Polynomial.fit(list(bytes_of), list(bytes_of.values()), 2)
    candidate = 1 << max(batch - 1, 1).bit_length() - 1
    while candidate >= _SMALLEST:
        if parabola(candidate) <= free:
            return candidate
        candidate //= 2
    return None


def _explained(steps: TrainingSteps, device: torch.device) -> InputError:
    free = _free_bytes(device)
    probes = {
        rows: int(_ABOVE_SAVED * _saved_bytes(steps, torch.arange(rows, device=device)))
        for rows in _PROBES
        if rows <= steps.batch
    }
    fits = fitting_batch(probes, free, steps.batch) if len(probes) == len(_PROBES) else None
    where = "GPU" if device.type == "cuda" else "computer"
    other = ", or train on the CPU" if device.type == "cuda" else ""
    return InputError(
        f"this {where} does not have enough memory for the batch",
        f"batch_size={steps.batch} with {free / 1e9:.1f} GB free",
        f"set batch_size={fits}{other}" if fits else f"close other programs{other}",
        code="batch-exceeds-memory",
    )


def _saved_bytes(steps: TrainingSteps, rows: Tensor) -> int:
    """Bytes that a batch's forward pass keeps for its backward pass, each tensor counted once."""
    held: dict[int, int] = {}

    def count(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        held[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        steps.run_backward(rows)
    return sum(held.values())


def _free_bytes(device: torch.device) -> int:
    """Memory that is free on a device; on the CPU what the system and the process's limit leave."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
        return int(torch.cuda.mem_get_info(device)[0])
    page = os.sysconf("SC_PAGE_SIZE")
    free = page * os.sysconf("SC_AVPHYS_PAGES")
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY:
        used = page * int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        free = min(free, max(limit - used, 0))
    return free
