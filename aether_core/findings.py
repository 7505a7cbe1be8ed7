"""What is measured once and kept with a result: typed, versioned, read back as it was written."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from aether_core.errors import AetherError

Measured = Annotated[float, BeforeValidator(lambda value: math.nan if value is None else value)]
"""A figure; NaN, which JSON writes as null, where there was nothing to measure."""


class Record(BaseModel):
    """A part of findings: typed, not to be changed, written as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StoredFindings(Record):
    """Findings as they are stored.

    Attributes:
        version: Of the document. Those kept before there were versions are version 1, and
            `_from_version_1` says what was called otherwise in them.
    """

    version: Literal[2] = 2

    def document(self) -> dict[str, Any]:
        """As JSON values, to be stored; NaN is null."""
        document: dict[str, Any] = json.loads(self.model_dump_json())
        return document

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Read what was stored, by this version or the one before.

        Raises:
            AetherError: It was written by a newer version, or is damaged.
        """
        try:
            newest = document if "version" in document else cls._from_version_1(document)
            return cls.model_validate(newest)
        except (ValidationError, KeyError) as error:
            raise AetherError(
                f"what was measured cannot be read: {_what_is_wrong(error)}; make it again, or use "
                "the version of the app that made it",
                code="findings-unreadable",
            ) from error

    @classmethod
    def _from_version_1(cls, document: Mapping[str, Any]) -> Mapping[str, Any]:
        return document


@dataclass(frozen=True)
class LayerKind:
    """One kind of layer that a city keeps.

    Attributes:
        name: In the store, in commands and JSON.
        noun: What lists of layers call one.
        title: What its report is called.
        main_field: The field it is about; its first one where empty.
        findings: What was measured while it was made; None where nothing was.
        of_classes: Whether that field names one class of each cell, as files then say.
    """

    name: str
    noun: str
    title: str
    main_field: str = ""
    findings: type[StoredFindings] | None = None
    of_classes: bool = False


def _what_is_wrong(error: ValidationError | KeyError) -> str:
    if isinstance(error, KeyError):
        return f"{error} is missing"
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
