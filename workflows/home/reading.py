"""What reading one file may cost in this installation."""

from aether_core.reading import ReadingLimits, set_reading_limits
from workflows.home.settings import Settings


def apply_reading_limits(settings: Settings) -> None:
    """Make every file this program reads from now on keep to the settings' limits."""
    set_reading_limits(
        ReadingLimits(memory_bytes=settings.read_memory_mb * 1024**2, seconds=settings.read_seconds)
    )
