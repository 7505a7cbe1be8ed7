"""How Spanish asks."""

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
    "un": 1.0, "una": 1.0, "uno": 1.0, "dos": 2.0, "tres": 3.0, "cuatro": 4.0, "cinco": 5.0,
    "seis": 6.0, "diez": 10.0, "doce": 12.0, "quince": 15.0, "veinte": 20.0, "treinta": 30.0,
    "cien": 100.0, "doscientos": 200.0, "trescientos": 300.0, "quinientos": 500.0, "mil": 1000.0,
    "medio": 0.5, "media": 0.5, "un par de": 2.0, "kilómetro y medio": 1.5,
}  # fmt: skip
_MEASURES = Measures(
    units={r"kms?|kil[oó]metros?": 1000.0, r"m|mts?|metros?": 1.0},
    numbers=_NUMBERS,
    minutes=r" ?(?:min|mins|minutos?)",
    hours=r" ?(?:h|horas?)",
    on_foot=r"(?:a pie|caminando|andando|de caminata|de paseo|de camino)\b",
    ridden=(
        r"(?:en (?:coche|auto|carro|bus|autobús|bici|bicicleta|metro|tren|tranvía)|de viaje|"
        r"conduciendo)\b"
    ),
    about=r"unos |unas |aproximadamente |cerca de |alrededor de |~ ?",
    thousands=r"\.",
)
_D = _MEASURES.distance
_relation = partial(markers.relation, _MEASURES)
_OF = r"(?:del|de)"
_AWAY = r"(?: de distancia)?"
_CENTRE = r"centro(?: (?:de la ciudad|urbano|histórico))?\b(?! (?:comercial|de salud|deportivo))"

_PATTERNS = (
    # What no criterion can be made of.
    (
        rf"(?:a |a menos de )?{_MEASURES.ride} {_OF}",
        markers.unmapped(markers.NO_RIDES, "unmapped_object"),
    ),
    (
        (
            r"(?:por |de |por menos de |por debajo de |hasta )?(?:€ ?\d[\d.,]*|\d[\d.,]* ?"
            r"(?:€|euros?))(?: (?:al mes|por (?:noche|mes|semana)|al año))?"
        ),
        markers.unmapped(markers.NO_PRICES),
    ),
    (
        (
            r"(?:que (?:estén|están) )?abiert[oa]s? (?:hasta tarde|ahora|de noche|toda la noche|"
            r"los \w+)"
        ),
        markers.unmapped(markers.NO_TIMES),
    ),
    (
        (
            r"(?:al |en el )?(?:norte|sur|este|oeste|noreste|noroeste|sureste|suroeste) "
            r"(?:del|de)"
        ),
        markers.unmapped(markers.NO_DIRECTIONS, "unmapped_object"),
    ),
    (
        r"(?:un par de |una? |dos |tres |\d+ )(?:manzanas?|cuadras?) (?:del|de)",
        markers.unmapped(markers.NO_BLOCKS, "unmapped_object"),
    ),
    (
        (rf"a (?:menos de |más de |no más de |al menos )?\d+(?:[.,]\d+)? {_OF}"),
        markers.unmapped(markers.NO_UNIT, "unmapped_object"),
    ),
    # A distance, and what it is measured from.
    (
        (
            rf"(?:a |como )?(?:no menos de|más de|al menos(?: a)?|por lo menos(?: a)?|"
            rf"mínimo(?: a)?|un mínimo de) {_D}{_AWAY} {_OF}"
        ),
        _relation("not_near"),
    ),
    (
        (
            rf"(?:a |como )?(?:menos de|no más de|máximo(?: a)?|un máximo de|hasta|a lo sumo(?: "
            rf"a)?)"
            rf" {_D}{_AWAY} {_OF}"
        ),
        _relation("near"),
    ),
    (
        rf"(?:a|en un radio de|dentro de(?: un radio de)?) {_D}{_AWAY} {_OF}",
        _relation("near"),
    ),
    (
        rf"(?:a |como )?(?:más de|al menos(?: a)?|mínimo(?: a)?) {_D}{_AWAY}",
        _relation("not_near", role="after"),
    ),
    (
        (rf"(?:a|en un radio de|dentro de)(?: (?:menos de|no más de|un máximo de))? {_D}{_AWAY}"),
        _relation("near", role="after"),
    ),
    (
        (
            rf"a (?:una )?distancia (?:a pie|caminable|de paseo) {_OF}|a poca distancia a pie "
            rf"{_OF}|"
            rf"accesibles? a pie desde"
        ),
        _relation("near", WALKABLE_M),
    ),
    (
        r"a (?:una )?distancia (?:a pie|caminable|de paseo)|accesibles? a pie",
        _relation("near", WALKABLE_M, role="after"),
    ),
    (rf"a un (?:corto|breve) (?:paseo|camino) {_OF}", _relation("near", SHORT_WALK_M)),
    # Far.
    (
        rf"(?:no|ni) (?:muy |demasiado |tan )?(?:lejos|alejad[oa]s?) {_OF}",
        _relation("near"),
    ),
    (
        (
            rf"(?:muy |bastante |bien |lo más )?(?:lejos|alejad[oa]s?|apartad[oa]s?|"
            rf"aislad[oa]s?) {_OF}|evitando|evitar"
        ),
        _relation("not_near"),
    ),
    # Near.
    (
        (
            r"(?:justo )?(?:(?:al lado|a orillas|a la orilla|al borde|enfrente|a lo largo|a un "
            r"paso)"
            r" (?:del|de)|"
            r"(?:junto|pegad[oa]s?|frente|contigu[oa]s?) (?:al|a)|bordeando)"
        ),
        _relation("near", BESIDE_M),
    ),
    (rf"(?:muy|bien) cerca {_OF}", _relation("near", BESIDE_M)),
    (
        (
            r"(?:cerca|en las (?:cercanías|inmediaciones|proximidades)|en los alrededores|"
            r"alrededor) (?:del|de)|"
            r"(?:próxim[oa]s?|cercan[oa]s?|en torno) (?:al|a)|entre"
        ),
        _relation("near"),
    ),
    (
        r"(?:muy )?cerca|cercan[oa]s?|al lado|en las (?:cercanías|inmediaciones)|a la vuelta",
        _relation("near", role="after"),
    ),
    # Areas.
    (
        rf"(?:fuera|no en)(?: de)?(?:l| el)?(?= {_CENTRE})",
        _relation("not_near"),
    ),
    (rf"en(?: el)?(?= {_CENTRE})", _relation("near")),
    (
        r"(?:en cualquier parte )?(?:en|de) (?:esta|la|mi|nuestra|toda la) ciudad|aquí",
        markers.plain("softener"),
    ),
    (r"en(?= (?:el |la |los |las )?(?-i:[A-ZÁÉÍÓÚÑ]))", _relation("in")),
    # Not.
    (
        (
            r"ni(?= [^,;:.]{1,60} ni\b)|no como|no|sin|ningún|ninguna|salvo|excepto|en lugar de|"
            r"en vez de|a excepción de"
        ),
        _relation("not_like"),
    ),
    # And, or, but.
    (r"y también|así como|además de|y|e|ni|&|\+", markers.plain("and")),
    (r"o bien|o|u", markers.plain("or")),
    (r"pero|sino|aunque", markers.plain("but")),
    (r"con|que teng(?:a|an)|que tienen?|donde (?:hay|haya)", markers.plain("with")),
    # How much.
    (markers.TIMES, markers.times),
    (
        (
            r"sobre todo|especialmente|en especial|principalmente|ante todo|"
            r"lo más importante(?: es)?"
        ),
        markers.weight(2.0),
    ),
    (
        (
            r"idealmente|preferiblemente|de preferencia|preferentemente|si es posible|a ser "
            r"posible|quizás?|tal vez"
        ),
        markers.weight(0.5),
    ),
)

SPANISH = Grammar(
    language="es",
    markers=markers.compiled(_PATTERNS),
    purpose=re.compile(
        r"^(?:busco |buscamos |encuentra |muéstrame )?(?:dónde|(?:un |el )?(?:(?:buen|nuevo|"
        r"posible) )*"
        r"(?:lugar|sitio|emplazamiento|terreno))(?: adecuado)?(?P<builds>(?!))? para (?:un|una|el|"
        r"la|nuestr[oa])(?P<new> nuev[oa]| otr[oa]| segund[oa])? (?P<what>[^:,;.?!]{2,80}?)"
        r"(?P<end>[:;–—]| - |[,?.!]|$)",
        re.IGNORECASE,
    ),
    filler=re.compile(
        r"^(?:busco|buscamos|buscar|busca|muestra(?: me)?|muéstrame|encuentra|dame|lista|"
        r"quiero|queremos|quisiera|necesito|necesitamos|me gustaría|por favor|"
        r"¿?(?:dónde|donde) (?:hay|están|está|puedo encontrar)|¿?dónde|cuáles son|que (?:estén?|"
        r"están?|"
        r"sean?|son)|que|es|son|está|están|hay|debe ser|"
        r"(?:un |el |los )?(?:mejores |buen(?:os)? )?(?:lugares|lugar|sitios?|zonas?|áreas?|"
        r"barrios?|"
        r"algo)(?: (?:como|para|parecid[oa]s? a|similar(?:es)? a|con|de|que (?:sea|son)))|"
        r"parecid[oa]s? a|similar(?:es)? a|como|para|de|del|con)(?= |$)",
        re.IGNORECASE,
    ),
    empty=re.compile(
        r"^(?:(?:los |todos los |unos |un |el )?(?:mejores )?(?:lugares|lugar|sitios?|zonas?|"
        r"áreas?|"
        r"barrios?)|algo|por favor|gracias|es|son|también|y|o|el|la|los|las|un|una|de|a|¿|¡)?$",
        re.IGNORECASE,
    ),
    trailing=re.compile(
        r"(?:(?:^| )(?:que|quien|son|es|están?|estén?|sean?|situad[oa]s?|ubicad[oa]s?|también|pero|"
        r"a|de|en|el|la|los|las|un|una|lo|solo|muy))+$",
        re.IGNORECASE,
    ),
    article=re.compile(
        r"^(?:(?:una?|unos|unas|el|la|los|las|algún|alguna|algunos|algunas|tod[oa]s (?:los|las)|"
        r"cada|ambos|ambas|nuestr[oa]s?|mi|mis|del|de) )+(?=\w)",
        re.IGNORECASE,
    ),
    many=re.compile(
        r"^(?:much[oa]s|varios|varias|numeros[oa]s|bastantes|suficientes|poc[oa]s|montones de) "
        r"(?=\w)",
        re.IGNORECASE,
    ),
    pointed=re.compile(r"^(?:este|esta|estos|estas|ese|esa|esos|esas) (?=\w)", re.IGNORECASE),
    tail=re.compile(r"(?:,? (?:por favor|gracias|si es posible))+$", re.IGNORECASE),
    degree=re.compile(r"^(?:muy|demasiado|tan|bastante|much[oa]s?) (?=\w)", re.IGNORECASE),
    nouns=Nouns(
        "es",
        snowball("spanish"),
        frozenset({"de", "del", "la", "las", "el", "los", "a"}),
        declined=False,
    ),
)
