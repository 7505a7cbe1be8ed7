"""Where tensors are computed."""

import torch

from aether_core.errors import InputError

DEVICES = ("auto", "cpu", "cuda")


def choose_device(name: str) -> torch.device:
    """Turn "auto", "cpu" or "cuda" into a device that is there.

    Raises:
        InputError: Another name, or "cuda" on a machine without one.
    """
    if name not in DEVICES:
        raise InputError("unknown device", name, f"use {', '.join(DEVICES[:-1])} or {DEVICES[-1]}")
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise InputError("this machine has no CUDA device", name, "use cpu or auto")
    return torch.device("cuda" if there and name != "cpu" else "cpu")
