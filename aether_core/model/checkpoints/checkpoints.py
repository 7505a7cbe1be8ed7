"""The state of an unfinished run on disk, from which it goes on exactly as it would have.

One file an epoch, `epoch-000007.safetensors`: tensors (weights, optimizer moments, states of the
random generators) and, in the file's metadata, JSON for all that is not a tensor. Floats survive
JSON exactly. Nothing in the file can run as code.
"""

import errno
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as tensors_as_bytes
from torch import Tensor

from aether_core.errors import AetherError, DiskFullError, InputError
from aether_core.files.whole import atomic_path
from aether_core.model.checkpoints.folder import RunFolder
from aether_core.model.checkpoints.identity import RunIdentity
from aether_core.model.training.epoch_report import EpochReport

FORMAT_VERSION = 1
"""Raised when the layout changes, or when a recipe trains to other numbers than before."""


@dataclass(frozen=True)
class RunState:
    """A run after an epoch.

    Attributes:
        identity: What decides its numbers.
        history: One report an epoch done, at least one.
        tensors: By dotted names; `RunState.part` gives those under a prefix.
        facts: Plain JSON values.
    """

    identity: RunIdentity
    history: list[EpochReport]
    tensors: Mapping[str, Tensor]
    facts: Mapping[str, Any]

    @property
    def epoch(self) -> int:
        """The last epoch that is done."""
        return self.history[-1].epoch

    def part(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names begin with `prefix.`, without it."""
        start = f"{prefix}."
        return {
            key.removeprefix(start): value
            for key, value in self.tensors.items()
            if key.startswith(start)
        }


class RunCheckpoints(RunFolder):
    """The folder of one run's checkpoints, written and read."""

    def save(self, state: RunState) -> None:
        """Write a checkpoint, whole or not at all, and then remove those before it.

        Raises:
            DiskFullError: There is no room; the checkpoint before stays.
            InputError: This user may not write the folder.
        """
        words = {
            "format_version": FORMAT_VERSION,
            "identity": state.identity.as_json(),
            "history": [report.as_json() for report in state.history],
            "facts": state.facts,
        }
        tensors = {key: value.detach().cpu().contiguous() for key, value in state.tensors.items()}
        target = self.path_of(state.epoch)
        _make(self.folder)
        with atomic_path(target, force=True) as written:
            text = json.dumps(words)
            known_by = {"state": text, "sha256": _digest(text, tensors)}
            written.write_bytes(tensors_as_bytes(tensors, known_by))
        self.remove_all_but(target)

    def newest(self) -> RunState | None:
        """The newest checkpoint; None when there is none.

        Raises:
            InputError: It cannot be read, or another version of this program wrote it.
        """
        path = self.newest_path()
        if path is None:
            return None
        self.remove_all_but(path)
        damaged = InputError(
            "the run's checkpoint is damaged", path, "start a new run", code="checkpoint-damaged"
        )
        try:
            with safe_open(path, framework="pt", device="cpu") as file:
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no mapping
                metadata = file.metadata() or {}
            words = json.loads(metadata["state"])
            # Checkpoints from before it was kept have none.
            if metadata.get("sha256", "") not in {"", _digest(metadata["state"], tensors)}:
                raise damaged
            if words["format_version"] != FORMAT_VERSION:
                raise InputError(
                    "the run's checkpoint was written by another version of Aether",
                    path.name,
                    "start a new run",
                    code="checkpoint-of-other-version",
                )
            history = [EpochReport.from_json(entry) for entry in words["history"]]
            state = RunState(RunIdentity(**words["identity"]), history, tensors, words["facts"])
        except AetherError:
            raise
        except (SafetensorError, OSError, ValueError, RuntimeError, KeyError, TypeError):
            raise damaged from None
        if not history:
            raise damaged
        return state


def _digest(words: str, tensors: Mapping[str, Tensor]) -> str:
    """What a checkpoint is known by: changed bytes would be trained on from without a word."""
    digest = hashlib.sha256(words.encode())
    for key in sorted(tensors):
        digest.update(f"{key} {tensors[key].dtype} {list(tensors[key].shape)}".encode())
        digest.update(tensors[key].reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFullError(
                f"not enough disk space for {folder.name}; free some and try again"
            ) from error
        raise InputError(
            "the run's checkpoint folder cannot be created",
            f"{folder} ({error.strerror})",
            "choose a home folder you can write to",
            code="checkpoint-folder-unwritable",
        ) from error
