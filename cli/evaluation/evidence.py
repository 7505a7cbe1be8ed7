"""`evidence`: what AETHER adds, on tables of areas with genuine figures, and what carries it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aether_core.errors import InputError
from cli import output
from cli.maps.task_options import names_in

if TYPE_CHECKING:  # so that other commands do not load what it needs
    from workflows.evaluation.evidence.study import StudyRequest

_TARGETS = ("income", "age", "poverty", "density", "developed")
_RECIPES = ("aether", "aether-plus")
_MOST_PLACES = 10_000
_STUDY_TARGETS = ("income", "density", "developed")
_STUDY_MOST_PLACES = 5_000
_STUDY_SEEDS = 3
Data = Annotated[
    Path, typer.Option(help="Folder: a table of areas for each metropolitan area, and of places.")
]
Target = Annotated[
    Path, typer.Option("-o", "--output", help="Folder for evidence.json and evidence.md.")
]
Metros = Annotated[
    str | None,
    typer.Option(help="Names of tables, separated by commas; a study takes the three largest."),
]
Targets = Annotated[
    str | None,
    typer.Option(
        help=f"What is predicted, separated by commas: {', '.join(_TARGETS)}. "
        f"Default: all, in a study {', '.join(_STUDY_TARGETS)}."
    ),
]
Recipes = Annotated[
    str | None,
    typer.Option(
        help="What heads are trained by, separated by commas. "
        f"Default: {', '.join(_RECIPES)}, in a study {_RECIPES[0]} alone."
    ),
]
Blind = Annotated[
    bool,
    typer.Option(
        "--blind/--no-blind", help="Also train heads without the places of the tested blocks."
    ),
]
Study = Annotated[
    bool,
    typer.Option(
        "--study",
        help="Instead, vary the recipe, the places and the areas heads learn from, always blind; "
        "writes study.json and study.md.",
    ),
]
MostPlaces = Annotated[
    int | None,
    typer.Option(
        min=64,
        help=f"Places heads learn from, at most. Default: {_MOST_PLACES:,}, in a study "
        f"{_STUDY_MOST_PLACES:,}.",
    ),
]
Variants = Annotated[
    str | None,
    typer.Option(
        help="Names of what a study varies, separated by commas, as study.json has them. "
        "Default: all."
    ),
]
Seeds = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Seeds a study trains each variant with; all with the first, then all with the next. "
        f"Default: {_STUDY_SEEDS}.",
    ),
]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; one a core when left out.")]
Seed = Annotated[int, typer.Option(min=0, help="Of trainings and of what is drawn.")]


def evidence(
    data: Data,
    target: Target,
    metros: Metros = None,
    targets: Targets = None,
    recipes: Recipes = None,
    blind: Blind = True,
    study: Study = False,
    most_places: MostPlaces = None,
    variants: Variants = None,
    seeds: Seeds = None,
    workers: Workers = None,
    seed: Seed = 0,
) -> None:
    """Measure what AETHER adds, on genuine figures of areas.

    Trains and tests on every table of a folder; writes the tables of docs/evidence.md.
    """
    chosen = None if metros is None else names_in(metros)
    if study:
        if not blind:
            raise InputError(
                "a study is always blind",
                "--no-blind",
                "leave it out",
                code="study-not-blind",
            )
        names = _RECIPES[:1] if recipes is None else names_in(recipes)
        if len(names) != 1:
            raise InputError(
                "a study varies one recipe",
                ", ".join(names) or "(none)",
                f"give one of {', '.join(_RECIPES)}",
                code="study-of-several-recipes",
            )
        from workflows.evaluation.evidence.study import StudyRequest

        _study(
            StudyRequest(
                data=data,
                metros=chosen,
                targets=_STUDY_TARGETS if targets is None else names_in(targets),
                recipe=names[0],
                variants=None if variants is None else names_in(variants),
                most_places=_STUDY_MOST_PLACES if most_places is None else most_places,
                seed=seed,
                seeds=_STUDY_SEEDS if seeds is None else seeds,
                workers=workers,
            ),
            target,
        )
        return
    if variants is not None or seeds is not None:
        raise InputError(
            "variants and seeds are those of a study",
            "--variants" if seeds is None else "--seeds",
            "add --study, or leave it out",
            code="option-of-a-study",
        )
    from workflows.evaluation.evidence.gather import EvidenceRequest, gather_evidence
    from workflows.home.settings import read_settings

    request = EvidenceRequest(
        data=data,
        metros=chosen,
        targets=_TARGETS if targets is None else names_in(targets),
        recipes=_RECIPES if recipes is None else names_in(recipes),
        blind=blind,
        most_places=_MOST_PLACES if most_places is None else most_places,
        seed=seed,
        workers=workers,
    )
    with output.progress() as progress:
        found = gather_evidence(read_settings(), request, target, progress)
    output.document(found.document())
    output.table(
        ["target", "representation", "recipe", "split", "change", "95 % interval"],
        [
            (
                row["target"],
                row["representation"],
                row["recipe"] or "",
                row["split"],
                f"{row['by_area']['relative']:+.1%}",
                f"{row['by_area']['lo']:+.1%} to {row['by_area']['hi']:+.1%}",
            )
            for row in found.pooled
        ],
        title=f"Against AlphaEarth alone, {len(found.cases)} cases, {found.seconds:,.0f} s",
    )
    output.say(f"Written to {target / 'evidence.json'} and {target / 'evidence.md'}")


def _study(request: "StudyRequest", target: Path) -> None:
    from workflows.evaluation.evidence.study import study_evidence
    from workflows.home.settings import read_settings

    with output.progress() as progress:
        found = study_evidence(read_settings(), request, target, progress)
    output.document(found.document())
    titles = {one["name"]: one["title"] for one in found.variants}
    output.table(
        ["target", "variant", "AlphaEarth + AETHER against AlphaEarth", "against the recipe"],
        [
            (
                row["target"],
                titles[row["variant"]],
                _change(row["against_embedding"]),
                _change(row["against_recipe"]),
            )
            for row in found.rows
            if row["case"] is None and row["representation"] == "concat"
        ],
        title=f"Variants of {request.recipe}, {len(found.cases)} cases, {found.seconds:,.0f} s",
    )
    output.say(f"Written to {target / 'study.json'} and {target / 'study.md'}")


def _change(gain: dict[str, float] | None) -> str:
    if gain is None:
        return ""
    return f"{gain['relative']:+.1%} ({gain['lo']:+.1%} to {gain['hi']:+.1%})"
