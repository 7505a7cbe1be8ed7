"""Criteria as JSON, in a file or an address: what `ask --json` prints can be edited and asked."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from aether_core.errors import InputError, NotFoundError
from aether_core.language import SOURCE
from aether_core.search.question.criteria import (
    KINDS,
    MAX_CRITERIA,
    Criterion,
    FileSource,
    LayerSource,
    Source,
)

_MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class CriteriaFile:
    """What a file of criteria says.

    Attributes:
        criteria: In the order of the file.
        mode: How they are combined, where the file says so.
    """

    criteria: tuple[Criterion, ...]
    mode: str | None


class _SourceEntry(BaseModel):
    """Where the targets of a criterion come from: a file, or a kept layer."""

    model_config = ConfigDict(extra="forbid")

    file: str | None = None
    crs: str | None = None
    file_layer: str | None = None
    layer: str | None = None
    field: str | None = None
    value: str | float | None = None
    least: float | None = None


class _Entry(BaseModel):
    """A criterion as JSON; what only an answer says of it is read and not used."""

    model_config = ConfigDict(extra="forbid")

    kind: str
    words: str
    distance_m: float | None = None
    stated: bool | None = None
    weight: float = 1.0
    clause: int | None = None
    option: int = 0
    source: _SourceEntry | None = None
    said: str | None = None
    language: Literal["ar", "de", "en", "es", "fi", "fr"] = "en"
    name: Any = None
    label: Any = None
    sentence: Any = None
    support: Any = None
    used: Any = None
    meaning: Any = None
    straight_line: Any = None


class _Document(BaseModel):
    model_config = ConfigDict(extra="ignore")

    criteria: list[_Entry]
    mode: Literal["all", "add"] | None = None


def read_criteria(path: Path) -> CriteriaFile:
    """Criteria of a JSON file: a list of them, or a document with `criteria`.

    Args:
        path: The file; paths of sources in it are relative to its folder.

    Raises:
        NotFoundError: There is no such file.
        InputError: It holds no criteria; the message says which entry is wrong.
    """
    try:
        size = path.stat().st_size
        text = path.read_text(encoding="utf-8-sig") if size <= _MOST_BYTES else None
    except (OSError, UnicodeDecodeError) as error:
        if isinstance(error, FileNotFoundError):
            raise NotFoundError(
                "no such file of criteria", path, "check its path", code="no-such-file"
            ) from error
        raise _unreadable(path, str(error)) from error
    if text is None:
        raise _unreadable(path, f"{size:,} bytes are more than {_MOST_BYTES:,}")
    try:
        read = _document(text)
    except (json.JSONDecodeError, ValidationError) as error:
        raise _unreadable(path, _what_is_wrong(error)) from error
    return CriteriaFile(_criteria(read, path.parent), read.mode)


def criteria_in_link(text: str) -> tuple[Criterion, ...]:
    """Criteria that an address carries, as `link_of` writes them.

    Raises:
        InputError: They are none, or name a file: whoever follows a link must not open files.
    """
    try:
        read = _document(text)
    except json.JSONDecodeError as error:
        raise InputError(
            "the link holds no criteria",
            "part of it was lost or changed on its way",
            "type the question again",
            code="criteria-unreadable",
        ) from error
    except ValidationError as error:
        raise InputError(
            "the link holds no criteria",
            _what_is_wrong(error),
            "type the question again",
            code="criteria-unreadable",
        ) from error
    if any(one.source is not None and one.source.file is not None for one in read.criteria):
        raise InputError(
            "a link cannot name a file",
            next(str(one.source.file) for one in read.criteria if one.source is not None),
            "upload the file under Limit to an area",
            code="file-in-link",
        )
    criteria = _criteria(read, Path())
    unknown = next((one.kind for one in criteria if one.kind not in KINDS), None)
    if unknown is not None or len(criteria) > MAX_CRITERIA:
        raise InputError(
            "the link holds no criteria that can be shown",
            unknown if unknown is not None else f"{len(criteria)} criteria",
            f"the kinds are {', '.join(KINDS)}, and {MAX_CRITERIA} the limit",
            code="criteria-unreadable",
        )
    return criteria


def link_of(criteria: Sequence[Criterion]) -> str:
    """Criteria as the short text of an address; those about a file are left out."""
    entries = [
        {
            "kind": one.kind,
            "words": one.words,
            **({} if one.distance_m is None else {"distance_m": one.distance_m}),
            **({"stated": False} if one.distance_m is not None and not one.stated else {}),
            **({} if one.weight == 1 else {"weight": one.weight}),
            "clause": one.clause,
            **({"option": one.option} if one.option else {}),
            **({"said": one.said} if one.said else {}),
            **({"language": one.language} if one.language != SOURCE else {}),
            **({"source": _layer_entry(one.source)} if isinstance(one.source, LayerSource) else {}),
        }
        for one in criteria
        if one.source is None or isinstance(one.source, LayerSource)
    ]
    return json.dumps(entries, ensure_ascii=False, separators=(",", ":"))


def _document(text: str) -> _Document:
    document = json.loads(text)
    entries = document if isinstance(document, list) else None
    return _Document.model_validate({"criteria": entries} if entries is not None else document)


def _criteria(read: _Document, folder: Path) -> tuple[Criterion, ...]:
    taken = [one.clause for one in read.criteria if one.clause is not None]
    free = iter(range(max(taken, default=-1) + 1, len(read.criteria) + max(taken, default=-1) + 1))
    return tuple(
        Criterion(
            one.kind,
            " ".join(one.words.split()),
            one.distance_m,
            stated=one.distance_m is not None if one.stated is None else one.stated,
            weight=one.weight,
            clause=one.clause if one.clause is not None else next(free),
            option=one.option,
            source=_source(one, folder),
            said=" ".join((one.said or "").split()),
            language=one.language,
        )
        for one in read.criteria
    )


def _layer_entry(source: LayerSource) -> dict[str, str | float]:
    named = {
        "layer": source.layer,
        "field": source.field,
        "value": source.value,
        "least": source.least,
    }
    return {name: value for name, value in named.items() if value is not None}


def _source(one: _Entry, folder: Path) -> Source | None:
    given = one.source
    if given is None:
        return None
    if (given.file is None) == (given.layer is None):
        raise InputError(
            "a source is either a file or a layer",
            f"{one.kind}: {one.words}",
            'write {"file": "roads.gpkg"} or {"layer": "landuse-1"}',
            code="source-not-a-file-or-layer",
        )
    if given.file is not None:
        value = None if given.value is None else str(given.value)
        return FileSource(folder / given.file, given.crs, given.file_layer, given.field, value)
    return LayerSource(str(given.layer), given.field, given.value, given.least)


def _what_is_wrong(error: json.JSONDecodeError | ValidationError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}: {error.msg}"
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _unreadable(path: Path, why: str) -> InputError:
    return InputError(
        f"{path.name} holds no criteria",
        why,
        'write [{"kind": "near", "words": "school", "distance_m": 300}]',
        code="criteria-unreadable",
    )
