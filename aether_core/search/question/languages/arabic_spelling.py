"""How Arabic is written: spellings that tell nothing apart, and small words joined to the next."""

import re
import unicodedata
from collections.abc import Callable

_SHAPES = re.compile("[\ufb50-\ufdff\ufe70-\ufefc]+")
"""Letters by their shape within a word, as some PDF files have them."""
_SILENT = re.compile("[\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u200c\u200d\ufeff]")
"""Vowel signs, the stroke that stretches a word (tatweel), and joiners."""
_SIGNS = str.maketrans({"،": ",", "؛": ";", "؟": "?", "٪": "%"})
_ALIKE = str.maketrans({"ٱ": "ا", "ى": "ي", "ی": "ي", "ة": "ه", "ک": "ك", "\u0640": None})
_ANY = {
    letter: f"[{spellings}]" for spellings in ("اأإآٱ", "ىيیئ", "ةه", "كک") for letter in spellings
}
_ARTICLE = re.compile(r"\b(?:ال|لل)(?=\w{2})")

_OWNERS = re.compile(r"(?<=\w{3})(?:ها|هم|هما|نا|كم)$")
_NUMBERS = re.compile(r"(?<=\w{3})(?:تان|تين|ات|ان|ين|ون|ه)$")

JOINT = "\u0640"
"""Stands behind a small word that was parted from the next: no text has it by then."""
_QUOTED = re.compile(r"([\"“«„][^\"“”«»„]{1,80}[\"”»“])")
_BEFORE_NAME = re.compile(r"(?<!\w)([وبلك])(?=[\"“«„A-Za-zÀ-ÿ])")
_WORD = re.compile(r"[\u0621-\u064a\u0671-\u06d3]+")
_GOVERNING = frozenset(
    {"من", "عن", "في", "علي", "الي", "قرب", "بقرب", "بجوار", "بجانب", "حول", "بين", "مثل", "بدون",
     "بلا", "دون", "داخل", "خارج", "ضمن", "عند", "لدي", "مقابل", "امام", "خلف", "وراء", "او"}
)  # fmt: skip
"""Words behind which the next one is whole: nothing stands joined to what these govern."""
_WITH_WAW = frozenset(
    {"وسط", "وقود", "وجبه", "وجبات", "ورشه", "ورش", "ورشات", "وزاره", "وزارات", "ورد", "ورده",
     "ورود", "واحه", "واحات", "وادي", "واد", "اوديه", "واجهه", "واجهات", "وظيفه", "وظايف",
     "ولايه", "ولايات", "وحده", "وحدات", "وكاله", "وكالات", "وطن", "وطني", "وطنيه", "وقت", "وقتا",
     "ورق", "وصول", "وحيد", "وحيده", "واسع", "واسعه", "واضح", "واضحه", "والد", "والدين", "والدي",
     "واحد", "واحده", "وراء", "وفق", "وجهه", "وجهات", "وثايق", "وفد", "وسايل", "وسيله", "ودي",
     "وديه", "وعر", "وعره", "وقف", "وقوف", "ويلز", "واشنطن", "وارسو", "وهران", "ورزازات", "وجده",
     "ولاده", "واي", "وجه"}
)  # fmt: skip
"""Words that begin with a letter which is "and" elsewhere."""
_WITH_BA = frozenset(
    {"بالغ", "بالغه", "بالغين", "بالون", "بالونات", "باليه", "بالكون", "بالكونات", "بالي",
     "بالقرب", "بالجوار", "بالاخص", "بالتحديد", "بالاضافه", "بالتاكيد", "بالكامل", "بالضبط",
     "بالتالي", "بالطبع", "بالذات", "بالنسبه", "بالخارج"}
)  # fmt: skip
"""Words and set phrases that begin as "in the" does."""


def alike(text: str) -> str:
    """A text without what people write in several ways: hamza, dotless letters, vowel signs."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return letters.translate(_ALIKE)


def without_article(text: str) -> str:
    """Words to compare by: `alike`, and none with its article.

    >>> without_article("المَدارس")
    'مدارس'
    """
    return _ARTICLE.sub("", alike(text))


def stem(word: str) -> str:
    """A word, spelled as by `alike`, without its endings for whose it is, how many, and gender.

    The Snowball stemmer of Arabic takes beginnings away as well, and with them letters that belong
    to the word: it leaves the same of a lake as of confusion.
    """
    return _NUMBERS.sub("", _OWNERS.sub("", word))


def in_any_spelling(pattern: str) -> str:
    """A pattern that finds its letters as people write them; what is in brackets stays."""
    return re.sub(r"\[[^\]]*\]|.", lambda found: _ANY.get(found[0], found[0]), pattern)


def prepared(knows: Callable[[str], bool], text: str) -> str:
    """A question with plain letters and signs, each small word parted from the next.

    "والحدائق" is "وـ الحدائق", and "للعائلات" is "لـ العائلات". Words in quotation marks stay
    whole.

    Args:
        knows: Whether a word names a thing.
        text: The question.
    """
    shaped = _SHAPES.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    plain = _SILENT.sub("", shaped).translate(_SIGNS)
    plain = re.sub(r"(?<=\d)٬(?=\d)", "", re.sub(r"(?<=\d)٫(?=\d)", ".", plain))
    parts = _QUOTED.split(_BEFORE_NAME.sub(rf"\1{JOINT} ", plain))
    return "".join(
        part if quoted else _parted(knows, part, first=at == 0)
        for at, part in enumerate(parts)
        for quoted in (at % 2 == 1,)
    )


def finished(words: str) -> str:
    """Put small words and those behind them together again."""
    whole = words.replace(f"ل{JOINT} ال", "لل")
    return re.sub(rf"(?<!\w)([وبلك]){JOINT} (?=\S)", r"\1", whole)


def _parted(knows: Callable[[str], bool], text: str, *, first: bool) -> str:
    parted: list[str] = []
    ended, governed = 0, False
    for found in _WORD.finditer(text):
        between = text[ended : found.start()]
        begins = first and not parted
        whole = governed and not between.strip()
        parted += [between, found[0] if whole else _apart(knows, found[0], begins=begins)]
        ended, governed = found.end(), alike(found[0]) in _GOVERNING
    return "".join([*parted, text[ended:]])


def _apart(knows: Callable[[str], bool], word: str, *, begins: bool) -> str:
    """One word with what it joins parted; at the beginning "and" only before what is known."""
    if knows(word):
        return word
    joined = word.startswith("و") and len(word) > 2 and alike(word) not in _WITH_WAW
    if joined and (not begins or knows(word[1:])):
        return f"و{JOINT} {_apart(knows, word[1:], begins=False)}"
    if word.startswith("لل") and len(word) > 3:
        return f"ل{JOINT} ال{word[2:]}"
    if word.startswith("بال") and len(word) > 4 and alike(word) not in _WITH_BA:
        return f"ب{JOINT} {word[1:]}"
    if word[0] in "بلك" and len(word) > 3 and knows(word[1:]):
        return f"{word[0]}{JOINT} {word[1:]}"
    return word
