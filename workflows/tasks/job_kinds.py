"""Maps fitted on what a user knows of a city: land use, and shares of areas."""

from typing import Any, Final

from sqlalchemy.orm import Session

from workflows.jobs.kind import QUICK, JobKind
from workflows.jobs.work import Work
from workflows.tasks.land_use import LAND_USE as LAND_USE_TASK
from workflows.tasks.land_use import LandUseRequest, land_use
from workflows.tasks.socioeconomic import SOCIOECONOMIC as SOCIOECONOMIC_TASK
from workflows.tasks.socioeconomic import SocioeconomicRequest, socioeconomic

FIT_STAGES: Final = (
    ("reading", 0.08),
    ("overlaying areas", 0.1),
    ("weighting cells", 0.12),
    ("averaging pixels", 0.3),
    ("choosing spatial blocks", 0.35),
    ("comparing on held-out labels", 0.8),
    ("learning curve", 0.85),
    ("comparing with the training data", 0.9),
    ("drawing the map", 0.95),
    ("saving the layer", 1.0),
)


class LandUseKind(JobKind[LandUseRequest]):
    """A map of land use."""

    name = "landuse"
    noun = "land use map"
    queue = QUICK
    request = LandUseRequest
    stages = FIT_STAGES

    def title(self, request: LandUseRequest) -> str:
        """Names the map, or the labels it is made from."""
        return request.title or f"Land use from {LAND_USE_TASK.source(request)}"

    def work(self, work: Work, request: LandUseRequest) -> None:
        """Fit, map every cell, keep the layer."""
        read: dict[str, Any] = {}

        def within(session: Session, layer: str) -> None:
            work.finish(session, {"layer": layer, "read": read})

        land_use(
            work.store,
            work.job.subject,
            request,
            work.progress,
            within=within,
            on_read=read.update,
        )


class SocioeconomicKind(JobKind[SocioeconomicRequest]):
    """Two maps of shares, by cell and by area."""

    name = "socioeconomic"
    noun = "socioeconomic map"
    queue = QUICK
    request = SocioeconomicRequest
    stages = FIT_STAGES

    def title(self, request: SocioeconomicRequest) -> str:
        """Names the map, or the areas it is made from."""
        return request.title or f"Shares from {SOCIOECONOMIC_TASK.source(request)}"

    def work(self, work: Work, request: SocioeconomicRequest) -> None:
        """Fit, map every cell and area, keep both layers."""
        read: dict[str, Any] = {}

        def within(session: Session, layer: str, areas_layer: str) -> None:
            found = {"layer": layer, "areas_layer": areas_layer, "read": read}
            work.finish(session, found)

        socioeconomic(
            work.store,
            work.job.subject,
            request,
            work.progress,
            within=within,
            on_read=read.update,
        )


LAND_USE, SOCIOECONOMIC = LandUseKind(), SocioeconomicKind()
