"""The same training again and again."""

from collections.abc import Sequence
from dataclasses import replace

from aether_core.study.city import StudyCity
from aether_core.study.kinds import KINDS
from aether_core.study.trial import Plan, Trial, Variant, plain_plan


def seed_spread(city: StudyCity, seeds: Sequence[int]) -> Plan:
    """Plan the study of chance: with test blocks that change, and with those of the first seed.

    The two are no variants of each other, so nothing is paired.
    """
    note = (
        "A seed sets the test blocks, the initial weights, the order of the batches and the folds "
        "of the labels. 'Training only' keeps the test blocks of the first seed."
    )
    variants = [
        Variant(KINDS["seeds"].baseline, None, Trial.prepared),
        Variant("training only", None, Trial.prepared, block_seed=seeds[0]),
    ]
    return replace(plain_plan(city, variants, [note]), paired=False)
