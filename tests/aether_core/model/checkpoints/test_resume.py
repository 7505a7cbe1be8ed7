"""A run that was cut off ends as if it never had been."""

import resource
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from aether_core.errors import CancelledError, ConflictError, InputError
from aether_core.model.checkpoints.checkpoints import RunCheckpoints
from aether_core.model.heads.heads import Heads
from aether_core.model.recipes import recipe, recipes
from aether_core.model.training.epoch_report import EpochReport
from aether_core.model.training.trainer import Trained, train
from aether_core.model.training.training_set import TrainingSet
from tests.aether_core.model.checkpoints.killed_run import (
    MOMENTS,
    Kill,
    Outcome,
    Request,
    outcome,
    sitting,
)
from tests.aether_core.model.places import make_training_set
from tests.errors import fault
from tests.forks import run_script

ROOT = Path(__file__).resolve().parents[4]
SETTINGS = {"epochs": "7", "batch_size": "64", "patience": "3", "average": "0.9"}
STEPS = 7 * (270 // 64)  # nearly all of them: how many places are held out hangs on the blocks


def stop_after(epoch: int) -> Callable[[EpochReport], None]:
    def on_epoch(report: EpochReport) -> None:
        if report.epoch == epoch:
            raise CancelledError("stopped")

    return on_epoch


def same_weights(a: Trained, b: Trained) -> bool:
    there = b.heads.state_dict()
    return all(torch.equal(value, there[key]) for key, value in a.heads.state_dict().items())


@pytest.fixture
def data() -> TrainingSet:
    return make_training_set(200)


@pytest.fixture
def stopped(tmp_path: Path, data: TrainingSet) -> RunCheckpoints:
    """The checkpoints of a run of 5 epochs that was stopped after the second."""
    checkpoints = RunCheckpoints(tmp_path / "runs" / "1")
    with pytest.raises(CancelledError):
        train(
            data,
            recipe("aether").override({"epochs": 5}),
            seed=1,
            device="cpu",
            checkpoints=checkpoints,
            on_epoch=stop_after(2),
        )
    return checkpoints


@pytest.fixture(scope="module")
def uncut(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Outcome]:
    """What a recipe's run comes to that nobody cuts off: carried out once a recipe."""

    @cache
    def of(name: str) -> Outcome:
        whole = Request(tmp_path_factory.mktemp(f"whole-{name}"), name, SETTINGS)
        assert sitting(whole, None) == 0
        return outcome(whole)

    return of


def ends_as(cut: Request, uncut: Outcome) -> None:
    """Assert that a run's last sitting ends it with the bits and words of another."""
    assert sitting(cut, None) == 0
    (weights, history), (again, reported) = uncut, outcome(cut)
    assert reported == history
    assert weights.keys() == again.keys()
    for key, value in weights.items():
        assert torch.equal(value, again[key]), key


@pytest.mark.parametrize("name", [one.name for one in recipes()])
def test_killed_at_random_steps_it_ends_with_the_same_bits(
    name: str, uncut: Callable[[str], Outcome], tmp_path: Path
) -> None:
    cut = Request(tmp_path, name, SETTINGS)
    rng = np.random.default_rng(sum(name.encode()))
    for step in rng.integers(1, STEPS // 2, 2):
        assert sitting(cut, Kill("step", int(step))) == -9
    ends_as(cut, uncut(name))


@pytest.mark.parametrize("moment", [moment for moment in MOMENTS if moment != "step"])
def test_killed_while_a_checkpoint_is_written(
    moment: str, uncut: Callable[[str], Outcome], tmp_path: Path
) -> None:
    cut = Request(tmp_path, "aether", SETTINGS)
    assert sitting(cut, Kill(moment, 2)) == -9
    assert RunCheckpoints(cut.folder / "run").newest() is not None
    assert len(list((cut.folder / "run").iterdir())) == 1  # what was left half done is gone
    ends_as(cut, uncut("aether"))


def test_a_run_that_was_over_is_not_trained_further(data: TrainingSet, tmp_path: Path) -> None:
    settings = recipe("aether").override({"epochs": 60, "learning_rate": 0.01, "patience": 2})
    checkpoints = RunCheckpoints(tmp_path / "1")
    first = train(data, settings, seed=0, device="cpu", checkpoints=checkpoints)
    assert len(first.history) < 60
    again = train(data, settings, seed=0, device="cpu", checkpoints=checkpoints)
    assert len(again.history) == len(first.history) == again.resumed_from
    assert again.kept_epoch == first.kept_epoch
    assert same_weights(first, again)


def test_a_resumed_run_says_from_where_and_adds_up_its_time(
    data: TrainingSet, stopped: RunCheckpoints
) -> None:
    before = stopped.newest()
    assert before is not None
    settings = recipe("aether").override({"epochs": 5})
    trained = train(data, settings, seed=1, device="cpu", checkpoints=stopped)
    assert [report.resumed_from for report in trained.history] == [0, 0, 2, 2, 2]
    assert trained.resumed_from == 2
    assert before.history == trained.history[:2]
    seconds = [report.seconds for report in trained.history]
    assert seconds == sorted(seconds)
    assert trained.seconds >= seconds[-1]


def test_it_goes_on_with_as_many_threads_as_it_began_with(
    data: TrainingSet, tmp_path: Path
) -> None:
    settings = recipe("aether").override({"epochs": 3})
    checkpoints = RunCheckpoints(tmp_path / "1")
    outside = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with pytest.raises(CancelledError):
            train(
                data,
                settings,
                seed=1,
                checkpoints=checkpoints,
                device="cpu",
                on_epoch=stop_after(1),
            )
    finally:
        torch.set_num_threads(outside)
    seen: list[int] = []
    train(
        data,
        settings,
        seed=1,
        device="cpu",
        checkpoints=checkpoints,
        on_epoch=lambda _: seen.append(torch.get_num_threads()),
    )
    assert seen == [3, 3]
    assert torch.get_num_threads() == outside


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"lonlat": lambda v: v + 1e-6}, "the places"),
        ({"text_index": lambda v: v[::-1].copy()}, "the places"),
        ({"text": lambda v: -v}, "the text vectors"),
        ({"wide": lambda v: -v}, "the embedding vectors"),
    ],
)
def test_other_data_is_refused(
    data: TrainingSet, stopped: RunCheckpoints, change: dict[str, Callable], says: str
) -> None:
    other = replace(data, **{key: turn(getattr(data, key)) for key, turn in change.items()})
    settings = recipe("aether").override({"epochs": 5})
    with pytest.raises(ConflictError, check=fault("run-input-changed", 2, f": {says};")):
        train(other, settings, seed=1, device="cpu", checkpoints=stopped)
    assert stopped.newest_path() is not None


@pytest.mark.parametrize(
    ("settings", "seed", "start", "says"),
    [
        ({"epochs": 5, "lam": 0.3}, 1, None, "lam (0.2 then, 0.3 now)"),
        ({"epochs": 6}, 1, None, "epochs"),
        ({"epochs": 5}, 2, None, "seed"),
        ({"epochs": 5}, 1, Heads(), "first weights"),
    ],
)
def test_another_request_is_refused(
    data: TrainingSet,
    stopped: RunCheckpoints,
    settings: dict[str, float],
    seed: int,
    start: Heads | None,
    says: str,
) -> None:
    chosen = recipe("aether").override(settings)
    with pytest.raises(ConflictError, check=fault("run-input-changed", says)):
        train(data, chosen, seed=seed, device="cpu", checkpoints=stopped, start=start)


def test_another_version_of_torch_is_refused(
    data: TrainingSet, stopped: RunCheckpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda _: "9.9")
    with pytest.raises(ConflictError, check=fault("run-input-changed", "torch", 9.9)):
        train(
            data,
            recipe("aether").override({"epochs": 5}),
            seed=1,
            device="cpu",
            checkpoints=stopped,
        )


@pytest.mark.parametrize("keep", [0, 100, -10])
def test_a_damaged_checkpoint_is_refused(
    data: TrainingSet, stopped: RunCheckpoints, keep: int
) -> None:
    (path,) = stopped.folder.iterdir()
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, check=fault("checkpoint-damaged", path)):
        train(data, recipe("aether"), seed=1, device="cpu", checkpoints=stopped)


@pytest.mark.parametrize("at", [200, -100])
def test_a_checkpoint_with_changed_bytes_is_not_trained_on_from(
    stopped: RunCheckpoints, at: int
) -> None:
    """Of its words and of its numbers; those would otherwise be taken as they are."""
    (path,) = stopped.folder.iterdir()
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError):
        stopped.newest()


def test_a_checkpoint_holds_no_pickle(stopped: RunCheckpoints) -> None:
    (path,) = stopped.folder.iterdir()
    assert path.name == "epoch-000002.safetensors"
    state = stopped.newest()
    assert state is not None
    kinds = {key.split(".")[0] for key in state.tensors}
    assert kinds == {"heads", "best", "optimizer", "generator"}
    assert b"\x80\x02" not in path.read_bytes()[:4096]


def test_a_full_disk_keeps_the_checkpoint_before(tmp_path: Path) -> None:
    # A limit on the size of files fails a write the way a full disk does, without filling one.
    script = f"""
        import resource, sys
        from pathlib import Path
        from aether_core.errors import AetherError
        from aether_core.model.recipes import recipe
        from aether_core.model.checkpoints.checkpoints import RunCheckpoints
        from aether_core.model.training.trainer import train
        from tests.aether_core.model.places import make_training_set
        def tighten(report):
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, {resource.RLIM_INFINITY}))
        try:
            train(make_training_set(64), recipe("aether"), seed=0, device="cpu",
                  on_epoch=tighten, checkpoints=RunCheckpoints(Path(sys.argv[1])))
        except AetherError as error:
            print(error.exit_code, error)
    """
    done = run_script(script, str(tmp_path / "1"))
    assert done.out.startswith("2 disk full")
    assert [path.name for path in (tmp_path / "1").iterdir()] == ["epoch-000001.safetensors"]
    state = RunCheckpoints(tmp_path / "1").newest()
    assert state is not None
    assert state.epoch == 1


def test_weights_to_begin_with_are_left_as_they_are(data: TrainingSet) -> None:
    start = train(data, recipe("aether").override({"epochs": 2}), seed=0, device="cpu").heads
    before = {key: value.clone() for key, value in start.state_dict().items()}
    settings = recipe("aether").override({"epochs": 1, "learning_rate": 1e-6})
    tuned = train(data, settings, seed=0, device="cpu", start=start).heads
    for key, value in before.items():
        assert torch.equal(start.state_dict()[key], value)
        assert torch.allclose(tuned.state_dict()[key], value, atol=1e-4)
    with pytest.raises(InputError, check=fault("start-weights-other-shape")):
        train(data, settings.override({"post_mlp": "no"}), seed=0, device="cpu", start=start)
