"""How German asks: every noun has a capital, and what is far stands around its noun."""

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
from aether_core.search.question.languages.inside import in_things
from aether_core.search.question.nouns import Nouns, snowball

_NUMBERS = {
    "ein": 1.0, "eine": 1.0, "einer": 1.0, "einem": 1.0, "einen": 1.0, "zwei": 2.0, "drei": 3.0,
    "vier": 4.0, "fünf": 5.0, "sechs": 6.0, "zehn": 10.0, "zwölf": 12.0, "fünfzehn": 15.0,
    "zwanzig": 20.0, "dreißig": 30.0, "hundert": 100.0, "zweihundert": 200.0,
    "dreihundert": 300.0, "fünfhundert": 500.0, "tausend": 1000.0, "halben": 0.5, "halbe": 0.5,
    "einen halben": 0.5, "einem halben": 0.5, "eine halbe": 0.5, "einer halben": 0.5,
    "eineinhalb": 1.5, "anderthalb": 1.5,
}  # fmt: skip
_MEASURES = Measures(
    units={r"km|kilometern?": 1000.0, r"m|metern?": 1.0},
    numbers=_NUMBERS,
    minutes=r"(?:-| )?(?:min\.?|minuten?|gehminuten?)",
    hours=r"(?:-| )?(?:h|std\.?|stunden?)",
    on_foot=r"(?:zu fu(?:ß|ss)|fu(?:ß|ss)weg|gehzeit|gehweg|spaziergang)\b",
    ridden=(
        r"(?:mit (?:dem |der )?(?:auto|bus|bahn|tram|straßenbahn|rad|fahrrad|zug|u-bahn)|"
        r"(?:auto|bus|rad|bahn|zug)?fahrt|fahrzeit|radweg)\b"
    ),
    about=r"etwa |ca\.? |rund |ungefähr |circa |~ ?",
    thousands=r"\.",
)
_D = _MEASURES.distance
_relation = partial(markers.relation, _MEASURES)
_FROM = r"(?:bis zu|bis zum|bis zur|von|vom|zu|zum|zur|um|bis)"
_AWAY = r"(?: (?:entfernt|weg|entfernung|abstand|luftlinie))?"
_THING = r"(?= (?!(?:und|oder|aber|sowie|mit|ohne|nicht|abseits|nahe?|weit|in|im)\b)[\w„“\"])"
_JUST = r"(?:zu |allzu |sehr |so |ganz |unmittelbar |direkt )?"
_CENTRE = (
    r"(?:(?:städtisch|historisch)e[nmrs] )?(?:stadtzentrums?|zentrums?|innenstadt|stadtmitte|"
    r"stadtkerns?|city|ortskerns?)\b"
)

_PATTERNS = (
    # What no criterion can be made of.
    (
        rf"(?:in |innerhalb von |höchstens )?{_MEASURES.ride}{_AWAY}(?: {_FROM})?",
        markers.unmapped(markers.NO_RIDES, "unmapped_object"),
    ),
    (
        (
            r"(?:für |unter |bis |bis zu |höchstens |ab |über )?(?:€ ?\d[\d.,]*|\d[\d.,]* ?"
            r"(?:€|euro))(?: (?:im monat|pro (?:monat|woche|nacht|jahr)))?"
        ),
        markers.unmapped(markers.NO_PRICES),
    ),
    (
        (
            r"(?:die |das )?(?:spät|lange|jetzt|nachts|abends|früh|sonntags|rund um die uhr) "
            r"(?:offen|geöffnet)(?: (?:ist|sind|haben|hat))?"
        ),
        markers.unmapped(markers.NO_TIMES),
    ),
    (
        (
            r"(?:nördlich|südlich|östlich|westlich|nordöstlich|nordwestlich|südöstlich|"
            r"südwestlich)(?: (?:von|vom|der|des))|im (?:norden|süden|osten|westen)"
            r"(?: (?:von|vom|der|des))?"
        ),
        markers.unmapped(markers.NO_DIRECTIONS, "unmapped_object"),
    ),
    (
        (
            rf"(?:innerhalb von |höchstens |mindestens |weniger als |mehr als |im umkreis von )?"
            rf"\d+(?:[.,]\d+)?{_AWAY} {_FROM}"
        ),
        markers.unmapped(markers.NO_UNIT, "unmapped_object"),
    ),
    # A distance, and what it is measured from.
    (
        (
            rf"(?:nicht (?:mehr|weiter) als|höchstens|maximal|max\.?|weniger als|unter|bis zu)"
            rf" {_D}{_AWAY} {_FROM}"
        ),
        _relation("near"),
    ),
    (
        (
            rf"(?:mindestens|wenigstens|mehr als|über|weiter als|nicht (?:näher|weniger) als|"
            rf"min\.?|außerhalb von) {_D}{_AWAY} {_FROM}"
        ),
        _relation("not_near"),
    ),
    (r"nicht näher (?:an|bei|als)", _relation("not_near")),
    (
        (
            rf"(?:(?:im (?:umkreis|radius|abstand) von|innerhalb von|innerhalb|in) )?"
            rf"(?:höchstens )?{_D}{_AWAY} {_FROM}"
        ),
        _relation("near"),
    ),
    (
        rf"(?:mindestens|mehr als|über|weiter als) {_D}{_AWAY}",
        _relation("not_near", role="after"),
    ),
    (
        (
            rf"(?:(?:im (?:umkreis|radius|abstand) von|innerhalb von|innerhalb|in|höchstens|"
            rf"maximal|weniger als|unter) )?{_D}{_AWAY}"
        ),
        _relation("near", role="after"),
    ),
    (
        (
            rf"(?:in |innerhalb der )?(?:gehweite|laufweite|fußweite|gehentfernung|laufnähe|"
            rf"fußläufiger (?:entfernung|nähe|lage)|fußläufig(?: erreichbar)?)"
            rf"(?: (?:von|vom|zu|zum|zur|aus))?{_THING}"
        ),
        _relation("near", WALKABLE_M),
    ),
    (
        (
            r"(?:in |innerhalb der )?(?:gehweite|laufweite|fußweite|gehentfernung|laufnähe|"
            r"fußläufiger (?:entfernung|nähe)|fußläufig(?: erreichbar)?)|zu fuß erreichbar"
        ),
        _relation("near", WALKABLE_M, role="after"),
    ),
    (
        (
            rf"(?:einen |nur einen )?kurze[nr]? (?:spaziergang|fußweg|gehweg)(?: entfernt)? "
            rf"{_FROM}"
        ),
        _relation("near", SHORT_WALK_M),
    ),
    # Far.
    (
        (
            rf"nicht {_JUST}weit(?: (?:weg|entfernt))?(?: (?:von|vom|zu|zum|zur))?|unweit(?: von| "
            rf"vom)?"
        ),
        _relation("near"),
    ),
    (
        (
            r"(?:möglichst |sehr )?(?:weit |fern |weiter )?(?:weg|entfernt|abgelegen|fernab|fern|"
            r"weit|geschützt) (?:von|vom)|"
            r"abseits(?: von| vom)?|in (?:großer|sicherer|ausreichender) entfernung (?:von|vom|zu|"
            r"zum|zur)|mit abstand (?:zu|zum|zur)"
        ),
        _relation("not_near"),
    ),
    # Near.
    (
        r"(?:ganz|sehr) (?:nahe?(?: an| am| bei| beim)?|in der nähe(?: von| vom)?)",
        _relation("near", BESIDE_M),
    ),
    (
        (
            r"(?:direkt |unmittelbar |gleich )?(?:neben|entlang(?: von| vom)?|gegenüber"
            r"(?: von| vom)?|am rande?(?: von| vom)?|angrenzend an|mit blick auf)|"
            r"(?:direkt|unmittelbar|gleich) (?:an|am|bei|beim)"
        ),
        _relation("near", BESIDE_M),
    ),
    (
        (
            r"(?:an|am)(?= (?!(?:abend|wochenende|tag|morgen|besten|liebsten|meisten)\b)(?:der |"
            r"den |dem |einem |einer |die )?\w)"
        ),
        _relation("near", BESIDE_M),
    ),
    (
        (
            rf"(?:in (?:der |unmittelbarer |direkter )?(?:nähe|umgebung|nachbarschaft)"
            rf"(?: (?:von|vom|zu|zum|zur))?|"
            rf"nahe?(?: (?:an|am|bei|beim|von|vom))?|rund um|zwischen|beim|bei){_THING}"
        ),
        _relation("near"),
    ),
    (
        r"in (?:der |unmittelbarer )?(?:nähe|umgebung|nachbarschaft)|um die ecke",
        _relation("near", role="after"),
    ),
    # Areas.
    (
        rf"(?:außerhalb|nicht (?:im|in))(?: (?:der|des|dem|von))?(?= {_CENTRE})",
        _relation("not_near"),
    ),
    (rf"(?:im|in der|in dem|in)(?= {_CENTRE})", _relation("near")),
    (
        (r"(?:irgendwo )?in (?:der|dieser|unserer|meiner) (?:ganzen )?stadt|überall|hier"),
        markers.plain("softener"),
    ),
    (r"(?:in|innerhalb von)(?= (?-i:[A-ZÄÖÜ]))", _relation("in")),
    # Not.
    (
        (
            r"weder|nicht wie|nicht|ohne|keine?[nmrs]?|außer|ausgenommen|anstatt|statt|anstelle "
            r"von"
        ),
        _relation("not_like"),
    ),
    # And, or, but.
    (r"und auch|sowie|und|noch|&|\+", markers.plain("and")),
    (r"oder|entweder|beziehungsweise|bzw\.?", markers.plain("or")),
    (r"aber|jedoch|sondern|obwohl|doch", markers.plain("but")),
    (r"mit", markers.plain("with")),
    # How much.
    (markers.TIMES, markers.times),
    (
        r"vor allem|besonders|insbesondere|hauptsächlich|in erster linie|vorwiegend|am wichtigsten",
        markers.weight(2.0),
    ),
    (
        (
            r"idealerweise|möglichst|am liebsten|vorzugsweise|gerne|wenn möglich|falls möglich|"
            r"vielleicht|eventuell"
        ),
        markers.weight(0.5),
    ),
)
_NOUNS = Nouns("de", snowball("german"), frozenset(), declined=True)

GERMAN = Grammar(
    language="de",
    markers=markers.compiled(_PATTERNS),
    purpose=re.compile(
        r"^(?:finde |zeige? (?:mir )?|suche |wir suchen |ich suche )?(?:wo|(?:ein(?:en?)? |der )?"
        r"(?:(?:gute[rn]?|geeignete[rn]?|neue[rn]?|mögliche[rn]?) )*(?:platz|ort|standort|"
        r"grundstück))(?: (?:könnten|sollten|können|sollen) wir)?(?P<builds>(?!))? für (?:eine?n?|"
        r"die|das|den|unsere?n?)(?P<new> neue[ns]?| weitere[ns]?| zweite[ns]?)? "
        r"(?P<what>[^:,;.?!]{2,80}?)(?P<end>[:;–—]| - |[,?.!]|$)",
        re.IGNORECASE,
    ),
    filler=re.compile(
        r"^(?:zeige?(?: mir| uns)?|finde?|suche?|ich suche|wir suchen|gib mir|nenne?(?: mir)?|"
        r"liste|ich (?:möchte|will|brauche|hätte gerne?)|wir (?:möchten|wollen|brauchen)|"
        r"wo (?:gibt es|sind|ist|liegen|liegt|finde ich|kann ich|kann man)|wo|was ist|"
        r"welche|die (?:sind|liegen)|der|sollte|sollten|muss|müssen|es gibt|ist|sind|bitte|"
        r"(?:ein(?:e[nrm]?)? |die )?(?:gute[nr]? |besten? )?(?:orte?n?|plätze|stellen?|"
        r"gegend(?:en)?|"
        r"gebiete?|viertel|irgendwo|etwas)(?: (?:wie|für|ähnlich|zum|mit))|ähnlich wie|wie|für)"
        r"(?= |$)",
        re.IGNORECASE,
    ),
    empty=re.compile(
        r"^(?:irgendwo|wo|(?:die |alle |eine? )?(?:besten? )?(?:orte?|plätze|platz|stellen?|"
        r"gegend(?:en)?|gebiete?|viertel)|etwas|bitte|danke|ist|sind|auch|und|oder|die|der|das|von|"
        r"zu|es)?$",
        re.IGNORECASE,
    ),
    trailing=re.compile(
        r"(?:(?:^| )(?:die|der|das|welche|sind|ist|liegen|liegt|gelegen|gelegene|entfernt|weg|"
        r"auch|aber|in|an|von|zu|mit|so|nur|erreichbar|haben|hat|herum|,))+$",
        re.IGNORECASE,
    ),
    article=re.compile(
        r"^(?:(?:ein(?:e[nmrs]?)?|der|die|das|den|dem|des|alle[nr]?|jede[nmrs]?|einige[nr]?|"
        r"irgendeine?[nmrs]?|unsere?[nmrs]?|meine?[nmrs]?|beide[nr]?|von|vom) )+(?=\w)",
        re.IGNORECASE,
    ),
    many=re.compile(
        r"^(?:viele[nr]?|viel|mehrere[nr]?|zahlreiche[nr]?|genug|genügend|wenige[nr]?|"
        r"ein paar|eine menge) (?=\w)",
        re.IGNORECASE,
    ),
    pointed=re.compile(r"^(?:diese[nmrs]?|jene[nmrs]?) (?=\w)", re.IGNORECASE),
    nearest=re.compile(r"^(?:nächste[nmrs]?|nächstgelegene[nmrs]?) (?=\w)", re.IGNORECASE),
    tail=re.compile(r"(?:,? (?:bitte|danke|wenn möglich|falls möglich))+$", re.IGNORECASE),
    degree=re.compile(r"^(?:zu|sehr|so|wirklich|ganz|viel|viele) (?=\w)", re.IGNORECASE),
    nouns=_NOUNS,
    arranged=partial(in_things, _NOUNS),
)
