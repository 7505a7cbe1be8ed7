"""What another city's model is worth here, as it is and with a few of this city's places."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from aether_core.errors import InputError
from aether_core.model.heads.heads import Heads
from aether_core.model.recipes.definition import Recipe
from aether_core.progress import Progress, silent
from aether_core.study.ablation import RAW
from aether_core.study.city import StudyCity
from aether_core.study.enough_places import TEST_PART
from aether_core.study.kinds import TRANSFER
from aether_core.study.result import StudyResult, StudyRow
from aether_core.study.run import SEEDS, check_seeds, keep_nothing, run_plan
from aether_core.study.sparsity import drawn, enough, too_few
from aether_core.study.trial import Plan, Trial, TrialInputs, Variant, plain_plan

SHARES = (0.02, 0.1, 0.25)
"""Parts of the own training places that the other city's model is trained further on."""


def run_transfer(
    a: StudyCity,
    b: StudyCity,
    recipe: Recipe,
    *,
    seeds: Sequence[int] = SEEDS,
    shares: Sequence[float] = SHARES,
    device: str = "auto",
    progress: Progress = silent,
    done: Sequence[StudyRow] = (),
    on_rows: Callable[[list[StudyRow]], None] = keep_nothing,
) -> StudyResult:
    """Train on `a` and use the model on `b`.

    Everything is tested on blocks of `b` that no training saw: `b`'s own model (the baseline), the
    model of `a` as it is, the model of `a` trained further on a part of `b`'s training places, a
    model of that part alone, and the embedding without heads.

    Args:
        a: The city the model comes from; all of its places are trained on.
        b: The city it is used on.
        recipe: Settings of every training. Training further takes them as they are: at a tenth and
            at three tenths of the learning rate it did no better (docs/method.md).
        seeds: As in `run_study`.
        shares: Parts of `b`'s training places, above 0 and up to 1; those too small to train on are
            left out with a note.
        device: As in `run_study`.
        progress: As in `run_study`.
        done: As in `run_study`.
        on_rows: As in `run_study`.

    Raises:
        InputError: The cities are one, or of different embeddings or text encoders; a share that is
            none; or as in `run_study`.
        CancelledError: Raised by `progress`.
    """
    check_seeds(seeds)
    _check_pair(a, b)
    wrong = [share for share in shares if not 0 < share <= 1]
    if wrong:
        raise InputError(
            "not a share of the places",
            wrong,
            "give numbers above 0 and up to 1",
            code="share-out-of-range",
        )
    plan = _plan(b, _OtherModel(a), shares)
    return run_plan(
        "transfer", plan, b, recipe, seeds, device, progress=progress, done=done, on_rows=on_rows
    )


class _OtherModel:
    """Trains the other city's model once a seed.

    Args:
        city: The other city.
    """

    def __init__(self, city: StudyCity) -> None:
        self.city = city
        self._seed: int | None = None
        self._heads: Heads | None = None

    def heads(self, trial: Trial) -> Heads:
        """The model of the trial's seed and recipe."""
        if self._heads is None or trial.seed != self._seed:
            self._heads = trial.train(self.city.training, trial.recipe)
            self._seed = trial.seed
        return self._heads


def _plan(b: StudyCity, other: _OtherModel, shares: Sequence[float]) -> Plan:
    def unchanged(trial: Trial) -> TrialInputs:
        return replace(trial.prepared(start=other.heads(trial)), learned=None)

    plan = plain_plan(b, [Variant(TRANSFER.baseline, 100.0, Trial.prepared)], [])
    there = round(int(plan.usable.sum()) * (1 - TEST_PART))
    name = f"model of {other.city.slug}"
    plan.variants.append(Variant(f"{name} unchanged", 0.0, unchanged))
    for share in sorted(set(shares)):
        percent = 100 * share
        part = f"{percent:g} % of local places"
        if not enough(there, share):
            plan.notes.append(too_few(part, there, share))
            continue
        plan.variants.append(Variant(f"{name} and {part}", percent, _further(other, share)))
        plan.variants.append(Variant(f"{part} alone", percent, _alone(share)))
    plan.variants.append(Variant(RAW, None, Trial.embedding_alone))
    plan.notes.append(
        f"100 % of local places are about {there:,} training places of {b.slug}; the model of "
        f"{other.city.slug} saw all of its {len(other.city.training):,}. '{RAW}' has no text "
        "encoder."
    )
    return plan


def _further(other: _OtherModel, share: float) -> Callable[[Trial], TrialInputs]:
    def prepare(trial: Trial) -> TrialInputs:
        learned = trial.city.training.part(drawn(trial, share))
        return trial.prepared(learned, start=other.heads(trial))

    return prepare


def _alone(share: float) -> Callable[[Trial], TrialInputs]:
    def prepare(trial: Trial) -> TrialInputs:
        return trial.prepared(trial.city.training.part(drawn(trial, share)))

    return prepare


def _check_pair(a: StudyCity, b: StudyCity) -> None:
    if a.slug == b.slug:
        raise InputError(
            "a city cannot be transferred to itself",
            a.slug,
            "name two cities",
            code="transfer-to-itself",
        )
    for what, code, of_a, of_b in (
        (
            "embeddings of different lengths",
            "embeddings-of-different-length",
            a.training.base.shape[1],
            b.training.base.shape[1],
        ),
        (
            "text vectors of different lengths",
            "texts-of-different-length",
            a.training.text.shape[1],
            b.training.text.shape[1],
        ),
    ):
        if of_a != of_b:
            raise InputError(
                f"the cities have {what}",
                f"{a.slug} {of_a}, {b.slug} {of_b}",
                "use cities with the same embedding and text encoder",
                code=code,
            )
