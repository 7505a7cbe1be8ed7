"""What a process that others are forked from loads first, where those are to train."""

from typing import Final

FIRST_OPTIMIZER_LOADS: Final = "torch._dynamo"
"""The module that PyTorch loads with the first optimizer of a process, for seconds."""
