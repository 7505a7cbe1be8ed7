"""What evidence is gathered from: the folder of tables, and the text encoder."""

from collections.abc import Collection, Sequence
from pathlib import Path

from aether_core.errors import InputError, NotFoundError
from aether_core.evidence.metro import TABLE_SUFFIXES, Metro, read_metro
from aether_core.evidence.places import PLACE_SUFFIXES, Encode
from aether_core.evidence.targets import TARGETS, Target
from aether_core.progress import Progress
from workflows.encoders.encoders import default_encoder
from workflows.home.settings import Settings


def check_names(what: str, names: Sequence[str], known: Collection[str], code: str) -> None:
    """Refuse an empty list, and names that are not known.

    Raises:
        InputError: With the code.
    """
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise InputError(
            f"the {what} is unknown",
            ", ".join(unknown) or "(none)",
            f"choose from {', '.join(known)}",
            code=code,
        )


def targets_named(names: Sequence[str]) -> list[Target]:
    """The figures that are predicted, in the order of `TARGETS`.

    Raises:
        InputError: There is none of a name (`no-such-target`).
    """
    check_names("target", names, [target.name for target in TARGETS], "no-such-target")
    return [target for target in TARGETS if target.name in names]


def files_of(data: Path, metros: Sequence[str] | None) -> tuple[list[Path], list[Path]]:
    """The tables of areas, and those of places.

    Args:
        data: The folder.
        metros: Names of tables; None takes all.

    Raises:
        NotFoundError: The folder is not there, or holds no table of that name.
        InputError: It holds no table of areas.
    """
    if not data.is_dir():
        raise NotFoundError(
            "there is no such folder",
            str(data),
            "give the folder with the tables of areas",
            code="evidence-without-folder",
        )
    files = sorted(path for path in data.iterdir() if path.is_file())
    tables = {path.stem: path for path in files if path.suffix.lower() in TABLE_SUFFIXES}
    if not tables:
        raise InputError(
            "the folder holds no table of areas",
            str(data),
            f"put one file a metropolitan area there ({', '.join(sorted(TABLE_SUFFIXES))})",
            code="evidence-without-tables",
        )
    wanted = metros if metros is not None else tuple(tables)
    missing = [name for name in wanted if name not in tables]
    if missing or not wanted:
        raise NotFoundError(
            "there is no such table of areas",
            ", ".join(missing) or "(none)",
            f"choose from {', '.join(tables)}",
            code="no-such-metro",
        )
    places = [path for path in files if path.suffix.lower() in PLACE_SUFFIXES]
    return [tables[name] for name in dict.fromkeys(wanted)], places


def read_tables(tables: Sequence[Path], progress: Progress) -> list[Metro]:
    """Read tables of areas.

    Raises:
        InputError: A table cannot be used, and the message names it.
    """
    metros = []
    for done, path in enumerate(tables):
        progress(f"reading the tables, {path.stem}", done, len(tables))
        metros.append(read_metro(path))
    return metros


def encoder_of(settings: Settings) -> Encode:
    """The text encoder of this machine."""
    encoder = default_encoder(settings)
    return lambda texts: encoder.encode(list(texts))
