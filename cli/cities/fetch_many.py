"""`city fetch-many`, `cache show`, `clear`: many cities, and what is kept of their downloads."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aether_core.errors import InputError
from cli import output
from cli.cities.fetch import Yes, confirm, fetch_document
from cli.following import Wait
from cli.options import Delete

if TYPE_CHECKING:  # the libraries of reading load when a command needs them
    from workflows.fetch.many import BatchSummary
    from workflows.fetch.table import Problem
    from workflows.home.store import Store


def fetch_many(
    file: Annotated[
        Path,
        typer.Argument(help="CSV: slug, name, year; bbox, boundary or place with country; pois."),
    ],
    batch: Annotated[
        str | None, typer.Option(help="Name of the batch; default: the file name.")
    ] = None,
    retry: Annotated[
        bool, typer.Option("--retry", help="Queue only the failed ones again.")
    ] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Skip rows that cannot be used.")
    ] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Only print the estimate, then stop.")
    ] = False,
    yes: Yes = False,
    wait: Wait = True,
) -> int:
    """Fetch many cities, a job each; one that fails does not stop the rest."""
    from workflows.fetch.many import batch_name, estimate_many, retry_batch, start_many
    from workflows.fetch.table import read_list
    from workflows.home.store import open_store

    store, name = open_store(), batch or batch_name(file)
    if retry:
        return _follow(store, retry_batch(store, name), wait=wait)
    listed = read_list(store, file)
    _say_problems(listed.problems)
    expected = estimate_many(store, listed.requests)
    if estimate:
        output.document(
            {
                "cities": [
                    {"slug": request.slug, **one.to_document()}
                    for request, one in zip(listed.requests, expected.estimates, strict=True)
                ],
                "megabytes": expected.megabytes,
                "minutes": expected.minutes,
                "problems": [asdict(problem) for problem in listed.problems],
            }
        )
        output.table(
            ["city", "km²", "MB", "minutes", "cells"],
            [
                (request.slug, one.km2, one.megabytes, one.minutes, one.cells)
                for request, one in zip(listed.requests, expected.estimates, strict=True)
            ],
        )
        return 0
    usable = not listed.problems or skip_bad
    if usable and expected.asks and not yes:
        confirm(expected.megabytes, expected.minutes, expected.ask_megabytes)
    started = start_many(store, listed, name, expected=expected, skip_bad=skip_bad, confirmed=True)
    return _follow(store, started, wait=wait)


def _follow(store: "Store", started: "BatchSummary", *, wait: bool) -> int:
    """Tell how all fare, at their end where that is waited for.

    Returns:
        1 where one of them did not end well.
    """
    from workflows.fetch.many import follow_batch

    summary = started
    if wait:
        with output.progress() as progress:
            summary = follow_batch(store, started.batch, progress)
    output.document(
        {
            "batch": summary.batch,
            "counts": summary.counts,
            "cities": [fetch_document(fetch) for fetch in summary.fetches],
            "problems": [asdict(problem) for problem in started.problems],
        }
    )
    output.table(
        ["city", "fetch", "state", "MB", "error"],
        [(f.slug, f.id, f.state, f"{f.megabytes:,.1f}", f.error) for f in summary.fetches],
        title=summary.batch,
    )
    bad = wait and any(not fetch.state.is_done for fetch in summary.fetches)
    if bad:
        output.say(f"Queue the failed ones again: ./aether city fetch-many {summary.batch} --retry")
    return 1 if bad else 0


def _say_problems(problems: "tuple[Problem, ...]") -> None:
    if problems:
        output.table(
            ["line", "city", "problem"],
            [(problem.line, problem.slug, problem.reason) for problem in problems],
        )


def cache_show() -> None:
    """Show what was downloaded and is kept for the next city."""
    from workflows.fetch.cache import show_cache
    from workflows.home.store import open_store

    summary = show_cache(open_store())
    output.document(asdict(summary))
    sizes = {
        **summary.parts,
        "unfinished fetches": summary.fetches_megabytes,
        f"reports and exports ({summary.made_files})": summary.made_megabytes,
    }
    rows = [(name, f"{megabytes:,.1f} MB") for name, megabytes in sizes.items()]
    output.table(["source", "kept"], rows)
    output.say(f"in {summary.folder}")


def cache_clear(yes: Delete = False) -> None:
    """Delete what is kept of downloads; cities stay."""
    from workflows.fetch.cache import clear_cache, show_cache
    from workflows.home.store import open_store

    store = open_store()
    if not yes:
        raise InputError(
            "the next cities would have to download it all again",
            f"{show_cache(store).megabytes:,.1f} MB",
            "add --yes to continue",
            code="removal-not-confirmed",
        )
    gone = clear_cache(store)
    output.document({"cleared_megabytes": gone.megabytes})
    output.say(f"{gone.megabytes:,.1f} MB freed.")
