"""Are two names the name of one place?

Names are compared without case, accents, punctuation, legal forms and little words. What a name
says about the kind of place ("Café", "Pharmacy") is told apart from what is the place's own
("Aalto"): two places of one proper name are often a shop and the pharmacy in it.
"""

import unicodedata
from dataclasses import dataclass

_LITTLE = (
    "a an and at by e el en et i in la le les los of on the und y zum zur am im der die das de "
    "del des di do du da och og ja"
)
_LEGAL = (
    "ab ag aps as bv co company corp corporation eood gbr gmbh inc incorporated kft kg lda "
    "limited llc llp ltd ltda nv oy oyj plc pte pty sa sarl sas sl spzoo srl sro tmi ug"
)
_LITTLE_WORDS = frozenset(_LITTLE.split())
_LEGAL_FORMS = frozenset(_LEGAL.split())
_SPELLINGS = {
    "saint": "st",
    "sankt": "st",
    "sainte": "st",
    "sint": "st",
    "street": "st",
    "strasse": "str",
    "centre": "center",
    "theatre": "theater",
    "doctor": "dr",
    "mount": "mt",
    "avenue": "ave",
    "road": "rd",
    "first": "1",
    "1st": "1",
    "second": "2",
    "2nd": "2",
    "third": "3",
    "3rd": "3",
}
_SILENT = frozenset("'’‘`´.")
_KIND_WORDS: dict[str, str] = {
    "cafe": "cafe caffe coffee espresso kahvila kaffe kaffee coffeeshop cafeteria kafe roastery "
    "roasters tearoom tea",
    "restaurant": "restaurant ristorante restaurante restauracja ravintola restoran trattoria "
    "pizzeria pizza grill bistro brasserie osteria taverna tandoori sushi kitchen diner eatery "
    "steakhouse noodle noodles burger burgers kebab",
    "bakery": "bakery bakeries boulangerie backerei panaderia leipomo patisserie konditorei",
    "bar": "bar pub tavern inn taproom brewery lounge nightclub disco",
    "hotel": "hotel hostel motel hotelli guesthouse resort suites apartments lodge",
    "pharmacy": "pharmacy chemist chemists apotheke apteekki apotek farmacia pharmacie drugstore",
    "fuel": "petrol fuel gas filling tankstelle charging",
    "parking": "parking carpark parkplatz parkhaus garage",
    "bank": "bank atm cashpoint pankki banco banque credit",
    "school": "school schule skola ecole escuela college koulu academy gymnasium",
    "nursery": "nursery kindergarten preschool daycare kita",
    "university": "university universitat faculty department campus",
    "church": "church kirche kirk kirkko chapel cathedral parish kyrka eglise iglesia",
    "mosque": "mosque masjid",
    "library": "library bibliothek kirjasto biblioteca bibliotheque",
    "museum": "museum museo musee gallery",
    "park": "park gardens garden puisto",
    "playground": "playground spielplatz leikkipuisto",
    "station": "station halt bahnhof asema tram metro bus subway",
    "gym": "gym fitness crossfit",
    "pool": "pool swimming leisure",
    "clinic": "clinic surgery medical doctors practice praxis hospital health",
    "dentist": "dentist dental orthodontist",
    "optician": "optician opticians optical optics eyewear optik",
    "hair": "hair hairdresser hairdressers barber barbers salon barbershop coiffure",
    "beauty": "beauty nails nail spa cosmetics",
    "laundry": "laundry laundrette dry cleaners launderette",
    "supermarket": "supermarket grocery groceries express superstore market minimarket convenience",
    "post": "post posti",
    "theater": "theater cinema kino teatro teatteri",
    "repair": "repair repairs service tyres autos garage motors",
    "office": "office offices headquarters hq solicitors accountants",
    "toilet": "toilet toilets wc",
}
_KINDS: dict[str, frozenset[str]] = {}
for _kind, _text in _KIND_WORDS.items():
    for _word in _text.split():
        _KINDS[_word] = _KINDS.get(_word, frozenset()) | {_kind}

_VAGUE = (
    "shop store stall stand kiosk center house hall place public main new old car free wash club "
    "community city town local north south east west central building entrance exit shopping "
    "mall food drink primary secondary high visitor visitors customer customers staff apartment"
)
_ROMAN = frozenset(["ii", "iii", "iv", "vi", "vii", "viii", "ix", "xi", "xii"])
_VAGUE_WORDS = frozenset(_VAGUE.split())


@dataclass(frozen=True)
class PlaceName:
    """A name made ready for comparison.

    Attributes:
        text: Its words, plainly spelled, in their order; "" for a place without a name.
        own: Those that name no kind of place and are not vague.
        numbers: The numbers and letters that tell it from its neighbours ("Block A").
        kinds: Kinds of place that it names.
        generic: It names nothing but a kind ("Car Park"), so that the next one may have the same.
    """

    text: str
    own: frozenset[str]
    numbers: frozenset[str]
    kinds: frozenset[str]
    generic: bool


def place_name(name: str, category: str) -> PlaceName:
    """Make a name ready for comparison.

    Args:
        name: As a source spells it.
        category: Category in words; a name made of them alone is generic.
    """
    spelled = _words(name)
    words = [word for word in spelled if word not in _LITTLE_WORDS] or spelled
    while len(words) > 1 and words[-1] in _LEGAL_FORMS:
        words = words[:-1]
    numbers = [word for word in words if word in _ROMAN or any(map(str.isdigit, word))]
    letter = spelled[-1:] if len(spelled) > 1 and len(spelled[-1]) == 1 else []
    own = frozenset(words) - _KINDS.keys() - _VAGUE_WORDS
    return PlaceName(
        text=" ".join(words),
        own=own,
        numbers=frozenset(numbers + letter),
        kinds=_kinds(words),
        generic=own <= set(_words(category)),
    )


def category_kinds(category: str) -> frozenset[str]:
    """Return the kinds of place that the words of a category tell."""
    return _kinds(_words(category))


def _kinds(words: list[str]) -> frozenset[str]:
    return frozenset().union(*(_KINDS.get(word, frozenset()) for word in words))


def _words(name: str) -> list[str]:
    """Return the words of a name: lower case, no accents, one spelling of what has several.

    Apostrophes vanish ("McDonald's" is "mcdonalds"); all else that is no letter or digit parts.
    """
    folded = unicodedata.normalize("NFKD", name.casefold())
    kept = (letter for letter in folded if not unicodedata.combining(letter))
    # Vowel signs of Indic scripts are marks (M) that belong to their word.
    plain = "".join(
        letter if unicodedata.category(letter)[0] in "LNM" else "" if letter in _SILENT else " "
        for letter in kept
    )
    return [_SPELLINGS.get(word, word) for word in plain.split()]
