"""Options that a command takes as one value are options of their own on the command line."""

from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from cli.options import flat


@dataclass(frozen=True)
class Size:
    width: Annotated[int, typer.Option(help="In metres.")] = 3
    unit: Annotated[str, typer.Option(help="m or km.")] = "m"


@dataclass(frozen=True)
class Depth:
    depth: Annotated[int, typer.Option(help="In metres.")]
    unit: Annotated[str, typer.Option(help="m or km.")] = "m"


def test_groups_arrive_whole_and_share_a_field() -> None:
    got: list[tuple[str, Size, Depth, bool]] = []

    def dig(place: str, size: Size, depth: Depth, deep: bool = False) -> int:
        """Dig a hole."""
        got.append((place, size, depth, deep))
        return 4

    app = typer.Typer()
    app.command()(flat(dig))
    words = ["here", "--depth", "2", "--unit", "km", "--deep"]
    assert CliRunner().invoke(app, words, standalone_mode=False).return_value == 4
    assert got == [("here", Size(3, "km"), Depth(2, "km"), True)]
    shown = CliRunner().invoke(app, ["--help"]).stdout
    assert "Dig a hole." in shown
    assert shown.count("--unit") == 1
    assert CliRunner().invoke(app, ["here"]).exit_code == 2
