"""What `doctor` asks of the machine: programs, room, memory, processors, libraries."""

import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from aether_core.errors import StoreUnavailableError
from aether_core.files.disk import disk_error
from aether_core.language import LANGUAGES, damaged
from aether_core.reading import lacking
from db.cluster.place import known_place
from db.cluster.programs import find_client_programs, find_programs
from workflows.home.free_disk import free_bytes
from workflows.home.map_style import map_style
from workflows.operations.findings import Finding, Patient, fine, problem, warning

_MEGABYTE = 1_000_000
_LEAST_PYTHON = (3, 11)
_LEAST_MEMORY_MB, _LEAST_FREE_MEMORY_MB = 4000, 1000
_LEAST_TEMP_MB = 500
_FONTS = Path(__file__).parents[2] / "aether_core" / "charts" / "fonts"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def python(_patient: Patient) -> Iterator[Finding]:
    """The interpreter."""
    found = f"{platform.python_version()} in {sys.prefix}"
    if sys.version_info < _LEAST_PYTHON:
        yield problem("Python", found, "install Python 3.11 or newer, or set AETHER_PYTHON to it")
    else:
        yield fine("Python", found)


def programs(patient: Patient) -> Iterator[Finding]:
    """PostgreSQL with PostGIS, where the database is the private one."""
    if patient.settings.database_url:
        yield fine("PostgreSQL programs", "the database is another server's (AETHER_DATABASE_URL)")
        return
    major = _major_of(patient)
    try:
        found = find_programs(major=major)
        find_client_programs(found.major)
    except StoreUnavailableError as error:
        yield problem("PostgreSQL programs", str(error), "install what is missing")
    else:
        yield fine("PostgreSQL programs", f"PostgreSQL {found.major} with PostGIS, {found.folder}")


def _major_of(patient: Patient) -> int | None:
    """The version that wrote the home's data; None before there are any."""
    place = known_place(patient.settings.home)
    try:
        return None if place is None else int((place.data / "PG_VERSION").read_text())
    except (OSError, ValueError):
        return None


def home(patient: Patient) -> Iterator[Finding]:
    """The home folder."""
    folder = patient.settings.home
    if not folder.exists():
        yield warning("home", f"{folder} is not there yet", "./aether up makes it")
        return
    if not folder.is_dir():
        yield problem("home", f"{folder} is no folder", "set AETHER_HOME to a folder")
        return
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        plain = disk_error(error, (folder,))
        yield problem("home", str(plain or error), "make it writable, or set AETHER_HOME")
    else:
        yield fine("home", str(folder))


def disks(patient: Patient) -> Iterator[Finding]:
    """Room where the app writes."""
    reserve = patient.settings.disk_reserve_mb
    temporary = Path(tempfile.gettempdir())
    for name, folder, least, variable in (
        ("disk of the home", patient.settings.home, reserve, "AETHER_HOME"),
        ("disk for temporary files", temporary, _LEAST_TEMP_MB, "TMPDIR"),
    ):
        free = free_bytes(folder) // _MEGABYTE
        found = f"{free:,} MB free in {folder}"
        remedy = f"make room there, or set {variable} to a folder on another disk"
        if free < least:
            yield problem(name, f"{found}, less than {least:,} MB", remedy)
        elif free < 5 * least:
            yield warning(name, found, remedy)
        else:
            yield fine(name, found)


def memory(_patient: Patient) -> Iterator[Finding]:
    """Memory of the machine, where the system tells it."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines if ":" in line}
        total, free = (kilobytes[name] // 1000 for name in ("MemTotal", "MemAvailable"))
    except (OSError, ValueError, KeyError, IndexError):
        yield fine("memory", "this system does not tell")
        return
    found = f"{total:,} MB, of which {free:,} MB are free"
    if total < _LEAST_MEMORY_MB:
        yield warning("memory", found, f"give the machine {_LEAST_MEMORY_MB:,} MB or more")
    elif free < _LEAST_FREE_MEMORY_MB:
        yield warning("memory", found, "end other programs, or give the machine more")
    else:
        yield fine("memory", found)


def processors(_patient: Patient) -> Iterator[Finding]:
    """Processors, and how threads wait for each other."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if cores == 1:
        yield warning("processors", "1", "a training and the pages share it; two are better")
    else:
        yield fine("processors", str(cores))
    policy, threads = (os.environ.get(name, "") for name in ("OMP_WAIT_POLICY", "OMP_NUM_THREADS"))
    if policy.upper() != "PASSIVE":
        yield warning(
            "threads",
            f"OMP_WAIT_POLICY is {policy or 'not set'}: threads that spin slow each other down",
            "start by ./aether, or set OMP_WAIT_POLICY=PASSIVE",
        )
    elif threads.isdigit() and cores is not None and int(threads) > cores:
        yield warning(
            "threads",
            f"OMP_NUM_THREADS is {threads}, with {cores} processors",
            "unset it, or set it to as many as there are",
        )
    else:
        yield fine("threads", f"wait passively, {threads or 'as many as processors'}")


def readers(_patient: Patient) -> Iterator[Finding]:
    """What the processes that read users' files are kept from."""
    if missing := lacking():
        yield warning(
            "file readers",
            f"this kernel cannot keep them from: {' and '.join(missing)}",
            "run Linux 5.13 or newer with Landlock and seccomp; limits of memory and time hold",
        )
    else:
        yield fine("file readers", "reach no network and no other files")


def torch(_patient: Patient) -> Iterator[Finding]:
    """The library of trainings, and what it computes on."""
    try:
        import torch as library

        from aether_core.model.heads.device import device_in_words

        yield fine("torch", f"{library.__version__}, {device_in_words('auto')}")
    except (ImportError, OSError, RuntimeError) as error:
        yield problem(
            "torch",
            " ".join(f"it does not load: {error}".split()),
            "delete .venv; the next ./aether up installs it anew",
        )


def encoder(patient: Patient) -> Iterator[Finding]:
    """The text encoder, if it is on this machine."""
    from workflows.encoders.encoders import default_encoder

    if patient.settings.text_encoder_url:
        yield fine("text encoder", "a server (AETHER_TEXT_ENCODER_URL); asked with --network")
        return
    found = default_encoder(patient.settings)
    length = found.encode(["a park"]).shape[1]
    yield fine("text encoder", f"{found.name}, {length} numbers a text")


def basemap(patient: Patient) -> Iterator[Finding]:
    """The map style, if it is a file."""
    found = map_style(patient.settings)
    if found is None:
        yield fine("map style", "none: maps are drawn from the city's own data alone")
        return
    style = found.light
    if found.is_address:
        yield fine("map style", f"{style}; asked with --network")
        return
    remedy = "set AETHER_BASEMAP_STYLE to a MapLibre style, to openfreemap, or to none"
    try:
        is_style = _is_style(json.loads(Path(style).expanduser().read_text(encoding="utf-8-sig")))
    except (OSError, ValueError, RecursionError) as error:
        yield problem("map style", f"{style} cannot be read: {error}", remedy)
        return
    if is_style:
        yield fine("map style", style)
    else:
        yield problem("map style", f"{style} is no MapLibre style", remedy)


def _is_style(found: object) -> bool:
    return isinstance(found, dict) and found.get("version") == 8 and "layers" in found


def languages(_patient: Patient) -> Iterator[Finding]:
    """Whether the catalogues of languages can be read; one that cannot leaves pages in English."""
    wrong = damaged()
    for name, reason in wrong.items():
        yield problem(
            "language", f"the catalogue of {LANGUAGES[name]} is damaged: {reason}", "install again"
        )
    if not wrong:
        yield fine("languages", ", ".join(LANGUAGES.values()))


def extras(_patient: Patient) -> Iterator[Finding]:
    """Fonts of the charts; and the browser that tests alone need."""
    fonts = sorted(path.name for path in _FONTS.glob("*.otf"))
    if len(fonts) < 2:
        yield problem("fonts", f"{_FONTS} lacks fonts", "check the program out again")
    else:
        yield fine("fonts", ", ".join(fonts))
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    yield fine("Chromium", browser or "not installed; ./aether test alone needs it")
