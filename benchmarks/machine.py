"""What a measurement was made on."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import rasterio

ROOT = Path(__file__).resolve().parents[1]
_PACKAGES = ("torch", "numpy", "scipy", "rasterio", "sentence-transformers", "transformers")


def machine() -> dict[str, str | int | float]:
    """Processor, memory and system; `load` is the average number of waiting processes just now.

    A load above a few tenths before the start means that something else was running: figures of
    such a run are rough.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": _processor(),
        "processors": os.cpu_count() or 1,
        "memory_gb": round(memory / 1e9, 1),
        "gpu": _gpu(),
        "system": f"{platform.system()} {platform.release()}",
        "load": round(os.getloadavg()[0], 2),
    }


def versions() -> dict[str, str]:
    """Versions of what the time is spent in."""
    found = {name: version(name) for name in _PACKAGES}
    return {
        "python": platform.python_version(),
        "gdal": rasterio.__gdal_version__,
        **found,
        "aether": revision(),
    }


def revision() -> str:
    """The commit of this checkout, marked when files differ from it; "unknown" without git."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty=, changed since"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        for entry in facts.read_text().splitlines():
            if entry.startswith("model name"):
                return entry.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _gpu() -> str:
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
