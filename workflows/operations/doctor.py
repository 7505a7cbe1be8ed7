"""The verb `doctor`: what is missing or wrong in an installation, and what to do about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from aether_core.errors import AetherError
from aether_core.progress import Progress, silent
from workflows.home.settings import read_settings
from workflows.home.unforeseen import in_plain_words
from workflows.operations import contents, machine, network
from workflows.operations.findings import PROBLEM, Finding, Look, Patient, problem

CHECKS: Sequence[Look] = (
    machine.python,
    machine.programs,
    machine.home,
    contents.database,
    contents.workers,
    machine.disks,
    machine.memory,
    machine.processors,
    machine.readers,
    machine.torch,
    machine.encoder,
    machine.basemap,
    machine.languages,
    machine.extras,
    contents.files,
)
"""In this order: later ones look at what earlier ones have found."""


@dataclass(frozen=True)
class Diagnosis:
    """All that was found.

    Attributes:
        findings: In the order they were looked at.
    """

    findings: list[Finding]

    @property
    def problems(self) -> int:
        """How many things do not work."""
        return sum(one.state == PROBLEM for one in self.findings)


def examine(*, ask_servers: bool = False, progress: Progress = silent) -> Diagnosis:
    """Look at everything; what stands in the way is the answer, not an error.

    Nothing is changed, but that a private database that was used before is started, and that the
    index of public files comes into the cache where servers are asked.

    Args:
        ask_servers: Ask the servers of the settings for a little of what a fetch would take.
        progress: Told which check is at work.
    """
    try:
        patient = Patient(read_settings())
    except ValidationError as error:
        return Diagnosis([_unread(one["loc"], one["msg"]) for one in error.errors()])
    checks = [*CHECKS, network.servers] if ask_servers else list(CHECKS)
    findings: list[Finding] = []
    try:
        for number, look in enumerate(checks):
            progress("examining", number, len(checks))
            findings += _looked(look, patient)
    finally:
        if patient.engine is not None:
            patient.engine.dispose()
    return Diagnosis(findings)


def _looked(look: Look, patient: Patient) -> Iterator[Finding]:
    """What a check finds; that it cannot be made is a finding, too."""
    try:
        yield from look(patient)
    except AetherError as error:
        yield problem(look.__name__, str(error), "see docs/operations.md")
    except Exception as error:  # noqa: BLE001 - one thing that is broken must not hide the others
        plain = in_plain_words(error)
        told = str(plain or f"{type(error).__name__}: {error}")
        yield problem(look.__name__, " ".join(told.split()), "report this line if it stays")


def _unread(place: tuple[int | str, ...], reason: str) -> Finding:
    name = "_".join(str(part) for part in place).upper()
    return problem("settings", f"AETHER_{name}: {reason}", "correct it, or unset it")
