"""Adding a city from files, and a further year or places to one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from aether_core.vector import ReadingReport
from db.schema import City
from workflows.accounts.quotas import check_cells_left
from workflows.cities.add import AddCity, CityReports, add_city, check_add
from workflows.cities.add_places import AddedPlaces, AddPlaces, add_places, check_add_places
from workflows.cities.years import add_year, check_year_free
from workflows.home.store import Store
from workflows.jobs.kind import QUICK, JobKind
from workflows.jobs.work import Work


class AddCityKind(JobKind[AddCity]):
    """A city from an embedding and a file of places."""

    name = "add-city"
    noun = "adding a city"
    queue = QUICK
    request = AddCity
    stages = (
        ("opening the embedding", 0.02),
        ("checking the embedding", 0.1),
        ("counting pixels", 0.15),
        ("reading", 0.25),
        ("pooling the embedding", 0.6),
        ("encoding", 0.9),
        ("storing", 1.0),
    )

    def title(self, request: AddCity) -> str:
        """Names the city."""
        return f"Add {request.name}"

    def claim(self, subject: str, request: AddCity) -> str:
        """One city of a short name comes at a time, from files or from public data."""
        del request
        return f"city:{subject}"

    def check(self, store: Store, subject: str, request: AddCity) -> None:
        """Refuse names and numbers that cannot be, and a short name that is taken."""
        del subject
        check_add(store, request)
        check_cells_left(store)

    def work(self, work: Work, request: AddCity) -> None:
        """Read, clean, pool and store the city."""
        read: dict[str, Any] = {}

        def within(session: Session, city: City) -> None:
            work.finish(session, {"city": city.slug, "read": read}, city_id=city.id)

        def on_read(reports: CityReports) -> None:
            read.update(reports.document())

        # The job's copies are its own: they need not be copied again.
        own = replace(request, link_files=True)
        add_city(
            work.store,
            own,
            work.progress,
            added_by=work.job.who,
            within=within,
            on_read=on_read,
        )


@dataclass(frozen=True)
class AddYear:
    """A further year of a city.

    Attributes:
        year: Of the embedding.
        embedding: Its files, of the kind the city was added with.
        embedding_crs: What the user says the coordinates of tables are in.
        geometry: File with the shapes of the codes of tables' rows.
        code_field: Column of these codes.
    """

    year: int
    embedding: Sequence[Path]
    embedding_crs: str | None = None
    geometry: Path | None = None
    code_field: str | None = None


class AddYearKind(JobKind[AddYear]):
    """The embedding of a further year for a city's places and cells."""

    name = "add-year"
    noun = "adding a year"
    queue = QUICK
    request = AddYear
    stages = AddCityKind.stages

    def title(self, request: AddYear) -> str:
        """Names the year."""
        return f"Add {request.year}"

    def claim(self, subject: str, request: AddYear) -> str:
        """One year of a city comes at a time."""
        return f"city:{subject}:{request.year}"

    def check(self, store: Store, subject: str, request: AddYear) -> None:
        """Refuse a year the city holds, or that its embedding has not."""
        check_year_free(store, subject, request.year)
        check_cells_left(store)

    def work(self, work: Work, request: AddYear) -> None:
        """Pool places and cells in the files, and store both."""

        def within(session: Session, city: City) -> None:
            work.finish(session, {"city": city.slug, "year": request.year})

        files = list(request.embedding)
        add_year(
            work.store,
            work.job.subject,
            request.year,
            files,
            work.progress,
            crs=request.embedding_crs,
            geometry=request.geometry,
            code_field=request.code_field,
            link=True,
            added_by=work.job.who,
            within=within,
        )


class AddPlacesKind(JobKind[AddPlaces]):
    """Places for a city that is there."""

    name = "add-places"
    noun = "adding places"
    queue = QUICK
    request = AddPlaces
    stages = (
        ("reading", 0.1),
        ("pooling the embedding", 0.3),
        ("encoding", 0.9),
        ("storing", 1.0),
    )

    def title(self, request: AddPlaces) -> str:
        """Names the file."""
        return f"Add places from {request.pois.name}"

    def claim(self, subject: str, request: AddPlaces) -> str:
        """One file of places comes at a time."""
        del request
        return f"city:{subject}:places"

    def lock(self, city_id: int | None) -> str:
        """Places do not change under a training of the city, which could not go on then."""
        return f"city-{city_id}"

    def check(self, store: Store, subject: str, request: AddPlaces) -> None:
        """Refuse a city that has places, unless they are to be added to."""
        check_add_places(store, subject, request)

    def work(self, work: Work, request: AddPlaces) -> None:
        """Read, clean, pool and store the places."""
        read: dict[str, Any] = {}

        def within(session: Session, city: City, added: AddedPlaces) -> None:
            result = {"city": city.slug, "added": added.added, "models": added.models}
            work.finish(session, {**result, "read": {"pois": read}})

        def on_read(report: ReadingReport) -> None:
            read.update(report.document())

        add_places(
            work.store, work.job.subject, request, work.progress, within=within, on_read=on_read
        )


ADD_CITY, ADD_YEAR, ADD_PLACES = AddCityKind(), AddYearKind(), AddPlacesKind()
