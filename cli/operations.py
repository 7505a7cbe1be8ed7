"""`backup`, `restore`, `doctor`: what an operator does with a whole home."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli import output
from cli.options import Force
from workflows.home.settings import read_settings

_MEGABYTE = 1_000_000


def backup(
    file: Annotated[Path, typer.Argument(help="The backup to write, such as aether.tar.")],
    force: Force = False,
) -> None:
    """Write the whole home into one file, while it is in use.

    Cities, models, kept maps, jobs and settings; not what can be computed or downloaded again.
    """
    from workflows.home.store import open_store
    from workflows.operations.backup import backup as write

    store = open_store()
    with output.progress() as progress:
        made = write(store, file, force=force, progress=progress)
    output.document(asdict(made))
    _complain(made.missing, made.damaged)
    output.say(
        f"{made.file}: {made.cities} cities, {made.models} models, {made.layers} maps, "
        f"{made.files} files, {made.bytes / _MEGABYTE:,.0f} MB, in {made.seconds:.0f} s. "
        f"Bring it back into an empty home with: ./aether restore {made.file}"
    )


def restore(
    file: Annotated[Path, typer.Argument(help="What ./aether backup has written.")],
) -> None:
    """Bring a backup back into an empty home.

    All of it or nothing: its checksums are looked at before anything is touched.
    """
    from workflows.operations.restore import restore as bring_back

    with output.progress() as progress:
        found = bring_back(read_settings(), file, progress)
    output.document(asdict(found))
    _complain(found.missing, found.damaged)
    output.say(
        f"Restored into {found.home} in {found.seconds:.0f} s: {len(found.cities)} cities "
        f"({', '.join(found.cities) or 'none'}), {found.models} models, {found.layers} maps, "
        f"as of {found.created:%Y-%m-%d %H:%M} UTC."
    )
    for job in found.stopped:
        output.say(f"Stopped then, and resumed with: ./aether job resume {job}")
    for name, value in found.settings.items():
        output.say(f"Set then, not here: {name}={value}")


def _complain(missing: list[str], damaged: list[str]) -> None:
    for path in missing:
        output.remark(f"not in the backup, since it was missing in the home: {path}")
    for path in damaged:
        output.remark(f"in the backup, but damaged before it was written: {path}")


def doctor(
    network: Annotated[
        bool, typer.Option("--network", help="Ask the servers of the settings, too.")
    ] = False,
) -> None:
    """Say what is missing or wrong here, and what to do.

    Exit 1 where something does not work.
    """
    from workflows.operations.doctor import examine

    with output.progress() as progress:
        found = examine(ask_servers=network, progress=progress)
    output.document({"problems": found.problems, **asdict(found)})
    for one in found.findings:
        remedy = f" -> {one.remedy}" if one.remedy else ""
        output.say(f"{one.state:<8} {one.check}: {one.found}{remedy}")
    if found.problems:
        raise typer.Exit(1)
