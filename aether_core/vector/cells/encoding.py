"""Which encoding a file's texts are in.

UTF-8 where they decode as it, which others do by no accident. Else each encoding in use is tried:
how likely are the letters it gives, in some language, beside the letters around them? One that is
far likelier than every other that reads differently is taken, and said; else the user is asked.
(Detectors made for pages of prose take two names in Cyrillic for Korean.)
"""

import codecs
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aether_core.errors import InputError
from aether_core.vector.cells.languages import CHINESE_NAMES, LATIN, OTHERS
from aether_core.vector.cells.places import WORDS_OF_PLACES
from aether_core.vector.headings import heading_key

UTF8 = "UTF-8"

_CANDIDATES = {
    "cp1252": 0.0,
    "cp1250": -1.0,
    "cp1251": -0.5,
    "cp1253": -1.0,
    "cp1254": -1.0,
    "cp1255": -1.0,
    "cp1256": -1.0,
    "cp1257": -1.5,
    "cp874": -1.0,
    "koi8-u": -2.0,
    "cp866": -3.0,
    "iso8859-2": -1.5,
    "iso8859-5": -3.0,
    "cp852": -5.0,
    "cp850": -5.0,
    "cp437": -6.0,
    "mac_roman": -5.0,
    "gb18030": 0.0,
    "big5hkscs": -0.5,
    "cp932": -0.5,
    "cp949": -0.5,
    "euc_jp": -2.0,
}
"""Log weight of how common each is. Of those that read a file the same, the first is named."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", UTF8),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_BLOCK = 1 << 20
_PIECE = re.compile(rb"[^,;\t\r\n\"]*[\x80-\xff][^,;\t\r\n\"]*")
_PIECES, _PIECE_BYTES = 400, 80
_MARGIN = 3.0
"""The likeliest reading is 20 times likelier than any other."""
_SENSELESS, _SENSELESS_ASIAN = -6.0, -10.0
"""Mean log likelihood of a letter below which a reading is no writing."""
_STRANGE = math.log(1e-5)
_MIXED = math.log(0.05)
_OTHER_LANGUAGE = 3.0
_KNOWN_HEADING = 15.0
"""For a heading that is a word for longitude, name or the like, beyond what its letters say."""
_ASIAN = {
    "gb18030": "Chinese",
    "big5hkscs": "Chinese",
    "cp932": "Japanese",
    "euc_jp": "Japanese",
    "cp949": "Korean",
}
_LEVELS = (("gb2312", 0xB0, 0xD7), ("big5", 0xA4, 0xC6), ("euc_jp", 0xB0, 0xCF))
_PUNCTUATION = frozenset("–—‘’“”„«»…·•°ºª²³½¼€£§®™¿¡´№×、。・ー（）「」，．：！？～\u00a0")
_NEVER_BESIDE = frozenset("£€¼½¾³¹±¤¦¬¶¸¨×÷¢¥")


@dataclass(frozen=True)
class Encoding:
    """An encoding: its codec, its name for people, and a sentence where it was found out."""

    codec: str
    name: str
    note: str | None = None


def file_encoding(path: Path, given: str | None) -> Encoding:
    """Return the encoding of a text file.

    Args:
        path: A local file.
        given: What the user said, which wins.

    Raises:
        InputError: There is no such encoding, the file is not in it, or several are possible.
    """
    if given is not None:
        encoding = given_encoding(given)
        _check_decodes(path, encoding)
        return encoding
    with path.open("rb") as file:
        head = file.read(4096)
    for mark, codec, name in _MARKS:
        if head.startswith(mark):
            found = Encoding(codec, name)
            _check_decodes(path, found)
            return found
    if (wide := _without_mark(head)) is not None:
        return Encoding(wide, wide.upper(), f"Text encoding detected: {wide.upper()}.")
    if _decodes(path, "utf-8"):
        return Encoding("utf-8", UTF8)
    pieces = _pieces(path)
    if 2 * sum(decodes_cut(piece, "utf-8") for piece in pieces) > len(pieces):
        raise _utf8_in_parts(path)
    found = likeliest(pieces, path.name)
    _check_decodes(path, found)
    return found


def given_encoding(name: str) -> Encoding:
    """Return the encoding a user named.

    Raises:
        InputError: There is none of that name, or it is none of texts.
    """
    try:
        codec = codecs.lookup(name.strip())
        b"a".decode(codec.name, "replace")
    except (LookupError, ValueError) as error:
        raise InputError(
            "there is no such encoding",
            name,
            "give one such as utf-8, cp1252, cp1251, gbk, shift_jis",
            code="no-such-encoding",
        ) from error
    if codec.name == "utf-8":
        return Encoding("utf-8-sig", UTF8)
    return Encoding(codec.name, name.strip())


def cells_encoding(cells: Iterable[bytes], file: str) -> Encoding:
    """Return the encoding of a table's cells, of which some may be cut short.

    Raises:
        InputError: Several are possible.
    """
    telling = [cell for cell in dict.fromkeys(cells) if not cell.isascii()]
    if all(decodes_cut(cell, "utf-8") for cell in telling):
        return Encoding("utf-8", UTF8)
    return likeliest(telling[:_PIECES], file)


def decodes_cut(cell: bytes, codec: str) -> bool:
    """Whether a cell is in an encoding, its last letter cut or not."""
    try:
        codecs.getincrementaldecoder(codec)().decode(cell, final=False)
    except UnicodeDecodeError:
        return False
    return True


def likeliest(pieces: Sequence[bytes], file: str) -> Encoding:
    """Return the encoding in which pieces of text are likely.

    Args:
        pieces: Different texts, each with bytes beyond ASCII.
        file: The file's name, for messages.

    Raises:
        InputError: Several are possible, or none.
    """
    read: dict[tuple[str, ...], tuple[float, str]] = {}
    for codec in _CANDIDATES:
        readings = [_decoded(piece, codec) for piece in pieces]
        texts = tuple(text for text in readings if text is not None and _printable(text))
        if len(texts) == len(pieces) and texts not in read:
            read[texts] = (_likelihood(texts, codec), codec)
    ranked = sorted(read.items(), key=lambda one: -one[1][0])
    if not ranked or not _is_writing(ranked[0][0], *ranked[0][1]):
        raise InputError(
            f"the letters of {file} are in no encoding that is known here",
            pieces[0][:20].hex(" ") if pieces else "no text",
            "save it in UTF-8, or specify its encoding (in commands: --encoding)",
            code="encoding-unknown",
        )
    texts, (best, codec) = ranked[0]
    rivals = [(t, name) for t, (score, name) in ranked[1:] if score > best - _MARGIN]
    if rivals:
        shown = []
        telling = next((n for n in range(len(texts)) if texts[n] != rivals[0][0][n]), 0)
        for candidate, name in [(texts, codec), *rivals][:4]:
            shown.append(f"{candidate[telling].strip()[:40]!r} in {_name(name)}")
        raise InputError(
            f"the letters of {file} can be read in several ways",
            " or ".join(shown),
            "specify its encoding (in commands: --encoding NAME; on the page: File options), or "
            "save it in UTF-8",
            code="encoding-unclear",
        )
    example = max(texts, key=lambda text: sum(not letter.isascii() for letter in text[:40]))
    name = _name(codec)
    note = f"Text encoding detected: {name}; one text reads {example.strip()[:40]!r}."
    return Encoding(codec, name, note)


def _is_writing(texts: Sequence[str], likelihood: float, codec: str) -> bool:
    """Whether the letters of a reading are such as some language has."""
    letters = sum(not letter.isascii() for text in texts for letter in text)
    return likelihood >= letters * (_SENSELESS_ASIAN if codec in _ASIAN else _SENSELESS)


def _name(codec: str) -> str:
    return {"gb18030": "GBK", "big5hkscs": "Big5", "cp932": "Shift_JIS"}.get(codec, codec)


def _decoded(piece: bytes, codec: str) -> str | None:
    try:
        decoder = codecs.getincrementaldecoder(codec)()
        return str(decoder.decode(piece, final=False))
    except UnicodeDecodeError:
        return None


def _printable(text: str) -> bool:
    """Whether a reading holds letters and signs only: no controls, no unassigned ones."""
    return not any(
        unicodedata.category(letter) in {"Cc", "Cn", "Co", "Cs"} for letter in text if letter > "~"
    )


def _likelihood(texts: Sequence[str], codec: str) -> float:
    """Log likelihood of texts in the language that fits them best.

    Single texts may be in another language, which is less likely.
    """
    own = _ASIAN.get(codec)
    headings = sum(heading_key(text) in WORDS_OF_PLACES for text in texts)
    languages = [own] if own else [*LATIN, *OTHERS, "Thai"]
    rows = [[_in_language(text, language) for language in languages] for text in texts]
    return (
        _CANDIDATES[codec]
        + _KNOWN_HEADING * headings
        + max(
            sum(max(row[place], max(row) - _OTHER_LANGUAGE) for row in rows)
            for place in range(len(languages))
        )
    )


def _in_language(text: str, language: str) -> float:
    """Log likelihood of the letters beyond ASCII, each beside its neighbours."""
    total = 0.0
    latin = LATIN.get(language)
    shares = latin or OTHERS.get(language)
    for place, letter in enumerate(text):
        if letter.isascii():
            continue
        before = text[place - 1] if place else " "
        after = text[place + 1] if place + 1 < len(text) else " "
        if latin is None and (_latin(before) or _latin(after)):
            # Firms called KTV or 7-Eleven stand beside Chinese; no other writing mixes in a word.
            inside = language not in _ASIAN.values() or (_latin(before) and _latin(after))
            total += _STRANGE if inside or before.islower() or after.islower() else _MIXED
        if not letter.isalpha():
            total += _sign(letter, before, after, language)
        elif shares is None:
            total += _asian(letter, language)
        else:
            total += shares.get(letter.lower(), _STRANGE) + _case(letter, before, after)
    return total


def _latin(letter: str) -> bool:
    return letter.isascii() and letter.isalpha()


def _case(letter: str, before: str, after: str) -> float:
    """Names begin with a capital, and other capitals stand in words of capitals."""
    if letter.isupper():
        if before.islower():
            return _STRANGE
        return math.log(0.7 if before.isupper() else 0.5)
    if before.isupper() and after.isupper():
        return _STRANGE
    return 0.0 if before.isalpha() else math.log(0.3)


def _sign(letter: str, before: str, after: str, language: str) -> float:
    """A sign that is no letter; inside a word only an apostrophe and the like."""
    if unicodedata.category(letter) in {"Mn", "Mc"} and language in {"Thai", *OTHERS}:
        return math.log(1 / 30) if before.isalpha() or not before.isascii() else _STRANGE
    if before.isalpha() and after.isalpha() and letter not in "’‘·–—・ー\u00a0":
        return _STRANGE
    if letter in _NEVER_BESIDE and (before.isalpha() or after.isalpha()):
        return _STRANGE
    return math.log(0.01) if letter in _PUNCTUATION else _STRANGE


def _asian(letter: str, language: str) -> float:
    """Letters of Thai, Chinese, Japanese and Korean by how common their kind is."""
    if language == "Thai":
        return math.log(1 / 30) if "ก" <= letter <= "๛" else _STRANGE
    if language == "Korean":
        return math.log(1 / 600) if "가" <= letter <= "힣" else 2 * _STRANGE
    if language == "Japanese" and "ぁ" <= letter <= "ヺ":
        return math.log(1 / 60)
    if not "一" <= letter <= "鿿":
        return 2 * _STRANGE
    if letter in CHINESE_NAMES:
        return math.log(1 / 400)
    return math.log(1 / 4000 if _common(letter, language) else 1 / 200_000)


def _common(letter: str, language: str) -> bool:
    """Whether a Chinese character is of the first level of a national standard."""
    standards = _LEVELS if language == "Chinese" else _LEVELS[2:]
    for codec, first, last in standards:
        try:
            if first <= letter.encode(codec)[0] <= last:
                return True
        except UnicodeEncodeError:
            continue
    return False


def _without_mark(head: bytes) -> str | None:
    """UTF-16 without a mark: ASCII in it has a zero in every second byte."""
    for codec, start in (("utf-16-le", 1), ("utf-16-be", 0)):
        zeros = head[start::2].count(0)
        if (
            len(head) > 8
            and zeros > 0.4 * len(head[start::2])
            and zeros > 4 * head[1 - start :: 2].count(0)
        ):
            return codec
    return None


def _pieces(path: Path) -> list[bytes]:
    """Different texts of a file with bytes beyond ASCII, from all over it."""
    found: dict[bytes, None] = {}
    with path.open("rb") as file:
        for line in file:
            if line.isascii():
                continue
            for match in _PIECE.finditer(line):
                found.setdefault(match[0][:_PIECE_BYTES])
            if len(found) >= _PIECES:
                break
    return list(found)[:_PIECES]


def _decodes(path: Path, codec: str) -> bool:
    try:
        _decode(path, codec)
    except UnicodeError:
        return False
    return True


def _decode(path: Path, codec: str) -> None:
    decoder = codecs.getincrementaldecoder(codec)()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            decoder.decode(block)
    decoder.decode(b"", final=True)


def _utf8_in_parts(path: Path) -> InputError:
    """Name the first line of a file that is UTF-8 but for some lines."""
    with path.open("rb") as file:
        number, line = next(
            ((n, line) for n, line in enumerate(file, start=1) if not _is_utf8(line)), (1, b"")
        )
    shown = line[:_PIECE_BYTES].decode("utf-8", "replace").strip()
    return InputError(
        f"{path.name} is UTF-8 but for some letters",
        f"line {number:,}: {shown}",
        "correct them and save it in UTF-8",
        code="text-of-two-encodings",
    )


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _check_decodes(path: Path, encoding: Encoding) -> None:
    """Refuse a file that is not in an encoding."""
    try:
        _decode(path, encoding.codec)
    except UnicodeError as error:
        raise InputError(
            f"{path.name} is not in the encoding {encoding.name}",
            str(error),
            "specify another one (in commands: --encoding), or save it in UTF-8",
            code="text-not-in-encoding",
        ) from error
