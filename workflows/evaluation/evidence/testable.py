"""What of a folder of tables can be tested."""

from collections.abc import Sequence

from aether_core.errors import InputError
from aether_core.evidence.cases import BLOCK_M, FOLDS, SEEDS, Case
from aether_core.evidence.measure import why_not
from aether_core.evidence.targets import Target


def leave_out(
    cases: Sequence[Case], targets: Sequence[Target]
) -> tuple[list[Case], list[dict[str, str]]]:
    """Tell what cannot be measured, and go on with the rest.

    Args:
        cases: All cases.
        targets: What is to be predicted.

    Returns:
        Cases that can be tested, and what is left out: case, what, and why.

    Raises:
        InputError: Nothing is left.
    """
    kept: list[Case] = []
    left_out: list[dict[str, str]] = []
    for case in cases:
        try:
            for seed in SEEDS:
                case.folds(seed)
        except InputError as error:
            left_out.append({"case": case.name, "what": "all of it", "why": str(error)})
        else:
            kept.append(case)
    if not kept:
        raise InputError(
            "no table can be tested",
            "; ".join(f"{one['case']}: {one['why']}" for one in left_out),
            f"give tables whose areas lie in at least {FOLDS} blocks of {BLOCK_M / 1000:g} km",
            code="evidence-untestable",
        )
    for case in kept:
        if case.places is None:
            left_out.append({"case": case.name, "what": "AETHER", "why": "no places counted"})
        left_out += [
            {"case": case.name, "what": target.name, "why": why}
            for target in targets
            if (why := why_not(case, target))
        ]
    return kept, left_out
