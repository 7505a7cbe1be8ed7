"""Options that many commands share, and options that a command takes as one value."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from aether_core.vector.options import ReadOptions

QuestionLanguage = Annotated[
    str,
    typer.Option(help="Of the question: en, de, es, fr, fi or ar; English and Arabic always work."),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")]
ModelName = Annotated[str | None, typer.Option(help="A model's name; default: the one in use.")]
ShapesFile = Annotated[
    Path | None,
    typer.Option(
        "--geometry", help="File with the shapes of the codes that a table's rows are named by."
    ),
]
AreaCode = Annotated[
    str | None,
    typer.Option(
        "--code-field", help="Column of a table's area codes or H3 cells, where several may be."
    ),
]
PlaceName = Annotated[str | None, typer.Option(help="Column with the places' names.")]
PlaceCategory = Annotated[str | None, typer.Option(help="Column with their categories.")]
PlaceGroup = Annotated[str | None, typer.Option(help="Column with the categories' groups.")]
Confidence = Annotated[float, typer.Option(help="Minimum confidence of Overture places, 0 to 1.")]
Delete = Annotated[bool, typer.Option("--yes", help="Really delete it.")]
Scheduler = Annotated[
    str,
    typer.Option(
        help="here: this process; local: processes of this machine; or a Dask scheduler's "
        "address, such as tcp://HOST:8786."
    ),
]
Workers = Annotated[int, typer.Option(min=1, max=256, help="Processes, for local.")]

Command = Callable[..., int | None]
"""What typer calls; a number it returns is the exit code."""


def flat(command: Command) -> Command:
    """Show a command's grouped options on the command line one by one.

    A parameter whose type is a dataclass stands for the fields of that class: each becomes an
    option, and the command receives them as one object. Groups may share a field; it is one
    option then.

    Returns:
        The command as typer reads it, without groups.
    """
    own = inspect.signature(command, eval_str=True).parameters
    groups: dict[str, Any] = {
        name: one.annotation for name, one in own.items() if is_dataclass(one.annotation)
    }
    shown: dict[str, inspect.Parameter] = {}
    for name, parameter in own.items():
        if name in groups:
            shown |= inspect.signature(groups[name], eval_str=True).parameters
        else:
            shown[name] = parameter

    def flattened(**given: object) -> int | None:
        whole = {
            name: group(**{field.name: given[field.name] for field in fields(group)})
            for name, group in groups.items()
        }
        return command(**{name: given[name] for name in own if name not in groups}, **whole)

    functools.update_wrapper(flattened, command, ("__module__", "__name__", "__doc__"))
    vars(flattened)["__signature__"] = inspect.Signature(
        [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in shown.values()]
    )
    return flattened


@dataclass(frozen=True)
class FileOptions:
    """What a user says about a vector file; what is left out is found out."""

    crs: Annotated[
        str | None, typer.Option(help="The file's CRS, such as EPSG:27700; wins over what it says.")
    ] = None
    layer: Annotated[str | None, typer.Option(help="Layer of a file with several.")] = None
    encoding: Annotated[str | None, typer.Option(help="Encoding of its texts, e.g. cp1251.")] = None
    decimal: Annotated[
        Literal[".", ","] | None, typer.Option(help="Decimal sign of numbers written as text.")
    ] = None
    thousands: Annotated[
        Literal[".", ",", " ", "'"] | None, typer.Option(help="What groups their digits.")
    ] = None

    def reading(self) -> ReadOptions:
        """The options as readers take them."""
        return ReadOptions(
            crs=self.crs,
            layer=self.layer,
            encoding=self.encoding,
            decimal=self.decimal,
            thousands=self.thousands,
        )
