"""Text to map against truth: the queries, the labels that answer them, and how well it went."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import altair as alt
import pandas as pd
import streamlit as st

from aether_core.charts.palette import BLUE, QUIET
from aether_core.charts.words import Chart, counted, fitted, name_axis, percent, titled
from aether_core.language import _, figure, mark
from ui.forms import label as label_form
from ui.jobs import panel as job_panel
from ui.jobs.panel import Panel
from ui.shell import errors, page, state, uploads
from ui.shell.chart import show_chart
from ui.shell.text import duration, facts, plain, source_and_date
from workflows.cities.cities import CitySummary
from workflows.evaluation.retrieval import TASK, RetrievalEvaluation, read_queries
from workflows.evaluation.retrieval_job import RETRIEVAL, RetrievalTest
from workflows.home.store import Store
from workflows.tasks.labels import LabelRequest, mapped_labels

_METRICS: Final[Mapping[str, str]] = {
    "auc": mark("Area under the ROC curve"),
    "average_precision": mark("Average precision"),
    "precision_at_1": mark("Precision in the top 1 %"),
    "precision_at_5": mark("Precision in the top 5 %"),
    "precision_at_10": mark("Precision in the top 10 %"),
}
_MEANINGS: Final[Mapping[str, str]] = {
    "auc": mark("Probability that a matching cell scores higher than one that does not match."),
    "average_precision": mark("Precision averaged over all matching cells."),
    "precision_at_1": mark("Share of the top-scoring 1 % of cells that match the query."),
    "precision_at_5": mark("Share of the top-scoring 5 % of cells that match the query."),
    "precision_at_10": mark("Share of the top-scoring 10 % of cells that match the query."),
}
_TYPED, _FILE = mark("Type them in"), mark("From a file")
_ROW_PX: Final = 38


def look(city: CitySummary) -> Panel:
    """The tests at work, and those that just ended."""
    return job_panel.look(TASK, city.slug, [RETRIEVAL])


def form(city: CitySummary, panel: Panel) -> None:
    """Draw the form, with the jobs behind it.

    Raises:
        AetherError: Queries or truth cannot be used; the caller shows it.
    """
    if city.model is None:
        page.needs_model(city, _("Text search is tested with the city's model"))
        return
    given, asking = st.columns([2, 1], gap="large")
    with given:
        st.header(_("Ground truth"), anchor=False)
        truth = label_form.ask_labels(city, "truth")
    with asking, st.container(border=True, key="compare-settings"), errors.boxed(state.reachable):
        st.header(_("Queries to test"), anchor=False)
        queries = _ask_queries(city, truth)
        wanted = {
            _("labels to test against"): truth is not None,
            _("a query with its matching class"): bool(queries),
        }
        missing = ", ".join(words for words, there in wanted.items() if not there)
        if missing:
            st.caption(_("Still needed: {missing}.", missing=missing))
        blind = st.checkbox(
            _("Train without the tested blocks, too"),
            key="retrieval-blind",
            help=_(
                "The model has seen the places of the cells it is tested on. This trains it anew "
                "five times, each time without the places of a fifth of the blocks."
            ),
        )
        test = None
        if truth is not None and not missing:
            test = RetrievalTest(queries, truth, blind=blind)
        go = job_panel.button(
            panel,
            _("Run the test"),
            key="retrieval-go",
            icon=":material/balance:",
            request=test,
        )
        if go and test is not None:
            job_panel.start(panel, RETRIEVAL, test, files=(test.truth.file,))


def _ask_queries(city: CitySummary, truth: LabelRequest | None) -> dict[str, list[str]]:
    """The queries with the classes that answer each; empty while there are none."""
    way = st.segmented_control(
        _("Queries from"),
        [_TYPED, _FILE],
        default=_TYPED,
        required=True,
        key="queries-how",
        label_visibility="collapsed",
        format_func=_,
    )
    if way == _FILE:
        files = uploads.choose(
            _("Queries"),
            key="queries",
            endings=["json", "csv"],
            about=_(
                'CSV with the columns query and class, a row a pair; or JSON: {"query": '
                '["class", ...]}.'
            ),
        )
        queries = read_queries(files[0]) if files else {}
        st.caption(
            "; ".join(f"{plain(q)}: {plain(', '.join(names))}" for q, names in queries.items())
        )
        return queries
    if truth is None:
        st.caption(
            _("Add labels first, then type a query for each class you can describe in words.")
        )
        return {}
    changed = truth.file.stat().st_mtime if truth.file is not None else 0.0
    return _typed(_classes(state.store(), city.slug, truth, repr(truth), changed))


@st.cache_data(max_entries=8, show_spinner=False)
def _classes(
    _store: Store,
    slug: str,
    _truth: LabelRequest,
    named: str,  # noqa: ARG001 - names the request, which cannot be hashed itself
    changed: float,  # noqa: ARG001 - a file written anew is read anew
) -> list[str]:
    return sorted({str(value) for value in mapped_labels(_store, slug, _truth).value})


def _typed(classes: Sequence[str]) -> dict[str, list[str]]:
    """A row a pair of query and class; begins with the classes' own names."""
    start = pd.DataFrame({"query": list(classes), "class": list(classes)})
    rows = st.data_editor(
        start,
        num_rows="dynamic",
        hide_index=True,
        key=f"queries-{'-'.join(classes)}",
        column_config={
            "query": st.column_config.TextColumn(_("Query"), max_chars=200),
            "class": st.column_config.SelectboxColumn(_("Matching classes"), options=list(classes)),
        },
    )
    st.caption(_("Write the queries as a planner would. A query may match several classes."))
    found: dict[str, list[str]] = {}
    for query, name in rows[["query", "class"]].dropna().itertuples(index=False):
        if query.strip() and name not in found.setdefault(query.strip(), []):
            found[query.strip()].append(name)
    return found


def show_query_test(found: RetrievalEvaluation) -> None:
    """Draw the figures: a chart of one measure, the table of all."""
    said, about = st.columns([2, 1], gap="large")
    with said, st.container(border=True, key="verdict"):
        st.header(_("Text search result"), anchor=False)
        _verdict(found)
    with about:
        lines = {
            **source_and_date(found.request, found.created),
            _("Model"): found.model,
            _("Labelled cells"): figure(found.cells, ","),
            _("Queries"): len({row["query"] for row in found.rows}),
            _("Left out"): _(
                "{values:,} labels or cells", values=sum(found.labels_dropped.values())
            ),
            _("Intervals"): _("95 %, blocks resampled"),
            _("Duration"): duration(found.seconds),
        }
        facts(lines)
    metric = st.segmented_control(
        _("Measure"),
        list(_METRICS),
        default="auc",
        required=True,
        format_func=lambda name: _(_METRICS[name]),
        key="retrieval-metric",
    )
    st.caption(_(_MEANINGS[metric]))
    rows = [row for row in found.rows if row["metric"] == metric]
    chart = queries_chart(rows, metric)
    show_chart(
        chart, height=110 + _ROW_PX * len(rows), key="retrieval-chart", alt=_(_METRICS[metric])
    )
    _table(found)


def _verdict(found: RetrievalEvaluation) -> None:
    """Which queries beat chance, in a sentence each kind."""
    auc = {row["query"]: row for row in found.rows if row["metric"] == "auc"}
    kinds: dict[str, list[str]] = {"finds": [], "open": [], "misses": []}
    for query, row in auc.items():
        low, high = row["ci95"]
        named = f"{plain(query)} ({row['value']:.2f})"
        if low is not None and low > 0.5:
            kinds["finds"].append(named)
        elif high is not None and high < 0.5:
            kinds["misses"].append(named)
        else:
            kinds["open"].append(named)
    for kind, symbol, words in (
        ("finds", ":material/check_circle:", _("Better than chance")),
        ("open", ":material/drag_handle:", _("No difference from chance shown")),
        ("misses", ":material/trending_down:", _("Worse than chance")),
    ):
        if kinds[kind]:
            st.markdown(f"{symbol} **{words}:** {', '.join(kinds[kind])}.")
    if found.untested:
        st.markdown(
            _(
                ":material/block: **Not tested:** {untested}; no labelled cell of the city has "
                "a matching class.",
                untested=plain(", ".join(found.untested)),
            )
        )
    st.caption(_("In brackets: area under the ROC curve; 0.5 is chance, 1 is perfect."))


def queries_chart(rows: Sequence[Mapping[str, Any]], metric: str) -> Chart:
    """Each query's figure with its interval, beside what chance would give.

    Args:
        rows: `query`, `value`, `ci95`, `positives`, `cells` of one metric.
        metric: Which one.
    """
    ordered = sorted(rows, key=lambda row: -row["value"])
    frame = pd.DataFrame(
        [
            {
                "query": name,
                "value": row["value"],
                "low": row["ci95"][0],
                "high": row["ci95"][1],
                "chance": 0.5 if metric == "auc" else row["positives"] / row["cells"],
            }
            for name, row in zip(
                fitted([row["query"] for row in ordered], width=40), ordered, strict=True
            )
        ]
    )
    numbers = [alt.Tooltip(f"{key}:Q", format=".3f") for key in ("value", "low", "high", "chance")]
    base = alt.Chart(frame).encode(
        y=alt.Y("query:N", title=None, sort=None, axis=name_axis()),
        tooltip=["query:N", *numbers],
    )
    x = alt.X("low:Q", title=f"{_(_METRICS[metric])} (0 to 1)", scale=alt.Scale(domain=[0, 1]))
    chart = alt.layer(
        base.mark_rule(strokeWidth=2.5, color=BLUE).encode(x=x, x2="high:Q"),
        base.mark_point(filled=True, size=80, opacity=1, color=BLUE).encode(x="value:Q"),
        base.mark_tick(color=QUIET, thickness=2, size=18).encode(x="chance:Q"),
    )
    cells = counted(int(ordered[0]["cells"])) if ordered else ""
    return titled(
        chart,
        _(_METRICS[metric]),
        _("{cells} cells; bars: 95 % interval; grey tick: chance", cells=cells),
    )


def _table(found: RetrievalEvaluation) -> None:
    """A row a query, a column a measure, each with its interval."""
    queries: dict[str, dict[str, object]] = {}
    for row in found.rows:
        line = queries.setdefault(
            row["query"],
            {
                _("Query"): row["query"],
                _("Matching classes"): ", ".join(row["classes"]),
                _("Matching cells"): percent(row["positives"] / row["cells"], 1),
            },
        )
        low, high = row["ci95"]
        span = "" if low is None else _(" ({low:.2f} to {high:.2f})", low=low, high=high)
        line[_(_METRICS[row["metric"]])] = f"{row['value']:.2f}{span}"
    for row in found.blind:
        low, high = row["ci95"]
        span = "" if low is None else _(" ({low:.2f} to {high:.2f})", low=low, high=high)
        column = _("{metrics}, places unseen", metrics=_(_METRICS[row["metric"]]))
        queries[row["query"]][column] = f"{row['value']:.2f}{span}"
    st.dataframe(list(queries.values()), hide_index=True, key="retrieval-table")
