"""JSON of any size, one value at a time: a file of features is never held whole."""

import json
from collections.abc import Iterator
from typing import Any, TextIO

_CHUNK = 1 << 20  # characters
_BLANK = " \t\r\n\x1e"  # RS stands before each value of an RFC 8142 sequence
_NEAR_END = 16  # longest token that is told only by its end, such as -Infinity or an escape


class JsonSyntaxError(ValueError):
    """What was read is no JSON, or ends too early."""


class JsonStream:
    """A cursor in JSON text, strict about everything that decides where a value ends.

    Args:
        file: Decoded text, at its start.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._before = 0  # characters let go of
        self._ended = False
        self._decoder = json.JSONDecoder(strict=False)

    def peek(self) -> str:
        """Return the next character that is not blank, "" at the end; it stays."""
        while True:
            for at in range(self._at, len(self._text)):
                if self._text[at] not in _BLANK:
                    self._at = at
                    return self._text[at]
            self._at = len(self._text)
            if self._ended:
                return ""
            self._more()

    def value(self) -> Any:  # noqa: ANN401 - any JSON
        """Read one whole value.

        Raises:
            JsonSyntaxError: There is none, or it is broken.
        """
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                near_end = error.pos >= len(self._text) - _NEAR_END
                if self._ended or not (near_end or error.msg.startswith("Unterminated")):
                    raise self._wrong(error.msg, error.pos) from error
            except ValueError as error:  # a number of thousands of digits
                raise self._wrong(str(error), self._at) from error
            else:
                if end < len(self._text) or self._ended:
                    self._at = end
                    return value
            self._more()

    def members(self) -> Iterator[str]:
        """Enter an object: yield each name; the caller reads its value before the next one."""
        self._take("{")
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            name = self.value()
            if not isinstance(name, str):
                raise self._wrong("Expecting a name in quotes", self._at)
            self._take(":")
            yield name
            if self._next_or_end("}"):
                return

    def items(self) -> Iterator[Any]:
        """Enter a list: yield its values, one at a time."""
        self._take("[")
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            yield self.value()
            if self._next_or_end("]"):
                return

    def _next_or_end(self, end: str) -> bool:
        found = self.peek()
        if found not in {",", end} or not found:
            raise self._wrong(f"Expecting ',' or '{end}'", self._at)
        self._at += 1
        return found == end

    def _take(self, wanted: str) -> None:
        if self.peek() != wanted:
            raise self._wrong(f"Expecting '{wanted}'", self._at)
        self._at += 1

    def _more(self) -> None:
        """Read as much again as is left, so that a long value costs its length twice at most."""
        rest = self._text[self._at :]
        read = self._file.read(max(_CHUNK, len(rest)))
        self._ended = not read
        self._before += self._at
        self._text, self._at = rest + read, 0

    def _wrong(self, what: str, at: int) -> JsonSyntaxError:
        if self._ended and at >= len(self._text.rstrip()):
            return JsonSyntaxError(
                f"it ends after {self._before + at:,} characters, within a value"
            )
        found = self._text[at : at + 20].split("\n", maxsplit=1)[0]
        return JsonSyntaxError(f"{what} at character {self._before + at + 1:,}: {found!r}")
