"""How Finnish asks: endings tell which words belong to "lähellä", before it or behind it."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from aether_core.search.question import markers
from aether_core.search.question.distance_words import (
    BESIDE_M,
    SHORT_WALK_M,
    WALKABLE_M,
    Measures,
)
from aether_core.search.question.grammar import Grammar
from aether_core.search.question.markers import Marker, Role, Token, Words
from aether_core.search.question.nouns import Nouns, snowball

_NUMBERS = {
    "yksi": 1.0, "yhden": 1.0, "kaksi": 2.0, "kahden": 2.0, "kolme": 3.0, "kolmen": 3.0,
    "neljä": 4.0, "neljän": 4.0, "viisi": 5.0, "viiden": 5.0, "kuusi": 6.0, "kuuden": 6.0,
    "kymmenen": 10.0, "viisitoista": 15.0, "viidentoista": 15.0, "kaksikymmentä": 20.0,
    "kahdenkymmenen": 20.0, "puoli": 0.5, "puolen": 0.5, "puolentoista": 1.5, "puolitoista": 1.5,
    "sata": 100.0, "sadan": 100.0, "kaksisataa": 200.0, "kahdensadan": 200.0,
    "kolmesataa": 300.0, "kolmensadan": 300.0, "viisisataa": 500.0, "viidensadan": 500.0,
    "tuhat": 1000.0, "tuhannen": 1000.0,
}  # fmt: skip
_MEASURES = Measures(
    units={r"km|kilometri\w*": 1000.0, r"m|metri\w*": 1.0},
    numbers=_NUMBERS,
    minutes=r" ?(?:min|minuut\w*)",
    hours=r" ?(?:h|tun(?:ti|ni|tia)\w*)",
    on_foot=r"(?:kävely\w*|kävellen|jalan)\b",
    ridden=(
        r"(?:(?:auto|bussi|pyörä|juna|metro|raitiovaunu|ratikka)?(?:ajo|matka|pyöräily)\w*|autolla|"
        r"bussilla|pyörällä|junalla|metrolla|ratikalla|raitiovaunulla)\b"
    ),
    about=r"noin |n\. ?|suunnilleen |suurin piirtein |~ ?",
    thousands=" ",
    alone=r"kilometrin|kilometriä",
)
_D = _MEASURES.distance
_relation = partial(markers.relation, _MEASURES)

_GENITIVE = (
    r"(?!(?:on|olen|olisin|en|kuin|niin|vain|noin|aivan|ihan|kovin|hyvin|juuri|sen|etsin|haluan|"
    r"haluaisin|tarvitsen)$)\w\S*n"
)
_FROM = r"\w\S*(?:st|lt)[aä]"
_PARTITIVE = r"\w\S*[aä]"
_of = partial(_relation, role="adposition", behind=_GENITIVE)
_from = partial(_relation, role="adposition", behind=_FROM, before=_FROM)
_AT = (
    r"(?: (?:kävely(?:matkan|etäisyyden) )?(?:päässä|etäisyydellä|säteellä|sisällä|matkan päässä|"
    r"kävelymatkalla))"
)
_NOT = r"(?:(?:ei(?:kä|vät)?|en|emme|mutten|muttei)(?: ole| saa olla| halua(?: olla)?)?)"
_JUST = r"(?:liian |kovin |aivan |ihan |hyvin )?"
_CENTRE = r"(?:kaupunki|ydin)?keskusta|kantakaupunki|keskikaupunki"
_IN_CENTRE = (
    r"(?:(?:kaupungin )?(?:kaupunki|ydin)?keskustassa|kantakaupungissa|keskikaupungilla|"
    r"keskikaupungissa)"
)

_PATTERNS = (
    # What no criterion can be made of.
    (
        rf"(?:alle |enintään )?{_MEASURES.ride}(?: päässä)?",
        markers.unmapped(markers.NO_RIDES, "adposition", behind=_FROM, before=_FROM),
    ),
    (
        (
            r"(?:alle|enintään|korkeintaan|yli|vähintään|noin)? ?\d[\d., ]*(?:€|euro\w*)"
            r"(?: (?:kuukaudessa|kuussa|viikossa|yöltä|vuodessa))?"
        ),
        markers.unmapped(markers.NO_PRICES),
    ),
    (
        (
            r"(?:jotka (?:ovat|on) |joka on )?(?:auki|avoinna) (?:myöhään|nyt|aikaisin|yöllä|"
            r"\w+isin|läpi yön)"
        ),
        markers.unmapped(markers.NO_TIMES),
    ),
    (
        r"(?:pohjois|etelä|itä|länsi|koillis|kaakkois|luoteis|lounais)puolella",
        markers.unmapped(markers.NO_DIRECTIONS, "adposition", behind=_GENITIVE),
    ),
    (
        rf"(?:alle|enintään|korkeintaan|yli|vähintään)? ?\d+(?:[.,]\d+)?{_AT}",
        markers.unmapped(markers.NO_UNIT, "adposition", behind=_FROM, before=_FROM),
    ),
    # A distance, and what it is measured from.
    (
        rf"{_NOT} (?:alle|lähempänä kuin) {_D}{_AT}?",
        _from("not_near"),
    ),
    (
        (
            rf"(?:alle|enintään|korkeintaan|maksimissaan|vähemmän kuin|{_NOT} yli|"
            rf"{_NOT} kauempana kuin) {_D}{_AT}?"
        ),
        _from("near"),
    ),
    (
        rf"(?:vähintään|yli|ainakin|enemmän kuin|kauempana kuin) {_D}{_AT}?",
        _from("not_near"),
    ),
    (rf"{_D}{_AT}", _from("near")),
    (rf"{_D}(?= {_FROM}(?!\w))", _relation("near")),
    (
        r"(?:lyhyen|pienen) (?:kävely|kävelymatkan)(?:n)? päässä",
        _from("near", SHORT_WALK_M),
    ),
    (
        r"(?:kävelymatkan päässä|kävelyetäisyydellä|kävelymatkalla|kävellen saavutettavissa)",
        _from("near", WALKABLE_M),
    ),
    # The centre.
    (
        rf"(?:(?:{_NOT}|muualla kuin) {_IN_CENTRE}|(?:{_CENTRE})n ulkopuolella)",
        _relation("not_near", about="keskusta"),
    ),
    (_IN_CENTRE, _relation("near", about="keskusta")),
    # Far.
    (rf"{_NOT} {_JUST}(?:kaukana|etäällä)", _from("near")),
    (
        (
            r"(?:kaukana|kauempana|kauas|etäällä|etäämmällä|loitolla|syrjässä|poissa|erillään|"
            r"suojassa)"
        ),
        _from("not_near"),
    ),
    # Near.
    (
        rf"{_NOT} {_JUST}(?:lähellä|lähistöllä|läheisyydessä)",
        _of("not_near", before=_PARTITIVE),
    ),
    (
        (
            r"jo(?:iden|nka|itten) (?:lähellä|lähistöllä|läheisyydessä) "
            r"(?:on|ovat|sijaitsee|olisi)"
        ),
        _relation("near"),
    ),
    (r"jo(?:iden|nka|itten) vieressä (?:on|ovat|sijaitsee|olisi)", _relation("near", BESIDE_M)),
    (
        r"(?:aivan|ihan|hyvin|todella|erittäin) lähellä",
        _of("near", BESIDE_M, before=_PARTITIVE),
    ),
    (
        (
            r"(?:aivan |ihan |suoraan )?(?:vieressä|vierellä|reunalla|laidalla|varrella|"
            r"rannalla|äärellä|kupeessa|kyljessä|vastapäätä)"
        ),
        _of("near", BESIDE_M),
    ),
    (
        (
            r"(?:lähellä|lähistöllä|lähettyvillä|läheisyydessä|liepeillä|tuntumassa|ympärillä|"
            r"ympäristössä|välissä|välillä)"
        ),
        _of("near", before=_PARTITIVE),
    ),
    (
        r"(?:missä tahansa |jossain(?:päin)? )?(?:koko |tässä )?kaupungissa|täällä",
        markers.plain("softener"),
    ),
    # Not.
    (
        (
            r"(?:joissa|jossa|joilla|jolla) ei ole|ilman|eikä|eivät|ei ole|ei|paitsi|vailla|"
            r"lukuun ottamatta|mieluummin kuin|en|emme"
        ),
        _relation("not_like"),
    ),
    # And, or, but.
    (r"ja myös|sekä|ynnä|ja|&|\+", markers.plain("and")),
    (r"taikka|tai|joko", markers.plain("or")),
    (r"mutta|vaan|vaikka", markers.plain("but")),
    (r"(?:joissa|jossa|joilla|jolla) (?:on|ovat|olisi)", markers.plain("with")),
    # How much.
    (markers.TIMES, markers.times),
    (
        (
            r"ennen kaikkea|erityisesti|ensisijaisesti|etenkin|varsinkin|pääasiassa|enimmäkseen|"
            r"tärkeintä on"
        ),
        markers.weight(2.0),
    ),
    (
        (
            r"mieluiten|mielellään|mieluusti|ihannetapauksessa|ehkä|mahdollisesti|"
            r"jos mahdollista|mahdollisuuksien mukaan"
        ),
        markers.weight(0.5),
    ),
)
_NOUNS = Nouns("fi", snowball("finnish"), frozenset(), declined=True, loose="aeiouyäö")
_NAME_ENDINGS = (
    ("saare", "saari"), ("nieme", "niemi"), ("lahde", "lahti"), ("mäe", "mäki"), ("järve", "järvi"),
    ("joe", "joki"), ("salme", "salmi"), ("lamme", "lampi"), ("vuore", "vuori"), ("kive", "kivi"),
    ("nurme", "nurmi"), ("kaupungi", "kaupunki"), ("ranna", "ranta"), ("pello", "pelto"),
    ("porti", "portti"), ("lehdo", "lehto"), ("suo", "suo"), ("kadu", "katu"), ("tie", "tie"),
)  # fmt: skip
"""How names end without their case, and as they are written: an i, k, p or t comes back."""


def _nominative(name: str) -> str:
    """A name without its case: "Kalliossa" is in Kallio, "Lauttasaaren" of Lauttasaari."""
    stem = re.sub(r"(?:ss[aä]|st[aä]|ll[aä]|lt[aä]|n)$", "", name)
    if stem == name:
        stem = re.sub(r"(?<=[aeiouyäö])t[aä]$|(?<=a)a$|(?<=ä)ä$", "", name)
    for ending, plain in _NAME_ENDINGS:
        if stem.casefold().endswith(ending):
            return stem[: len(stem) - len(ending)] + (
                plain if stem[-len(ending)].islower() else plain.capitalize()
            )
    return stem


_NO_NAMES = frozenset(
    {"missä", "jossa", "joissa", "tässä", "näissä", "siellä", "täällä", "millä", "jolla", "joilla",
     "tällä", "näillä", "sillä", "alueella", "paikassa", "kun", "kuin", "niin", "tämän", "näiden",
     "jonkin", "jostain"}
)  # fmt: skip


def _is_name(word: str) -> bool:
    capital = word[:1].isupper() and not word.isupper()
    return capital and word.casefold() not in _NO_NAMES and not _NOUNS.knows(word)


def _without_case(words: str) -> str:
    """Words with a name in them in its plain form; things keep theirs, which the stems undo."""
    return " ".join(_nominative(one) if _is_name(one) else one for one in words.split(" "))


def _arranged(tokens: Sequence[Token]) -> list[Token]:
    """Put relations before what they relate to, and make areas of names that say "in"."""
    arranged: list[Token] = []
    for at, token in enumerate(tokens):
        following = tokens[at + 1] if at + 1 < len(tokens) else None
        if isinstance(token, Words):
            arranged += _with_areas(token)
        elif token.role == "adposition":
            arranged += _placed(token, arranged, following)
        else:
            arranged.append(token)
    arranged = _with_nor(arranged)
    return [
        Words(_without_case(one.text))
        if isinstance(one, Words) and _has_case(arranged, at)
        else one
        for at, one in enumerate(arranged)
    ]


def _with_nor(tokens: Sequence[Token]) -> list[Token]:
    """Let "nearby" hold for both of "ei baareja eikä klubeja lähellä"."""
    joined = list(tokens)
    for at in range(2, len(tokens) - 2):
        first, words, nor, more, after = tokens[at - 2 : at + 3]
        listed = isinstance(words, Words) and isinstance(more, Words)
        denied = (
            isinstance(first, Marker)
            and isinstance(nor, Marker)
            and first.kind == nor.kind == "not_like"
        )
        if listed and denied and isinstance(after, Marker) and after.role == "after":
            joined[at] = Marker("and", "eikä")
    return joined


def _has_case(tokens: Sequence[Token], at: int) -> bool:
    """Whether words stand in the list of a relation, so that their case belongs to it."""
    for token in reversed(tokens[:at]):
        if isinstance(token, Marker) and token.role not in {"and", "or", "comma"}:
            return token.role == "relation" and token.kind in {"near", "not_near"}
    return False


def _placed(marker: Marker, read: list[Token], following: Token | None) -> list[Token]:
    """A relation before its words; as it stands, if they follow it; behind them, if neither."""
    role: Role = "relation" if marker.kind else "unmapped_object"
    before = marker.before and isinstance(following, Words)
    stands_before = before and re.match(rf"{marker.before}(?!\S)", getattr(following, "text", ""))
    if marker.behind == _GENITIVE or not stands_before:
        taken = _taken_behind(read, marker.behind)
        if taken:
            return [replace(marker, role=role, closed=True), *taken, Marker("stop", "")]
    if stands_before:
        return [replace(marker, role=role)]
    alone: Role = "after" if marker.kind else "unmapped"
    return [replace(marker, role=alone)]


def _taken_behind(read: list[Token], ending: str) -> list[Token]:
    """Take words with an ending, and a list of such, off the end of what was read."""
    taken: list[Token] = []
    while read and isinstance(last := read[-1], Words):
        words = last.text.split(" ")
        first = len(words)
        while first and re.fullmatch(ending, words[first - 1]):
            first -= 1
        if first == len(words):
            break
        read.pop()
        taken.insert(0, Words(" ".join(words[first:])))
        if first:
            read.append(Words(" ".join(words[:first])))
            break
        if not _goes_on(read, ending):
            break
        taken.insert(0, read.pop())
    return taken


def _goes_on(read: Sequence[Token], ending: str) -> bool:
    """Whether a list of words with an ending stands at the end, before "and", "or" or a comma."""
    if len(read) < 2:
        return False
    words, joint = read[-2:]
    return (
        isinstance(joint, Marker)
        and joint.role in {"and", "or", "comma"}
        and isinstance(words, Words)
        and re.fullmatch(ending, words.text.split(" ")[-1]) is not None
    )


def _with_areas(words: Words) -> list[Token]:
    """Part names that say "in" by their ending from the rest: "kahviloita Kalliossa"."""
    apart: list[Token] = []
    for word in words.text.split(" "):
        if re.fullmatch(r"\w\S*(?:ss|ll)[aä]", word) and _is_name(word):
            apart.append(Marker("relation", word, "in", object=_nominative(word)))
        elif apart and isinstance(apart[-1], Words):
            apart[-1] = Words(f"{apart[-1].text} {word}")
        else:
            apart.append(Words(word))
    return apart


FINNISH = Grammar(
    language="fi",
    markers=markers.compiled(_PATTERNS),
    purpose=re.compile(
        r"^(?:etsi(?:n|mme)? |näytä )?(?:(?:hyvä|sopiva|uusi|mahdollinen) )*"
        r"(?:paikka|tontti|sijainti|kohta)(?P<builds>(?!))?(?P<new> uudelle| toiselle)? "
        r"(?P<what>[^:,;.?!]{2,80}?)(?P<end>[:;–—]| - |[,?.!]|$)",
        re.IGNORECASE,
    ),
    filler=re.compile(
        r"^(?:näytä(?: minulle| meille)?|etsi(?:n|mme)?|hae|anna|listaa|kerro|löydä|"
        r"(?:minä |me )?(?:haluan|haluaisin|haluamme|haluaisimme|tarvitsen|tarvitsemme)"
        r"(?: (?:nähdä|löytää|asua|olla))?|"
        r"missä (?:on|ovat|olisi|olisivat|sijaitsee|sijaitsevat|voi \w+|voisi \w+)|missä|mikä on|"
        r"mitkä ovat|jotka (?:ovat|sijaitsevat)|joka (?:on|sijaitsee)|on|ovat|olisi|"
        r"(?:parhaita |hyviä |sopivia )?(?:paikkoja|paikka|alueita|alue|kohteita|jotain)"
        r"(?: (?:kuten|joka on|jotka ovat))?|jossain|kuten)(?= |$)",
        re.IGNORECASE,
    ),
    empty=re.compile(
        r"^(?:jossain|missä|(?:parhaat |parhaita |kaikki )?(?:paikat|paikkoja|paikka|alueet|"
        r"alueita|alue)|jotain|kiitos|se|on|ovat|myös|ja|tai)?$",
        re.IGNORECASE,
    ),
    trailing=re.compile(
        r"(?:(?:^| )(?:jotka|joka|ovat|on|olisi|sijaitsee|sijaitsevat|sijaitsevia|sijaitseva|"
        r"sijaitsevat|olevia|oleva|myös|sekä|kuitenkin|mahdollisimman|mieluiten|vain))+$",
        re.IGNORECASE,
    ),
    article=re.compile(
        r"^(?:(?:joku|jokin|jotain|joitain|joitakin|kaikki|kaikkien|kaikista|molempien|yksi|jonkin|"
        r"jostain|jokaisen|meidän|jonkun) )+(?=\w)",
        re.IGNORECASE,
    ),
    many=re.compile(
        r"^(?:paljon|monta|useita|runsaasti|lukuisia|muutamia|vähän|tarpeeksi) (?=\w)",
        re.IGNORECASE,
    ),
    pointed=re.compile(r"^(?:tämä|tuo|nämä|nuo|tämän|näiden|tätä|näitä) (?=\w)", re.IGNORECASE),
    nearest=re.compile(r"^(?:lähin|lähimmän|lähintä|lähimmästä|lähimpien) (?=\w)", re.IGNORECASE),
    tail=re.compile(r"(?:,? (?:kiitos|jos mahdollista))+$", re.IGNORECASE),
    degree=re.compile(r"^(?:liian|kovin|hyvin|todella|niin|paljon) (?=\w)", re.IGNORECASE),
    nouns=_NOUNS,
    arranged=_arranged,
)
