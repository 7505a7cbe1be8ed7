"""Entry of `python -m cli`: errors become one line and an exit code."""

import json
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import NamedTuple

import typer
from typer._click.exceptions import ClickException  # typer re-exports only some of its errors

from aether_core.errors import AetherError, InputError
from cli.app import app
from cli.output import MODE
from workflows.home.log_output import log_to_stderr

INTERRUPTED = 130
"""What typer returns for SIGINT."""
command_of = cache(typer.main.get_command)
"""The commands of an app as they are carried out: built once, as that takes longer than most."""
MANY_VALUED = frozenset(
    {"--embedding", "--set", "--only", "--models", "--cities", "--tasks", "--as"}
)
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


class ErrorReport(NamedTuple):
    """An error as a command tells it: for programs by type and code, for people in one line."""

    type: str
    code: str
    message: str
    exit_code: int


def _explain(error: BaseException) -> ErrorReport:
    if isinstance(error, KeyboardInterrupt):
        return ErrorReport("Interrupted", "interrupted", "stopped by user", 130)
    if isinstance(error, ClickException):
        return ErrorReport("InputError", InputError.code, _misread(error), 2)
    if isinstance(error, typer.Abort):
        return _explain(_aborted_by(error))
    if not isinstance(error, AetherError):
        from workflows.home.unforeseen import in_plain_words

        error = in_plain_words(error) or error
    if isinstance(error, AetherError):
        return _report_of(error)
    return ErrorReport(type(error).__name__, "internal", _unforeseen(error), 1)


def _misread(error: ClickException) -> str:
    """What typer could not read of a command line, and whose help says more."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "aether"
    return f"{' '.join(error.format_message().split()).rstrip('.')}; see ./{command} --help"


def _report_of(error: AetherError) -> ErrorReport:
    """An error of a job is told as what the job ended in."""
    name = getattr(error, "cause", type(error).__name__)
    return ErrorReport(name, error.code, " ".join(str(error).split()), error.exit_code)


def _aborted_by(abort: typer.Abort) -> BaseException:
    """What typer made an `Abort` of: the end of some file, or a question that was not answered."""
    if isinstance(abort.__cause__, Exception):
        return abort.__cause__
    if isinstance(abort.__context__, KeyboardInterrupt):
        return abort.__context__
    sys.stderr.write("\n")  # the question's line is not ended
    return InputError(
        "no answer was given",
        "neither yes nor no",
        "add --yes to continue",
        code="question-not-answered",
    )


def _unforeseen(error: BaseException) -> str:
    """An internal error in one line; its traceback goes to a log, or else to the terminal."""
    from workflows.home.unforeseen import note

    what = " ".join(f"{type(error).__name__}: {error}".split())
    kept = note(error)
    if kept is None:
        traceback.print_exception(error)
        return f"an internal error ({what}); please report the lines above"
    log, reference = kept
    return f"an internal error ({what}); please report what {log} says under {reference}"


def _check_text(arguments: Sequence[str]) -> None:
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            shown = argument.encode(errors="backslashreplace").decode()
            raise InputError(
                "not text in UTF-8", shown, "set the terminal to UTF-8", code="argument-not-utf8"
            ) from None


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line and return its exit code."""
    log_to_stderr()
    MODE.json, MODE.answered = "--json" in arguments, False
    rest = expand_many([argument for argument in arguments if argument != "--json"])
    try:
        _check_text(rest)
        outcome = command_of(app)(rest, prog_name="aether", standalone_mode=False)
        if outcome == INTERRUPTED:
            raise KeyboardInterrupt  # noqa: TRY301 - typer made an exit code of it
        sys.stdout.flush()  # a full disk under a redirected output shows only now
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last line of defence
        return _tell(_explain(error))
    return outcome if isinstance(outcome, int) else 0


def _tell(report: ErrorReport) -> int:
    """Say an error on both outputs, as far as they can still be written."""
    with suppress(OSError):
        sys.stderr.write(f"error: {report.message}\n")
        sys.stderr.flush()
    try:
        if MODE.json and not MODE.answered:  # one document, also of an `up` that ends later
            facts = {"type": report.type, "code": report.code, "message": report.message}
            sys.stdout.write(json.dumps({"error": facts}) + "\n")
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more
    return report.exit_code


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
