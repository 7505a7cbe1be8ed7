"""What every report says: what kind of statement it is, data and dates, how to make it again."""

import shlex
from typing import Any

from aether_core.eo.embedding_kind import kind_title
from aether_core.language import _, day_in_full, figure
from aether_core.model.recipes import recipe
from aether_core.report import Block, Callout, Code, Heading, Paragraph, Table
from aether_core.tasks.findings import Findings
from aether_core.tasks.kinds.registry import TASK_KINDS
from workflows.reports.subject import Subject
from workflows.training.models import list_models


def opening(subject: Subject) -> list[Block]:
    """Boxes that must not be missed."""
    found = subject.layer.findings
    note = found.note if isinstance(found, Findings) else None
    return [Callout("note", _(note), title=_("About areas, not about people"))] if note else []


def closing(subject: Subject) -> list[Block]:
    """Data and dates, and the commands that make the layer again."""
    return [*_data(subject), *_again(subject)]


def _data(subject: Subject) -> list[Block]:
    layer, city = subject.layer, subject.city
    lineage = layer.lineage
    simulated = _(", made up (demo)") if layer.simulated else ""
    checksums = lineage["embedding_sha256"]
    rows = [
        (_("Embedding"), f"{kind_title(city.embedding)} {layer.years}{simulated}"),
        (_("Kind of embedding"), city.embedding_kind),
        (_("Checksum of the embedding"), ", ".join(_short(one) for one in checksums)),
        (_("Places of the city"), figure(city.pois, ",")),
        (_(city.unit.several).capitalize(), city.units_in_words),
        (_("Model"), str(layer.model or _("none: embedding only"))),
    ]
    for kind in dict.fromkeys(task.samples for task in TASK_KINDS.values()):
        if kind in lineage:
            checksum = _short(lineage[f"{kind}_sha256"])
            rows.append(
                (
                    _("File of {kind}", kind=_(kind)),
                    _("{lineage}, checksum {checksum}", lineage=lineage[kind], checksum=checksum),
                )
            )
    for source in lineage.get("sources", []):
        parts = [str(source.get(key, "")) for key in ("title", "version", "licence")]
        rows.append((_("Source"), ", ".join(filter(None, parts))))
    rows.append((_("Layer made"), f"{day_in_full(layer.created)}, {layer.created:%H:%M} UTC"))
    blocks: list[Block] = [
        Heading(_("Data and dates")),
        Table((_("What"), _("Which")), tuple(rows), align="ll"),
    ]
    found = layer.findings
    if isinstance(found, Findings) and found.dropped:
        what = TASK_KINDS[found.task].samples
        blocks.append(
            Table(
                (_("Left out of the {what} because", what=what), _("Number")),
                tuple((reason, f"{n:,}") for reason, n in found.dropped.items()),
                caption=_("Everything left out is listed here."),
                align="lr",
            )
        )
    return blocks


def _again(subject: Subject) -> list[Block]:
    lineage = subject.layer.lineage
    slug, layer = subject.city.slug, subject.layer.layer
    commands = [*_training(subject)]
    commands += [str(lineage["command"])] if lineage.get("command") else []
    commands += [
        f"./aether layer export {slug} {layer} -o {layer}.geojson",
        f"./aether layer report {slug} {layer} -o {layer}.pdf{_part(subject)}",
    ]
    versions = lineage.get("software", {})
    software = ", ".join(f"{name} {version}" for name, version in versions.items())
    return [
        Heading(_("How to reproduce it")),
        Paragraph(
            _(
                "The same files, seed and versions give the same results on the same kind of "
                "machine."
            )
        ),
        Code(tuple(commands)),
        Paragraph(_("Made with {software}.", software=software)),
    ]


def _part(subject: Subject) -> str:
    """The option that shows the same part of the city."""
    if subject.view is None:
        return ""
    return " --view " + ",".join(f"{value:.6f}" for value in subject.view)


def _training(subject: Subject) -> list[str]:
    """The command that trained the layer's model, or brought it in."""
    models = list_models(subject.store, subject.city.slug)
    card = next((model.card for model in models if model.name == subject.layer.model), None)
    if card is None:
        return []
    came: Any = card.get("origin")
    if came is not None:
        words = ["./aether", "model", "import", came["file"], "--city", subject.city.slug]
        return [shlex.join([*words, "--name", str(card["name"])])]
    default = recipe(str(card["recipe"]))
    used: Any = card["settings"]
    changed = [
        f"{setting.key}={used[setting.key]}"
        for setting in default.describe()
        if used.get(setting.key, setting.value) != setting.value
    ]
    words = ["./aether", "train", subject.city.slug, "--recipe", str(card["recipe"])]
    words += ["--seed", str(card["seed"]), *(["--set", *changed] if changed else [])]
    return [shlex.join(words)]


def _short(checksum: object) -> str:
    return str(checksum)[:12]
