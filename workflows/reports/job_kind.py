"""Writing a layer's report."""

from dataclasses import dataclass

from workflows.home.store import Store
from workflows.jobs.inputs import OUTPUTS
from workflows.jobs.kind import QUICK, JobKind
from workflows.jobs.work import Work
from workflows.layers.layers import show_layer
from workflows.reports import check_report_name, write_report


@dataclass(frozen=True)
class ReportRequest:
    """Which document.

    Attributes:
        layer: Short name of the layer.
        suffix: `.pdf` or `.html`.
    """

    layer: str
    suffix: str


class ReportKind(JobKind[ReportRequest]):
    """A document; it lies in the job's folder until the job is removed."""

    name = "report"
    noun = "report"
    queue = QUICK
    request = ReportRequest
    stages = (("reading", 0.1), ("drawing maps", 0.6), ("laying out pages", 1.0))

    def title(self, request: ReportRequest) -> str:
        """Names layer and format."""
        return f"Report on {request.layer} ({request.suffix.lstrip('.').upper()})"

    def check(self, store: Store, subject: str, request: ReportRequest) -> None:
        """Refuse a format there is none of, and a layer that is not there."""
        check_report_name(f"report{request.suffix}")
        show_layer(store, subject, request.layer)

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
            force=True,
            progress=work.progress,
        )
        work.done({"layer": request.layer, "file": name, "bytes": path.stat().st_size})


REPORT = ReportKind()
