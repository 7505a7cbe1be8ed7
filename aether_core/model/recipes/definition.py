"""What a training recipe is made of, and the settings a user may change."""

import difflib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any

from aether_core.errors import InputError
from aether_core.language import mark

Value = str | int | float


@dataclass(frozen=True)
class SettingRule:
    """What a setting means and which values it takes.

    Attributes:
        help: One plain sentence for the page.
        kind: `int`, `float` or `str`.
        minimum: Smallest value allowed, numbers only.
        maximum: Largest value allowed, numbers only.
        choices: The values allowed, words only.
    """

    help: str
    kind: type
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """What may be given, in words."""
        return " or ".join(self.choices) or f"{self.minimum:g} to {self.maximum:g}"


@dataclass(frozen=True)
class Setting:
    """One setting of a recipe with its present value, ready to be shown in a form."""

    key: str
    value: Value
    rule: SettingRule


RULES: Mapping[str, SettingRule] = MappingProxyType(
    {
        "epochs": SettingRule(mark("Maximum number of passes over all places."), int, 1, 2000),
        "batch_size": SettingRule(
            mark(
                "Number of places compared with one another per step; a smaller city uses all its "
                "places."
            ),
            int,
            2,
            65_536,
        ),
        "learning_rate": SettingRule(mark("Initial learning rate."), float, 1e-6, 1.0),
        "weight_decay": SettingRule(mark("Strength of the weight decay."), float, 0.0, 1.0),
        "temperature": SettingRule(
            mark("Temperature of the contrastive loss; lower separates pairs more sharply."),
            float,
            0.01,
            1.0,
        ),
        "lam": SettingRule(
            mark(
                "Weight of the multi-scale loss (between the two window sizes) relative to the "
                "text loss."
            ),
            float,
            0.0,
            1.0,
        ),
        "holdout": SettingRule(
            mark(
                "Share of places held out in spatial blocks to test the model; 0 trains on every "
                "place."
            ),
            float,
            0.0,
            0.5,
        ),
        "block_m": SettingRule(
            mark("Side of the held-out blocks in metres; 0 chooses a size that fits the city."),
            float,
            0.0,
            100_000.0,
        ),
        "keep": SettingRule(
            mark(
                "Which weights to keep: those of the best epoch on the held-out blocks, or the "
                "last ones."
            ),
            str,
            choices=("best", "last"),
        ),
        "patience": SettingRule(
            mark(
                "Stop after this many epochs without improvement on the held-out blocks; only with "
                "keep=best."
            ),
            int,
            1,
            2000,
        ),
        "views": SettingRule(
            mark(
                "Area averaged around a place: a small and a large window, or one disk with the "
                "city's radius."
            ),
            str,
            choices=("windows", "disk"),
        ),
        "same_text": SettingRule(
            mark(
                "How to treat places in a batch with the same text: as negatives, or leave them "
                "out of the comparison."
            ),
            str,
            choices=("negative", "masked"),
        ),
        "shortcut": SettingRule(
            mark(
                "Shortcut around the first layers of the embedding head: with a learned gate, "
                "always open, or none."
            ),
            str,
            choices=("gated", "plain", "none"),
        ),
        "post_mlp": SettingRule(
            mark("Whether the embedding head ends in two extra layers."), str, choices=("yes", "no")
        ),
        "category_text": SettingRule(
            mark(
                "How often a place's text is replaced by the mean text of its category in training."
            ),
            float,
            0.0,
            1.0,
        ),
        "text_noise": SettingRule(
            mark("Length of the noise added to a text vector (of length 1) in training."),
            float,
            0.0,
            10.0,
        ),
        "average": SettingRule(
            mark("Decay of the running mean of the weights (EMA); 0 turns it off."),
            float,
            0.0,
            0.9999,
        ),
    }
)
"""Every setting a user may change, in the order a page shows them."""

_ALIASES = MappingProxyType(
    {"batch": "batch_size", "lr": "learning_rate", "tau": "temperature", "lambda": "lam"}
)


@dataclass(frozen=True)
class Recipe:
    """All that decides a training besides the data and the seed.

    Attributes:
        name: Name of the recipe.
        summary: One plain sentence for pages and tables.
        epochs: Passes over the training places, at most; the cosine schedule spans them all.
        batch_size: Places in a batch; the last partial batch of an epoch is dropped.
        learning_rate: AdamW's first learning rate, falling along a cosine to 1 % of it.
        weight_decay: AdamW's weight decay.
        temperature: InfoNCE temperature.
        lam: Weight of the multiscale loss.
        holdout: Part of the places held out by spatial block.
        block_m: Side of the spatial blocks in metres; 0 chooses by the city's extent.
        keep: "best" held-out epoch or "last" epoch.
        patience: Epochs without improvement after which keep="best" stops.
        views: "windows" (base and wide view) or "disk" (the base view alone, a disk).
        same_text: Places of a batch with equal texts are each other's "negative", or are "masked"
            out of the cross-modal loss.
        shortcut: Way around the EO head's first layers: "gated", "plain" or "none".
        post_mlp: "yes" or "no": the small MLP at the end of the EO head.
        category_text: Chance that a training place's text is replaced by its category's mean text.
        text_noise: Length of the noise added to the unit text vectors in training.
        average: Decay per step of an exponential moving average of the weights, which is then what
            is checked and kept; 0 keeps the weights themselves.
        explicit: Settings that were given by the user rather than by the recipe.
    """

    name: str
    summary: str = field(default="", compare=False)
    epochs: int = 100
    batch_size: int = 512
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    temperature: float = 0.07
    lam: float = 0.2
    holdout: float = 0.1
    block_m: float = 0.0
    keep: str = "best"
    patience: int = 10
    views: str = "windows"
    same_text: str = "negative"
    shortcut: str = "gated"
    post_mlp: str = "yes"
    category_text: float = 0.0
    text_noise: float = 0.0
    average: float = 0.0
    explicit: frozenset[str] = field(default=frozenset(), compare=False)

    def override(self, settings: Mapping[str, Value]) -> "Recipe":
        """Change settings, each checked against its range.

        Args:
            settings: Key to value; a value may be text, as from a command line.

        Returns:
            The changed recipe; `explicit` lists what was given.

        Raises:
            InputError: Unknown key (the nearest is named), a value of the wrong kind or outside its
                range, or settings that contradict each other: `keep=best` with nothing held out,
                or agreement between two windows asked for where there is one disk.
        """
        changed: dict[str, Any] = {}
        for given, value in settings.items():
            key = _known_key(given)
            changed[key] = _checked(key, value)
        result = replace(self, **changed, explicit=self.explicit | changed.keys())
        result.check()
        return result

    @property
    def keeps_best(self) -> bool:
        """Whether the epoch with the lowest loss on held-out places is kept, not the last one."""
        return self.keep == "best"

    @property
    def has_wide_view(self) -> bool:
        """Whether a place is seen in a second, wider window."""
        return has_wide_view(self.views)

    @property
    def masks_same_text(self) -> bool:
        """Whether places with equal texts are left out of each other's negatives."""
        return self.same_text == "masked"

    @property
    def has_post_mlp(self) -> bool:
        """Whether the EO head ends in two extra layers."""
        return self.post_mlp == "yes"

    def check(self) -> None:
        """Refuse settings that contradict each other.

        Raises:
            InputError: See `override`.
        """
        if self.keeps_best and self.holdout == 0:
            raise InputError(
                "the best epoch cannot be selected if no places are held out",
                "holdout=0 keep=best",
                "add keep=last, or hold out some places",
                code="best-epoch-without-holdout",
            )
        if not self.has_wide_view and self.lam > 0:
            raise InputError(
                "the multi-scale loss needs two windows, and one disk was chosen",
                f"views=disk lam={self.lam:g}",
                "add lam=0, or use views=windows",
                code="disk-without-second-window",
            )

    @property
    def settings(self) -> dict[str, Value]:
        """The settings as a plain dictionary, for a model card or a run's record."""
        return {key: value for key, value in asdict(self).items() if key in RULES}

    def describe(self) -> list[Setting]:
        """List every setting with its value, help and range, in the order a page shows them."""
        values = self.settings
        return [Setting(key, values[key], rule) for key, rule in RULES.items()]


def has_wide_view(views: object) -> bool:
    """Whether a recipe's `views`, as a model card keeps them, ask for a second, wider window."""
    return views != "disk"


def _known_key(given: str) -> str:
    key = given.strip().lower().replace("-", "_")
    key = _ALIASES.get(key, key)
    if key in RULES:
        return key
    near = difflib.get_close_matches(key, RULES, n=1, cutoff=0.5)
    remedy = f"did you mean {near[0]}" if near else f"use one of {', '.join(RULES)}"
    raise InputError("unknown training setting", given, remedy, code="no-such-setting")


def _checked(key: str, value: Value) -> Value:
    rule = RULES[key]
    if rule.choices:
        word = str(value).strip().lower()
        if word not in rule.choices:
            raise InputError(
                f"unknown value for {key}",
                value,
                f"use {' or '.join(rule.choices)}",
                code="no-such-choice",
            )
        return word
    remedy = f"give a {'whole ' if rule.kind is int else ''}number from {rule.minimum:g} to "
    remedy += f"{rule.maximum:g}"
    try:
        number = float(value)
    except ValueError:
        raise InputError(
            f"{key} is not a number", value, remedy, code="setting-not-number"
        ) from None
    if rule.kind is int and not (math.isfinite(number) and number.is_integer()):
        raise InputError(
            f"{key} is not a whole number", value, remedy, code="setting-not-whole-number"
        )
    if rule.minimum is None or rule.maximum is None or not rule.minimum <= number <= rule.maximum:
        raise InputError(f"{key} is out of range", value, remedy, code="setting-out-of-range")
    return int(number) if rule.kind is int else number
