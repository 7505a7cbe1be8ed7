"""How Arabic asks: "and", "for" and "with" are joined to their words, qualities stand behind."""

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
from aether_core.search.question.languages.arabic_spelling import (
    alike,
    finished,
    in_any_spelling,
    prepared,
    stem,
    without_article,
)
from aether_core.search.question.languages.inside import in_things
from aether_core.search.question.markers import Make, Marker, Token, Words
from aether_core.search.question.nouns import Nouns

_NUMBERS = {
    "واحد": 1.0, "واحدة": 1.0, "اثنين": 2.0, "اثنان": 2.0, "ثلاث": 3.0, "ثلاثة": 3.0, "أربع": 4.0,
    "أربعة": 4.0, "خمس": 5.0, "خمسة": 5.0, "ست": 6.0, "ستة": 6.0, "سبع": 7.0, "سبعة": 7.0,
    "ثماني": 8.0, "ثمانية": 8.0, "تسع": 9.0, "تسعة": 9.0, "عشر": 10.0, "عشرة": 10.0,
    "خمس عشرة": 15.0, "خمسة عشر": 15.0, "عشرين": 20.0, "عشرون": 20.0, "ثلاثين": 30.0,
    "ثلاثون": 30.0, "خمسين": 50.0, "مئة": 100.0, "مائة": 100.0, "مئتي": 200.0, "مائتي": 200.0,
    "ثلاثمئة": 300.0, "ثلاثمائة": 300.0, "أربعمئة": 400.0, "أربعمائة": 400.0, "خمسمئة": 500.0,
    "خمسمائة": 500.0, "ألف": 1000.0, "نصف": 0.5, "ربع": 0.25,
}  # fmt: skip
_METRES = in_any_spelling("مترا|متر|أمتار|م|m")
_KILOMETRES = in_any_spelling("كيلومتر واحد|كيلومترا|كيلومترات|كيلومتر|كيلو متر|كيلو|كلم|كم|km")
_TWO_KILOMETRES = in_any_spelling("كيلومترين|كيلومتران")
_MEASURES = Measures(
    units={_TWO_KILOMETRES: 2000.0, _KILOMETRES: 1000.0, _METRES: 1.0},
    numbers={alike(word): number for word, number in _NUMBERS.items()},
    minutes=in_any_spelling(r" ?(?:دقيقة|دقائق|دقايق|د\b)"),
    hours=in_any_spelling(r" ?(?:ساعات|ساعة)"),
    on_foot=in_any_spelling(
        r"(?:(?:سيرا|مشيا|سير|مشي|من المشي|من السير|بـ المشي)(?: على (?:الأقدام|القدمين))?|"
        r"على الأقدام)\b"
    ),
    ridden=in_any_spelling(
        r"(?:(?:بـ ال|بال|ب)(?:سيارة|حافلة|باص|أتوبيس|مترو|ترام|قطار|دراجة|تاكسي|مواصلات)"
        r"(?: \w+ية)?|قيادة(?: السيارة)?|ركوبا)\b"
    ),
    about=in_any_spelling(r"حوالي |نحو |قرابة |تقريبا |ما يقارب |~ ?"),
    folded=alike,
    alone=in_any_spelling(rf"{_TWO_KILOMETRES}|كيلومتر واحد|كيلومتر"),
)
_D = _MEASURES.distance
_relation = partial(markers.relation, _MEASURES)
_FROM = r"(?:من|عن|إلى|لـ|حول)"
_AT = (
    r"(?:(?:على |في |ضمن |داخل |خلال )?(?:بعد|مسافة|نطاق|محيط|حدود|مدى|غضون|دائرة(?: نصف)? قطرها)|"
    r"ضمن|خلال|داخل|تبعد|يبعد)"
)
_LESS = (
    r"(?:أقل من|بأقل من|بحد أقصى(?: قدره)?|حتى|على الأكثر|لا أكثر من|ليس أكثر من|ليست أكثر من|"
    r"(?:ما )?لا (?:تزيد|يزيد)(?: (?:بعدها|بعده|مسافتها))? (?:عن|على)|لا (?:تتجاوز|يتجاوز)|"
    r"لا (?:تتعدى|يتعدى)|لا (?:تبعد|يبعد)(?: بأكثر من| أكثر من)?)"
)
_MORE = (
    r"(?:أكثر من|بأكثر من|أبعد من|بحد أدنى(?: قدره)?|على الأقل|ليس أقل من|ليست أقل من|لا أقل من|"
    r"(?:ما )?لا (?:تقل|يقل)(?: (?:بعدها|بعده|مسافتها))? عن|(?:تزيد|يزيد|ما يزيد) (?:عن|على)|"
    r"خارج(?: نطاق| مسافة| محيط)?)"
)
_NO = r"(?:ليس|ليست|ليسوا|لا تكون|لا يكون|لا تقع|لا يقع|غير|لا|لن تكون)"
_NEAR = r"(?:ال)?(?:قريب|قريبة|قريبا|قريبين|قريبات)"
_FAR = r"(?:ال)?(?:بعيد|بعيدة|بعيدا|بعيدين|بعيدات)"
_BESIDE = (
    r"(?:(?:مباشرة )?(?:بجوار|بجانب|إلى جانب|إلى جوار|جنب|بمحاذاة|على طول|على حافة|على أطراف|"
    r"على ضفاف|على ضفة|على شاطئ|مقابل|قبالة|أمام)|"
    r"(?:ال)?(?:مجاورة|مجاور|محاذية|محاذ|ملاصقة|ملاصق|متاخمة|متاخم|مقابلة)(?: لـ)?|"
    r"(?:ال)?(?:مطلة|مطل|تطل|يطل) على)"
)
_ABOUT = (
    r"(?:قرب|بقرب|بالقرب من|على مقربة من|بمقربة من|في جوار|في محيط|في ضواحي|حول|"
    r"(?:فيما |ما )?بين)"
)
_WALK = (
    r"(?:(?:على |في |ضمن )?(?:مسافة|بعد) (?:قريبة |سهلة )?(?:سيرا|مشيا|مشي|المشي|سير|السير)"
    r"(?: على (?:الأقدام|القدمين))?|يمكن الوصول إليها (?:سيرا|مشيا)(?: على الأقدام)?|"
    r"في متناول المشي)"
)
_SHORT_WALK = (
    r"(?:على |في )?(?:بعد )?(?:مسافة قصيرة (?:سيرا|مشيا)(?: على الأقدام)?|مسافة (?:سير|مشي) قصيرة|"
    r"مشوار قصير)"
)
_CENTRE = r"(?:(?:وسط|مركز|قلب) (?:المدينة|البلد)|المركز التاريخي)\b"
_UNTIL = r"(?:الليل|المساء|الصباح|الصيف|الشتاء|عطلة|نهاية)"

_PATTERNS: tuple[tuple[str, Make], ...] = (
    # What no criterion can be made of.
    (
        rf"(?:{_AT} )?(?:{_LESS} )?{_MEASURES.ride}(?: {_FROM})?",
        markers.unmapped(markers.NO_RIDES, "unmapped_object"),
    ),
    (
        (
            r"(?:بأقل من |أقل من |بسعر |حتى |تحت )?(?:[€$£] ?\d[\d.,]*|\d[\d.,]* ?(?:€|\$|£|يورو|"
            r"دولارا|دولار|ريالا|ريال|درهما|درهم|دينارا|دينار|جنيها|جنيه|ليرة))"
            r"(?: (?:في الشهر|شهريا|في السنة|سنويا|في الليلة|لـ الليلة))?"
        ),
        markers.unmapped(markers.NO_PRICES),
    ),
    (
        (
            r"(?:ال)?(?:مفتوحة|مفتوح|تفتح|يفتح) (?:الآن|ليلا|مبكرا|حتى وقت متأخر|حتى \w+|"
            r"طوال (?:الليل|اليوم)|على مدار الساعة|يوم \w+|أيام \w+|في الليل)"
        ),
        markers.unmapped(markers.NO_TIMES),
    ),
    (
        (
            r"(?:(?:في|إلى) )?(?:(?:ال)?(?:شمال|جنوب|شرق|غرب)|شمالي|جنوبي|شرقي|غربي)"
            r"(?: (?:ال)?(?:شرق|غرب|شرقي|غربي))?(?: (?:من|عن))?(?= \w)"
        ),
        markers.unmapped(markers.NO_DIRECTIONS, "unmapped_object"),
    ),
    (
        (
            r"(?:على بعد |على مسافة )?(?:\d+ )?(?:مربعين|مربعات|مربع|بلوكين|بلوكات|بلوك)"
            r"(?: سكنية| سكنيين| سكني)? (?:من|عن)"
        ),
        markers.unmapped(markers.NO_BLOCKS, "unmapped_object"),
    ),
    (
        rf"(?:{_AT} )?(?:(?:{_LESS}|{_MORE}) )?\d+(?:[.,]\d+)? {_FROM}",
        markers.unmapped(markers.NO_UNIT, "unmapped_object"),
    ),
    # A distance, and what it is measured from.
    (rf"(?:{_AT} )?{_LESS} {_D} {_FROM}", _relation("near")),
    (rf"(?:{_AT} )?{_MORE} {_D} {_FROM}", _relation("not_near")),
    (rf"(?:{_AT} )?{_D} (?:على الأقل|كحد أدنى|أو أكثر) {_FROM}", _relation("not_near")),
    (rf"(?:{_AT} )?{_D} (?:على الأكثر|كحد أقصى|أو أقل) {_FROM}", _relation("near")),
    (rf"(?:{_AT} )?{_D} {_FROM}", _relation("near")),
    (rf"(?:{_AT} )?{_MORE} {_D}", _relation("not_near", role="after")),
    (
        rf"(?:{_AT} )?{_D} (?:على الأقل|كحد أدنى|أو أكثر)",
        _relation("not_near", role="after"),
    ),
    (
        rf"(?:{_AT} |بـ |لـ )?(?:(?:{_LESS} )?{_D}(?: (?:على الأكثر|كحد أقصى|أو أقل))?)",
        _relation("near", role="after"),
    ),
    (rf"{_NO} {_WALK} {_FROM}|خارج {_WALK} {_FROM}", _relation("not_near", WALKABLE_M)),
    (rf"{_WALK} {_FROM}", _relation("near", WALKABLE_M)),
    (rf"{_SHORT_WALK} {_FROM}", _relation("near", SHORT_WALK_M)),
    (_SHORT_WALK, _relation("near", SHORT_WALK_M, role="after")),
    (_WALK, _relation("near", WALKABLE_M, role="after")),
    # Far.
    (
        rf"(?:{_NO} {_FAR}(?: جدا| كثيرا)?|لا (?:تبعد|يبعد) كثيرا) (?:عن|من)",
        _relation("near"),
    ),
    (rf"{_NO} {_BESIDE}", _relation("not_near", BESIDE_M)),
    (rf"{_NO} (?:{_ABOUT}|{_NEAR} (?:من|إلى|لـ))", _relation("not_near")),
    (rf"{_NO} أقرب (?:من|إلى)", _relation("not_near")),
    (
        (
            rf"(?:{_FAR}|تبعد|يبعد|أبعد ما يمكن)(?: جدا| كثيرا| تماما)? (?:عن|من)|"
            r"(?:بـ|في|ب)?منأى عن|بمعزل عن|(?:مع )?تجنب"
        ),
        _relation("not_near"),
    ),
    # Near.
    (
        rf"{_NEAR} جدا (?:من|إلى|لـ)|على مقربة شديدة من|بـ القرب الشديد من|قرب شديد من",
        _relation("near", BESIDE_M),
    ),
    (_BESIDE, _relation("near", BESIDE_M)),
    (
        r"على(?= (?:ال)?(?:بحر|نهر|بحيرة|شاطئ|ساحل|ميناء|واجهة|نيل|كورنيش))",
        _relation("near", BESIDE_M),
    ),
    (rf"{_ABOUT}|{_NEAR} (?:من|إلى|لـ)", _relation("near")),
    (
        rf"بالجوار|في الجوار|بالقرب|على مقربة|(?:ال)?مجاورة|{_NEAR}(?: من هنا)?",
        _relation("near", role="after"),
    ),
    # Areas.
    (rf"(?:خارج|{_NO} في)(?= {_CENTRE})", _relation("not_near")),
    (rf"(?:في|بـ|داخل|ضمن)(?= {_CENTRE})", _relation("near")),
    (
        (
            r"(?:في أي مكان )?(?:في|داخل|عبر|بـ) (?:(?:هذه|كل|كامل|أي مكان في|جميع أنحاء|أنحاء) )*"
            r"المدينة(?: كلها| بأكملها)?|هنا"
        ),
        markers.plain("softener"),
    ),
    (rf"(?:في|بـ(?= ال)|داخل|ضمن)(?= (?!{_UNTIL})\S)", _relation("in")),
    # Not.
    (
        (
            r"(?:لا|ليس) (?:يوجد|توجد)(?: (?:بها|فيها|به|فيه))?|ليس (?:بها|فيها|به|فيه|مثل)|"
            r"لا (?:تحتوي|يحتوي) على|من دون|من غير|بدون|دون|بلا|(?:ما )?عدا|باستثناء|إلا|سوى|"
            r"بدلا من|عوضا عن|خالية من|خال من|ليسوا|ليست|ليس|غير|(?:وـ )?لا"
        ),
        _relation("not_like"),
    ),
    # And, or, but.
    (r"وـ (?:كذلك|أيضا)|وـ|و|كذلك|بالإضافة إلى|فضلا عن|&|\+", markers.plain("and")),
    (r"أو|أم|إما", markers.plain("or")),
    (r"لكن|بل|إلا أن|مع أن", markers.plain("but")),
    (
        (
            r"مع|بـ|ذات|فيها|بها|التي (?:فيها|بها)|حيث (?:توجد|يوجد)|(?:تحتوي|يحتوي) على|تضم|"
            r"يضم"
        ),
        markers.plain("with"),
    ),
    # How much.
    (markers.TIMES, markers.times),
    (
        (
            r"قبل كل شيء|فوق كل شيء|بالأخص|على وجه الخصوص|بشكل خاص|بشكل رئيسي|بشكل أساسي|"
            r"في المقام الأول|لا سيما|خصوصا|خاصة|أساسا|الأهم(?: من ذلك)?"
        ),
        markers.weight(2.0),
    ),
    (
        (
            r"(?:من )?(?:الأفضل|المستحسن|المفضل)(?: أن (?:تكون|يكون))?|يفضل(?: أن (?:تكون|يكون))?|"
            r"يستحسن|(?:إن|إذا) أمكن|ربما|حبذا|بشكل مثالي|مثاليا"
        ),
        markers.weight(0.5),
    ),
)
_NOUNS = Nouns("ar", stem, frozenset({"ل"}), declined=False, folded=without_article)
_MIDDLE = re.compile(in_any_spelling(rf"(?P<before>.*\S) (?P<centre>{_CENTRE}.*)"))


def _arranged(tokens: Sequence[Token]) -> list[Token]:
    """Say what Arabic leaves to its reader: in the centre, neither nor, and where a list ends."""
    return _with_lists(_with_nor(in_things(_NOUNS, _with_middles(tokens))))


def _with_middles(tokens: Sequence[Token]) -> list[Token]:
    """Part "in the centre", which takes no "in", from the words before it."""
    parted: list[Token] = []
    for token in tokens:
        found = _MIDDLE.fullmatch(token.text) if isinstance(token, Words) else None
        if found is None:
            parted.append(token)
            continue
        centre = Words(found["centre"])
        parted += [Words(found["before"]), Marker("relation", "", "near", closed=True), centre]
    return parted


def _with_nor(tokens: Sequence[Token]) -> list[Token]:
    """Let "nor" go on with what was not wanted; behind what was, it leaves out."""
    read: list[Token] = []
    denied = False
    for token in tokens:
        nor = isinstance(token, Marker) and token.text.startswith("وـ لا")
        if nor and denied and isinstance(token, Marker) and token.kind == "not_like":
            read.append(Marker("and", token.text))
            continue
        if isinstance(token, Marker) and token.role in {"relation", "but", "stop", "with"}:
            denied = token.kind in {"not_like", "not_near"}
        read.append(token)
    return read


def _with_lists(tokens: Sequence[Token]) -> list[Token]:
    """Close the list of a relation where its members agree: all have an article, or none has one.

    A comma before "and" says nothing in such a list.
    """
    read: list[Token] = []
    listed: bool | None = None
    for at, token in enumerate(tokens):
        behind = tokens[at + 1 : at + 3]
        if isinstance(token, Marker) and token.role == "relation":
            listed = _has_article(behind[0]) if behind else None
            read.append(replace(token, closed=listed is False))
            continue
        joint, member = behind if len(behind) == 2 else (None, None)
        lists = isinstance(joint, Marker) and joint.role == "and"
        if (
            lists
            and isinstance(token, Marker)
            and token.role == "comma"
            and listed is not None
            and _has_article(member) == listed
        ):
            continue
        if isinstance(token, Marker) and token.role not in {"and", "or", "comma"}:
            listed = None
        read.append(token)
    return read


def _has_article(token: Token | None) -> bool | None:
    """Whether some words have an article; None of what is no words."""
    return bool(re.search(r"\bال\w", token.text)) if isinstance(token, Words) else None


ARABIC = Grammar(
    language="ar",
    script="ARABIC",
    markers=markers.compiled([(in_any_spelling(pattern), make) for pattern, make in _PATTERNS]),
    purpose=re.compile(
        in_any_spelling(
            r"^(?:(?:ابحث|أبحث|نبحث) عن |أريد |نريد |نحتاج إلى )?(?:أين|(?:أفضل |أنسب )?"
            r"(?:مكانا|مكان|موقعا|موقع|أرضا|أرض|موضع)(?: (?:جيدا?|مناسبا?|جديدا?|ملائما?))*)"
            r" (?:لـ ?|ل|من أجل )(?P<builds>(?:بناء|إنشاء|إقامة|افتتاح|تشييد) )?"
            r"(?P<what>[^:,;.?!]{2,80}?(?P<new> (?:جديدة|جديد|ثانية|ثان|أخرى|آخر))?)"
            r"(?P<end> ?[:;–—]| - | ?[,?.!]|$)"
        ),
    ),
    filler=re.compile(
        in_any_spelling(
            r"^(?:أرني|أرنا|أظهر(?: لي)?|اعرض(?: لي)?|(?:ابحث(?: لي)?|أبحث|نبحث|البحث) عن|أريد|"
            r"نريد|أرغب في|أود|نود|(?:أحتاج|نحتاج)(?: إلى)?|أعطني|جد لي|ما هي|ما هو|من فضلك|"
            r"لو سمحت|هل|(?:أين|حيث) (?:توجد|يوجد|تقع|يقع|أجد|نجد|يمكنني أن أجد|يمكن أن أجد|هي)|"
            r"أين|هناك|توجد|يوجد|التي|الذي|يجب أن (?:تكون|يكون)|"
            r"أن (?:تكون|يكون|أسكن|نسكن|أعيش|نعيش|أجد|نجد|أرى|نرى)|تكون|يكون|"
            r"(?:أفضل |أحسن |أنسب )?(?:أماكن|مكانا|مكان|مناطق|منطقة|مواقع|موقعا|موقع|شيء)"
            r" (?:مثل|لـ|من أجل|تشبه|يشبه|شبيهة بـ)|مثل|كـ|لـ|من أجل|تشبه|يشبه|من|عن)(?= |$)"
        ),
    ),
    empty=re.compile(
        in_any_spelling(
            r"^(?:أي مكان|مكان ما|(?:كل |جميع |أفضل )?(?:الأماكن|أماكن|مكان|المناطق|مناطق|منطقة|"
            r"المواقع|مواقع|موقع)|شيء|شكرا|من فضلك|هو|هي|هل|أيضا|التي|الذي|من|عن|إلى|على|في)?$"
        ),
    ),
    trailing=re.compile(
        in_any_spelling(
            r"(?:(?:^| )(?:التي|الذي|التى|تقع|يقع|الواقعة|الواقع|واقعة|واقع|تكون|يكون|الموجودة|"
            r"موجودة|أيضا|هي|هو|فقط|من|عن|إلى|على|في|لـ|أن|حيث|و))+$"
        ),
    ),
    article=re.compile(
        in_any_spelling(
            r"^(?:(?:كل|جميع|كافة|بعض|أي|أية|أحد|إحدى|كلا|كلتا) )+(?=\w)|^(?=(?:\w+ )?ال\w)"
        ),
    ),
    many=re.compile(
        in_any_spelling(
            r"^(?:(?:الكثير|كثير|العديد|عديد|عدد كبير|عدد كاف|ما يكفي|القليل|قليل) من|عدة) (?=\w)|"
            r" (?:ال)?(?:كثيرة|كثير|عديدة|متعددة|قليلة)$"
        ),
    ),
    pointed=re.compile(in_any_spelling(r"^(?:هذه|هذا|تلك|ذلك|هؤلاء) (?=\w)")),
    nearest=re.compile(in_any_spelling(r"^أقرب (?=\w)| الأقرب$")),
    tail=re.compile(in_any_spelling(r"(?:,? (?:من فضلك|لو سمحت|شكرا|رجاء|(?:إن|إذا) أمكن))+$")),
    degree=re.compile(in_any_spelling(r" (?:جدا|لـ الغاية|كثيرا|تماما)$")),
    phrases=("في الهواء الطلق", "على مدار الساعة"),
    nouns=_NOUNS,
    prepared=partial(prepared, _NOUNS.knows),
    finished=finished,
    arranged=_arranged,
)
