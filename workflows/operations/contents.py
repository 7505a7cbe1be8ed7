"""What `doctor` asks of the home: its database, workers, rows and files."""

from collections.abc import Iterator, Mapping

from sqlalchemy import select

from aether_core.errors import AetherError, DamagedFileError, NotFoundError
from aether_core.files.checksums import check_sha256
from aether_core.model.files.card import WEIGHTS_FILE
from db import dump
from db.cities import folders as folder_rows
from db.cluster.embedded import PrivateCluster
from db.cluster.place import known_place
from db.cluster.programs import find_client_programs
from db.engine import open_engine, session_scope
from db.jobs import workers as worker_rows
from db.migrate import known_revisions, newest_revision
from db.schema import Job, JobState
from workflows.home.paths import in_home
from workflows.home.settings import Settings
from workflows.home.store import Store
from workflows.jobs.kind import LANES
from workflows.jobs.queue import STALLED_SECONDS
from workflows.jobs.sweep import ownerless
from workflows.operations.findings import Finding, Patient, fine, problem, warning

_SHOWN = 3


def database(patient: Patient) -> Iterator[Finding]:
    """Whether it answers, and what is in it; a private one that was used before is started."""
    settings = patient.settings
    if settings.database_url:
        url, remedy = settings.database_url, "start that server, or correct AETHER_DATABASE_URL"
    elif known_place(settings.home) is None:
        yield warning("database", "there is none yet", "./aether up makes it")
        return
    else:
        remedy = "see its log; ./aether db start tries again"
        try:
            PrivateCluster(settings.home).start()
            url = PrivateCluster(settings.home).url()
        except AetherError as error:
            yield problem("database", str(error), remedy)
            return
    try:
        engine = open_engine(url, statement_timeout_s=0, application_name="aether doctor")
        with session_scope(engine) as session:
            facts = dump.server_facts(session)
            size = dump.database_bytes(session)
    except AetherError as error:
        yield problem("database", str(error), remedy)
        return
    patient.url, patient.engine = url, engine
    extension = f"PostGIS {facts.postgis}" if facts.postgis else "no PostGIS yet"
    yield fine(
        "database", f"PostgreSQL {facts.postgresql}, {extension}, {size / 1_000_000:,.0f} MB"
    )
    patient.current = facts.revision == newest_revision()
    yield _schema(facts.revision)
    try:
        found = find_client_programs(facts.major)
    except AetherError as error:
        yield warning("backup programs", str(error), "./aether backup needs them")
    else:
        yield fine("backup programs", str(found.folder))


def _schema(revision: str | None) -> Finding:
    newest = newest_revision()
    if revision == newest:
        return fine("tables", f"revision {revision}")
    if revision is None:
        return warning("tables", "there are none yet", "./aether up makes them")
    if revision in known_revisions():
        return warning(
            "tables",
            f"revision {revision}, older than this version's {newest}",
            "the next command brings them up to date, and writes a backup of the database first",
        )
    return problem(
        "tables",
        f"revision {revision}, of a newer version than this one ({newest})",
        "update this installation",
    )


def workers(patient: Patient) -> Iterator[Finding]:
    """Who carries out jobs."""
    if patient.engine is None:
        return
    with session_scope(patient.engine) as session:
        silent = [
            queue
            for queues in LANES.values()
            for queue in queues
            if not worker_rows.any_alive(session, queue, STALLED_SECONDS)
        ]
        waiting = 0
        if patient.current:
            asked = select(Job.id).where(Job.state == JobState.QUEUED)
            waiting = len(session.scalars(asked).all())
    if not silent:
        yield fine("workers", "each queue has one that gave a sign within 10 s")
    elif waiting:
        yield warning(
            "workers",
            f"no sign from {', '.join(silent)}, and {waiting} jobs wait",
            "./aether up starts them; see logs/worker.log",
        )
    else:
        yield warning("workers", f"no sign from {', '.join(silent)}", "./aether up starts them")


def files(patient: Patient) -> Iterator[Finding]:
    """Whether rows and files agree, and files hold what was put into them."""
    settings = patient.settings
    if patient.url is None or patient.engine is None or not patient.current:
        return
    store = Store(settings, patient.url, patient.engine)
    with store.session() as session:
        rows = folder_rows.file_rows(session)
        left = ownerless(store, session)
    weights = {f"{folder}/{WEIGHTS_FILE}": sha256 for folder, sha256 in rows.models.items()}
    yield from _checked(settings, "rasters", rows.rasters)
    yield from _checked(settings, "models", weights)
    if left:
        yield warning(
            "folders without a row",
            _some([str(path.relative_to(settings.home)) for path in left]),
            "./aether up removes those of this database; others are left, as another may own them",
        )
    else:
        yield fine("folders without a row", "none")


def _checked(settings: Settings, name: str, sums: Mapping[str, str | None]) -> Iterator[Finding]:
    """Compare the files of rows with their checksums, by their paths as they are stored."""
    missing, damaged = [], []
    for stored, sha256 in sums.items():
        path = in_home(settings, stored)
        try:
            path.stat()
            if sha256 is not None:
                check_sha256(path, sha256, remedy="put it back from a backup")
        except (NotFoundError, FileNotFoundError):
            missing.append(stored)
        except (DamagedFileError, OSError):
            damaged.append(stored)
    remedy = "put them back from a backup, or remove what they belong to and add it again"
    if missing:
        yield problem(f"{name} on the disk", f"missing: {_some(missing)}", remedy)
    if damaged:
        yield problem(f"checksums of {name}", f"damaged: {_some(damaged)}", remedy)
    if not missing and not damaged:
        yield fine(f"checksums of {name}", f"{len(sums)} files hold what was put into them")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(sorted(names)[:_SHOWN]) + more
