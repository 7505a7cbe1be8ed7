"""The document of a run as tables, for a terminal and for Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

COLUMNS = ("work", "ours", "plain way", "times as fast", "target", "holds", "peak memory")
GROWTH_COLUMNS = ("work", "1x", "10x", "100x", "exponent", "no faster than the data")

_CALM = 0.1
"""Share of the processors that other programs may take without being mentioned."""

Row = tuple[str, ...]


def rows(run: Mapping[str, Any], *, wide: bool) -> list[Row]:
    """The table: a row a line; under it one a further target, and one a further way.

    Args:
        run: The document.
        wide: Say in full what each line's work is; else only its name.
    """
    found: list[Row] = []
    for line in run["lines"]:
        found += _rows(line, f"{line['name']}: {line['work']}" if wide else line["name"])
    return found


def growth_rows(run: Mapping[str, Any]) -> list[Row]:
    """Our time and peak memory at a hundredth, a tenth and the whole of each line's size."""
    return [
        (
            line["name"],
            *(_step(step) for step in line["growth"]),
            "" if line["exponent"] is None else f"{line['exponent']:.2f}",
            _yes(line["grows_no_faster"]),
        )
        for line in run["lines"]
        if line["growth"]
    ]


def notes(run: Mapping[str, Any]) -> list[str]:
    """What a reader has to know to judge the figures."""
    settings, on = run["settings"], run["machine"]
    found = [
        (
            f"{on['processor']}, {on['processors']} processors of which {settings['threads']} were "
            f"used by either way, {on['memory_gb']:g} GB of memory, GPU: {on['gpu']}."
        ),
        (
            f"Files come from a {settings['file_cache']} file cache. Each measurement has a "
            "process of its own, peak memory is that process's, libraries included. Medians of at "
            f"most {settings['repeats']}, the ways in turns; in brackets shortest and longest."
        ),
        (
            "Exponent of time against data between the two larger sizes: 1 is in proportion, up to "
            "1.1 is taken for noise."
        ),
    ]
    if settings["part"] != 1:
        found.append(f"Sizes are {settings['part']:g} of the whole: targets are not judged.")
    worst = max((entry["others"] for entry in _measurements(run)), default=0.0)
    if worst > _CALM:
        found.append(
            f"* Other programs took more than {100 * _CALM:.0f} % of these processors meanwhile, "
            f"up to {100 * worst:.0f} %: rough figures, to be measured again on a quiet machine."
        )
    return found


def _measurements(run: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for line in run["lines"]:
        yield from line["ways"].values()
        yield from line["growth"]


def markdown(run: Mapping[str, Any]) -> str:
    """Everything as Markdown."""
    versions = ", ".join(f"{name} {value}" for name, value in run["versions"].items())
    parts = [
        "# Benchmarks",
        (
            "`./aether bench --keep` writes this file. Every input is made from a seed; nothing is "
            "real data."
        ),
        f"{run['date']}. {notes(run)[0]} {versions}.",
        *notes(run)[1:],
        _markdown_table(COLUMNS, rows(run, wide=True)),
        "## Cost against size",
        "Our time, and peak memory, at a hundredth, a tenth and the whole of the size above.",
        _markdown_table(GROWTH_COLUMNS, growth_rows(run)),
    ]
    stamps = {line["name"]: line for line in run["lines"] if "date" in line}
    if stamps:
        parts += [
            "## When each line was measured",
            _markdown_table(
                ("line", "date", "commit", "load at the start"),
                [
                    (name, line["date"], line["revision"], f"{line['load']:g}")
                    for name, line in stamps.items()
                ],
            ),
        ]
    return "\n\n".join(parts) + "\n"


def _rows(line: Mapping[str, Any], name: str) -> list[Row]:
    if line["unavailable"]:
        return [(name, line["unavailable"], "", "", "", "", "")]
    ways, checks = line["ways"], line["checks"]
    reference = ways.get("reference")
    first = checks[0]
    found: list[Row] = [
        (
            name,
            _time(ways["ours"]),
            _time(reference) if reference else "",
            f"{line['ratio']:.1f}" if line["ratio"] else "",
            _target(first),
            _yes(first["holds"]),
            _bytes(ways["ours"]["peak_bytes"]),
        )
    ]
    for check in checks[1:]:
        value = f"· {check['what']}: {_number(check['value'], check['unit'])}"
        found.append((value, "", "", "", _target(check), _yes(check["holds"]), ""))
    if reference:
        found.append((_plain(reference), "", "", "", "", "", _bytes(reference["peak_bytes"])))
    for key, way in ways.items():
        if key not in {"ours", "reference"}:
            times = way["seconds"] / ways["ours"]["seconds"]
            peak = _bytes(way["peak_bytes"])
            found.append((f"· {way['words']}", "", _time(way), f"{times:.1f}", "", "", peak))
    return found


def _plain(way: Mapping[str, Any]) -> str:
    share = f" ({way['share']})" if way["share"] else ""
    return f"· the plain way: {way['words']}{share}"


def _step(step: Mapping[str, Any]) -> str:
    return f"{_seconds(step['seconds'])}{_mark(step)}, {_bytes(step['peak_bytes'])}"


def _target(check: Mapping[str, Any]) -> str:
    words = "at least" if check["at_least"] else "at most"
    return f"{words} {_number(check['target'], check['unit'])}"


def _number(value: float, unit: str) -> str:
    if unit == "bytes":
        return _bytes(value)
    if unit == "s":
        return _seconds(value)
    return f"{value:.1f}x" if unit == "x" else f"{value:.5f}".rstrip("0")


def _time(way: Mapping[str, Any]) -> str:
    seconds = f"{_seconds(way['seconds'])}{_mark(way)}"
    if way["runs"] == 1:
        return seconds
    return f"{seconds} ({_seconds(way['low'])} - {_seconds(way['high'])})"


def _mark(measured: Mapping[str, Any]) -> str:
    """A star where the measurement was not alone on the machine."""
    return " *" if measured["others"] > _CALM else ""


def _seconds(value: float) -> str:
    if value < 1:
        return f"{value * 1000:.3g} ms"
    return f"{value:.2f} s" if value < 100 else f"{value:,.0f} s"


def _bytes(value: float) -> str:
    return f"{value / 1e9:.2f} GB" if value >= 1e9 else f"{value / 1e6:.0f} MB"


def _yes(holds: bool | None) -> str:
    return "not judged" if holds is None else "yes" if holds else "NO"


def _markdown_table(columns: Sequence[str], found: Sequence[Row]) -> str:
    head = "| " + " | ".join(columns) + " |"
    rule = "|" + " --- |" * len(columns)
    return "\n".join([head, rule, *("| " + " | ".join(row) + " |" for row in found)])
