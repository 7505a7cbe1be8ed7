"""What was asked and found as JSON documents of the store, and read from there again.

A document may be older than the code that reads it: fields that came later take their defaults,
and fields that are gone are ignored.
"""

from functools import lru_cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from aether_core.errors import AetherError

T = TypeVar("T")


class UnreadableDocumentError(AetherError):
    """A stored document does not hold what the code that reads it needs."""

    code = "stored-document-unreadable"


def to_document(value: object) -> dict[str, Any]:
    """A dataclass as plain JSON values."""
    kind = cast("Any", type(value))
    document: dict[str, Any] = _adapter(kind).dump_python(value, mode="json")
    return document


def from_document(kind: type[T], document: object) -> T:
    """The value that `to_document` wrote down.

    Args:
        kind: Its class, or a list of one.
        document: JSON values.

    Raises:
        UnreadableDocumentError: They are not that; the message names the field.
        AetherError: The class refuses the values.
    """
    try:
        read: T = _adapter(cast("Any", kind)).validate_python(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        field = ".".join(map(str, first["loc"])) or "the whole"
        raise UnreadableDocumentError(
            f"what the store holds cannot be read: {_name_of(kind)}, {field}: {first['msg']}; it "
            "was stored by another version or is damaged, so remove it and start it again",
        ) from error
    return read


@lru_cache
def _adapter(kind: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - a class, or a list of one
    return TypeAdapter(kind)


def _name_of(kind: Any) -> str:  # noqa: ANN401 - likewise
    return str(getattr(kind, "__name__", kind))
