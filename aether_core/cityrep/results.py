"""Scores as a table: seed by seed in a file, and as means over seeds and over cities."""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from aether_core.cityrep.evaluate import SeedScores
from aether_core.cityrep.files import read_records
from aether_core.cityrep.protocols import NOT_IN_MEANS, SEEDS
from aether_core.cityrep.task_kinds import TASK_KINDS
from aether_core.errors import InputError

EVERY_METRIC: Final = tuple(name for kind in TASK_KINDS.values() for name in kind.metrics)
COLUMNS: Final = (
    "model",
    "city",
    "task",
    "task_id",
    "protocol",
    "seed",
    *EVERY_METRIC,
    "samples",
    "without_vector",
)


@dataclass(frozen=True)
class Mean:
    """One metric of a model on a task, over the seeds.

    Attributes:
        sd: Population standard deviation over the seeds, as the benchmark has it.
        seeds: Which ones.
        samples: Of the task.
        without_vector: Samples without a vector in the embedding.
    """

    model: str
    city: str
    task: str
    task_id: str
    protocol: str
    metric: str
    mean: float
    sd: float
    seeds: list[int]
    samples: int
    without_vector: int


@dataclass(frozen=True)
class CityMean:
    """One metric of a model on a task, over the cities.

    Attributes:
        sd: Population standard deviation over the cities: how much the place matters, not how sure
            the mean is.
        cities: Which ones. The published means of ages leave four cities out, and so do these.
    """

    model: str
    task: str
    protocol: str
    metric: str
    mean: float
    sd: float
    cities: list[str]


def as_csv(scores: Iterable[SeedScores]) -> str:
    """One line a model, task and seed; metrics that a task has not are empty."""
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    table.writeheader()
    for one in scores:
        table.writerow(
            {
                "model": one.model,
                "city": one.city,
                "task": one.task,
                "task_id": one.task_id,
                "protocol": one.protocol,
                "seed": one.seed,
                **{name: repr(value) for name, value in one.metrics.items()},
                "samples": one.samples,
                "without_vector": one.without,
            }
        )
    return text.getvalue()


def read_scores(path: Path) -> list[SeedScores]:
    """Read what `as_csv` wrote, to go on from there.

    Raises:
        NotFoundError: There is no such file.
        InputError: It is none of ours, or a model has not all seeds on a task.
    """
    records = read_records(path)
    try:
        found = [_scores_of(one) for one in records]
    except (ValueError, KeyError) as error:
        raise InputError(
            "the file holds no scores that could be gone on with",
            f"{path.name}: {error}",
            "give a file that this command wrote, or another name",
            code="cityrep-results-unreadable",
        ) from error
    for (model, task_id, _), group in groupby(found, key=_of_one):
        seeds = tuple(one.seed for one in group)
        if seeds != SEEDS:
            raise InputError(
                "the file has not all seeds of a model on a task",
                f"{model} on {task_id}: {', '.join(map(str, seeds))}",
                "remove these lines",
                code="cityrep-results-unreadable",
            )
    return found


def means(scores: Sequence[SeedScores]) -> list[Mean]:
    """Mean and spread over the seeds, a metric at a time."""
    found = []
    for _, group in groupby(scores, key=_of_one):
        seeds = list(group)
        first = seeds[0]
        for metric in first.metrics:
            mean, sd = _mean_and_sd([one.metrics[metric] for one in seeds])
            found.append(
                Mean(
                    first.model,
                    first.city,
                    first.task,
                    first.task_id,
                    first.protocol,
                    metric,
                    mean,
                    sd,
                    [one.seed for one in seeds],
                    first.samples,
                    first.without,
                )
            )
    return found


def over_cities(rows: Sequence[Mean]) -> list[CityMean]:
    """Mean and spread over the cities, a task and metric at a time, as the published table."""
    groups: dict[tuple[str, str, str, str], list[Mean]] = {}
    for row in rows:
        if row.city not in NOT_IN_MEANS.get(row.task, ()):
            groups.setdefault((row.model, row.task, row.protocol, row.metric), []).append(row)
    return [
        CityMean(*key, *_mean_and_sd([one.mean for one in group]), [one.city for one in group])
        for key, group in groups.items()
    ]


def _of_one(scores: SeedScores) -> tuple[str, str, str]:
    return scores.model, scores.task_id, scores.protocol


def _mean_and_sd(values: Sequence[float]) -> tuple[float, float]:
    mean = math.fsum(values) / len(values)
    return mean, math.sqrt(math.fsum((one - mean) ** 2 for one in values) / len(values))


def _scores_of(record: Mapping[str, Any]) -> SeedScores:
    if tuple(record) != COLUMNS:
        raise ValueError("its columns are others")
    return SeedScores(
        model=record["model"],
        city=record["city"],
        task=record["task"],
        task_id=record["task_id"],
        protocol=record["protocol"],
        seed=int(record["seed"]),
        metrics={name: float(record[name]) for name in EVERY_METRIC if record[name]},
        samples=int(record["samples"]),
        without=int(record["without_vector"]),
    )
