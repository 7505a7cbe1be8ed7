"""What the report of a land-use map says."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from aether_core import charts
from aether_core.language import _
from aether_core.report import (
    Block,
    Callout,
    Figure,
    Heading,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Table,
)
from aether_core.tasks.kinds.class_map import OBSERVED
from aether_core.tasks.kinds.class_verdict import verdict
from aether_core.tasks.kinds.classes import CLASSES, ClassFindings, sentences
from aether_core.tasks.testing.splits import RANDOM, SPATIAL, SPLITS
from aether_core.tasks.uncertainty.conformal import Coverage
from workflows.layers.layers import layer_values
from workflows.reports.maps import map_figure
from workflows.reports.subject import REPORT_BODIES, Subject, figure, interval, percent
from workflows.reports.tested import (
    SPLIT_NAMES,
    accuracy_table,
    method_section,
    where_not,
)

_FULL = 620
_SMALL = 460
_LONG_NAME = 22
_MOST_DRAWN = 14
_FIRST_MAP_MM = 112


def body(subject: Subject) -> list[Block]:
    """The sections between the opening boxes and the data."""
    found = subject.layer.measured(ClassFindings)
    return [
        *_in_short(subject, found),
        *_map(subject, found),
        *_classes(subject, found),
        *_accuracy(found),
        *_uncertainty(subject, found),
        *where_not(found, _where_not(subject, found), CLASSES.error),
        *method_section(
            subject, found, _("on {samples:,} labelled samples", samples=found.samples)
        ),
    ]


def _in_short(subject: Subject, found: ClassFindings) -> list[Block]:
    test = found.test
    split = test.calibrated_on
    score = test.accuracy[split]["macro_f1"]
    covered = test.coverage[split]
    where = SPLITS[split].in_short
    return [
        KeyFigures(
            (
                KeyFigure("macro-F1", figure(score.mean), f"{interval(score)}, {where}"),
                KeyFigure(
                    _("coverage of sets, target {level}", level=percent(subject.level)),
                    percent(covered.share, 1),
                    _("of sets contain the true class, {where}", where=where),
                ),
                KeyFigure(
                    _("usable {units}", units=_(subject.city.unit.several)),
                    percent(found.usable),
                    _usable_of(found),
                ),
                KeyFigure(
                    _("outside the area of applicability"),
                    percent(test.applicability.outside, 1),
                    _("of {several}; do not use them", several=_(subject.city.unit.several)),
                ),
            )
        ),
        Paragraph(_summary(found)),
        *_warning(found),
    ]


def _warning(found: ClassFindings) -> list[Block]:
    told = verdict(found)
    return [] if told is None else [Callout("caution", told, title=_("Before you use it"))]


def _usable_of(found: ClassFindings) -> str:
    if found.cells is None or not found.cells.observed:
        return _("the rest is greyed out")
    return _(
        "{observed_part} observed; the rest is greyed out",
        observed_part=percent(found.cells.observed_part),
    )


def _summary(found: ClassFindings) -> str:
    accuracy = found.test.accuracy
    names = ", ".join(found.outcomes)
    text = _(
        "The map shows {outcomes} classes: {names}. It was fitted on {samples:,} "
        "samples from {used:,} labels. ",
        outcomes=len(found.outcomes),
        names=names,
        samples=found.samples,
        used=found.used,
    )
    if {RANDOM.name, SPATIAL.name} <= accuracy.keys():
        near, far = (accuracy[split.name]["accuracy"].mean for split in (RANDOM, SPATIAL))
        text += _(
            "Accuracy on held-out labels is {near} with training labels nearby, and {far} "
            "away from training labels. ",
            near=percent(near),
            far=percent(far),
        )
    return text + " ".join(sentences(found))


def _shown(found: ClassFindings, unit: str) -> str:
    if found.cells is None or not found.cells.observed:
        return _("Most probable class of each {unit}.", unit=unit)
    known = percent(found.cells.observed_part)
    return _(
        "Observed class where labels cover one {unit} ({known}), else the most probable class.",
        unit=unit,
        known=known,
    )


def _map(subject: Subject, found: ClassFindings) -> list[Block]:
    unit = subject.city.unit
    return [
        Heading(_("The map")),
        map_figure(
            subject,
            tallest_mm=_FIRST_MAP_MM,
            caption=_(
                "{shown} Do not use grey, hatched {several}: several classes are possible "
                "there, or the {one} is unlike any of the labels.",
                shown=_shown(found, unit.one),
                several=_(unit.several),
                one=_(unit.one),
            ),
        ),
    ]


def _classes(subject: Subject, found: ClassFindings) -> list[Block]:
    test = found.test
    values = layer_values(subject.store, subject.city.slug, subject.layer.layer)
    mapped = Counter(values["landuse"].tolist())
    usable = Counter(values.loc[values["trusted"], "landuse"].tolist())
    known = values["source"] == OBSERVED if "source" in values else values["trusted"] & False
    observed = Counter(values.loc[known, "landuse"].tolist())
    labels = found.labels.by_class if found.labels is not None else {}
    scores = {row.name: row for row in test.per_class[test.calibrated_on]}
    rows = [
        (
            name,
            f"{labels[name]:,}" if name in labels else "",
            f"{found.class_counts.get(name, 0):,}",
            percent(mapped[name] / len(values), 1),
            percent(observed[name] / len(values), 1),
            percent(usable[name] / len(values), 1),
            figure(scores[name].precision),
            figure(scores[name].recall),
            figure(scores[name].f1),
        )
        for name in found.outcomes
    ]
    head = (
        *(_("Class"), _("Labels"), _("Samples"), _("Share of map"), _("Observed"), _("Usable")),
        *(_("Precision"), _("Recall"), "F1"),
    )
    blocks: list[Block] = [
        Heading(_("What the classes mean")),
        Paragraph(_meaning(subject)),
        Table(
            head,
            tuple(rows),
            caption=_(
                "Precision, recall and F1 of predictions alone, on {split}; a label "
                "gives one sample or many.",
                split=_(SPLIT_NAMES[test.calibrated_on]),
            ),
            align="lrrrrrrrr",
        ),
    ]
    return blocks


def _meaning(subject: Subject) -> str:
    chosen = subject.layer.parameters
    text = _(
        "Classes are those of the field {field} of {labels}: the map says where the "
        "city looks like places with that label.",
        field=chosen["field"],
        labels=chosen["labels"],
    )
    if chosen.get("crosswalk"):
        text += _(
            " They were mapped by the built-in crosswalk {crosswalk}.",
            crosswalk=chosen["crosswalk"],
        )
    if chosen.get("mapping"):
        pairs = ", ".join(
            _("{value} to {name}", value=value, name=name or _("nothing"))
            for value, name in chosen["mapping"].items()
        )
        text += _(" Mapped by hand: {pairs}.", pairs=pairs)
    text += _(
        " Precision: how often the map is right where it says the class. Recall: how much of the "
        "class it finds. F1: both in one."
    )
    return text


def _accuracy(found: ClassFindings) -> list[Block]:
    test = found.test
    split = test.calibrated_on
    chart = charts.confusion(test.confusion[split], found.outcomes)
    size = 320 + 16 * len(found.outcomes)
    return [
        Heading(_("Accuracy")),
        accuracy_table(test.accuracy),
        Figure(
            charts.to_svg(chart, width=min(_FULL, size + 160), height=min(size, 560)),
            caption=_("Confusion matrix on {split}.", split=_(SPLIT_NAMES[split])),
            alt=_("Confusion matrix"),
        ),
    ]


def _uncertainty(subject: Subject, found: ClassFindings) -> list[Block]:
    test = found.test
    ece = ", ".join(
        _("{share} on {split}", share=percent(one.ece, 1), split=_(SPLIT_NAMES.get(split, split)))
        for split, one in test.reliability.items()
    )
    always = ", ".join(test.always_in_set)
    extra = (
        _(" Too few samples to calibrate: {always}; such a class is in every set.", always=always)
        if always
        else ""
    )
    return [
        Heading(_("Confidence")),
        Paragraph(
            _(
                "A confidence is a calibrated probability. On average, confidence differs from "
                "accuracy by {ece} (expected calibration error).",
                ece=ece,
            )
        ),
        Figure(
            charts.to_svg(charts.reliability(test.reliability), width=_SMALL, height=290),
            caption=_("Confidence and observed accuracy; on the diagonal they agree."),
            alt=_("Reliability diagram"),
        ),
        Paragraph(
            _(
                "Each {one} also has a set of classes that contains the true one in {level} of "
                "cases, class by class (conformal prediction).{extra}",
                one=_(subject.city.unit.one),
                level=percent(subject.level),
                extra=extra,
            )
        ),
        Figure(
            charts.to_svg(
                charts.coverage(_that_fits(test.coverage, len(found.outcomes))),
                width=_FULL,
                height=_coverage_height(found.outcomes),
            ),
            caption=_("Coverage of the sets on labels not used for calibration."),
            alt=_("Coverage of the conformal sets"),
        ),
    ]


def _that_fits(coverage: Mapping[str, Coverage], classes: int) -> Mapping[str, Coverage]:
    """What fits on a page: with many classes only the figure over all of them."""
    if classes <= _MOST_DRAWN:
        return coverage
    return {split: replace(one, by_class={}) for split, one in coverage.items()}


def _coverage_height(names: list[str]) -> int | None:
    """Two bars a class; long names, which are wrapped, take the room they need."""
    if len(names) > _MOST_DRAWN:
        return 150
    return None if max(map(len, names)) > _LONG_NAME else 110 + 26 * len(names)


def _where_not(subject: Subject, found: ClassFindings) -> str:
    test, several = found.test, subject.city.unit.several
    return _(
        "{outside} of {several} lie outside the area of applicability: unlike any of "
        "the labels. {usable} of all {several} are greyed out, because they lie "
        "outside or because more than two classes are possible. Accuracy also varies "
        "across the city:",
        outside=percent(test.applicability.outside, 1),
        several=several,
        usable=percent(1 - found.usable),
    )


REPORT_BODIES[CLASSES.name] = body
