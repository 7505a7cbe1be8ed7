"""Searches, answers and changes as the documents that commands print and the API answers."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from aether_core.errors import InputError
from aether_core.language import language_tag, said_in
from aether_core.search.support import Support
from workflows.search.ask import Answer
from workflows.search.change import CellChange
from workflows.search.search import CellScores, PlaceHit


def search_document(
    scores: CellScores,
    results: Sequence[dict[str, Any]],
    *,
    support: Support | None = None,
    layer: str | None = None,
) -> dict[str, Any]:
    """A ranking of cells.

    Args:
        scores: All of it.
        results: The best cells, as `CellScores.best` gives them.
        support: How far the data carries the query; an example has none.
        layer: Short name it was kept under, if it was.
    """
    facts: dict[str, Any] = {
        "city": scores.city,
        "model": scores.model,
        "query": scores.query,
        "minus": scores.minus,
        "year": scores.year,
        "cells": len(scores.units),
        "extent": scores.extent,
        "left_out": scores.left_out,
        "seconds": scores.seconds,
        "simulated": scores.simulated,
        "attribution": scores.attribution,
        "layer": layer,
        "results": list(results),
    }
    return facts if support is None else {**facts, "support": support_document(support)}


def support_document(support: Support) -> dict[str, Any]:
    """How far the data carries a query, and what the city does know instead."""
    return {
        "level": support.level,
        "reason": support.reason,
        "auc": support.auc,
        "ci95": list(support.ci95) if support.ci95 else None,
        "tested_on": support.tested_on,
        "likeness": support.likeness,
        "described": list(support.described),
        "nearest": list(support.nearest),
    }


def places_document(
    slug: str, query: str, hits: Sequence[PlaceHit], names_in: str | None = None
) -> dict[str, Any]:
    """Places of a city, best first.

    Args:
        slug: The city.
        query: What was asked.
        hits: The places.
        names_in: Language tag of `name`, where their source has it; `main_name` stands beside it
            then. None: `name` is the main name.
    """
    results = [asdict(hit) for hit in hits]
    if names_in is not None:
        for result, hit in zip(results, hits, strict=True):
            result |= {"name": said_in(hit.name, names_in), "main_name": str(hit.name)}
    return {"city": slug, "query": query, "results": results}


def checked_names_in(tag: str | None) -> str | None:
    """The language somebody asks names in, as BCP 47 spells it.

    Raises:
        InputError: It is no language.
    """
    known = None if tag is None else language_tag(tag)
    if tag is not None and known is None:
        raise InputError(
            "this is no language",
            tag,
            "give a tag such as sv, en or zh-Hant",
            code="names-language-unknown",
        )
    return known


def answer_document(answer: Answer, results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The answer to a question of several criteria.

    Args:
        answer: All of it.
        results: The best cells, as `Answer.best` gives them.
    """
    return {
        "city": answer.city,
        "model": answer.model,
        "question": answer.question,
        "criteria": [part.facts() for part in answer.parts],
        "unmapped": [
            {"words": one.words, "reason": one.reason, "code": one.code} for one in answer.unmapped
        ],
        "notes": list(answer.notes),
        "mode": answer.mode,
        "year": answer.year,
        "cells": len(answer.score),
        "ranked": answer.ranked,
        "extent": str(answer.extent),
        "left_out": answer.left_out,
        "seconds": answer.seconds,
        "simulated": answer.simulated,
        "attribution": list(answer.attribution),
        "results": list(results),
    }


def change_document(
    found: CellChange, results: Sequence[dict[str, Any]], *, layer: str | None = None
) -> dict[str, Any]:
    """Where a city has moved towards a query.

    Args:
        found: All of it.
        results: The cells that moved most, as `CellChange.best` gives them.
        layer: Short name it was kept under, if it was.
    """
    return {
        "city": found.city,
        "query": found.query,
        "minus": found.minus,
        "model": found.model,
        "from": found.year_from,
        "to": found.year_to,
        "cells": len(found.change),
        **found.findings.facts(),
        "seconds": found.seconds,
        "simulated": found.simulated,
        "attribution": found.attribution,
        "layer": layer,
        "results": list(results),
    }
