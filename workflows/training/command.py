"""The command that trains the same model again."""

import shlex

from workflows.training.runs import RunSummary


def training_command(run: RunSummary) -> str:
    """The `train` command of a new run with a run's settings and seed."""
    words = ["./aether", "train", run.city, "--recipe", run.recipe]
    for key, value in run.settings.items():
        words += ["--set", f"{key}={value}"]
    words += ["--seed", str(run.seed)]
    words += ["--device", run.device] if run.device != "auto" else []
    words += ["--encoder", run.encoder] if run.encoder else []
    return shlex.join(words)
