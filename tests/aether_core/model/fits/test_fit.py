"""A training handed over as files comes to the same, however often it is begun."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from aether_core.errors import CancelledError, DamagedFileError
from aether_core.model.fits.fit import (
    Fit,
    carry_out,
    epochs_done,
    forget,
    hand_over,
    outcome,
    tell_to_stop,
)
from aether_core.model.fits.given import Given, read_given
from aether_core.model.recipes import recipe
from aether_core.model.training.trainer import Trained, train
from tests.aether_core.model.places import make_training_set
from tests.errors import fault

SETTINGS = {"epochs": "4", "batch_size": "64"}
BEGIN = """
import sys
from pathlib import Path
from aether_core.model.fits.fit import Fit, carry_out
folder, key = sys.argv[1:]
carry_out(Fit(Path(folder), key, Path(folder) / "stop-1"))
"""


@pytest.fixture
def given() -> Given:
    return Given(
        data=make_training_set(200),
        recipe="aether",
        settings=SETTINGS,
        seed=3,
        device="cpu",
        threads=1,
        versions={"torch": torch.__version__},
    )


@pytest.fixture
def fit(tmp_path: Path, given: Given) -> Fit:
    return hand_over(tmp_path / "shared", "bay-1", given, "1")


def trained_here(given: Given) -> Trained:
    chosen = recipe(given.recipe).override(dict(given.settings))
    return train(given.data, chosen, seed=given.seed, device="cpu", threads=given.threads)


def check_same(found: Trained | None, wanted: Trained) -> None:
    assert found is not None
    there = found.heads.state_dict()
    assert all(torch.equal(value, there[key]) for key, value in wanted.heads.state_dict().items())
    assert [one.loss for one in found.history] == [one.loss for one in wanted.history]
    assert found.validation == wanted.validation
    timeless = {"heads": None, "history": [], "seconds": 0.0, "resumed_from": 0}
    assert replace(found, **timeless) == replace(wanted, **timeless)


def test_the_outcome_is_that_of_a_training_here(fit: Fit, given: Given) -> None:
    assert outcome(fit) is None
    carry_out(fit)
    check_same(outcome(fit), trained_here(given))
    assert epochs_done(fit) == 4
    made = {path: path.stat().st_mtime_ns for path in fit.folder.rglob("*.safetensors")}
    carry_out(fit)  # again: nothing is left to do
    assert {path: path.stat().st_mtime_ns for path in fit.folder.rglob("*.safetensors")} == made
    forget(fit)
    assert not fit.folder.exists()


def test_a_process_set_to_other_threads_computes_with_those_it_is_given(
    tmp_path: Path, given: Given
) -> None:
    """Workers are started with one thread each; the last bits are those of whoever asked."""
    two = replace(given, threads=2)
    fit = hand_over(tmp_path, "bay-1", two, "1")
    subprocess.run(
        [sys.executable, "-c", BEGIN, fit.folder, fit.key],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=True,
    )
    check_same(outcome(fit), trained_here(two))


def test_two_processes_at_once_train_it_once(fit: Fit, given: Given) -> None:
    both = [subprocess.Popen([sys.executable, "-c", BEGIN, fit.folder, fit.key]) for _ in range(2)]
    assert [one.wait(120) for one in both] == [0, 0]
    found = outcome(fit)
    check_same(found, trained_here(given))
    assert found is not None
    assert found.resumed_from == 0


def test_one_that_is_told_to_stop_ends_after_its_epoch_and_goes_on_when_handed_over_again(
    tmp_path: Path, fit: Fit, given: Given
) -> None:
    tell_to_stop(fit)
    with pytest.raises(CancelledError):
        carry_out(fit)
    assert (epochs_done(fit), outcome(fit)) == (1, None)
    again = hand_over(tmp_path / "shared", "bay-1", given, "2")
    assert again.folder == fit.folder
    carry_out(again)
    found = outcome(again)
    check_same(found, trained_here(given))
    assert found is not None
    assert found.resumed_from == 1


def test_what_is_handed_over_is_known_by_all_of_it(tmp_path: Path, fit: Fit, given: Given) -> None:
    for other in (
        replace(given, seed=4),
        replace(given, threads=2),
        replace(given, settings={**SETTINGS, "epochs": "5"}),
        replace(given, data=make_training_set(200, seed=1)),
        replace(given, data=replace(given.data, category=None)),
        replace(given, versions={"torch": "0"}),
    ):
        assert hand_over(tmp_path / "shared", "bay-1", other, "1").folder != fit.folder
    bare = replace(given, data=replace(given.data, category=None, wide=None))
    path = hand_over(tmp_path / "shared", "bay-1", bare, "1")
    read = read_given(path.folder / "given.safetensors", path.key)
    assert (read.data.category, read.data.wide) == (None, None)
    assert (read.data.lonlat == given.data.lonlat).all()


def test_a_damaged_file_is_refused_and_a_damaged_outcome_made_anew(fit: Fit, given: Given) -> None:
    carry_out(fit)
    weights = fit.folder / "trained" / "heads.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert outcome(fit) is None
    carry_out(fit)
    check_same(outcome(fit), trained_here(given))
    shutil.rmtree(fit.folder / "trained")
    path = fit.folder / "given.safetensors"
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(DamagedFileError, check=fault("fit-damaged", path.name)):
        carry_out(fit)
