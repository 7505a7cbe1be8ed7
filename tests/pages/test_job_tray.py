"""The tray on every page: what runs, what waits, what has ended, and where its result is seen."""

from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from db.jobs import jobs as job_rows
from db.jobs.jobs import JobLease
from db.schema import Job
from tests.app_fixtures import SLUG
from tests.pages.visit import APP
from ui.jobs.links import link_to
from workflows.home.store import Store
from workflows.jobs.job import list_jobs, show_job
from workflows.jobs.registry import KINDS
from workflows.search.criteria_file import criteria_in_link

REQUESTS: dict[str, dict[str, Any]] = {
    "compare": {"task": {"labels": {}}, "representations": ["poi"]},
    "report": {"layer": "landuse-1", "suffix": ".pdf"},
    "answer-file": {"question": "", "criteria": [{"kind": "like", "words": "a bar"}]},
}
pytestmark = pytest.mark.usefixtures("no_worker")


def add(store: Store, title: str, kind: str = "landuse") -> Job:
    with store.session() as session:
        return job_rows.add_job(
            session,
            kind=kind,
            queue="quick",
            request=REQUESTS.get(kind, {}),
            subject=SLUG,
            title=title,
        )


def begin(store: Store, title: str, kind: str = "landuse") -> JobLease:
    job = add(store, title, kind)
    with store.session() as session:
        job_rows.start(session, job.id)
    return JobLease(job.id, 1)


def finish(store: Store, lease: JobLease, **result: Any) -> None:
    with store.session() as session:
        job_rows.finish(session, lease, result)


def tray(visit: AppTest) -> str:
    """All that stands in the sidebar, as one text."""
    side = visit.sidebar
    said = [str(one.value) for kind in ("markdown", "caption") for one in getattr(side, kind)]
    said += [bar.proto.text for bar in side.get("progress")]
    return "\n".join(said).replace("\\", "")


def tray_links(visit: AppTest) -> dict[str, dict[str, str]]:
    """Label, page and address of the sidebar's links."""
    return {
        link.proto.label: {"page": link.proto.page, "query": link.proto.query_string}
        for link in visit.sidebar.get("page_link")
    }


def look(before: AppTest | None = None) -> AppTest:
    """The home page, drawn by the router; `before` is what this visitor has seen already.

    A second run of an AppTest leaves the router out, and with it the sidebar.
    """
    visit = AppTest.from_file(str(APP), default_timeout=90)
    if before is not None:
        visit.session_state["jobs-seen"] = before.session_state["jobs-seen"]
    visit.run()
    assert not visit.exception
    assert not visit.error
    return visit


def press(visit: AppTest, key: str) -> AppTest:
    """Press a button of the tray, and look again."""
    visit.sidebar.button(key=key).click().run()
    return look(visit)


def test_where_nothing_works_nothing_stands_in_the_sidebar(app_environment: Store) -> None:
    assert [job.state for job in list_jobs(app_environment)] == ["done"]  # before this visit
    visit = look()
    assert visit.sidebar.selectbox
    assert tray(visit) == ""
    assert not visit.sidebar.button


def test_what_runs_waits_and_ends_is_seen(app_environment: Store) -> None:
    visit = look()
    running = begin(app_environment, "Land use from labels.csv")
    waiting = add(app_environment, "Comparison on zones.gpkg", "compare")
    with app_environment.session() as session:
        job_rows.report(session, running, stage="reading", progress=0.42, seconds_left=20.0)
    visit = look(visit)
    assert "Land use from labels.csv" in tray(visit)
    assert "42\N{NO-BREAK SPACE}% · about 20 s left" in tray(visit)
    assert "Comparison on zones.gpkg" in tray(visit)

    visit = press(visit, f"tray-stop-{running.job_id}")
    assert "Stopping" in tray(visit)
    visit = press(visit, f"tray-stop-{waiting.id}")
    assert show_job(app_environment, waiting.id).state == "cancelled"
    finish(app_environment, running, layer="landuse-1")
    failed = begin(app_environment, "Shares from areas.gpkg", "socioeconomic")
    with app_environment.session() as session:
        job_rows.fail(session, failed, "two areas overlap", error_type="InputError", exit_code=2)
    visit = look(visit)
    said = tray(visit)
    assert "**Land use from labels.csv** is done" in said
    assert "**Comparison on zones.gpkg** was stopped" in said
    assert "**Shares from areas.gpkg** failed: Two areas overlap" in said
    links = tray_links(visit)
    assert links["See the map"]["page"] == "land_use"
    assert "layer=landuse-1" in links["See the map"]["query"]
    assert links["See what happened"]["page"] == "socioeconomic"

    visit = press(visit, "tray-clear")
    assert tray(visit) == ""
    assert len(list_jobs(app_environment)) == 4  # cleared for this visitor, not for others
    finish(app_environment, begin(app_environment, "Land use again"), layer="landuse-2")
    assert "**Land use again** is done" in tray(look(visit))


def test_many_jobs_do_not_fill_the_sidebar(app_environment: Store) -> None:
    first = begin(app_environment, "The first of many")
    for number in range(60):
        add(app_environment, f"Number {number}")
    said = tray(look())
    assert "The first of many" in said  # however many came after it
    assert "and 58 more jobs" in said
    assert show_job(app_environment, first.job_id).state == "running"


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_of_job_says_where_its_result_is_seen(store: Store, kind: str) -> None:
    lease = begin(store, f"A {kind}", kind)
    for job in (show_job(store, lease.job_id), ended(store, lease)):
        link = link_to(job)
        assert link is not None
        assert (APP.parent / link.page).is_file()


def test_a_file_of_an_answer_leads_to_its_question(store: Store) -> None:
    asked = {"question": "bars near a school", "mode": "add", "extent": "land", "year": 2024}
    job = replace(show_job(store, begin(store, "A file", "answer-file").job_id), request=asked)
    address = link_to(job).address
    assert (address["q"], address["mode"], address["year"]) == (asked["question"], "add", "2024")
    edited = link_to(replace(job, request=REQUESTS["answer-file"])).address
    (criterion,) = criteria_in_link(edited["c"])
    assert (criterion.kind, criterion.words) == ("like", "a bar")


def ended(store: Store, lease: JobLease) -> Any:
    finish(store, lease, layer="a", evaluation=1, city="b", year=2024)
    return show_job(store, lease.job_id)
