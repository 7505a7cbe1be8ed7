"""`evidence`: what AETHER adds, on tables of areas with genuine figures."""

from pathlib import Path
from typing import Annotated

import typer

from cli import output
from cli.maps.task_options import names_in

_TARGETS = ("income", "age", "poverty", "density", "developed")
_ALL_TARGETS = ",".join(_TARGETS)
Data = Annotated[
    Path, typer.Option(help="Folder: a table of areas for each metropolitan area, and of places.")
]
Target = Annotated[
    Path, typer.Option("-o", "--output", help="Folder for evidence.json and evidence.md.")
]
Metros = Annotated[str | None, typer.Option(help="Names of tables, separated by commas.")]
Targets = Annotated[
    str, typer.Option(help="What is predicted, separated by commas: " + ", ".join(_TARGETS) + ".")
]
Recipes = Annotated[str, typer.Option(help="What heads are trained by, separated by commas.")]
Blind = Annotated[
    bool,
    typer.Option(
        "--blind/--no-blind", help="Also train heads without the places of the tested blocks."
    ),
]
MostPlaces = Annotated[int, typer.Option(min=64, help="Places heads learn from, at most.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; one a core when left out.")]
Seed = Annotated[int, typer.Option(min=0, help="Of trainings and of what is drawn.")]


def evidence(
    data: Data,
    target: Target,
    metros: Metros = None,
    targets: Targets = _ALL_TARGETS,
    recipes: Recipes = "aether,aether-plus",
    blind: Blind = True,
    most_places: MostPlaces = 10_000,
    workers: Workers = None,
    seed: Seed = 0,
) -> None:
    """Measure what AETHER adds, on genuine figures of areas.

    Trains and tests on every table of a folder; writes the tables of docs/evidence.md.
    """
    from workflows.evaluation.evidence import EvidenceRequest, gather_evidence
    from workflows.home.settings import read_settings

    request = EvidenceRequest(
        data=data,
        metros=None if metros is None else names_in(metros),
        targets=names_in(targets),
        recipes=names_in(recipes),
        blind=blind,
        most_places=most_places,
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
