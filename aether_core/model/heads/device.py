"""Where tensors are computed, and with how many threads."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from aether_core.errors import InputError

DEVICES = ("auto", "cpu", "cuda")


def choose_device(name: str) -> torch.device:
    """Turn "auto", "cpu" or "cuda" into a device that is there.

    Raises:
        InputError: Another name, or "cuda" on a machine without one.
    """
    if name not in DEVICES:
        raise InputError(
            "unknown device",
            name,
            f"use {', '.join(DEVICES[:-1])} or {DEVICES[-1]}",
            code="no-such-device",
        )
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise InputError(
            "this machine has no CUDA device", name, "use cpu or auto", code="no-cuda-device"
        )
    return torch.device("cuda" if there and name != "cpu" else "cpu")


def device_in_words(name: str) -> str:
    """What training on "auto", "cpu" or "cuda" comes to on this machine, in plain words.

    Raises:
        InputError: As `choose_device`.
    """
    if choose_device(name).type == "cuda":
        return f"training on the GPU ({torch.cuda.get_device_name()})"
    return "training on the CPU" + (" (no GPU found)" if name == "auto" else "")


@contextmanager
def exact_arithmetic(threads: int) -> Iterator[None]:
    """Compute with so many threads and in full float32, and leave torch as it was.

    The number of threads decides the order in which sums are taken and so the last bits of a
    result. Lower precision of matrix products (TF32) is switched off, whatever the program around
    has set: its effect on a training cannot be told apart from that of another seed.

    Args:
        threads: Threads of one operation on the CPU.
    """
    threads_before = torch.get_num_threads()
    precision_before = torch.get_float32_matmul_precision()
    torch.set_num_threads(threads)
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_num_threads(threads_before)
        torch.set_float32_matmul_precision(precision_before)
