"""Entry of `python -m workflows.cli`: errors become one line and an exit code."""

import json
import sys
import traceback
from collections.abc import Sequence

import typer
from typer._click.exceptions import ClickException  # typer re-exports only some of its errors

from aether_core.errors import AetherError, InputError
from workflows.cli.app import app
from workflows.cli.output import MODE

MANY_VALUED = frozenset({"--embedding", "--set", "--only"})
"""Options that take several values after one name, as in `--embedding a.tif b.tif`."""


def expand_many(arguments: Sequence[str]) -> list[str]:
    """Repeat a many-valued option's name before each of its values, as typer wants it."""
    expanded: list[str] = []
    current: str | None = None
    first = False
    for argument in arguments:
        if argument.startswith("-") and len(argument) > 1:
            current = argument if argument in MANY_VALUED else None
            first = True
        elif current is not None:
            if not first:
                expanded.append(current)
            first = False
        expanded.append(argument)
    return expanded


def _explain(error: BaseException) -> tuple[str, str, int]:
    """What an error is called, how it is told in one line, and the exit code."""
    if isinstance(error, ClickException):
        told = " ".join(error.format_message().split())
        return "InputError", f"{told}; see ./aether --help", 2
    if isinstance(error, AetherError):
        return type(error).__name__, str(error), error.exit_code
    # Typer takes an end of any file for the end of what the user types; that has no such cause.
    if isinstance(error, typer.Abort | KeyboardInterrupt) and not isinstance(
        error.__cause__, EOFError
    ):
        return "Interrupted", "stopped by the user", 130
    traceback.print_exception(error)
    return type(error).__name__, f"an error of ours: {error}; please report the lines above", 1


def _check_text(arguments: Sequence[str]) -> None:
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            shown = argument.encode(errors="backslashreplace").decode()
            raise InputError("not text in UTF-8", shown, "set the terminal to UTF-8") from None


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line and return its exit code."""
    MODE.json = "--json" in arguments
    rest = expand_many([argument for argument in arguments if argument != "--json"])
    try:
        _check_text(rest)
        outcome = app(rest, prog_name="aether", standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last line of defence
        kind, message, code = _explain(error)
        sys.stderr.write(f"error: {message}\n")
        if MODE.json:
            sys.stdout.write(json.dumps({"error": {"type": kind, "message": message}}) + "\n")
        return code
    return outcome if isinstance(outcome, int) else 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
