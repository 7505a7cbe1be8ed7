"""What a user may choose about a fit, for maps and comparisons alike."""

from dataclasses import dataclass

from aether_core.errors import InputError
from aether_core.tasks.predictors.predictor import PREDICTORS, Kind
from aether_core.tasks.samples.representations import (
    RECOMMENDED,
    REPRESENTATION_KINDS,
    REPRESENTATIONS,
)
from aether_core.tasks.testing.chosen import BEST
from aether_core.tasks.testing.protocols import CROSS_VALIDATION, PROTOCOLS
from aether_core.tasks.testing.splits import OFFERED, SPLITS

MOST_SEEDS = 50


@dataclass(frozen=True)
class FitSettings:
    """How probes are fitted and tested.

    Attributes:
        representation: What the map's probe sees; `best` has it chosen by inner folds.
        chosen_from: What it was chosen from; empty where it was named.
        model: Name of the model behind `aether` and `concat`; the one in use when None.
        predictor: `linear` or `mlp`.
        protocol: `cross-validation` (every label is tested once a seed), or `published` (the
            paper's 80/20 split, its seeds and its training).
        splits: `random`, `spatial` or both; maps take their uncertainty from `spatial` where it is
            asked for.
        folds: Number of cross-validation folds.
        seeds: How many times the folds are drawn anew; the published protocol has its own five.
        seed: The first seed.
        block_m: Side of a spatial block in metres; from the variogram range when None.
        level: Share of truths that sets and intervals are made to hold, 0.5 to 0.99.
    """

    representation: str = RECOMMENDED
    model: str | None = None
    predictor: Kind = "linear"
    protocol: str = CROSS_VALIDATION.name
    splits: tuple[str, ...] = OFFERED
    folds: int = 5
    seeds: int = 5
    seed: int = 42
    block_m: float | None = None
    level: float = 0.9
    chosen_from: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        known = (*REPRESENTATIONS, BEST)
        _one_of("representation", self.representation, known, "no-such-representation")
        _one_of("predictor", self.predictor, tuple(PREDICTORS), "no-such-predictor")
        _one_of("protocol", self.protocol, tuple(PROTOCOLS), "no-such-protocol")
        for split in self.splits:
            _one_of("split", split, OFFERED, "no-such-split")
        if not self.splits:
            raise InputError(
                "no split was chosen",
                "(none)",
                f"choose from {', '.join(OFFERED)}",
                code="no-split-chosen",
            )
        # Whatever order they were named in: uncertainty comes from the hardest, the last.
        ordered = tuple(split for split in OFFERED if split in self.splits)
        object.__setattr__(self, "splits", ordered)
        _within("folds", self.folds, 2, 20, "fold-count-out-of-range")
        _within("seeds", self.seeds, 1, MOST_SEEDS, "seed-count-out-of-range")
        _within("level", self.level, 0.5, 0.99, "coverage-level-out-of-range")
        _within("seed", self.seed, 0, 2**31 - 1, "seed-out-of-range")
        if self.block_m is not None and not 10 <= self.block_m <= 100_000:
            raise InputError(
                "the block size must lie between 10 and 100000 metres",
                self.block_m,
                "leave it out to use the variogram range",
                code="block-size-out-of-range",
            )

    @property
    def needs_model(self) -> bool:
        """Whether the representation is made by the city's model."""
        return REPRESENTATION_KINDS[self.representation].needs_model

    @property
    def holds_out_blocks(self) -> bool:
        """Whether whole blocks of ground are held out."""
        return any(SPLITS[split].of_blocks for split in self.splits)

    @property
    def all_seeds(self) -> tuple[int, ...]:
        """The seeds of the splits."""
        return PROTOCOLS[self.protocol].own_seeds or tuple(range(self.seed, self.seed + self.seeds))


def _one_of(name: str, value: str, known: tuple[str, ...], code: str) -> None:
    if value not in known:
        raise InputError(
            f"the {name} is unknown", value, f"choose from {', '.join(known)}", code=code
        )


def _within(name: str, value: float, least: float, most: float, code: str) -> None:
    if not least <= value <= most:
        raise InputError(
            f"{name} must lie between {least:g} and {most:g}", value, "change it", code=code
        )
