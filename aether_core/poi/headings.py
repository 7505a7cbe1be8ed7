"""Which heading of a table is a place's name, category or group, in the large languages.

A heading is one of these words, or a phrase with one of them ("Name of business", "Rodzaj
obiektu"). A phrase that speaks of something else (a street, an owner, a town) is none. German,
French, Spanish, Portuguese, Italian, Dutch, Finnish, Swedish, Polish, Russian, Chinese, Japanese,
Korean, Arabic, Turkish; headings are compared without accents, case and punctuation.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache

from aether_core.vector.headings import without_place


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_ENGLISH = {
    "name": ("name", "names", "poi name", "place name"),
    "category": ("category", "categories", "category name", "main category", "primary category"),
    "kind": ("type", "class", "poi type", "kind", "subcategory", "subtype"),
    "group": ("group", "category group", "group name", "supercategory", "theme"),
}
"""The first of these that is there is taken: they were chosen in this order of trust."""

_WORDS = {
    "name": _words("""
        bezeichnung firmenname betriebsname objektname nom denomination enseigne
        nombre denominacion rotulo nome designacao denominazione insegna naam benaming
        bedrijfsnaam handelsnaam nimi namn benamning nazwa название наименование имя 名称 名字
        名稱 店名 地名 名前 施設名 店舗名 名 이름 명칭 상호 상호명 시설명 사업장명 업소명
        점포명 اسم الاسم ad adi isim isletme dba
    """),
    "category": _words("""
        kategorie kategorien categorie categories categoria categorias kategoria kategori
        категория рубрика 类别 类型 分类 類別 類型 分類 小类 种类 カテゴリ カテゴリー 種別 種類
        業種 小分類 분류 카테고리 업종 소분류 فئة الفئة تصنيف التصنيف
    """),
    "kind": _words("""
        art typ branche gattung klasse nature activite rubrique tipo clase actividad giro rubro
        atividade ramo classe tipologia attivita soort luokka tyyppi laji toimiala klass
        bransch verksamhet rodzaj branza klasa тип вид класс 行业 業態 ジャンル 종류 유형 업태
        نوع النوع tur tip sinif cins classification industry
    """),
    "group": _words("""
        gruppe obergruppe oberkategorie hauptkategorie oberart groupe grupo gruppo groep
        hoofdgroep ryhma grupp huvudgrupp grupa группа 大类 大類 大分類 グループ 대분류 그룹
        مجموعة المجموعة grup
    """),
}
"""In other languages no word is better than another."""
_LESSER = {
    "name": _words("""
        title label titel libelle titulo titolo razon_social raison_sociale razao_social
        ragione_sociale
    """),
}
"""Words that may be a place's name, where no phrase surely is."""

_PHRASES = {
    "name": _words("""
        name nom denomination nombre denominacion nome denominazione naam nimi namn nazwa
        bezeichnung название наименование اسم adi
    """),
    "category": _words("""
        category categories kategorie categorie categoria kategoria kategori категория تصنيف
        فئة
    """),
    "kind": _words("""
        type kind class art typ tipo tipologia actividad activite atividade soort rodzaj branza
        тип вид tyyppi نوع turu tipi
    """),
}
"""Words that may stand in a phrase."""

_ENDINGS = {
    "name": _words("""
        名称 名稱 店名 施設名 店舗名 商户名 店铺名 企业名 企業名 会社名 事業所名
        상호명 시설명 사업장명 업소명 점포명
    """),
    "category": _words("""
        类别 类型 分类 類別 分類 種別 業種 카테고리 업종 업종명 분류명
    """),
}
"""Chinese, Japanese and Korean write a phrase as one word; what it is about comes last."""

_BUSINESS = _words("""
    business company shop store place poi venue site facility establishment dba trade trading
    premises amenity organisation organization outlet restaurant school geschaft firma betrieb
    einrichtung commerce etablissement entreprise lieu negocio establecimiento empresa local
    lugar comercio loja estabelecimento esercizio negozio attivita luogo bedrijf zaak winkel
    plaats yritys paikka foretag verksamhet plats firmy obiektu miejsca организации компании
    объекта заведения isletme mekan yer المحل المكان المنشأة
""")
"""Words for what a place is: a phrase with one of them is surely about it."""

_OTHER = _words("""
    street road avenue city town village municipality district borough county state province
    region country area zone ward suburb neighbourhood neighborhood building owner ownership
    owned contact person first last middle family given user author editor file layer column
    field agency officer manager operator license licence permit geometry geom data record
    element address addr payment roof status age blood old inspector strasse ort stadt gemeinde
    kreis bezirk land inhaber rue voie ville commune departement pays proprietaire calle via
    ciudad municipio provincia pais propietario rua cidade bairro comune citta proprietario
    straat stad gemeente eigenaar katu kunta kaupunki omistaja gata ort kommun agare ulica
    ulicy miasto miasta gmina gminy wlasciciel wlasciciela улицы улица города город района
    владельца sokak il ilce mahalle sahibi الشارع المدينة المالك
""")
"""Words that make a phrase one about something else."""
_OTHER_PARTS = _words("""
    街道 道路 地址 城市 省份 区县 市町村 都道府県 住所 建物 姓名 건물 도로 시도명 시군구 행정동
    법정동
""")
_WEAK = _words("""
    brand legal alt short official
""")
"""A name of this kind is taken only where there is no other."""
_OF_OSM = frozenset({"osm"})
"""In `osm_type` it is the kind of element, not of place."""

_COMPOUND = re.compile(
    r"(?:firmen|betriebs|geschafts|objekt|einrichtungs|laden|lokal|unternehmens|bedrijfs|winkel|"
    r"zaak|handels|foretags|butiks|plats|yrityksen|liikkeen|paikan)"
    r"(?:(?P<name>name|bezeichnung|naam|namn|nimi)|(?P<category>kategorie|categorie|kategori|luokka)"
    r"|(?P<kind>art|typ|type|soort|tyyppi))"
)
"""German, Dutch, Swedish and Finnish write a phrase as one word."""

_UNDECOMPOSED = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe"})
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def fitting(role: str, headings: Iterable[str]) -> tuple[str, ...]:
    """Return the headings that fit a role best: none, one, or several that fit alike.

    Args:
        role: `name`, `category`, `kind` (a weaker category: type, class) or `group`.
        headings: A table's.

    >>> fitting("name", ["Street name", "Name of business"])
    ('Name of business',)
    """
    ranked: dict[tuple[int, int], list[str]] = {}
    for heading in headings:
        rank = _rank(role, without_place(heading))
        if rank is not None:
            ranked.setdefault(rank, []).append(heading)
    return tuple(ranked[min(ranked)]) if ranked else ()


@lru_cache(maxsize=4096)
def _rank(role: str, heading: str) -> tuple[int, int] | None:
    """How well a heading fits, the smaller the better; None when it does not."""
    words = _words_of(heading)
    whole = " ".join(words)
    if whole in _ENGLISH[role]:
        return 0, _ENGLISH[role].index(whole)
    if whole in _exact(role) | _lesser(role):
        return (1, 0) if whole in _exact(role) else (2, 1)
    joined = whole.replace(" ", "")
    if any(part in joined for part in _OTHER_PARTS):
        return None
    compound = _COMPOUND.fullmatch(joined)
    if joined.endswith(_ENDINGS.get(role, ())) or (compound and compound.lastgroup == role):
        return 2, 0
    spelled = set(words)
    if not spelled & _phrase(role) or spelled & _about_something_else(role):
        return None
    return (4 if spelled & set(_WEAK) else 2 if spelled & _business() else 3), 0


@cache
def _about_something_else(role: str) -> frozenset[str]:
    """Words that make a phrase one that is not about this role."""
    other = frozenset(_OTHER)
    if role == "name":
        return other | _phrase("category") | _phrase("kind")
    return other | _OF_OSM if role == "kind" else other


@cache
def _business() -> frozenset[str]:
    return frozenset(" ".join(_words_of(word)) for word in _BUSINESS)


@cache
def _exact(role: str) -> frozenset[str]:
    return frozenset(" ".join(_words_of(word)) for word in _WORDS[role])


@cache
def _lesser(role: str) -> frozenset[str]:
    return frozenset(" ".join(_words_of(word)) for word in _LESSER.get(role, ()))


@cache
def _phrase(role: str) -> frozenset[str]:
    return frozenset(" ".join(_words_of(word)) for word in _PHRASES.get(role, ()))


def _words_of(heading: str) -> list[str]:
    """The words of a heading, without accents, case and punctuation."""
    text = unicodedata.normalize("NFKC", _CAMEL.sub(" ", str(heading))).casefold()
    decomposed = unicodedata.normalize("NFD", text.translate(_UNDECOMPOSED))
    bare = "".join(sign for sign in decomposed if not _is_latin_accent(sign))
    composed = unicodedata.normalize("NFC", bare)
    return re.findall(r"[^\W_]+", composed)


def _is_latin_accent(sign: str) -> bool:
    """Accents go; the marks of Japanese and Arabic letters are letters of their own."""
    return "\u0300" <= sign <= "\u036f"
