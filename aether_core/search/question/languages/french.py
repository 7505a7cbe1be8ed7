"""How French asks: elided articles are parted from their words while a question is read."""

import re
from functools import partial

from aether_core.search.question import markers
from aether_core.search.question.distance_words import (
    BESIDE_M,
    SHORT_WALK_M,
    WALKABLE_M,
    Measures,
)
from aether_core.search.question.grammar import Grammar
from aether_core.search.question.nouns import Nouns, snowball

_NUMBERS = {
    "un": 1.0, "une": 1.0, "deux": 2.0, "trois": 3.0, "quatre": 4.0, "cinq": 5.0, "six": 6.0,
    "dix": 10.0, "douze": 12.0, "quinze": 15.0, "vingt": 20.0, "trente": 30.0, "cent": 100.0,
    "deux cents": 200.0, "trois cents": 300.0, "cinq cents": 500.0, "mille": 1000.0,
    "un demi": 0.5, "une demi": 0.5, "demi": 0.5,
}  # fmt: skip
_MEASURES = Measures(
    units={r"kms?|kilom[eè]tres?": 1000.0, r"m|m[eè]tres?": 1.0},
    numbers=_NUMBERS,
    minutes=r" ?(?:min|mins|mn|minutes?)",
    hours=r"(?: |-)?(?:h|heures?)",
    on_foot=r"(?:à pied|de marche|de promenade)\b",
    ridden=(
        r"(?:en (?:voiture|bus|métro|train|tram|tramway|vélo)|à vélo|de (?:trajet|route|bus|métro|"
        r"voiture|vélo|train))\b"
    ),
    about=r"environ |à peu près |~ ?",
    thousands=" ",
)
_D = _MEASURES.distance
_relation = partial(markers.relation, _MEASURES)
_OF = r"(?:de|du|des|d’)"
_AWAY = r"(?: de distance)?"
_CENTRE = (
    r"(?:le |la |du |l’ )?(?:centre(?:[- ]ville)?|hyper-?centre|cœur de (?:la )?ville)\b"
    r"(?! (?:commercia|sportif|de santé))"
)

_PATTERNS = (
    # What no criterion can be made of.
    (
        rf"(?:à |à moins de )?{_MEASURES.ride} {_OF}",
        markers.unmapped(markers.NO_RIDES, "unmapped_object"),
    ),
    (
        (
            r"(?:à |pour |pour moins de |à moins de |jusqu’ à )?(?:€ ?\d[\d., ]*|\d[\d., ]* ?"
            r"(?:€|euros?))(?: par (?:mois|nuit|semaine|an))?"
        ),
        markers.unmapped(markers.NO_PRICES),
    ),
    (
        (
            r"(?:qui (?:est|sont) )?ouvert(?:e|s|es)? (?:tard|maintenant|la nuit|toute la nuit|"
            r"le \w+)"
        ),
        markers.unmapped(markers.NO_TIMES),
    ),
    (
        rf"(?:au |à l’ )?(?:nord|sud|est|ouest|nord-est|nord-ouest|sud-est|sud-ouest) {_OF}",
        markers.unmapped(markers.NO_DIRECTIONS, "unmapped_object"),
    ),
    (
        rf"à (?:moins de |plus de |au moins )?\d+(?:[.,]\d+)? {_OF}",
        markers.unmapped(markers.NO_UNIT, "unmapped_object"),
    ),
    # A distance, and what it is measured from.
    (
        (
            rf"(?:à )?(?:plus de|plus d’|au moins(?: à)?|au minimum(?: à)?|minimum(?: à)?|"
            rf"pas à moins de|pas moins de) {_D}{_AWAY} {_OF}"
        ),
        _relation("not_near"),
    ),
    (
        (
            rf"(?:à )?(?:moins de|moins d’|pas plus de|au plus(?: à)?|au maximum(?: à)?|maximum|"
            rf"jusqu’ à) {_D}{_AWAY} {_OF}"
        ),
        _relation("near"),
    ),
    (rf"à {_D} (?:au moins|minimum|au minimum) {_OF}", _relation("not_near")),
    (
        (
            rf"(?:à|dans un rayon de|dans un rayon d’|dans les) {_D}"
            rf"(?: (?:au plus|maximum|au maximum))?{_AWAY} {_OF}"
        ),
        _relation("near"),
    ),
    (
        rf"(?:à )?(?:plus de|au moins(?: à)?) {_D}{_AWAY}",
        _relation("not_near", role="after"),
    ),
    (
        rf"(?:à|dans un rayon de)(?: (?:moins de|moins d’|pas plus de))? {_D}{_AWAY}",
        _relation("near", role="after"),
    ),
    (
        (rf"à (?:une )?distance (?:de marche|piétonne|à pied) {_OF}|accessibles? à pied depuis"),
        _relation("near", WALKABLE_M),
    ),
    (
        r"à (?:une )?distance (?:de marche|piétonne|à pied)|accessibles? à pied",
        _relation("near", WALKABLE_M, role="after"),
    ),
    (rf"à une (?:courte|petite) (?:marche|promenade) {_OF}", _relation("near", SHORT_WALK_M)),
    # Far.
    (
        rf"(?:pas (?:trop |très )?|non )(?:loin|éloigné(?:e|s|es)?) {_OF}",
        _relation("near"),
    ),
    (
        (
            rf"(?:très |bien |assez |le plus )?(?:loin|éloigné(?:e|s|es)?|à l’ écart|à l’ abri|"
            rf"à distance) {_OF}|en évitant|éviter"
        ),
        _relation("not_near"),
    ),
    # Near.
    (
        (
            rf"(?:juste )?(?:à côté|en bordure|au bord|le long|en face|aux abords|à deux pas|"
            rf"à quelques pas) {_OF}|longeant|bordant|jouxtant|donnant sur"
        ),
        _relation("near", BESIDE_M),
    ),
    (rf"(?:tout|très|juste) (?:près|proches?) {_OF}", _relation("near", BESIDE_M)),
    (
        (
            rf"(?:près|proches?|à proximité(?: immédiate)?|dans les environs|aux alentours|autour|"
            rf"dans le voisinage) {_OF}|entre"
        ),
        _relation("near"),
    ),
    (
        (
            r"à proximité|tout près|aux alentours|dans les environs|à côté|pas loin|non loin|"
            r"proches?|au coin de la rue"
        ),
        _relation("near", role="after"),
    ),
    # Areas.
    (
        rf"(?:hors|en dehors|pas (?:au|dans|en))(?: d[eu])?(?= {_CENTRE})",
        _relation("not_near"),
    ),
    (rf"(?:au|dans|en)(?= {_CENTRE})", _relation("near")),
    (
        r"(?:n’ importe où )?(?:dans|de) (?:cette|la|ma|notre|toute la) ville|ici",
        markers.plain("softener"),
    ),
    (r"(?:à|dans|en)(?= (?:le |la |l’ |les )?(?-i:[A-ZÀ-ÖØ-Þ]))", _relation("in")),
    # Not.
    (
        (
            r"ni(?= [^,;:.]{1,60} ni\b)|pas comme|pas(?: de| d’)?|sans|aucune?|sauf|excepté|"
            r"hormis|plutôt que|au lieu de|"
            r"à l’ exception de"
        ),
        _relation("not_like"),
    ),
    # And, or, but.
    (r"et aussi|ainsi que|de même que|et|ni|&|\+", markers.plain("and")),
    (r"ou bien|ou|soit", markers.plain("or")),
    (r"mais|cependant|quoique", markers.plain("but")),
    (r"avec|ayant|qui (?:a|ont)|où il y a", markers.plain("with")),
    # How much.
    (markers.TIMES, markers.times),
    (
        r"surtout|avant tout|en particulier|particulièrement|principalement|essentiellement",
        markers.weight(2.0),
    ),
    (
        (r"idéalement|de préférence|si possible|peut-être|éventuellement|si c’ est possible"),
        markers.weight(0.5),
    ),
)


def _prepared(text: str) -> str:
    """Part elided articles from their words: "d'une" is "d’ une"."""
    return re.sub(r"\b([ldnsjLDNSJ]|[Qq]u|[Jj]usqu)['’](?=\w)", r"\1’ ", text)


def _finished(words: str) -> str:
    """Put elided articles and their words together again."""
    return re.sub(r"\b([ldnsjLDNSJ]|[Qq]u|[Jj]usqu)’ (?=\w)", r"\1’", words)


FRENCH = Grammar(
    language="fr",
    markers=markers.compiled(_PATTERNS),
    purpose=re.compile(
        r"^(?:je cherche |nous cherchons |trouve |montre(?:-moi)? )?(?:où|(?:un |le )?(?:(?:bon|"
        r"nouveau|"
        r"possible) )*(?:endroit|lieu|site|emplacement|terrain))(?P<builds>(?!))? pour (?:une?|"
        r"le|la|"
        r"l’|notre)(?P<new> nouve(?:au|l|lle)| autre| deuxième| second| seconde)? "
        r"(?P<what>[^:,;.?!]{2,80}?)(?P<end> ?[:;–—]| - | ?[,?.!]|$)",
        re.IGNORECASE,
    ),
    filler=re.compile(
        r"^(?:je cherche|nous cherchons|cherche|montre(?:z)?(?:-moi)?|trouve(?:z)?(?:-moi)?|"
        r"donne-moi|"
        r"liste|je (?:veux|voudrais|souhaite)|nous (?:voulons|voudrions)|j’ ai besoin de|"
        r"il me faut|il nous faut|s’ il vous plaît|"
        r"où (?:y a-t-il|sont|est|se trouvent?|trouver|puis-je trouver)|où|quels? sont|quelles "
        r"sont|"
        r"qui (?:est|sont)|qui|il y a|est|sont|doit être|"
        r"(?:un |le |les |des )?(?:meilleurs |bons? )?(?:endroits?|lieux?|zones?|quartiers?|"
        r"secteurs?|"
        r"quelque chose)(?: (?:comme|pour|semblables? à|similaires? à|avec|de|qui (?:est|sont)))|"
        r"semblables? à|similaires? à|comme|pour|de|du|d’|avec)(?= |$)",
        re.IGNORECASE,
    ),
    empty=re.compile(
        r"^(?:(?:les |tous les |des |un |le )?(?:meilleurs )?(?:endroits?|lieux?|zones?|"
        r"quartiers?)|"
        r"quelque part|quelque chose|merci|est|sont|aussi|et|ou|le|la|les|l’|un|une|de|d’|à|ne|"
        r"n’)?$",
        re.IGNORECASE,
    ),
    trailing=re.compile(
        r"(?:(?:^| )(?:qui|que|est|sont|soient|situé(?:e|s|es)?|se trouvent?|aussi|mais|à|de|du|"
        r"des|"
        r"d’|en|le|la|les|l’|un|une|ne|n’|seulement|très))+$",
        re.IGNORECASE,
    ),
    article=re.compile(
        r"^(?:(?:une?|le|la|les|l’|des|du|de|d’|quelques|tous les|toutes les|chaque|nos|notre|mon|"
        r"ma|mes|plusieurs) )+(?=\w)",
        re.IGNORECASE,
    ),
    many=re.compile(
        r"^(?:beaucoup (?:de|d’)|plein de|de nombreu(?:x|ses)|plusieurs|nombre de|assez de|"
        r"peu de) (?=\w)",
        re.IGNORECASE,
    ),
    pointed=re.compile(r"^(?:cette?|cet|ces) (?=\w)", re.IGNORECASE),
    tail=re.compile(r"(?:,? (?:s’ il vous plaît|merci|si possible))+$", re.IGNORECASE),
    degree=re.compile(r"^(?:trop|très|si|vraiment|beaucoup de|trop de) (?=\w)", re.IGNORECASE),
    nouns=Nouns(
        "fr",
        snowball("french"),
        frozenset({"de", "du", "des", "d", "l", "la", "le", "les", "à", "a", "en"}),
        declined=False,
    ),
    prepared=_prepared,
    finished=_finished,
)
