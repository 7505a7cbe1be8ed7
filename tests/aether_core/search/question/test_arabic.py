"""Questions in Arabic: told by their letters on any page, however they are spelled and joined."""

import re

import pytest

from aether_core.language import LANGUAGES, _, speaking
from aether_core.search.question.criteria import Criterion
from aether_core.search.question.languages.arabic_spelling import (
    alike,
    finished,
    in_any_spelling,
    prepared,
    stem,
)
from aether_core.search.question.languages.meaning import known_part, reworded
from aether_core.search.question.parse import parse
from tests.aether_core.search.question.test_languages import meaning, siblings

KNOWN = frozenset({"حدائق", "مدارس", "المقاهي", "بحيرات", "بحيرة", "كنائس", "مدرسة"})


@pytest.mark.parametrize("page", LANGUAGES)
def test_its_letters_tell_it_on_any_page(page: str) -> None:
    for line in siblings():
        assert meaning(parse(line[-1], page)) == meaning(parse(line[0])), line[-1]


@pytest.mark.parametrize(
    "spelled",
    [
        "أحياء سكنية هادئة بالقرب من المدارس الإبتدائية، وبعيداً عن المصانع",
        "احياء سكنيه هادئه بالقرب من المدارس الابتدائيه ، وبعيدا عن المصانع",
        "أَحْيَاءٌ سَكَنِيَّةٌ هَادِئَةٌ بِالْقُرْبِ مِنَ الْمَدَارِسِ الِابْتِدَائِيَّةِ وَبَعِيدًا عَنِ الْمَصَانِعِ",
        "أحيـــاء سكنية هادئة بالقرب من المدارس الابتدائية و بعيدا عن المصانع",
        "\u200fأحياء سكنية هادئة\u200f بالقرب من المدارس\u2069 الابتدائية وبعيدا عن المصانع؟",
        "أحیاء سکنیة هادئة بالقرب من المدارس الابتدائیة وبعیدا عن المصانع",
        "\ufe83\ufea3\ufef4\ufe8e\ufe80 سكنية هادئة بالقرب من المدارس الابتدائية وبعيدا عن المصانع",
    ],
    ids=["hamza", "none", "vowels", "stretched", "marks", "Persian letters", "shapes"],
)
def test_spellings_that_tell_nothing_apart_are_one(spelled: str) -> None:
    found = parse(spelled, "de")
    assert [(one.kind, one.words, one.distance_m) for one in found.criteria] == [
        ("like", "quiet residential areas", None),
        ("near", "primary schools", None),
        ("not_near", "factories", None),
    ]
    assert not found.unmapped
    assert not found.notes


@pytest.mark.parametrize(
    ("said", "metres"),
    [
        ("على بعد ٥٠٠ متر من", 500),
        ("على بعد ۵۰۰ م من", 500),
        ("ضمن ١٬٢٠٠ متر من", 1200),
        ("على بعد ١٫٥ كيلومتر من", 1500),
        ("على بعد كيلومترين من", 2000),
        ("على بعد كيلومتر واحد من", 1000),
        ("على مسافة لا تتجاوز خمسمائة متر من", 500),
        ("لا تبعد أكثر من اربعه كم عن", 4000),
        ("على بعد نصف ساعة سيرا على الأقدام من", 2400),
        ("على بعد ١٠ دقائق مشياً من", 800),
        ("500 m من", 500),
    ],
)
def test_distances_in_its_own_digits_and_words(said: str, metres: float) -> None:
    found = parse(f"{said} مدرسة")
    assert [(one.kind, one.words, one.distance_m, one.stated) for one in found.criteria] == [
        ("near", "schools", metres, True)
    ]
    assert not found.notes


@pytest.mark.parametrize("kept", range(2))
def test_a_pattern_finds_what_folds_to_the_same(kept: int) -> None:
    for alternatives in ("اأإآٱ", "ىيیئ", "ةه", "كک"):
        for letter in alternatives:
            word = f"بـ{alternatives[kept]}ن"
            assert re.fullmatch(in_any_spelling(word), f"بـ{letter}ن"), letter
            assert alike(letter) == alike(alternatives[kept])


@pytest.mark.parametrize(
    ("said", "kind", "metres"),
    [
        ("قرب", "near", None),
        ("على مقربة من", "near", None),
        ("حول", "near", None),
        ("غير بعيدة عن", "near", None),
        ("قريبة جدا من", "near", 100),
        ("بجانب", "near", 100),
        ("مقابل", "near", 100),
        ("مطلة على", "near", 100),
        ("على مسافة قصيرة سيرا من", "near", 400),
        ("على مسافة مشي من", "near", 800),
        ("بعيدا جدا عن", "not_near", None),
        ("ليس قريبا من", "not_near", None),
        ("لا تقع بالقرب من", "not_near", None),
        ("ليست بجوار", "not_near", 100),
        ("على بعد أكثر من 300 متر من", "not_near", 300),
        ("لا تقل عن 300 متر عن", "not_near", 300),
        ("خارج نطاق 300 متر من", "not_near", 300),
    ],
)
def test_relations(said: str, kind: str, metres: float | None) -> None:
    (home, one) = parse(f"منازل {said} مدرسة").criteria
    assert (home.kind, home.words) == ("like", "homes")
    assert (one.kind, one.words, one.distance_m) == (kind, "schools", metres)


@pytest.mark.parametrize(
    ("question", "english"),
    [
        ("أحياء سكنية هادئة قرب الحدائق", "quiet residential areas near parks"),
        ("منازل قريبة من المسجد والسوق", "homes near a mosque and a market"),
        ("منازل بدون حانات قريبة", "homes without bars nearby"),
        ("على بعد كيلومتر واحد على الأقل من مطار", "at least 1 km from an airport"),
        ("بيوت قريبه من المدرسه وبعيده عن المصانع", "houses near a school away from factories"),
        ("مناطق سكنية جديدة قرب الجامعة", "new residential areas near the university"),
        ("أريد أن أسكن قرب مكتبة ومسرح", "I want to live near a library and a theatre"),
        ("العديد من المنازل قرب البحيرة", "many homes near the lake"),
        ("قرب هذه المدرسة", "near this school"),
        ("منازل قرب المحطة إن أمكن", "homes near the station if possible"),
        ("منازل هادئة، ومن الأفضل أن تكون قرب البحر", "quiet homes, preferably near the sea"),
        (
            "موقع مناسب لبناء مدرسة جديدة: قرب المنازل، بعيدا عن الطرق السريعة",
            "a suitable place to build a new school: near homes, away from motorways",
        ),
        (
            "مقاه قرب الحديقة أو حانات قرب المحطة",
            "cafes near the park or bars near the station",
        ),
        ("مقاه في المدينة", "cafes in the city"),
        ("متاحف وسط المدينة", "museums in the city centre"),
    ],
)
def test_freer_questions_mean_what_english_ones_do(question: str, english: str) -> None:
    assert meaning(parse(question, "es")) == meaning(parse(english))


def test_a_place_for_something_is_a_purpose() -> None:
    found = parse("نريد موقعا لمستشفى جديد: بعيدا عن المصانع")
    assert [(one.kind, one.words) for one in found.criteria] == [("not_near", "factories")]
    (purpose,) = found.unmapped
    assert (purpose.words, purpose.code) == (
        "نريد موقعا لمستشفى جديد",
        "purpose-is-no-criterion",
    )


@pytest.mark.parametrize(
    ("text", "parted"),
    [
        ("المدارس والحدائق", "المدارس وـ الحدائق"),
        ("مساكن للعائلات", "مساكن لـ العائلات"),
        ("مدارس وللعائلات", "مدارس وـ لـ العائلات"),
        ("منازل بحدائق", "منازل بـ حدائق"),
        ("أماكن كالمقاهي", "أماكن كـ المقاهي"),
        ("مقاهي بالرياض", "مقاهي بـ الرياض"),
        ("قريبة لمدرسة", "قريبة لـ مدرسة"),
        # What only begins alike stays whole.
        ("محطات وقود", "محطات وقود"),
        ("بحيرة وبحيرات وكنائس", "بحيرة وـ بحيرات وـ كنائس"),
        ("مقاهي في واترلو", "مقاهي في واترلو"),
        ("مقاهي في كالماتا", "مقاهي في كالماتا"),
        ("واترلو", "واترلو"),
        ("بالقرب من لبنان", "بالقرب من لبنان"),
        ("قرب «مقهى وبار»", "قرب «مقهى وبار»"),
    ],
)
def test_small_words_are_parted_and_put_together_again(text: str, parted: str) -> None:
    assert prepared(KNOWN.__contains__, text) == parted
    assert finished(parted) == text


@pytest.mark.parametrize(
    ("word", "bare"),
    [
        ("مدارسنا", "مدارس"),
        ("حديقتين", "حديق"),
        ("حديقه", "حديق"),
        ("بحيره", "بحير"),
        ("بيت", "بيت"),
        ("بنات", "بنات"),
    ],
)
def test_a_stem_keeps_the_letters_of_its_word(word: str, bare: str) -> None:
    assert stem(word) == bare


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("منازل على بعد 10 دقائق بالحافلة من مستشفى", "not-understood"),
        ("شقق بأقل من 1000 يورو قرب حديقة", "not-in-the-data"),
        ("مقاهي مفتوحة حتى وقت متأخر قرب حديقة", "not-in-the-data"),
        ("منازل شمال المحطة", "not-understood"),
        ("منازل على بعد 300 من حديقة", "not-understood"),
        ("منازل على بعد مربعين سكنيين من حديقة", "not-understood"),
    ],
)
def test_what_no_city_knows_is_refused_in_the_readers_words(question: str, code: str) -> None:
    (refused,) = parse(question, "fi").unmapped
    assert refused.code == code
    assert refused.words in question
    with speaking("fi"):
        assert _(refused.reason) != refused.reason


@pytest.mark.parametrize(
    ("words", "english", "part"),
    [
        ("حدائق للعائلات", "parks", "حدائق"),
        ("مقاه في الهواء الطلق", "cafes", "مقاه"),
        ("شارع خلف المتحف", None, None),  # which of the two is asked for?
        ("نوافير راقصة", None, None),
    ],
)
def test_words_in_no_table_are_not_guessed(
    words: str, english: str | None, part: str | None
) -> None:
    (one,) = parse(words, "en").criteria
    assert (one.words, one.language) == (words, "ar")
    known = known_part(one)
    assert (known and known.noun.english, known and known.part) == (english, part)


def test_names_stay_whole_and_as_they_are_written() -> None:
    found = parse('مقاهي في «وادي الحدائق» قرب Starbucks و"مقهى وبار" وقرب حديقة', "de")
    assert [(one.kind, one.in_own_words) for one in found.criteria] == [
        ("like", "مقاهي"),
        ("in", "وادي الحدائق"),
        ("near", "Starbucks"),
        ("near", "مقهى وبار"),
        ("near", "حديقة"),
    ]
    assert not found.unmapped


@pytest.mark.parametrize(
    ("question", "page", "asked", "notes"),
    [
        ("cafes near حديقة", "en", ["cafes", "parks"], 1),
        ("Cafés in der Nähe von حديقة", "de", ["cafes", "parks"], 1),
        ("kahviloita حديقة lähellä", "fi", ["kahviloita حديقة"], 1),
        ("مقاهي near parks", "de", ["cafes", "parks"], 1),
        ("مقاهي قرب starbucks", "en", ["cafes", "starbucks"], 1),
        ("مقاهي قرب Starbucks", "en", ["cafes", "Starbucks"], 0),
        ("مقاهي قرب школа", "fr", ["cafes", "школа"], 1),
        ("مقاهي قرب حديقة x2 على بعد 300 m", "es", ["cafes", "parks"], 0),
    ],
)
def test_other_letters_within_it_are_told_but_for_names(
    question: str, page: str, asked: list[str], notes: int
) -> None:
    found = parse(question, page)
    assert [one.words for one in found.criteria] == asked
    assert len(found.notes) == notes
    with speaking("es"):
        assert all(_(note) != note for note in found.notes)


def test_a_list_is_told_by_its_articles() -> None:
    for question in ("مقاهي قرب حديقة، ومدرسة، ومحطة", "مقاهي قرب الحديقة، والمدرسة، والمحطة"):
        found = parse(question)
        assert [one.kind for one in found.criteria] == ["like", "near", "near", "near"]
        assert not found.notes
    ends = parse("مقاهي قرب الحديقة، ومطاعم")
    assert [one.kind for one in ends.criteria] == ["like", "near", "like"]
    (note,) = parse("مقاهي قرب الحديقة ومطاعم").notes
    assert "“مطاعم” was read as near" in note


def test_nor_goes_on_with_what_is_not_wanted() -> None:
    for question, kinds in (
        ("ليس قرب الحانات ولا المصانع", ["not_near", "not_near"]),
        ("لا حانات ولا مصانع", ["not_like", "not_like"]),
        ("مقاه ولا حانات", ["like", "not_like"]),
    ):
        assert [one.kind for one in parse(question).criteria] == kinds


@pytest.mark.parametrize("page", ["en", "de"])
def test_a_chip_takes_arabic_words_on_any_page(page: str) -> None:
    before = Criterion("near", "schools", said="Schulen")
    one = reworded(before, "الحدائق\u200f", page)
    assert (one.words, one.said, one.language) == ("parks", "الحدائق", "en")
    unknown = reworded(before, "نوافير", page)
    assert (unknown.words, unknown.said, unknown.language) == ("نوافير", "", "ar")
