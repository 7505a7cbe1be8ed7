"""Writing a layer's report."""

from dataclasses import dataclass

from aether_core.language import _
from workflows.accounts.acting import Role
from workflows.cities.cities import show_city
from workflows.home.store import Store
from workflows.jobs.inputs import OUTPUTS
from workflows.jobs.kind import QUICK, JobKind
from workflows.jobs.work import Work
from workflows.layers.layers import show_layer
from workflows.reports import check_report_name, write_report
from workflows.reports.choices import ReportChoices, checked_choices
from workflows.reports.write import AS_IT_COMES


@dataclass(frozen=True)
class ReportRequest:
    """Which document.

    Attributes:
        layer: Short name of the layer.
        suffix: `.pdf` or `.html`.
        choices: Title, own words, view and districts.
    """

    layer: str
    suffix: str
    choices: ReportChoices = AS_IT_COMES


class ReportKind(JobKind[ReportRequest]):
    """A document; it lies in the job's folder until the job is removed."""

    name = "report"
    noun = "report"
    queue = QUICK
    role = Role.VIEWER
    request = ReportRequest
    stages = (("reading", 0.1), ("drawing maps", 0.6), ("laying out pages", 1.0))

    def title(self, request: ReportRequest) -> str:
        """Names layer and format."""
        return _(
            "Report on {layer} ({upper})",
            layer=request.layer,
            upper=request.suffix.lstrip(".").upper(),
        )

    def check(self, store: Store, subject: str, request: ReportRequest) -> None:
        """Refuse a format there is none of, a layer that is not there, and unusable choices."""
        check_report_name(f"report{request.suffix}")
        show_layer(store, subject, request.layer)
        checked_choices(show_city(store, subject), request.choices)

    def work(self, work: Work, request: ReportRequest) -> None:
        """Write the document where `output_file` finds it."""
        name = f"{work.job.subject}-{request.layer}{request.suffix}"
        path = work.folder / OUTPUTS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_report(
            work.store,
            work.job.subject,
            request.layer,
            path,
            choices=request.choices,
            force=True,
            progress=work.progress,
        )
        work.done({"layer": request.layer, "file": name, "bytes": path.stat().st_size})


REPORT = ReportKind()
