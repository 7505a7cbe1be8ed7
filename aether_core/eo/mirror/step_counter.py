"""Steps of work, counted over several files and told as progress."""

from aether_core.progress import Progress


class StepCounter:
    """Counts and tells. What the progress raises goes through to who counts.

    Args:
        progress: Is told.
        stage: In plain words.
        total: Steps in all.
        unit: Steps that are told as one, e.g. bytes as megabytes.
    """

    def __init__(self, progress: Progress, stage: str, total: int, unit: int = 1) -> None:
        self._progress = progress
        self._stage = stage
        self._total = total
        self._unit = unit
        self._done = 0

    def add(self, steps: int) -> None:
        """Count steps, none as well, and tell."""
        self._done = min(self._done + steps, self._total)
        self._tell(self._stage)

    def keep_alive(self) -> None:
        """Tell that the work goes on."""
        self._tell(self._stage)

    def report_waiting(self) -> None:
        """Tell that another fetch has what is needed."""
        self._tell("waiting for another fetch of the same files")

    def _tell(self, stage: str) -> None:
        self._progress(stage, self._done // self._unit, -(-self._total // self._unit))
