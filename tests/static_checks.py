"""What is checked without running anything: lint, format, layers, types, known dangers.

The first step of `./aether test`, before pytest and beside it: `python -m tests.static_checks`.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
OF_TORCH = ("aether_core/model", "aether_core/text", "workflows/training", "workflows/home")
"""Where weights and models are loaded: two rules of bandit that ruff has not, unlike the others."""
CHECKS = (
    # The longest first, on two processors; its cache makes the next run short.
    ("mypy", "--num-workers", "2"),
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("lint-imports",),
    ("bandit", "-q", "-t", "B614,B615", "-r", *OF_TORCH),
)
ALONE = {("mypy", "--num-workers", "2"): ("mypy",)}
"""What is run instead where a check's own workers did not start."""
WORKERS_LATE = "Failed to establish connection with worker"
"""mypy gives its workers three seconds to start, which a busy machine may not have."""
AT_ONCE = 2


@dataclass(frozen=True)
class Outcome:
    """How one check ended: its words, whether it is content, what it printed, seconds."""

    words: str
    passed: bool
    output: str
    seconds: float


def carry_out(command: Sequence[str], *, folder: Path = ROOT, programs: Path = BIN) -> Outcome:
    """Run one check in a folder, with the program that is installed beside this Python."""
    begun = time.monotonic()
    done = subprocess.run(
        [programs / command[0], *command[1:]],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - begun
    return Outcome(" ".join(command), done.returncode == 0, done.stdout, seconds)


def judged(command: Sequence[str], *, folder: Path = ROOT, programs: Path = BIN) -> Outcome:
    """Run one check; once more without workers where they, and not the check, failed."""
    outcome = carry_out(command, folder=folder, programs=programs)
    alone = ALONE.get(tuple(command))
    if alone is None or outcome.passed or WORKERS_LATE not in outcome.output:
        return outcome
    return carry_out(alone, folder=folder, programs=programs)


def main(checks: Sequence[Sequence[str]] = CHECKS, *, folder: Path = ROOT) -> int:
    """Run all checks and print a line for each; what a failed one says stands above its line."""
    failed = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(judged, command, folder=folder) for command in checks]
        for outcome in (one.result() for one in as_completed(running)):
            if not outcome.passed:
                failed += 1
                sys.stdout.write(outcome.output)
            verdict = "passed" if outcome.passed else "FAILED"
            line = f"{outcome.words}: {verdict} in {outcome.seconds:.0f} s\n"
            sys.stdout.write(line)
            sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
