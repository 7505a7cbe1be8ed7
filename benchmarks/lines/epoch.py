"""An epoch of training, and the same on a GPU.

Both ways see the same vectors in batches of 512, hold nothing out and train the published heads on
the published loss. The plain way is a `TensorDataset` in a `DataLoader` and torch's own defaults.
"""

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.inputs import SEED, spread_over, unit_rows
from benchmarks.line import Case, Clock, Line, Size, Took, Way, at_least_times, every

if TYPE_CHECKING:
    from aether_core.model.training.training_set import TrainingSet

BATCH = 512
_EPOCHS = 4  # the first warms up and does not count


def size(part: float) -> Size:
    """Places, three tenths as many distinct texts."""
    places = max(2 * BATCH, round(100_000 * part))
    return {"places": places, "texts": places * 3 // 10}


def prepare(case: Case) -> None:
    """Keep random unit vectors: what they say does not change what a step costs."""
    random = np.random.default_rng(SEED)
    places, texts = case.size["places"], case.size["texts"]
    np.savez(
        case.folder / "features",
        base=unit_rows(random, places, 64),
        wide=unit_rows(random, places, 64),
        text=unit_rows(random, texts, 384),
        text_index=spread_over(places, texts, random),
        lonlat=random.uniform((24.8, 60.1), (25.2, 60.3), (places, 2)),
    )


def _features(case: Case) -> "TrainingSet":
    from aether_core.model.training.training_set import TrainingSet

    with np.load(case.folder / "features.npz") as kept:
        return TrainingSet(**dict(kept))


def _median(laps: Sequence[Clock]) -> Took:
    """The median of the epochs after the first."""
    return Took(
        statistics.median(lap.seconds for lap in laps[1:]),
        statistics.median(lap.cpu_seconds for lap in laps[1:]),
    )


def _trained(case: Case, device: str, **settings: str | float) -> Took:
    """Epochs of `train`, timed from one report to the next."""
    from aether_core.model.recipes import recipe
    from aether_core.model.training.trainer import EpochReport, train

    chosen = recipe("aether").override({"epochs": _EPOCHS, "batch_size": BATCH, **settings})
    laps = [Clock()]
    laps[0].__enter__()

    def lap(_report: EpochReport) -> None:
        laps[-1].__exit__()
        laps.append(Clock())
        laps[-1].__enter__()

    train(_features(case), chosen, seed=SEED, device=device, on_epoch=lap)
    return _median(laps[:-1])


def ours(case: Case) -> Took:
    """`train` on the CPU with nothing held out."""
    return _trained(case, "cpu", holdout=0, keep="last")


def as_in_the_app(case: Case) -> Took:
    """`train` as the app runs it: a tenth held out and looked at after each epoch."""
    return _trained(case, "cpu", patience=_EPOCHS)


def on_gpu(case: Case) -> Took:
    """`train` on the GPU with nothing held out."""
    return _trained(case, "cuda", holdout=0, keep="last")


def loader_loop(case: Case) -> Took:
    """The loop that a tutorial shows, with the published loss and schedule."""
    import torch
    from torch.nn import functional
    from torch.utils.data import DataLoader, TensorDataset

    from aether_core.model.heads.heads import Heads

    def info_nce(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        logits = a @ b.t() / 0.07
        labels = torch.arange(len(a))
        one = functional.cross_entropy(logits, labels)
        other = functional.cross_entropy(logits.t(), labels)
        return (one + other) / 2

    data = _features(case)
    arrays = (data.base, data.wide, data.text[data.text_index])
    loader = DataLoader(
        TensorDataset(*map(torch.from_numpy, arrays)),
        batch_size=BATCH,
        shuffle=True,
        drop_last=True,
    )
    torch.manual_seed(SEED)
    heads = Heads()
    optimizer = torch.optim.AdamW(heads.parameters(), lr=1e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, _EPOCHS * len(loader), 1e-5)
    laps = []
    for _ in range(_EPOCHS):
        with Clock() as lap:
            total = 0.0
            for base, wide, text in loader:
                place = heads.eo(base)
                scales = info_nce(place, heads.eo(wide))
                cross = info_nce(place, heads.text(text))
                loss = 0.2 * scales + 0.8 * cross
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                total += loss.item()
        laps.append(lap)
    return _median(laps)


def floor(case: Case) -> Took:
    """Forward and backward pass of the published loss alone, on batches that lie ready."""
    import torch

    from aether_core.model.heads.heads import Heads
    from aether_core.model.training.losses import aether_loss

    data = _features(case)
    arrays = (data.base, data.wide, data.text[data.text_index])
    batches = list(zip(*(torch.from_numpy(array).split(BATCH) for array in arrays), strict=True))
    torch.manual_seed(SEED)
    heads = Heads()
    laps = []
    for _ in range(_EPOCHS):
        with Clock() as lap:
            for base, wide, text in batches[: len(data) // BATCH]:
                heads.zero_grad()
                views = heads.eo(base), heads.eo(wide), heads.text(text)
                aether_loss(*views, temperature=0.07, lam=0.2).total.backward()
        laps.append(lap)
    return _median(laps)


def no_gpu() -> str:
    """Why the GPU line cannot run here."""
    import torch

    return "" if torch.cuda.is_available() else "no GPU here"


LINES = (
    Line(
        name="epoch",
        module=__name__,
        size=size,
        words=lambda size: f"a training epoch, {size['places']:,} pairs in batches of {BATCH}",
        items="places",
        prepare=prepare,
        ways={
            "ours": Way("train(), nothing held out", ours),
            "reference": Way("a DataLoader loop", loader_loop),
            "floor": Way("forward and backward pass alone: the floor", floor),
            "app": Way("train() as the app runs it: a tenth held out and checked", as_in_the_app),
        },
        checks=every(at_least_times(2.5)),
    ),
    Line(
        name="epoch-gpu",
        module=__name__,
        size=size,
        words=lambda size: f"the same epoch of {size['places']:,} pairs on a GPU",
        items="places",
        prepare=prepare,
        ways={
            "ours": Way("train() on the GPU", on_gpu),
            "reference": Way("train() on the processor", ours),
        },
        checks=every(at_least_times(20)),
        unavailable=no_gpu,
    ),
)
