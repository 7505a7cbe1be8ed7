"""Where a training runs, how exactly, and what is said when its memory does not suffice."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch

from aether_core.errors import InputError
from aether_core.model.heads.device import choose_device, device_in_words, exact_arithmetic
from aether_core.model.recipes import recipe
from aether_core.model.training.device_memory import fitting_batch
from aether_core.model.training.trainer import train
from aether_core.model.training.training_steps import TrainingSteps
from tests.aether_core.model.places import make_training_set
from tests.errors import fault

ROOT = Path(__file__).resolve().parents[4]

UNDER_A_LIMIT = """
    import re, resource
    from pathlib import Path
    from aether_core.errors import AetherError
    from aether_core.model.recipes import recipe
    from aether_core.model.training.trainer import train
    from tests.aether_core.model.places import make_training_set

    def attempt(places, batch):
        settings = recipe("aether").override({"epochs": 1, "batch_size": batch})
        return train(make_training_set(places), settings, seed=0, device="cpu")

    attempt(64, 32)  # what libraries take once is taken before the limit
    page, room = resource.getpagesize(), 250_000_000
    used = page * int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (used + room, used + room))
    try:
        attempt(5000, 4000)
    except AetherError as error:
        print(error.exit_code, error.code, error)
        attempt(5000, int(re.search(r"set batch_size=([0-9]+)$", str(error))[1]))
        print("trained")
"""


def test_out_of_memory_names_a_batch_that_fits() -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(UNDER_A_LIMIT)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    said, trained = done.stdout.splitlines()
    assert said.startswith("2 batch-exceeds-memory ")
    assert "batch_size=4000 with 0." in said
    assert said.endswith(("set batch_size=1024", "set batch_size=2048"))
    assert trained == "trained"


def test_out_of_a_gpus_memory_is_explained_likewise(monkeypatch: pytest.MonkeyPatch) -> None:
    backward = TrainingSteps.run_backward

    def limited(steps: TrainingSteps, rows: torch.Tensor) -> torch.Tensor:
        if len(rows) > 256:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return backward(steps, rows)

    monkeypatch.setattr(TrainingSteps, "run_backward", limited)
    with pytest.raises(
        InputError, check=fault("batch-exceeds-memory", "batch_size=512", "batch_size=256")
    ):
        train(
            make_training_set(800),
            recipe("aether").override({"batch_size": 512}),
            seed=0,
            device="cpu",
        )


def test_other_errors_of_a_step_are_not_taken_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_steps: TrainingSteps, _rows: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("something else")

    monkeypatch.setattr(TrainingSteps, "run_backward", broken)
    with pytest.raises(RuntimeError, match="something else"):
        train(make_training_set(64), recipe("aether"), seed=0, device="cpu")


@pytest.mark.parametrize(
    ("free", "batch", "fits"),
    [
        (10**9, 4096, 2048),  # the largest power of two below the batch
        (4 * 1000**2, 4096, 512),
        (4 * 512**2 + 1000 * 512 + 10_000, 4096, 512),
        (4 * 512**2 + 1000 * 512, 4096, 256),
        (100, 4096, None),
    ],
)
def test_the_fitting_batch_follows_the_parabola(free: int, batch: int, fits: int | None) -> None:
    needs = {rows: 4 * rows**2 + 1000 * rows + 9_990 for rows in (64, 128, 256)}
    assert fitting_batch(needs, free, batch) == fits


def test_where_it_trains_is_said_in_plain_words() -> None:
    assert device_in_words("cpu") == "training on the CPU"
    if torch.cuda.is_available():
        assert device_in_words("auto").startswith("training on the GPU")
    else:
        assert device_in_words("auto") == "training on the CPU (no GPU found)"
    with pytest.raises(InputError, check=fault("no-such-device", "tpu", "cpu")):
        choose_device("tpu")


def test_lower_precision_of_others_has_no_say() -> None:
    threads = torch.get_num_threads()
    torch.set_float32_matmul_precision("medium")
    try:
        with exact_arithmetic(2):
            assert torch.get_float32_matmul_precision() == "highest"
            assert torch.get_num_threads() == 2
        assert torch.get_float32_matmul_precision() == "medium"
        assert torch.get_num_threads() == threads
    finally:
        torch.set_float32_matmul_precision("highest")
