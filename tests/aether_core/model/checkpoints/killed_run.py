"""A training run in a process of its own that is killed, with SIGKILL, at a given moment."""

import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from aether_core.model.checkpoints.checkpoints import RunCheckpoints
from aether_core.model.recipes import recipe
from aether_core.model.training.trainer import Trained, train
from aether_core.model.training.training_steps import TrainingSteps
from tests.aether_core.model.places import make_training_set
from tests.forks import Forked

Outcome = tuple[dict[str, Tensor], list[dict[str, Any]]]
MOMENTS = ("step", "half written", "not yet renamed", "older not yet removed")


@dataclass(frozen=True)
class Kill:
    """When to die: at the nth time of one of the `MOMENTS` in this sitting."""

    moment: str
    number: int


@dataclass(frozen=True)
class Request:
    """A run: its folder, recipe, changed settings and threads."""

    folder: Path
    recipe: str
    settings: dict[str, str]
    threads: int = 1


def sitting(request: Request, kill: Kill | None) -> int:
    """One attempt at the run in a process of its own.

    Returns:
        Its exit code: 0, or -9 when it was killed.
    """
    return Forked(_sit, request, kill).wait(120)


def outcome(request: Request) -> Outcome:
    """Weights and history of a run that came to its end; times and sittings left out."""
    history = json.loads((request.folder / "history.json").read_text())
    timeless = {"seconds", "seconds_left", "resumed_from"}
    reported = [{key: entry[key] for key in entry.keys() - timeless} for entry in history]
    return load_file(request.folder / "weights.safetensors"), reported


def _sit(request: Request, kill: Kill | None) -> None:
    torch.set_num_threads(request.threads)
    if kill is not None:
        _arm(kill)
    trained = train(
        make_training_set(300),
        recipe(request.recipe).override(request.settings),
        seed=3,
        device="cpu",
        checkpoints=RunCheckpoints(request.folder / "run"),
    )
    _keep(request.folder, trained)


def _keep(folder: Path, trained: Trained) -> None:
    save_file(trained.heads.state_dict(), folder / "weights.safetensors")
    history = [report.as_json() for report in trained.history]
    (folder / "history.json").write_text(json.dumps(history))


def _arm(kill: Kill) -> None:
    """Let this process kill itself when it is about to do the thing for the nth time."""
    owner, name = {
        "step": (TrainingSteps, "run_step"),
        "half written": (Path, "write_bytes"),
        "not yet renamed": (Path, "replace"),
        "older not yet removed": (RunCheckpoints, "remove_all_but"),
    }[kill.moment]
    action = getattr(owner, name)
    left = kill.number

    def act(*arguments: Any) -> Any:
        nonlocal left
        left -= 1
        if left > 0:
            return action(*arguments)
        if kill.moment == "half written":
            path, data = arguments
            action(path, data[: len(data) // 2])
        return os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, act)
